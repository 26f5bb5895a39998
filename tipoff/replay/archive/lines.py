"""Lines of games and of players, as the books quoted them."""

import polars as pl

from tipoff.replay.archive.row_rules import NO_TEAM, Sifted, lacks, sift, tricode, twice, unmatched
from tipoff.vocabulary import EASTERN


def _quoted_game(rows: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    """Odds rows with their game, found by team names and the Eastern date of commence time."""
    placed = rows.with_columns(
        home=tricode("home_team"),
        away=tricode("away_team"),
        game_date=pl.col("commence_time").dt.convert_time_zone(EASTERN.key).dt.date(),
    )
    return _with_game(placed, games)


def _with_game(rows: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    key = ["game_date", "home", "away"]
    return rows.join(games.select("game_id", *key), on=key, how="left")


def _quote_rules(games: pl.DataFrame) -> dict[str, pl.Expr]:
    return {
        "unreadable time": lacks("commence_time", "snapshot_at"),
        NO_TEAM: lacks("home", "away"),
        **unmatched(games),
    }


def game_lines(rows: pl.DataFrame, games: pl.DataFrame) -> Sifted:
    """Moneyline, spread and total of every book at every snapshot."""
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
    own = {"book twice in a snapshot": twice("event_id", "book", "snapshot_at")}
    return sift(lines, _quote_rules(games) | own)


def prop_lines(rows: pl.DataFrame, games: pl.DataFrame) -> Sifted:
    """Quotes as they were seen. Where a file does not say when, an hour before the start is assumed."""
    lines = _quoted_game(rows, games).with_columns(
        snapshot_at=pl.coalesce("snapshot", pl.col("commence_time").dt.offset_by("-1h")),
        snapshot_source=pl.when(pl.col("snapshot").is_null()).then(pl.lit("estimated")).otherwise(pl.lit("provider")),
        book=pl.col("book").str.to_lowercase(),
        player_name=pl.col("player"),
        over_price_american="over_price",
        under_price_american="under_price",
    )
    own = {
        "no player or no line": lacks("player", "line"),
        "no price at all": pl.all_horizontal(pl.col("over_price", "under_price").is_null()),
        "same quote twice": twice("event_id", "book", "player", "line", "snapshot_at"),
    }
    return sift(lines, _quote_rules(games) | own)


def closing_lines(rows: pl.DataFrame, games: pl.DataFrame) -> Sifted:
    """The spread and total each game closed with."""
    lines = rows.rename({"date": "game_date"}).with_columns(home=tricode("HOME_ABBR"), away=tricode("AWAY_ABBR"))
    rules = {
        NO_TEAM: lacks("home", "away"),
        **unmatched(games),
        "neither spread nor total": pl.all_horizontal(pl.col("home_spread", "total").is_null()),
        "game twice": twice("game_id"),
    }
    return sift(_with_game(lines, games), rules)


def provider_tips(*lines: pl.DataFrame) -> pl.DataFrame:
    """Tip-off per game from the latest commence time seen before it, less the ten minutes providers add."""
    seen = pl.concat(part.select("game_id", "snapshot_at", "commence_time") for part in lines)
    early = seen.filter(pl.col("snapshot_at") < pl.col("commence_time")).sort("snapshot_at", "commence_time")
    commence = pl.col("commence_time").last()
    ten_past = commence.dt.minute() % 30 == 10
    return early.group_by("game_id").agg(
        provider_tip=pl.when(ten_past).then(commence.dt.offset_by("-10m")).otherwise(commence)
    )
