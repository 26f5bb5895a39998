"""What one request may see of the archive at its as-of time and under its faults; the response it gets."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TypeVar

import polars as pl

from tipoff.replay.archive import Archive
from tipoff.replay.archive.rosters import roster
from tipoff.replay.faults import Fault
from tipoff.teams import TEAMS, Team
from tipoff.vocabulary import game_date_of

Key = TypeVar("Key", bound=Hashable)

REGULATION = timedelta(hours=2, minutes=20)
"""From tip-off to the end of the fourth period, breaks included."""
OVERTIME = timedelta(minutes=12)


@dataclass(frozen=True, slots=True)
class Game:
    """One game of the archive with its result; `ArchiveView` decides whether a request may see the result."""

    game_id: str
    season: str
    game_date: date
    tip_off: datetime
    home: str
    away: str
    home_points: int | None
    """None, like the next two: scheduled, without a result in this archive."""
    away_points: int | None
    overtime_periods: int | None
    neutral_site: bool
    arena: str | None

    @property
    def label(self) -> str:
        """The matchup, such as "LAC@ORL"."""
        return f"{self.away}@{self.home}"

    @property
    def ends_at(self) -> datetime | None:
        """When the game becomes final in the replay; None when the archive has no result."""
        if self.overtime_periods is None:
            return None
        return self.tip_off + REGULATION + OVERTIME * self.overtime_periods


def _grouped(games: Iterable[Game], key: Callable[[Game], Key]) -> dict[Key, list[Game]]:
    groups: dict[Key, list[Game]] = defaultdict(list)
    for game in games:
        groups[key(game)].append(game)
    return dict(groups)


@lru_cache(maxsize=1024)
def _roster(archive: Archive, game_date: date, team: str) -> tuple[tuple[str, str], ...]:
    return tuple(roster(archive, game_date, team).select("player_id", "player_name").iter_rows())


def _odds_events(archive: Archive) -> pl.DataFrame:
    """The event of each game in every odds snapshot, oldest snapshot first."""
    columns = ("game_id", "event_id", "snapshot_at", "commence_time")
    both = pl.concat([archive.game_lines.select(columns), archive.prop_lines.select(columns)])
    return both.unique().sort("snapshot_at", "event_id")


def _synthetic_event_id(game: Game) -> str:
    return hashlib.blake2s(game.game_id.encode(), digest_size=16).hexdigest()


class ArchiveIndex:
    """The archive, indexed the way requests look facts up."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    @cached_property
    def games(self) -> tuple[Game, ...]:
        """All games in order of tip-off."""
        columns = list(Game.__dataclass_fields__)
        rows = self.archive.games.select(columns).sort("tip_off", "game_id")
        return tuple(Game(*row) for row in rows.iter_rows())

    @cached_property
    def by_id(self) -> dict[str, Game]:
        return {game.game_id: game for game in self.games}

    @cached_property
    def by_date(self) -> dict[date, list[Game]]:
        return _grouped(self.games, lambda game: game.game_date)

    @cached_property
    def by_season(self) -> dict[str, list[Game]]:
        return _grouped(self.games, lambda game: game.season)

    def roster(self, game_date: date, team: str) -> tuple[tuple[str, str], ...]:
        """Ids and names of a team's players on a date, by name."""
        return _roster(self.archive, game_date, team)

    @cached_property
    def event_ids(self) -> dict[str, str]:
        """The odds event of each game: the newest in the archive, else one derived from the game id."""
        newest = _odds_events(self.archive).group_by("game_id").agg(pl.col("event_id").last())
        known = dict(newest.iter_rows())
        return {game.game_id: known.get(game.game_id) or _synthetic_event_id(game) for game in self.games}

    @cached_property
    def by_event(self) -> dict[str, Game]:
        return {self.event_ids[game.game_id]: game for game in self.games}

    @cached_property
    def _commence_times(self) -> dict[str, list[tuple[datetime, datetime]]]:
        events = _odds_events(self.archive).select("game_id", "snapshot_at", "commence_time")
        times: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for game_id, snapshot_at, commence_time in events.iter_rows():
            times[game_id].append((snapshot_at, commence_time))
        return dict(times)

    def commence_time(self, game: Game, as_of: datetime) -> datetime:
        """The commence time in the newest odds snapshot up to `as_of`; the tip-off before the first snapshot."""
        times = [time for snapshot, time in self._commence_times.get(game.game_id, ()) if snapshot <= as_of]
        return times[-1] if times else game.tip_off

    def resolve_game_ids(self, names: frozenset[str], as_of: datetime) -> frozenset[str]:
        """Game ids for ids and labels; a label is a game of the Eastern date of `as_of` or of the date before."""
        today = game_date_of(as_of)
        near = [*self.by_date.get(today - timedelta(days=1), ()), *self.by_date.get(today, ())]
        return (names & self.by_id.keys()) | {game.game_id for game in near if game.label in names}


@dataclass(frozen=True)
class ArchiveView:
    """The archive as one request sees it."""

    index: ArchiveIndex
    as_of: datetime
    hidden_games: frozenset[str] = frozenset()
    postponed_games: frozenset[str] = frozenset()
    unscheduled_games: frozenset[str] = frozenset()
    """Games whose tip-off is to be determined; they are not played meanwhile."""
    damaged_games: frozenset[str] = frozenset()
    """Games whose entry in the schedule is unreadable."""
    games_with_partial_totals: frozenset[str] = frozenset()
    """Games whose team totals are those of the first minutes, beside the players' final rows."""
    empty: bool = False
    quote_faults: tuple[Fault, ...] = ()
    """Faults that change prop lines."""
    quotes_backdated_by: timedelta = timedelta()
    """How much older than in the archive the quotes claim to be."""

    @property
    def today(self) -> date:
        """The Eastern date of `as_of`."""
        return game_date_of(self.as_of)

    def shows(self, game: Game) -> bool:
        """Whether no fault hides the game."""
        return not self.empty and game.game_id not in self.hidden_games

    def has_begun(self, game: Game) -> bool:
        """Whether the game has tipped off."""
        return self.as_of >= game.tip_off and game.game_id not in self.unscheduled_games

    def is_final(self, game: Game, delay: timedelta = timedelta()) -> bool:
        """Whether the game ended at least `delay` ago and its result is known."""
        ends_at = game.ends_at
        has_ended = ends_at is not None and ends_at + delay <= self.as_of
        return has_ended and game.game_id not in self.postponed_games | self.unscheduled_games

    def games_on(self, game_date: date) -> list[Game]:
        """The games of an Eastern date, in order of tip-off."""
        return [game for game in self.index.by_date.get(game_date, ()) if self.shows(game)]

    def games_of(self, season: str) -> list[Game]:
        """The games of a season such as "2023-24", in order of tip-off."""
        return [game for game in self.index.by_season.get(season, ()) if self.shows(game)]

    def teams(self) -> list[Team]:
        """All teams except those of today's games that a fault hides."""
        hidden = {
            tricode
            for game in self.index.by_date.get(self.today, ())
            if not self.shows(game)
            for tricode in (game.home, game.away)
        }
        return [] if self.empty else [team for tricode, team in TEAMS.items() if tricode not in hidden]


Params = Mapping[str, str]
"""The parameters of a request: the variable parts of its path, and its query."""


@dataclass(frozen=True)
class UpstreamResponse:
    """One complete HTTP response."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> UpstreamResponse:
    """A response with the content as compact JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return UpstreamResponse(status, body, headers=headers or {})


def iso_z(time: datetime) -> str:
    """The wall-clock time followed by a Z, as providers write UTC times: 2024-03-29T23:00:00Z."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
