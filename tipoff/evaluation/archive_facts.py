"""What an archive says about predicted games: results, the baselines before each game, and what the market gave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import polars as pl

from tipoff.evaluation.prediction_file import KEY, Rows, without
from tipoff.ordered_sum import ordered_sum
from tipoff.replay.archive import Archive
from tipoff.sources.base import KnownPlayer
from tipoff.sources.player_names import Resolver, load_aliases

PLAYER_GAME: Final = ("game_id", "player_id")
RECENT_GAMES: Final = 10
EWMA_GAMES: Final = 20
EWMA_HALF_LIFE: Final = 5
ROTATION_GAMES: Final = 7
_CUP_FINAL: Final = "006"
_SNAPSHOT: Final = timedelta(minutes=15)
"""Quotes of one snapshot are this close to each other."""


def with_facts(predictions: pl.DataFrame, archive: Archive) -> Rows:
    """Add the facts of each row; rows of games without a result and of unknown players are left out.

    `points` and `minutes` are null for a player who did not play. The baselines (`last10`, `ewma`, `recent_minutes`)
    come from games strictly before the date, and are null without any. `market_over` and `closing_line` are null
    where the archive has no quotes at the line, `closing_line` also where books still had it in the last snapshot.
    """
    games = archive.games.select("game_id", "season", result=pl.col("home_points").is_not_null(), date="game_date")
    players = archive.players["player_id"].implode()
    rows = without(
        predictions.join(games, on="game_id", how="left"),
        {
            "the archive has no such game": pl.col("date").is_null(),
            "the game is of another date": pl.col("date") != pl.col("game_date"),
            "the archive has no result of the date": ~pl.col("result"),
            "the archive has no such player": ~pl.col("player_id").is_in(players),
        },
    )
    kept = (
        rows.kept.drop("date", "result")
        .join(_results(archive), on=PLAYER_GAME, how="left")
        .join(_weeks(archive), on=("season", "game_date"), how="left")
        .sort("game_date")
        .join_asof(
            form_after_games(archive.player_box).sort("game_date"),
            on="game_date",
            by="player_id",
            strategy="backward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
    )
    return Rows(_with_market(kept, archive).sort(KEY), rows.left_out)


def lined_players(archive: Archive, dates: Iterable[object]) -> pl.DataFrame:
    """Return the players with a quoted line on the dates who then played: (game_id, player_id)."""
    quotes = quotes_before_tip_off(archive, dates)
    return quotes.select(PLAYER_GAME).unique().join(archive.player_box, on=PLAYER_GAME, how="semi")


def _results(archive: Archive) -> pl.DataFrame:
    """Everyone in a box score played, if only for seconds that it counts as 0 minutes."""
    return archive.player_box.select(*PLAYER_GAME, "points", "minutes", "home")


def _weeks(archive: Archive) -> pl.DataFrame:
    """The week of the season of each date, from 1."""
    first = pl.col("game_date").min().over("season")
    week = (pl.col("game_date") - first).dt.total_days() // 7 + 1
    return archive.games.select("season", "game_date", week=week).unique()


def form_after_games(player_box: pl.DataFrame) -> pl.DataFrame:
    """Return `last10`, `ewma` (half-life 5 games, of 20) and `recent_minutes` of each player after each game.

    The Cup final counts in no statistics.
    """
    box = player_box.filter(~pl.col("game_id").str.starts_with(_CUP_FINAL)).sort("player_id", "game_date", "game_id")
    points, minutes = pl.col("points").cast(pl.Float64), pl.col("minutes").cast(pl.Float64)
    weights = [0.5 ** (back / EWMA_HALF_LIFE) for back in range(EWMA_GAMES)]
    back = [points.shift(games).over("player_id") for games in range(EWMA_GAMES)]
    weighted = ordered_sum(value * weight for value, weight in zip(back, weights, strict=True))
    known = ordered_sum(value.is_not_null() * weight for value, weight in zip(back, weights, strict=True))
    return box.select(
        "player_id",
        "game_date",
        last10=points.rolling_mean(RECENT_GAMES, min_samples=1).over("player_id"),
        ewma=weighted / known,
        recent_minutes=minutes.rolling_mean(ROTATION_GAMES, min_samples=1).over("player_id"),
    )


# ── the market ───────────────────────────────────────────────────────────────────────────────────────────


def _with_market(rows: pl.DataFrame, archive: Archive) -> pl.DataFrame:
    main = main_lines(quotes_before_tip_off(archive, rows["game_date"].unique()))
    newest = main.filter(pl.col("snapshot") == pl.col("snapshot").max().over(*PLAYER_GAME, "line"))
    at_line = newest.group_by(*PLAYER_GAME, "line").agg(market_over=pl.col("over_probability").mean())
    return rows.join(at_line, on=(*PLAYER_GAME, "line"), how="left").join(
        _closing_lines(main), on=(*PLAYER_GAME, "line"), how="left"
    )


def _closing_lines(main: pl.DataFrame) -> pl.DataFrame:
    """The closing line of each line that was the consensus before it: (game_id, player_id, line, closing_line).

    Predictions have no time. A pick at a line that a book still had in the last snapshot may be of that snapshot, as
    all picks of a backtest are, and then has no later line.
    """
    line, is_last = (*PLAYER_GAME, "line"), pl.col("snapshot") == pl.col("snapshot").max().over(PLAYER_GAME)
    consensus = main.group_by(*PLAYER_GAME, "snapshot").agg(line=pl.col("line").quantile(0.5, "lower"))
    closing = consensus.filter(is_last).select(*PLAYER_GAME, closing_line="line")
    earlier = consensus.select(line).unique().join(main.filter(is_last), on=line, how="anti")
    return earlier.join(closing, on=PLAYER_GAME)


def main_lines(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return the main line of each book in each snapshot: the quote with the most even prices."""
    implied = {side: _implied(f"{side}_price_american") for side in ("over", "under")}
    hold = implied["over"] + implied["under"]
    return (
        quotes.with_columns(over_probability=implied["over"] / hold, gap=(implied["over"] - implied["under"]).abs())
        .sort("gap", "line")
        .unique([*PLAYER_GAME, "book", "snapshot"], keep="first", maintain_order=True)
        .drop("gap")
    )


def quotes_before_tip_off(archive: Archive, dates: Iterable[object]) -> pl.DataFrame:
    """Return the quotes of the dates with both prices, from before tip-off, with player and number of the snapshot."""
    quotes = archive.prop_lines.filter(pl.col("game_date").is_in(list(dates))).join(
        archive.games.select("game_id", "tip_off"), on="game_id"
    )
    two_sided = pl.all_horizontal(pl.col("over_price_american", "under_price_american").is_not_null())
    early = quotes.filter(two_sided & (pl.col("snapshot_at") < pl.col("tip_off"))).sort("game_id", "snapshot_at")
    is_later = (pl.col("snapshot_at").diff().over("game_id") > _SNAPSHOT).fill_null(value=False)
    numbered = early.with_columns(pl.col("line").cast(pl.Float64), is_later=is_later).with_columns(
        snapshot=pl.col("is_later").cum_sum().over("game_id")
    )
    return numbered.join(_quoted_players(early, archive), on=("game_id", "player_name"))


def _implied(price: str) -> pl.Expr:
    value = pl.col(price).cast(pl.Float64)
    return pl.when(value < 0).then(value / (value - 100)).otherwise(100 / (value + 100))


def _quoted_players(quotes: pl.DataFrame, archive: Archive) -> pl.DataFrame:
    """The player of each quoted name among those whom the archive lists for the game, whether they played or not."""
    columns = (*PLAYER_GAME, "player_name", "team")
    listed = archive.availability.filter(pl.col("player_id").is_not_null()).select(columns)
    everyone = pl.concat([archive.player_box.select(columns), listed]).unique(PLAYER_GAME, keep="first")
    names, aliases = quotes.select("game_id", "player_name").unique(), load_aliases()
    resolved = []
    for (game_id,), players in (
        everyone.join(names, on="game_id", how="semi").partition_by("game_id", as_dict=True).items()
    ):
        known = (KnownPlayer(**player) for player in players.drop("game_id").iter_rows(named=True))
        resolver = Resolver(known, aliases)
        quoted = names.filter(pl.col("game_id") == game_id)["player_name"]
        resolved += [(game_id, name, player.player_id) for name in quoted if (player := resolver.resolve(name))]
    return pl.DataFrame(resolved, ["game_id", "player_name", "player_id"], orient="row").cast(pl.String)
