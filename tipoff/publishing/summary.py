"""Exports the figures of a day for programs; `docs/summary.md` describes each field."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.metrics import FORWARD, PICKED, compare_errors, hit_rate, mean_or_none, outcomes
from tipoff.grading.outcomes import FINAL, POSTPONED
from tipoff.publishing.envelope import Edition, put
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import EASTERN
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text


def publish_summary(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the figures as `v1/summary/{date}.json`."""
    path = f"v1/summary/{edition.game_date}.json"
    games = games_of(warehouse, edition.game_date, edition.as_of).filter(pl.col("game_status") != POSTPONED)
    figures = summarise(warehouse, edition.game_date, edition.as_of)
    put(store, path, edition.envelope(empty=games.is_empty()), figures)
    return PublishResult(paths=(path,), rows=len(figures["systems"]))


def summarise(warehouse: Warehouse, game_date: date, as_of: datetime) -> dict[str, Any]:
    """Return games, players and, per system and view, predictions, outcomes and figures; times are Eastern."""
    parameters: Parameters = {"game_date": game_date, "as_of": as_of}
    first, last = warehouse.query(sql_text("publication_times"), parameters).row(0)
    active = active_predictions(warehouse, game_date, as_of)
    games = games_of(warehouse, game_date, as_of)
    system_id, view = HEADLINE
    open_games = games.filter(~pl.col("game_status").is_in([FINAL, POSTPONED]))
    not_fixed = open_games.filter(pl.col("tip_off").is_null()).select("away", "home")
    return {
        "games": games.height,
        "tip_off_not_fixed": [f"{away}@{home}" for away, home in not_fixed.iter_rows()],
        "players_predicted": active["player_id"].n_unique(),
        "lined_players": active.filter(pl.col("line").is_not_null())["player_id"].n_unique(),
        "first_published_at": _eastern(first),
        "refreshed_at": _eastern(last) if last != first else None,
        "headline": {"system_id": system_id, "view": view.value},
        "systems": _systems(active, warehouse.query(sql_text("graded_outcomes"), parameters)),
    }


def _systems(active: pl.DataFrame, graded: pl.DataFrame) -> dict[str, Any]:
    """Return system -> view -> figures, for each with predictions; null until predictions are graded."""
    counts = active.group_by("system_id", "view").agg(predictions=pl.len(), backfilled=pl.col("backfilled").sum())
    systems: dict[str, dict[str, Any]] = {}
    for system_id, view, predictions, backfilled in counts.sort("system_id", "view").iter_rows():
        figures = _figures(graded.filter(system_id=system_id, view=view))
        systems.setdefault(system_id, {})[view] = {"predictions": predictions, "backfilled": backfilled, **figures}
    return systems


def _figures(graded: pl.DataFrame) -> dict[str, Any]:
    forward = graded.filter(FORWARD)
    line, last10 = compare_errors(forward, "line"), compare_errors(forward, "last10")
    played = forward.drop_nulls("absolute_error")
    picks, leans = hit_rate(forward.filter(PICKED)), hit_rate(forward)
    return {
        "outcomes": outcomes(graded),
        "mae": _rounded(line.mae),
        "line_mae": _rounded(line.baseline_mae),
        "mae_n": line.n,
        "mae_beside_last10": _rounded(last10.mae),
        "last10_mae": _rounded(last10.baseline_mae),
        "last10_n": last10.n,
        "mae_all": _rounded(mean_or_none(played, "absolute_error")),
        "mae_all_n": played.height,
        "hit_rate": _rounded(picks.rate),
        "n": picks.n,
        "wilson_low": _rounded(picks.low),
        "wilson_high": _rounded(picks.high),
        "break_even": _rounded(picks.break_even),
        "typical_break_even": _rounded(picks.typical_break_even),
        "profit": _rounded(picks.profit),
        "roi": _rounded(picks.roi),
        "closing_line_value": _rounded(picks.closing_line_value),
        "closing_lines": picks.closing_lines,
        "lean_hit_rate": _rounded(leans.rate),
        "lean_n": leans.n,
    }


def _eastern(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(EASTERN).isoformat()


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
