"""The figures of a day for programs; `docs/summary.md` tells what each means."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import polars as pl

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.metrics import errors, hit_rate, outcomes
from tipoff.publishing.status import Published
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import EASTERN
from tipoff.warehouse.base import Warehouse

_MOMENTS = """
SELECT MIN(as_of) AS first, MAX(as_of) AS last
FROM predictions
WHERE game_date = @game_date
"""

_ACCURACY = "SELECT * FROM prediction_accuracy WHERE game_date = @game_date"


def publish_summary(warehouse: Warehouse, store: ExportStore, game_date: date) -> Published:
    """Export the figures as `v1/summary/{date}.json`."""
    path = f"v1/summary/{game_date}.json"
    figures = summarise(warehouse, game_date)
    store.write_if_changed(path, json.dumps(figures, indent=1, ensure_ascii=False).encode())
    return Published(paths=(path,), rows=len(figures["systems"]))


def summarise(warehouse: Warehouse, game_date: date) -> dict[str, Any]:
    """Games, players and, for each system, predictions, outcomes and figures; times are Eastern, ISO 8601."""
    day = {"game_date": game_date}
    first, last = warehouse.query(_MOMENTS, day).row(0)
    active = active_predictions(warehouse, game_date, last) if last else None
    graded = warehouse.query(_ACCURACY, day)
    return {
        "game_date": game_date.isoformat(),
        "games": games_of(warehouse, game_date).height,
        "players_predicted": _players(active),
        "lined_players": _players(None if active is None else active.filter(pl.col("line").is_not_null())),
        "first_published_at": _eastern(first),
        "refreshed_at": _eastern(last) if last != first else None,
        "systems": {} if active is None else _systems(active, graded),
    }


def _systems(active: pl.DataFrame, graded: pl.DataFrame) -> dict[str, Any]:
    """Every system that predicted, with null figures as long as nothing of it is graded."""
    counts = dict(active.group_by("system_id").len().sort("system_id").iter_rows())
    return {
        system_id: {"predictions": count, **_figures(graded.filter(pl.col("system_id") == system_id))}
        for system_id, count in counts.items()
    }


def _figures(graded: pl.DataFrame) -> dict[str, Any]:
    same, leans = errors(graded), hit_rate(graded)
    return {
        "outcomes": outcomes(graded),
        "mae": _rounded(same.mae),
        "line_mae": _rounded(same.line_mae),
        "last10_mae": _rounded(same.last10_mae),
        "mae_n": same.n,
        "hit_rate": _rounded(leans.rate),
        "n": leans.n,
        "wilson_low": _rounded(leans.low),
        "wilson_high": _rounded(leans.high),
        "break_even": _rounded(leans.break_even),
    }


def _players(predictions: pl.DataFrame | None) -> int:
    return 0 if predictions is None else predictions["player_id"].n_unique()


def _eastern(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(EASTERN).isoformat()


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
