"""Exports the best bets of a date, from the predictions that are active."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.outcomes import POSTPONED
from tipoff.market.best_bets import best_bets, rationale
from tipoff.publishing.envelope import Edition
from tipoff.publishing.exports import ExportContent, publish_content
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.systems.registry import HEADLINE
from tipoff.warehouse.base import Warehouse


def publish_best_bets(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the best bets at `as_of` as a version, the date's current file and `latest`."""
    content = best_bets_content(warehouse, edition.game_date, edition.as_of)
    return publish_content(store, "v1/best-bets", "latest", edition, content)


def best_bets_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> ExportContent:
    """Return the best bets among the active predictions of the headline system and view.

    Withdrawn and withheld picks are no picks any more; those made after tip-off never were.
    """
    system_id, view = HEADLINE
    games = games_of(warehouse, game_date, as_of).filter(pl.col("game_status") != POSTPONED)
    active = active_predictions(warehouse, game_date, as_of)
    headline = active.filter(pl.col("system_id") == system_id, pl.col("view") == view, ~pl.col("backfilled"))
    bets = best_bets(headline.filter(pl.col("game_id").is_in(games["game_id"].implode())))
    return ExportContent(
        payload={
            "system_id": system_id,
            "view": view,
            "bets": [_bet(rank, row) for rank, row in enumerate(bets.iter_rows(named=True), start=1)],
        },
        rows=bets.height,
        empty=games.is_empty(),
        degraded=("predictions are not published yet",) if active.is_empty() and not games.is_empty() else (),
        missing_games=tuple(sorted(set(games["game_id"]) - set(active["game_id"]))),
    )


_COPIED = (
    *("player_id", "player_name", "game_id", "team", "opponent", "home", "tip_off", "recommendation", "line"),
    *("price_american", "book", "confidence", "market_over_probability", "expected_value", "points", "low_80"),
    *("high_80", "last10_points", "line_as_of", "as_of", "prediction_id"),
)


def _bet(rank: int, row: dict[str, Any]) -> dict[str, Any]:
    return {"rank": rank, **{name: row[name] for name in _COPIED}, "rationale": rationale(row)}
