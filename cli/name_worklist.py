"""The unresolved player names of all dates that the aliases do not resolve by now."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from tipoff.errors import NotEnoughDataError
from tipoff.processing import known_players
from tipoff.sources.base import KnownPlayer, ReadContext, Slate
from tipoff.sources.player_names import UNREADABLE_PLAYER, resolver_of
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Frozen
from tipoff.warehouse.base import ALL_DATES, DateRange, Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text


class UnresolvedName(Frozen):
    """One spelling that matches no player, over all dates."""

    name: str
    count: int
    """Games and teams it was found in, once for each source."""
    dates: tuple[date, ...]
    sources: tuple[str, ...]
    candidates: tuple[str, ...]
    """The players with the nearest names on its last date, nearest first."""
    alias_line: str
    """The line of the alias file that gives the name to the nearest player; empty without a candidate."""


class _Occurrence(NamedTuple):
    game_date: date
    source: str
    game_id: str
    team: str
    player_name: str
    home: str | None
    away: str | None

    @property
    def teams(self) -> list[str] | None:
        """The teams whose rosters the name is looked up in; None for all."""
        if self.team:
            return [self.team]
        return [self.home, self.away] if self.home and self.away else None


def unresolved_names(
    warehouse: Warehouse, aliases: Mapping[str, str], game_date: date | None = None
) -> tuple[UnresolvedName, ...]:
    """The names of all dates, or of one, that the aliases do not resolve either, most frequent first."""
    players = cache(lambda source, day: _players(warehouse, source, day))
    dates = DateRange(first=game_date, last=game_date) if game_date else ALL_DATES
    parameters: Parameters = {"unreadable": UNREADABLE_PLAYER, "first_date": dates.first, "last_date": dates.last}
    rows = (_Occurrence(*row) for row in warehouse.query(sql_text("unresolved_occurrences"), parameters).iter_rows())
    left = [(row, candidates) for row in rows if (candidates := _candidates(row, players, aliases)) is not None]
    by_name = groupby(left, key=lambda entry: entry[0].player_name)
    names = (_name(name, list(entries)) for name, entries in by_name)
    return tuple(sorted(names, key=lambda name: (-name.count, name.name)))


def _name(name: str, entries: Sequence[tuple[_Occurrence, tuple[str, ...]]]) -> UnresolvedName:
    candidates = entries[-1][1]
    return UnresolvedName(
        name=name,
        count=len(entries),
        dates=tuple(sorted({row.game_date for row, _ in entries})),
        sources=tuple(sorted({row.source for row, _ in entries})),
        candidates=candidates,
        alias_line=_csv_line(name, candidates[0]) if candidates else "",
    )


def _candidates(row: _Occurrence, players: Any, aliases: Mapping[str, str]) -> tuple[str, ...] | None:
    """The nearest players of an unresolved name; None if it resolves by now."""
    slate = Slate(game_date=row.game_date)
    context = ReadContext(
        slate=slate, as_of=datetime.now(UTC), players=players(row.source, row.game_date), aliases=aliases
    )
    resolver, league = resolver_of(context, row.teams), resolver_of(context)
    if resolver.resolve(row.player_name) or (_is_roster(row.source) and league.namesake(row.player_name)):
        return None
    return tuple(player.player_name for player in resolver.candidates(row.player_name))


def _is_roster(source: str) -> bool:
    return source in SOURCES and SOURCES[source].table == "raw_rosters"


def _players(warehouse: Warehouse, source: str, game_date: date) -> tuple[KnownPlayer, ...]:
    try:
        return known_players(SOURCES[source], Slate(game_date=game_date), warehouse) if source in SOURCES else ()
    except NotEnoughDataError:
        return ()


def _csv_line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
