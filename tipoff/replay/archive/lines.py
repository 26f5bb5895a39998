"""Tables of game lines, prop lines and closing lines."""

import polars as pl

from tipoff.replay.archive.row_rules import (
    UNKNOWN_TEAM,
    FilteredRows,
    any_missing,
    apply_rules,
    duplicated,
    tricode,
    unmatched_game_rules,
)
from tipoff.vocabulary import EASTERN


def _quoted_game(rows: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    """Odds rows with their game, matched by team names and the Eastern date of the commence time."""
    matched = rows.with_columns(
        home=tricode("home_team"),
        away=tricode("away_team"),
        game_date=pl.col("commence_time").dt.convert_time_zone(EASTERN.key).dt.date(),
    )
    return _with_game(matched, games)


def _with_game(rows: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    key = ["game_date", "home", "away"]
    return rows.join(games.select("game_id", *key), on=key, how="left")


def _quote_rules(games: pl.DataFrame) -> dict[str, pl.Expr]:
    return {
        "unreadable time": any_missing("commence_time", "snapshot_at"),
        UNKNOWN_TEAM: any_missing("home", "away"),
        **unmatched_game_rules(games),
    }


def game_lines(rows: pl.DataFrame, games: pl.DataFrame) -> FilteredRows:
    """Moneyline, spread and total of every book in every snapshot."""
    lines = _quoted_game(rows, games).rename(
        {
            "snapshot": "snapshot_at",
            "total_price_over": "over_price_american",
            "total_price_under": "under_price_american",
            "spread_home": "home_spread",
            "spread_price_home": "home_spread_price_american",
            "spread_price_away": "away_spread_price_american",
            "ml_home": "home_moneyline_american",
            "ml_away": "away_moneyline_american",
        }
    )
    specific = {"repeated book in a snapshot": duplicated("event_id", "book", "snapshot_at")}
    return apply_rules(lines, _quote_rules(games) | specific)


def prop_lines(rows: pl.DataFrame, games: pl.DataFrame) -> FilteredRows:
    """Quotes with their snapshot time; an hour before the commence time where a file has none."""
    lines = _quoted_game(rows, games).with_columns(
        snapshot_at=pl.coalesce("snapshot", pl.col("commence_time").dt.offset_by("-1h")),
        snapshot_source=pl.when(pl.col("snapshot").is_null()).then(pl.lit("estimated")).otherwise(pl.lit("provider")),
        book=pl.col("book").str.to_lowercase(),
        player_name=pl.col("player"),
        over_price_american="over_price",
        under_price_american="under_price",
    )
    specific = {
        "no player or line": any_missing("player", "line"),
        "no price": pl.all_horizontal(pl.col("over_price", "under_price").is_null()),
        "repeated quote": duplicated("event_id", "book", "player", "line", "snapshot_at"),
    }
    return apply_rules(lines, _quote_rules(games) | specific)


def closing_lines(rows: pl.DataFrame, games: pl.DataFrame) -> FilteredRows:
    """The closing spread and total of each game."""
    lines = rows.rename({"date": "game_date"}).with_columns(home=tricode("HOME_ABBR"), away=tricode("AWAY_ABBR"))
    rules = {
        UNKNOWN_TEAM: any_missing("home", "away"),
        **unmatched_game_rules(games),
        "neither spread nor total": pl.all_horizontal(pl.col("home_spread", "total").is_null()),
        "repeated game": duplicated("game_id"),
    }
    return apply_rules(_with_game(lines, games), rules)


def provider_tip_offs(*lines: pl.DataFrame) -> pl.DataFrame:
    """The tip-off of each game: the newest commence time quoted before it, less the ten minutes that providers add."""
    quoted = pl.concat(part.select("game_id", "snapshot_at", "commence_time") for part in lines)
    early = quoted.filter(pl.col("snapshot_at") < pl.col("commence_time")).sort("snapshot_at", "commence_time")
    commence = pl.col("commence_time").last()
    ten_past = commence.dt.minute() % 30 == 10
    return early.group_by("game_id").agg(
        provider_tip=pl.when(ten_past).then(commence.dt.offset_by("-10m")).otherwise(commence)
    )
