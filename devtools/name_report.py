"""`make name-report`: how many quoted player names of past seasons resolve to the right player.

Each quote is resolved within the two rosters of its game and compared with the player id that was joined to it from
results, which readers never see. A quote of a player who did not play has no id; the id that the same spelling has on
other dates is used then.
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
from tipoff.vocabulary import counted, eastern, season_of

TARGET_SHARE = 0.995
"""Share of the quotes of rostered players that must be resolved."""
MIN_ROSTERED_ROWS = 1_000
"""Rows of rostered players that a measurement needs; a month has more."""
MAX_UNVERIFIED_SHARE = 0.005
"""Share of all rows that may be resolved without an id to compare with."""

Roster = tuple[KnownPlayer, ...]


class NameResult(StrEnum):
    """The result of resolving a quoted name."""

    RESOLVED = "resolved"
    WRONG = "resolved wrongly"
    UNRESOLVED = "unresolved"
    NOT_ROSTERED = "on neither roster"
    UNVERIFIED = "resolved, no id to compare with"


ROSTERED = (NameResult.RESOLVED, NameResult.WRONG, NameResult.UNRESOLVED)


class Quote(NamedTuple):
    """A name quoted for a game in `rows` rows; `player_id` is the player it means, where known."""

    game_date: date
    home: str
    away: str
    name: str
    player_id: str | None
    rows: int


RowCounts = Counter[tuple[str, NameResult, str]]
"""Rows by month, result and name."""


def quotes(folder: Path) -> list[Quote]:
    """Read every name of the folder's prop rows, once a game. Raises BadInputError when it has none."""
    files = sorted((folder / "player_props").glob("*.parquet"))
    if not files:
        raise BadInputError(f"{folder / 'player_props'} has no *.parquet file, so there are no quotes to resolve")
    columns = ["game_date", "home_team", "away_team", "player", "player_id"]
    rows = pl.concat(pl.read_parquet(file, columns=columns) for file in files).select(
        pl.col("game_date").str.head(10).str.to_date(),
        home=tricode("home_team"),
        away=tricode("away_team"),
        name="player",
        player_id=pl.col("player_id").cast(pl.Int64).cast(pl.String),
    )
    ids_by_name = rows.drop_nulls("player_id").group_by("name").agg(pl.col("player_id").unique().alias("ids"))
    unique = ids_by_name.filter(pl.col("ids").list.len() == 1).select("name", other_date_id=pl.col("ids").list.first())
    resolved = rows.join(unique, on="name", how="left").with_columns(
        player_id=pl.coalesce("player_id", "other_date_id")
    )
    counted = resolved.group_by(rows.columns).agg(rows=pl.len()).sort(rows.columns)
    return [Quote(*row) for row in counted.iter_rows()]


def measure(archive: Archive, quoted: Iterable[Quote]) -> RowCounts:
    """Resolve every quote within the two rosters of its game and compare it with the expected player."""
    last_dates = dict(archive.games.group_by("season").agg(pl.col("game_date").max()).iter_rows())

    @cache
    def roster_of(game_date: date, team: str) -> Roster:
        # The archive has no playoff games, so playoff rosters are those of the end of the regular season.
        roster_date = min(game_date, last_dates[season_of(game_date)])
        return tuple(KnownPlayer(**row) for row in roster(archive, roster_date, team).iter_rows(named=True))

    counts = RowCounts()
    for quote in quoted:
        players = roster_of(quote.game_date, quote.home) + roster_of(quote.game_date, quote.away)
        counts[f"{quote.game_date:%Y-%m}", _result(quote, players), quote.name] += quote.rows
    return counts


def _result(quote: Quote, players: Roster) -> NameResult:
    player = _resolver(quote.game_date, players).resolve(quote.name)
    if quote.player_id is None:
        return NameResult.UNVERIFIED if player else NameResult.UNRESOLVED
    if player:
        return NameResult.RESOLVED if player.player_id == quote.player_id else NameResult.WRONG
    return (
        NameResult.UNRESOLVED
        if quote.player_id in {rostered.player_id for rostered in players}
        else NameResult.NOT_ROSTERED
    )


@cache
def _resolver(game_date: date, players: Roster) -> Resolver:
    """The resolver that readers use."""
    return resolver_of(ReadContext(slate=Slate(game_date=game_date), as_of=eastern(game_date, 12), players=players))


def count_by_result(counts: RowCounts, month: str | None = None) -> Counter[NameResult]:
    """Rows of a month, or of all months, by result."""
    totals = Counter[NameResult]()
    for (row_month, result, _), rows in counts.items():
        if month in (None, row_month):
            totals[result] += rows
    return totals


def share_resolved(totals: Counter[NameResult]) -> float:
    """Share of resolved rows among those of rostered players."""
    rostered = sum(totals[result] for result in ROSTERED)
    return totals[NameResult.RESOLVED] / rostered if rostered else 0.0


def missed_targets(totals: Counter[NameResult]) -> list[str]:
    """Descriptions of the targets that are missed."""
    rostered, share = sum(totals[result] for result in ROSTERED), share_resolved(totals)
    unverified = totals[NameResult.UNVERIFIED]
    targets = (
        (
            f"{counted(rostered, 'row')} of rostered players, fewer than {MIN_ROSTERED_ROWS}",
            rostered < MIN_ROSTERED_ROWS,
        ),
        (f"{share:.2%} of them resolved, less than {TARGET_SHARE:.1%}", share < TARGET_SHARE),
        (f"{counted(totals[NameResult.WRONG], 'row')} resolved wrongly", totals[NameResult.WRONG] > 0),
        (
            f"{counted(unverified, 'row')} resolved without an id to compare with, "
            f"over {MAX_UNVERIFIED_SHARE:.1%} of all",
            unverified > MAX_UNVERIFIED_SHARE * totals.total(),
        ),
    )
    return [text for text, missed in targets if missed]


def print_report(counts: RowCounts, console: Console) -> None:
    """Print the counts by month, and every name that was not resolved or resolved wrongly."""
    table = Table("month", "rows", "of rostered players", *NameResult, "share resolved")
    for month in sorted({month for month, _, _ in counts}):
        table.add_row(*_row(month, count_by_result(counts, month)))
    table.add_section()
    table.add_row(*_row("all", count_by_result(counts)))
    console.print(table)
    for result in (NameResult.UNRESOLVED, NameResult.WRONG, NameResult.NOT_ROSTERED, NameResult.UNVERIFIED):
        console.print(f"{result}: {_names(counts, result) or 'none'}")


def _row(title: str, totals: Counter[NameResult]) -> Iterator[str]:
    yield title
    yield f"{totals.total():,}"
    yield f"{sum(totals[result] for result in ROSTERED):,}"
    yield from (f"{totals[result]:,}" for result in NameResult)
    yield f"{share_resolved(totals):.2%}"


def _names(counts: RowCounts, wanted: NameResult) -> str:
    rows = Counter[str]()
    for (_, result, name), number in counts.items():
        if result is wanted:
            rows[name] += number
    return ", ".join(f"{name} ({number})" for name, number in rows.most_common())


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the targets are met, 1 when one is missed, 2 without a folder of past seasons."""
    folder = Path(*arguments[:1])
    try:
        imported = import_folder(folder)
        with tempfile.TemporaryDirectory(prefix="tipoff-names-") as scratch:
            write_archive(Path(scratch), imported.frames, source="import", missing=imported.missing)
            counts = measure(Archive(Path(scratch)), quotes(folder))
    except TipoffError as error:
        print(f"name-report: {error}", file=sys.stderr)
        return 2
    print_report(counts, Console(width=160, highlight=False))
    missed = missed_targets(count_by_result(counts))
    for text in missed:
        print(f"missed: {text}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
