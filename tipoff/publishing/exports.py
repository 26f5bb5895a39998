"""Exports predictions and results: reads their payloads from the warehouse and writes them to the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import polars as pl

from tipoff.alerting.store import raise_alert
from tipoff.grading.accuracy import active_predictions, games_of, last_injury_reports
from tipoff.grading.balance import WITHHELD
from tipoff.grading.metrics import (
    MetricWarning,
    measure,
    metric_warnings,
    outcomes,
    rule_warnings,
)
from tipoff.grading.outcomes import POSTPONED
from tipoff.publishing.envelope import Edition, put, put_pointer, put_version
from tipoff.publishing.performance import publish_performance
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Alert, Frozen
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.sql_files import sql_text

STALE_AFTER: Final = timedelta(hours=12)
"""A prediction this old for a game that has not started lacks the day's injuries and lines."""

JsonObject = dict[str, Any]


class ExportContent(Frozen):
    """The payload of an export and what its envelope is derived from."""

    payload: JsonObject
    rows: int
    empty: bool
    degraded: tuple[str, ...] = ()
    missing_games: tuple[str, ...] = ()
    stale: bool = False
    backfilled: bool = False
    warnings: tuple[MetricWarning, ...] = ()
    """Each becomes an alert."""


def publish_predictions(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the active predictions at `as_of` as a version, the date's current file and, on the date itself, `today`.

    Before the first prediction, lists are empty and every game is missing, so `today` never shows another date.
    """
    content = predictions_content(warehouse, edition.game_date, edition.as_of)
    pointer = "today" if edition.is_of_today else None
    return publish_content(store, "v1/predictions", pointer, edition, content)


def publish_results(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the graded predictions of a date as a version, the date's current file and `latest`.

    Once there are some, the performance of the systems up to the date is exported, too.
    """
    content = results_content(warehouse, edition.game_date, edition.as_of)
    published = publish_content(store, "v1/results", "latest", edition, content)
    performance = publish_performance(warehouse, store, edition) if content.rows else ()
    return published.model_copy(update={"paths": (*published.paths, *performance)})


def publish_content(
    store: ExportStore, folder: str, pointer: str | None, edition: Edition, content: ExportContent
) -> PublishResult:
    """Write the version first and the pointer last, so that a reader of the pointer finds the other files.

    Raises an alert for each warning.
    """
    envelope = edition.envelope(
        empty=content.empty,
        degraded=content.degraded,
        missing_games=content.missing_games,
        stale=content.stale,
        backfilled=content.backfilled,
    )
    current = f"{folder}/{edition.game_date}.json"
    stem = f"{folder}/{edition.game_date}/{edition.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    version = put_version(store, stem, envelope, content.payload)
    put(store, current, envelope, content.payload)
    paths = [version, current]
    if pointer and put_pointer(store, latest := f"{folder}/{pointer}.json", envelope, content.payload):
        paths.append(latest)
    for each in content.warnings:
        raise_alert(store, edition.game_date, Alert(key=each.key, at=edition.as_of, text=each.text))
    return PublishResult(paths=tuple(paths), rows=content.rows, version=version)


# ── predictions ──────────────────────────────────────────────────────────────────────────────────────────


def predictions_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> ExportContent:
    """Return the active predictions of a date at `as_of` by player, highest lines first within each game."""
    games = games_of(warehouse, game_date, as_of)
    active = _with_reports(warehouse, game_date, as_of, active_predictions(warehouse, game_date, as_of))
    played = games.filter(pl.col("game_status") != POSTPONED)
    missing = sorted(set(played["game_id"]) - set(active["game_id"]))
    open_games = active.filter((pl.col("tip_off") > as_of).fill_null(True) & (pl.col("as_of") < as_of - STALE_AFTER))
    system_id, view = HEADLINE
    return ExportContent(
        payload={
            "headline": {"system_id": system_id, "view": view},
            "games": games_payload(games),
            "withheld": _withheld(active),
            "players": _players(active, _prediction),
        },
        rows=active.height,
        empty=played.is_empty(),
        degraded=("predictions are not published yet",) if active.is_empty() and missing else (),
        missing_games=tuple(missing),
        stale=not open_games.is_empty(),
        backfilled=_all_backfilled(active),
    )


def _withheld(active: pl.DataFrame) -> list[JsonObject]:
    """Return the views whose picks are withheld, each with the reason and their number."""
    withheld = active.filter(pl.col("pass_reason").str.starts_with(WITHHELD))
    per_view = withheld.group_by("system_id", "view", reason="pass_reason").agg(picks=pl.len())
    return per_view.sort("system_id", "view").to_dicts()


def _prediction(row: JsonObject) -> JsonObject:
    return {
        **_columns(row, "system_id", "view", "model_version", *_ESTIMATE, *_PICK),
        **_columns(row, "pass_reason", "market_over_probability", "expected_value", "feature_quality_score"),
        "degraded_reasons": list(row["degraded_reasons"]),
        "explanation": list(row["explanation"] or ()),
        **_columns(row, "as_of", "superseded", "backfilled", "prediction_id"),
    }


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────


def results_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> ExportContent:
    """Return the graded predictions of a date and the games with predictions that are not graded yet."""
    games = games_of(warehouse, game_date, as_of)
    graded = graded_predictions(warehouse, game_date, as_of)
    predicted = active_predictions(warehouse, game_date, as_of)
    systems = measure(graded)
    pending = sorted(set(predicted.join(graded, on="prediction_id", how="anti")["game_id"]))
    warnings = (
        *rule_warnings(game_date, as_of, systems, predicted.height, graded.height),
        *(warning for system in systems for warning in metric_warnings(system)),
    )
    system_id, view = HEADLINE
    return ExportContent(
        payload={
            "headline": {"system_id": system_id, "view": view},
            "games": games_payload(games),
            "pending_games": pending,
            "predictions": predicted.height,
            "outcomes": outcomes(graded),
            "systems": [each.model_dump(mode="json") for each in systems],
            "findings": [each.text for each in warnings],
            "players": _players(graded, _result),
        },
        rows=graded.height,
        empty=games.filter(pl.col("game_status") != POSTPONED).is_empty(),
        degraded=("some games are not graded yet",) if pending else (),
        missing_games=tuple(pending),
        backfilled=_all_backfilled(graded),
        warnings=warnings,
    )


def _all_backfilled(rows: pl.DataFrame) -> bool:
    return not rows.is_empty() and bool(rows["backfilled"].all())


def graded_predictions(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return the predictions of a date graded by `as_of`: columns of `prediction_accuracy` and `predictions`."""
    graded = warehouse.query(sql_text("graded_predictions"), {"game_date": game_date, "as_of": as_of})
    return _with_reports(warehouse, game_date, as_of, graded)


def _result(row: JsonObject) -> JsonObject:
    return _columns(
        row,
        *("system_id", "view", *_ESTIMATE, *_PICK, "grade", "void_reason", "actual_points", "first_actual_points"),
        *("signed_error", "within_80", "profit_units", "closing_line", "closing_line_value"),
        *("market_over_probability", "as_of", "backfilled", "prediction_id"),
    )


# ── shared by both ───────────────────────────────────────────────────────────────────────────────────────

_ESTIMATE = ("points", "low_80", "high_80", "over_probability")
_PICK = ("line", "lean", "confidence", "recommendation", "price_american", "book")
_PLAYER = ("player_id", "player_name", "game_id", "team", "opponent", "home", "tip_off")
_GAME = ("game_id", "away", "home", "tip_off", "status_text")


def games_payload(games: pl.DataFrame) -> list[JsonObject]:
    """Return the games of `games_of` as exports show them."""
    return [_game(row) for row in games.iter_rows(named=True)]


def _game(row: JsonObject) -> JsonObject:
    """Return the current state of a game; points are null before it has started."""
    score = ("away_points", "home_points")
    points = _columns(row, *score) if row["game_status"] in ("live", "final") else dict.fromkeys(score)
    return {**_columns(row, *_GAME), "status": row["game_status"], **points}


def _players(rows: pl.DataFrame, to_system: Callable[[JsonObject], JsonObject]) -> list[JsonObject]:
    """Group rows of one player, system and view each into one object per player with its `systems`."""
    by_player = groupby(rows.iter_rows(named=True), key=lambda row: (row["game_id"], row["player_id"]))
    return [_player([*of_player], to_system) for _, of_player in by_player]


def _player(rows: list[JsonObject], to_system: Callable[[JsonObject], JsonObject]) -> JsonObject:
    newest = max(rows, key=lambda row: row["as_of"])
    return {
        **_columns(newest, *_PLAYER, "line", "line_as_of", "injury_status"),
        "systems": [to_system(row) for row in rows],
    }


def _with_reports(warehouse: Warehouse, game_date: date, as_of: datetime, rows: pl.DataFrame) -> pl.DataFrame:
    """Join rows with the last injury report, as a player may be ruled out since; sort by tip-off, game and line."""
    reports = last_injury_reports(warehouse, game_date, as_of)
    return (
        rows.join(reports, on=["game_id", "player_id"], how="left")
        .with_columns(
            player_line=pl.col("line").max().over("game_id", "player_id"),
            player_points=pl.col("points").max().over("game_id", "player_id"),
        )
        .sort(
            ["tip_off", "game_id", "player_line", "player_points", "player_id", "system_id", "view"],
            descending=[False, False, True, True, False, False, False],
            nulls_last=True,
        )
    )


def _columns(row: JsonObject, *names: str) -> JsonObject:
    """Return some columns of a row, floats rounded to four decimals."""
    values = {name: row[name] for name in names}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
