"""Rules that decide which rows enter the archive; rejected rows are counted by reason."""

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
UNKNOWN_TEAM: Final = "unknown team"


class FilteredRows(NamedTuple):
    """The accepted rows, the number of rows checked, and the number of rejected rows by reason."""

    rows: pl.DataFrame
    rows_in: int
    rejected: Counter[str]


def apply_rules(frame: pl.DataFrame, rules: Mapping[str, pl.Expr]) -> FilteredRows:
    """The rows that break no rule; the others are counted under the first rule that they break."""
    reason = pl.coalesce(pl.when(broken).then(pl.lit(text)) for text, broken in rules.items())
    checked = frame.with_columns(reason.alias("_reason"))
    counts = checked["_reason"].drop_nulls().value_counts()
    rows = checked.filter(pl.col("_reason").is_null()).drop("_reason")
    return FilteredRows(rows, frame.height, Counter(dict(counts.iter_rows())))


def duplicated(*key: str) -> pl.Expr:
    """Whether an earlier row has the same key."""
    return ~pl.struct(key).is_first_distinct()


def any_missing(*columns: str) -> pl.Expr:
    """Whether any of the columns is null."""
    return pl.any_horizontal(pl.col(*columns).is_null())


def tricode(spelling: str | pl.Expr) -> pl.Expr:
    """The NBA tricode for a team's name, id or other tricode; null for an unknown team."""
    column = pl.col(spelling) if isinstance(spelling, str) else spelling
    return column.replace_strict(_TRICODES, default=None, return_dtype=pl.String())


def unmatched_game_rules(games: pl.DataFrame) -> dict[str, pl.Expr]:
    """Rules for rows without a game, by the likely cause."""
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
