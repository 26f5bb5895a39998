"""Grades the active predictions of a date against results: one row of `prediction_accuracy` each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import polars as pl

from tipoff.grading.outcomes import FINAL, POSTPONED, closing_line_value, grade, profit_units, void_reason
from tipoff.vocabulary import PREDICTED, Frozen, Grade
from tipoff.warehouse.base import Parameters, Warehouse, WriteResult
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

_PLAYER = ["game_id", "player_id"]


class GradingResult(Frozen):
    """Result of grading a date. `pending` maps each game that is not or only partly graded to the reason."""

    written: WriteResult
    predictions: int
    outcomes: Mapping[Grade, int]
    backfilled: int
    pending: Mapping[str, str]
    unfinished: tuple[str, ...]
    """Games of the date, predicted or not, that are neither final nor postponed."""


def active_predictions(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return the newest predictions per game, player and system, made by `as_of`, if possible before tip-off.

    Columns: those of `predictions`, with `tip_off` and `backfilled` according to the current schedule, and
    `superseded`, the number of other times at which the system predicted the player.
    """
    return warehouse.query(sql_text("active_predictions"), {"game_date": game_date, "as_of": as_of})


def games_of(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return the games of a date by tip-off: status and points as known at `as_of`, `teams_in_box` as stored now."""
    parameters: Parameters = {"game_date": game_date, "as_of": as_of, "season_types": list(PREDICTED)}
    return warehouse.query(sql_text("slate_games"), parameters)


def last_injury_reports(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return `injury_status`, `injury_reason` and `injury_as_of` per player from the last report up to `as_of`."""
    return warehouse.query(sql_text("last_injury_reports"), {"game_date": game_date, "as_of": as_of})


def grade_date(
    warehouse: Warehouse, game_date: date, as_of: datetime, postponed: Collection[str] = ()
) -> GradingResult:
    """Grade the active predictions of the finished games of a date; running it again corrects changed grades.

    Existing grades of a game that is pending stay as they are.
    `postponed`: ids of postponed games in addition to those in the schedule or scoreboard.
    """
    predictions = _with_results(warehouse, game_date, as_of)
    games = _games_by_id(warehouse, game_date, as_of, postponed)
    game_ids = predictions["game_id"].unique().sort()
    pending = {game_id: reason for game_id in game_ids if (reason := _pending_reason(games, game_id))}
    finished = predictions.filter(~pl.col("game_id").is_in(list(pending)))
    unresolved = finished.filter(_MAY_HAVE_PLAYED)
    rows = [
        _accuracy_row(row, games[row["game_id"]]["game_status"], as_of)
        for row in finished.filter(~_MAY_HAVE_PLAYED).iter_rows(named=True)
    ]
    frame = pl.DataFrame(rows, list(TABLES["prediction_accuracy"].column_names), infer_schema_length=None)
    return GradingResult(
        written=_write(warehouse, game_date, frame),
        predictions=predictions.height,
        outcomes=Counter(row["grade"] for row in rows),
        backfilled=sum(row["backfilled"] for row in rows),
        pending=pending | _unresolved_reasons(unresolved),
        unfinished=tuple(sorted(game_id for game_id, game in games.items() if not _is_over(game))),
    )


def _write(warehouse: Warehouse, game_date: date, frame: pl.DataFrame) -> WriteResult:
    """Replace the grades of the graded games only."""
    if frame.is_empty():
        return WriteResult(rows=0, changed=False)
    graded = frame["game_id"].unique().sort().to_list()
    return warehouse.replace("prediction_accuracy", frame, {"game_date": game_date, "game_id": graded})


def _games_by_id(
    warehouse: Warehouse, game_date: date, as_of: datetime, postponed: Collection[str]
) -> dict[str, dict[str, Any]]:
    is_postponed = pl.col("game_id").is_in(list(postponed))
    status = pl.when(is_postponed).then(pl.lit(POSTPONED)).otherwise("game_status")
    games = games_of(warehouse, game_date, as_of).with_columns(game_status=status)
    return {row["game_id"]: row for row in games.iter_rows(named=True)}


def _pending_reason(games: Mapping[str, Mapping[str, Any]], game_id: str) -> str | None:
    """Return why a game cannot be graded yet; None if it can."""
    game = games.get(game_id)
    if game is None:
        return "no longer in the schedule"
    label = f"{game['away']}@{game['home']}"
    if game["game_status"] == POSTPONED or (game["game_status"] == FINAL and game["teams_in_box"] == 2):
        return None
    reason = "no complete box score yet" if game["game_status"] == FINAL else f"game is {game['game_status']}"
    return f"{label}: {reason}"


def _is_over(game: Mapping[str, Any]) -> bool:
    return game["game_status"] in (FINAL, POSTPONED)


def _with_results(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Join the active predictions with results, injury reports, first grades and unresolved names."""
    day = {"game_date": game_date}
    predictions = active_predictions(warehouse, game_date, as_of)
    return (
        predictions.join(warehouse.query(sql_text("box_score_results"), day), on=_PLAYER, how="left")
        .join(last_injury_reports(warehouse, game_date, as_of), on=_PLAYER, how="left")
        .join(warehouse.query(sql_text("gamebook_absences"), day), on=_PLAYER, how="left")
        .join(warehouse.query(sql_text("first_grades"), day), on="prediction_id", how="left")
        .join(_unresolved_names(warehouse, game_date, predictions), on=_PREDICTED, how="left")
        .sort("game_id", "player_id", "system_id", "view")
    )


_PREDICTED = ("game_id", "team", "player_name")


def _unresolved_names(warehouse: Warehouse, game_date: date, predictions: pl.DataFrame) -> pl.DataFrame:
    """Return each `unresolved_name` of the box scores with each player that it may be.

    An unreadable entry stands for the player it names or, without a name, for each predicted player of the team.
    """
    unresolved = warehouse.query(sql_text("unresolved_in_box_scores"), {"game_date": game_date})
    each = unresolved.select("game_id", "team", "unresolved_name", player_name=pl.col("candidates").str.split("; "))
    named = each.explode("player_name").filter(pl.col("player_name") != "")
    unnamed = unresolved.filter(pl.col("candidates") == "").select("game_id", "team")
    any_of_team = unnamed.join(
        predictions.select("game_id", "team", "player_name", unresolved_name="player_name"), on=["game_id", "team"]
    ).select(named.columns)
    return pl.concat([named, any_of_team]).unique(_PREDICTED, keep="first", maintain_order=True)


_MAY_HAVE_PLAYED = pl.col("played").is_null() & pl.col("unresolved_name").is_not_null()
"""The player is not in the box score but may be one of its unresolved names."""


def _unresolved_reasons(unresolved: pl.DataFrame) -> dict[str, str]:
    """Return game -> why predictions of it wait for an operator or for a readable box score."""
    pairs = unresolved.select("game_id", "unresolved_name", "player_name").unique().sort(pl.all())
    reasons: dict[str, list[str]] = {}
    for game_id, name, player in pairs.iter_rows():
        reasons.setdefault(game_id, []).append(_unresolved_reason(name, player))
    return {game_id: "; ".join([", ".join(texts), _RETRY]) for game_id, texts in reasons.items()}


_RETRY = "retry the box scores and the grading"


def _unresolved_reason(name: str, player: str) -> str:
    if name == player:
        return f"{player} may be an unreadable entry of the box score"
    return f"{name} in the box score may be {player}: add the spelling to the alias file"


def _accuracy_row(row: Mapping[str, Any], game_status: str, as_of: datetime) -> dict[str, Any]:
    did_play = bool(row["played"])
    outcome = grade(row["lean"], row["line"], row["actual_points"], did_play, game_status)
    actual = None if outcome is Grade.VOID else row["actual_points"]
    error = _difference(row["points"], actual)
    return {
        **{name: row[name] for name in _COPIED},
        "grade": outcome.value,
        "void_reason": _void_reason(row, game_status) if outcome is Grade.VOID else None,
        "actual_points": actual,
        "first_actual_points": actual if row["first_actual_points"] is None else row["first_actual_points"],
        "predicted_points": row["points"],
        "signed_error": error,
        "absolute_error": _absolute(error),
        "line_absolute_error": _absolute(_difference(row["line"], actual)),
        "last10_absolute_error": _absolute(_difference(row["last10_points"], actual)),
        "within_80": None if actual is None else row["low_80"] <= actual <= row["high_80"],
        "profit_units": profit_units(outcome, row["recommendation"], row["price_american"]),
        "closing_line_value": closing_line_value(row["lean"], row["line"], _later_line(row)),
        "as_of": as_of,
    }


_COPIED = (
    *("game_date", "game_id", "prediction_id", "player_id", "system_id", "view", "line", "lean"),
    *("recommendation", "confidence", "price_american", "closing_line", "backfilled"),
)
"""Columns that the accuracy row copies from the prediction and its result."""


def _later_line(row: Mapping[str, Any]) -> float | None:
    """The closing line if its snapshot is later than that of the prediction's line."""
    at, closing_at = row["line_as_of"], row["closing_as_of"]
    return row["closing_line"] if at and closing_at and closing_at > at else None


def _void_reason(row: Mapping[str, Any], game_status: str) -> str:
    report = (row["injury_status"], row["injury_reason"], row["injury_as_of"])
    return void_reason(game_status, *report, row["as_of"], row["absence"], row["absence_reason"])


def _difference(value: float | None, actual: int | None) -> float | None:
    return None if value is None or actual is None else value - actual


def _absolute(error: float | None) -> float | None:
    return None if error is None else abs(error)
