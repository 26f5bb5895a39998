"""`make identity`: how many archived quotes find their player within the two rosters, and whether any finds another.

The judge is the player id that was joined to each quote from results afterwards, which no reader ever sees. A quote of
somebody who did not play has none: there the id stands in that the same spelling has on other dates.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
from rich.console import Console
from rich.table import Table

from tipoff.errors import BadInputError, TipoffError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.rosters import roster
from tipoff.replay.archive.row_rules import tricode
from tipoff.replay.archive.writer import write_archive
from tipoff.sources.base import KnownPlayer, ReadContext, Slate
from tipoff.sources.player_names import Resolver, resolver_of
from tipoff.vocabulary import eastern, season_of

AIM = 0.995
"""The share of quotes of rostered players that must find theirs."""
LEAST_ROSTERED = 1_000
"""Rows of rostered players, without which nothing is measured; a month has more."""
MOST_UNJUDGED = 0.005
"""The share of all rows that may find somebody of whom nobody knows whether he was meant."""

Squad = tuple[KnownPlayer, ...]


class Fate(StrEnum):
    """What became of a quoted name."""

    RESOLVED = "resolved"
    WRONG = "resolved wrongly"
    UNRESOLVED = "unresolved"
    NOT_ROSTERED = "on neither roster"
    UNJUDGED = "found, no id to judge by"


ROSTERED = (Fate.RESOLVED, Fate.WRONG, Fate.UNRESOLVED)


class Quote(NamedTuple):
    """A name quoted for a game, in so many rows; `player_id`: whom it meant, where the folder tells."""

    game_date: date
    home: str
    away: str
    name: str
    player_id: str | None
    rows: int


Counts = Counter[tuple[str, Fate, str]]
"""Rows by month, fate and name."""


def quotes(folder: Path) -> list[Quote]:
    """Every name of the folder's prop rows, once a game. Raises BadInputError when it has none."""
    files = sorted((folder / "player_props").glob("*.parquet"))
    if not files:
        raise BadInputError(f"{folder / 'player_props'} holds no *.parquet: there are no quotes to find players for")
    columns = ["game_date", "home_team", "away_team", "player", "player_id"]
    rows = pl.concat(pl.read_parquet(file, columns=columns) for file in files).select(
        pl.col("game_date").str.head(10).str.to_date(),
        home=tricode("home_team"),
        away=tricode("away_team"),
        name="player",
        player_id=pl.col("player_id").cast(pl.Int64).cast(pl.String),
    )
    elsewhere = rows.drop_nulls("player_id").group_by("name").agg(pl.col("player_id").unique().alias("ids"))
    one = elsewhere.filter(pl.col("ids").list.len() == 1).select("name", elsewhere=pl.col("ids").list.first())
    meant = rows.join(one, on="name", how="left").with_columns(player_id=pl.coalesce("player_id", "elsewhere"))
    counted = meant.group_by(rows.columns).agg(rows=pl.len()).sort(rows.columns)
    return [Quote(*row) for row in counted.iter_rows()]


def measure(archive: Archive, quoted: Iterable[Quote]) -> Counts:
    """Resolve every quote within the two rosters of its game, and compare."""
    last_dates = dict(archive.games.group_by("season").agg(pl.col("game_date").max()).iter_rows())

    @cache
    def squad(game_date: date, team: str) -> Squad:
        # No playoff game is in the archive: for the playoffs rosters stay as the regular season leaves them.
        known = min(game_date, last_dates[season_of(game_date)])
        return tuple(KnownPlayer(**row) for row in roster(archive, known, team).iter_rows(named=True))

    counts = Counts()
    for quote in quoted:
        players = squad(quote.game_date, quote.home) + squad(quote.game_date, quote.away)
        counts[f"{quote.game_date:%Y-%m}", _fate(quote, players), quote.name] += quote.rows
    return counts


def _fate(quote: Quote, players: Squad) -> Fate:
    found = _resolver(quote.game_date, players).resolve(quote.name)
    if quote.player_id is None:
        return Fate.UNJUDGED if found else Fate.UNRESOLVED
    if found:
        return Fate.RESOLVED if found.player_id == quote.player_id else Fate.WRONG
    return Fate.UNRESOLVED if quote.player_id in {player.player_id for player in players} else Fate.NOT_ROSTERED


@cache
def _resolver(game_date: date, players: Squad) -> Resolver:
    """As every reader makes it."""
    return resolver_of(ReadContext(slate=Slate(game_date=game_date), as_of=eastern(game_date, 12), players=players))


def by_fate(counts: Counts, month: str | None = None) -> Counter[Fate]:
    """Rows of a month, or of all."""
    told = Counter[Fate]()
    for (of_month, fate, _), rows in counts.items():
        if month in (None, of_month):
            told[fate] += rows
    return told


def share_resolved(told: Counter[Fate]) -> float:
    """Of the rows of players who were on one of the rosters."""
    rostered = sum(told[fate] for fate in ROSTERED)
    return told[Fate.RESOLVED] / rostered if rostered else 0.0


def shortfalls(told: Counter[Fate]) -> list[str]:
    """In what the aim is missed."""
    rostered, share, unjudged = sum(told[fate] for fate in ROSTERED), share_resolved(told), told[Fate.UNJUDGED]
    wrongs = (
        (f"{rostered} rows of rostered players, fewer than {LEAST_ROSTERED}", rostered < LEAST_ROSTERED),
        (f"{share:.2%} of them resolved, less than {AIM:.1%}", share < AIM),
        (f"{told[Fate.WRONG]} rows resolved wrongly", told[Fate.WRONG] > 0),
        (
            f"{unjudged} rows without an id to judge by, over {MOST_UNJUDGED:.1%} of all",
            unjudged > MOST_UNJUDGED * told.total(),
        ),
    )
    return [what for what, is_so in wrongs if is_so]


def tell(counts: Counts, console: Console) -> None:
    """The figures by month, and every name that was not resolved, or wrongly."""
    table = Table("month", "rows", "of rostered players", *Fate, "share resolved")
    for month in sorted({month for month, _, _ in counts}):
        table.add_row(*_line(month, by_fate(counts, month)))
    table.add_section()
    table.add_row(*_line("all", by_fate(counts)))
    console.print(table)
    for fate in (Fate.UNRESOLVED, Fate.WRONG, Fate.NOT_ROSTERED, Fate.UNJUDGED):
        console.print(f"{fate}: {_names(counts, fate) or 'nobody'}")


def _line(title: str, told: Counter[Fate]) -> Iterator[str]:
    yield title
    yield f"{told.total():,}"
    yield f"{sum(told[fate] for fate in ROSTERED):,}"
    yield from (f"{told[fate]:,}" for fate in Fate)
    yield f"{share_resolved(told):.2%}"


def _names(counts: Counts, wanted: Fate) -> str:
    rows = Counter[str]()
    for (_, fate, name), number in counts.items():
        if fate is wanted:
            rows[name] += number
    return ", ".join(f"{name} ({number})" for name, number in rows.most_common())


def main(arguments: Sequence[str]) -> int:
    """0 when the aim is met, 1 when it is not, 2 without a folder of past seasons."""
    folder = Path(*arguments[:1])
    try:
        imported = import_folder(folder)
        with tempfile.TemporaryDirectory(prefix="tipoff-identity-") as scratch:
            write_archive(Path(scratch), imported.frames, source="import", missing=imported.missing)
            counts = measure(Archive(Path(scratch)), quotes(folder))
    except TipoffError as error:
        print(f"identity: {error}", file=sys.stderr)
        return 2
    tell(counts, Console(width=160, highlight=False))
    missed = shortfalls(by_fate(counts))
    for what in missed:
        print(f"missed: {what}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
