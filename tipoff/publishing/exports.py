"""Exports as data: each says how its payload comes from the warehouse and under which paths it lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import polars as pl

from tipoff.grading.accuracy import active_predictions, games_of, last_injury_reports
from tipoff.grading.metrics import MetricWarning, findings, measure, one_sided, outcomes, ungraded
from tipoff.grading.outcomes import POSTPONED
from tipoff.publishing.alerts import raise_alert
from tipoff.publishing.envelope import Envelope, export_status, put, put_pointer, put_version
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, Frozen, game_date_of
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.sql_files import sql_text

STALE_AFTER: Final = timedelta(hours=12)
"""A prediction older than this, of a game still to tip, no longer knows the day's injuries and lines."""

JsonObject = dict[str, Any]


class ExportContent(Frozen):
    """What an export has to tell, before its envelope is closed."""

    payload: JsonObject
    rows: int
    empty: bool
    degraded: tuple[str, ...] = ()
    missing_games: tuple[str, ...] = ()
    stale: bool = False
    findings: tuple[MetricWarning, ...] = ()
    """What of it asks for a person: an alert each."""


class ExportSnapshot(Frozen):
    """What an export is of: a date, as known at a moment of the day's clock, written at a wall-clock time."""

    game_date: date
    as_of: datetime
    generated_at: datetime


def publish_predictions(
    warehouse: Warehouse,
    store: ExportStore,
    game_date: date,
    as_of: datetime,
    generated_at: datetime,
    degraded: Sequence[str] = (),
    missing_games: Sequence[str] = (),
) -> PublishResult:
    """Export the active predictions as of a moment: this version, the date's, and on the date itself last `today`.

    Before any prediction is out, lists are empty and every game is missing: yesterday's never stand for today's.
    """
    moment = ExportSnapshot(game_date=game_date, as_of=as_of, generated_at=generated_at)
    content = predictions_content(warehouse, game_date, as_of)
    pointer = "today" if game_date_of(as_of) == game_date else None
    return _publish(store, "v1/predictions", pointer, moment, content, degraded, missing_games)


def publish_results(
    warehouse: Warehouse,
    store: ExportStore,
    game_date: date,
    as_of: datetime,
    generated_at: datetime,
    degraded: Sequence[str] = (),
    missing_games: Sequence[str] = (),
) -> PublishResult:
    """Export the graded predictions of a date: this version, the date's, and last `latest`."""
    moment = ExportSnapshot(game_date=game_date, as_of=as_of, generated_at=generated_at)
    content = results_content(warehouse, game_date, as_of)
    return _publish(store, "v1/results", "latest", moment, content, degraded, missing_games)


def _publish(
    store: ExportStore,
    folder: str,
    pointer: str | None,
    moment: ExportSnapshot,
    content: ExportContent,
    degraded: Sequence[str],
    missing_games: Sequence[str],
) -> PublishResult:
    """Write the version first and the pointer last: whoever follows the pointer finds the rest in place.

    Raises an alert for each of the content's findings.
    """
    reasons = tuple(dict.fromkeys((*degraded, *content.degraded)))
    missing = tuple(sorted({*missing_games, *content.missing_games}))
    envelope = Envelope(
        game_date=moment.game_date,
        generated_at=moment.generated_at,
        as_of=moment.as_of,
        status=export_status(empty=content.empty, degraded=reasons, missing_games=missing, stale=content.stale),
        degraded_reasons=reasons,
        missing_games=missing,
    )
    current = f"{folder}/{moment.game_date}.json"
    stem = f"{folder}/{moment.game_date}/{moment.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    version = put_version(store, stem, envelope, content.payload)
    put(store, current, envelope, content.payload)
    paths = [version, current]
    if pointer and put_pointer(store, latest := f"{folder}/{pointer}.json", envelope, content.payload):
        paths.append(latest)
    for each in content.findings:
        raise_alert(store, moment.game_date, Alert(key=each.key, at=moment.as_of, text=each.text))
    return PublishResult(paths=tuple(paths), rows=content.rows, version=version)


# ── predictions ──────────────────────────────────────────────────────────────────────────────────────────


def predictions_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> ExportContent:
    """What is predicted for a date as of a moment, by player, biggest lines first within each game."""
    games = games_of(warehouse, game_date, as_of)
    active = _with_reports(warehouse, game_date, as_of, active_predictions(warehouse, game_date, as_of))
    played = games.filter(pl.col("game_status") != POSTPONED)
    missing = sorted(set(played["game_id"]) - set(active["game_id"]))
    open_games = active.filter((pl.col("tip_off") > as_of) & (pl.col("as_of") < as_of - STALE_AFTER))
    return ExportContent(
        payload={"games": _games(games), "players": _players(active, _prediction)},
        rows=active.height,
        empty=played.is_empty(),
        degraded=("predictions are not out yet",) if active.is_empty() and missing else (),
        missing_games=tuple(missing),
        stale=not open_games.is_empty(),
        findings=one_sided(active),
    )


def _prediction(row: JsonObject) -> JsonObject:
    return {
        **_told(row, "system_id", "model_version", *_ESTIMATE, *_PICK),
        **_told(row, "market_over_probability", "expected_value", "feature_quality_score"),
        "degraded_reasons": list(row["degraded_reasons"]),
        **_told(row, "as_of", "superseded", "backfilled", "prediction_id"),
    }


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────


def results_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> ExportContent:
    """How the predictions of a date ended, and the games still to be graded, wholly or for some players."""
    games = games_of(warehouse, game_date, as_of)
    graded = graded_predictions(warehouse, game_date, as_of)
    predicted = active_predictions(warehouse, game_date, as_of)
    systems = measure(graded)
    pending = sorted(set(predicted.join(graded, on="prediction_id", how="anti")["game_id"]))
    found = [*ungraded(predicted.height, graded.height), *(each for system in systems for each in findings(system))]
    return ExportContent(
        payload={
            "games": _games(games),
            "pending_games": pending,
            "predictions": predicted.height,
            "outcomes": outcomes(graded),
            "systems": [each.model_dump(mode="json") for each in systems],
            "findings": [each.text for each in found],
            "players": _players(graded, _result),
        },
        rows=graded.height,
        empty=games.filter(pl.col("game_status") != POSTPONED).is_empty(),
        degraded=("some games are not graded yet",) if pending else (),
        missing_games=tuple(pending),
        findings=tuple(found),
    )


def graded_predictions(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Predictions of a date graded by a moment: columns of `prediction_accuracy`, `graded_at`, what was predicted."""
    graded = warehouse.query(sql_text("graded_predictions"), {"game_date": game_date, "as_of": as_of})
    return _with_reports(warehouse, game_date, as_of, graded)


def _result(row: JsonObject) -> JsonObject:
    return _told(
        row,
        *("system_id", *_ESTIMATE, *_PICK, "grade", "void_reason", "actual_points", "first_actual_points"),
        *("signed_error", "within_80", "profit_units", "closing_line", "closing_line_value"),
        *("as_of", "backfilled", "prediction_id"),
    )


# ── what both tell ───────────────────────────────────────────────────────────────────────────────────────

_ESTIMATE = ("points", "low_80", "high_80", "over_probability")
_PICK = ("line", "lean", "confidence", "recommendation", "price_american", "book")
_PLAYER = ("player_id", "player_name", "game_id", "team", "opponent", "home", "tip_off")
_GAME = ("game_id", "away", "home", "tip_off", "status_text")


def _games(games: pl.DataFrame) -> list[JsonObject]:
    return [_game(row) for row in games.iter_rows(named=True)]


def _game(row: JsonObject) -> JsonObject:
    """A game as it stands; no score before there is one."""
    score = ("away_points", "home_points")
    points = _told(row, *score) if row["game_status"] in ("live", "final") else dict.fromkeys(score)
    return {**_told(row, *_GAME), "status": row["game_status"], **points}


def _players(rows: pl.DataFrame, tell: Callable[[JsonObject], JsonObject]) -> list[JsonObject]:
    """Rows of one player and system each, as one record a player with his `systems`."""
    by_player = groupby(rows.iter_rows(named=True), key=lambda row: (row["game_id"], row["player_id"]))
    return [_player([*of_player], tell) for _, of_player in by_player]


def _player(rows: list[JsonObject], tell: Callable[[JsonObject], JsonObject]) -> JsonObject:
    newest = max(rows, key=lambda row: row["as_of"])
    return {
        **_told(newest, *_PLAYER, "line", "line_as_of", "injury_status"),
        "systems": [tell(row) for row in rows],
    }


def _with_reports(warehouse: Warehouse, game_date: date, as_of: datetime, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows beside the last injury report, by tip-off, game, line and points: a player may be ruled out since."""
    reports = last_injury_reports(warehouse, game_date, as_of)
    return (
        rows.join(reports, on=["game_id", "player_id"], how="left")
        .with_columns(
            player_line=pl.col("line").max().over("game_id", "player_id"),
            player_points=pl.col("points").max().over("game_id", "player_id"),
        )
        .sort(
            ["tip_off", "game_id", "player_line", "player_points", "player_id", "system_id"],
            descending=[False, False, True, True, False, False],
            nulls_last=True,
        )
    )


def _told(row: JsonObject, *names: str) -> JsonObject:
    """Some columns as they are told: four decimals are plenty."""
    values = {name: row[name] for name in names}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
