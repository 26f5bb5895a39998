"""Sorting rows into those that enter the archive and those that stay out, each counted under its reason."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl

from tipoff.teams import TEAMS

_TRICODES: Final = {
    spelling: team.tricode
    for team in TEAMS.values()
    for spelling in (
        *(team.tricode, team.bref_tricode, team.nba_id),
        *(team.full_name, f"{team.city} {team.name}"),
    )
}
_POSTSEASON: Final = timedelta(days=120)
NO_TEAM: Final = "unknown team"


class Sifted(NamedTuple):
    """Rows that enter a table, how many were looked at, and why the others stay out."""

    rows: pl.DataFrame
    rows_in: int
    rejected: Counter[str]


def sift(frame: pl.DataFrame, rules: Mapping[str, pl.Expr]) -> Sifted:
    """The rows that break no rule; the others are counted under the first rule they break."""
    reason = pl.coalesce(pl.when(broken).then(pl.lit(text)) for text, broken in rules.items())
    judged = frame.with_columns(reason.alias("_reason"))
    counts = judged["_reason"].drop_nulls().value_counts()
    rows = judged.filter(pl.col("_reason").is_null()).drop("_reason")
    return Sifted(rows, frame.height, Counter(dict(counts.iter_rows())))


def twice(*key: str) -> pl.Expr:
    """Whether an earlier row has the same key."""
    return ~pl.struct(key).is_first_distinct()


def lacks(*columns: str) -> pl.Expr:
    """Whether any of the columns is null."""
    return pl.any_horizontal(pl.col(*columns).is_null())


def tricode(spelling: str | pl.Expr) -> pl.Expr:
    """The NBA's tricode for whatever names a team: name, id, another's tricode; null when nothing does."""
    column = pl.col(spelling) if isinstance(spelling, str) else spelling
    return column.replace_strict(_TRICODES, default=None, return_dtype=pl.String())


def unmatched(games: pl.DataFrame) -> dict[str, pl.Expr]:
    """Rules for rows whose game is not among the games, apart by why that is so."""
    date, none = pl.col("game_date"), pl.col("game_id").is_null()
    spans = games.group_by("season").agg(first=pl.col("game_date").min(), last=pl.col("game_date").max())
    dates = [(first, last) for _, first, last in spans.iter_rows()]
    within = pl.any_horizontal(date.is_between(first, last) for first, last in dates)
    after = pl.any_horizontal(date.is_between(last, last + _POSTSEASON) for _, last in dates)
    return {
        "no such game on that date (postponed or Cup final)": none & within,
        "play-in or playoffs": none & after,
        "season not among the player games": none,
    }
