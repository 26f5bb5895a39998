"""Exports the games of a date while they run, and how its predictions stand.

The exports count what is graded, pending and void apart, and have no hit rate: a few results at the beginning of an
evening say nothing about a system, so no alarm is raised either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.live import LIVE, LiveGrade, LivePrediction, counts, graded, live_grade
from tipoff.grading.outcomes import FINAL, POSTPONED, SIDES
from tipoff.landing.landing import Landing
from tipoff.live_games import LandedGames, landed_games
from tipoff.publishing import live_payloads
from tipoff.publishing.envelope import Completeness, Edition, JsonObject
from tipoff.publishing.live_payloads import LiveGradingPayload, LivePayload
from tipoff.publishing.slate import HEADLINE_SHOWN, all_backfilled
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.sources.base import Slate
from tipoff.vocabulary import Grade, SlateGame, clock_time
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.sql_files import sql_text

STALE_AFTER: Final = timedelta(minutes=15)
"""Five polls: scores or a box score older than this are named."""


class LiveContent(NamedTuple):
    """The payloads of both exports, and what their envelope is derived from."""

    games: LivePayload
    grading: LiveGradingPayload
    is_over: bool
    """Every game is final or postponed."""
    completeness: Completeness


def publish_live(warehouse: Warehouse, landing: Landing, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the games and the state of the predictions at `as_of`; once every game is over also as a version.

    Both files are named by their date, so that no reader takes one date for another.
    """
    content = live_content(warehouse, landing, edition.game_date, edition.as_of)
    envelope = edition.envelope(content.completeness)
    paths = (
        *write_export(store, live_payloads.LIVE, envelope, content.games, is_final=content.is_over),
        *write_export(store, live_payloads.LIVE_GRADING, envelope, content.grading, is_final=content.is_over),
    )
    return PublishResult(paths=paths, rows=len(content.grading.players))


def live_content(warehouse: Warehouse, landing: Landing, game_date: date, as_of: datetime) -> LiveContent:
    """Return the games of a date and the state of its active predictions at a time."""
    stored = games_of(warehouse, game_date, as_of).to_dicts()
    slate = Slate(game_date=game_date, games=tuple(SlateGame.model_validate(row) for row in map(_slate_row, stored)))
    landed = landed_games(landing, slate, as_of)
    games = [_current(row, landed) for row in stored]
    active = active_predictions(warehouse, game_date, as_of).sort("game_id", "player_id", "system_id", "view")
    grades = _grades(warehouse, game_date, as_of)
    by_id = {game["game_id"]: game for game in games}
    predictions = [
        _prediction(row, grades.get(row["prediction_id"]), by_id.get(row["game_id"], {}), landed)
        for row in active.iter_rows(named=True)
    ]
    played = [game for game in games if game["status"] != POSTPONED]
    stale = _has_no_scores(played, landed, as_of)
    without_box = tuple(game["game_id"] for game in played if _lacks_box_score(game, landed, predictions, as_of))
    return LiveContent(
        games=LivePayload.model_validate(
            {"counts": _game_counts(games), "games": [{**game, "players": _box(game, landed)} for game in games]}
        ),
        grading=_grading(predictions),
        is_over=bool(games) and all(game["status"] in (FINAL, POSTPONED) for game in games),
        completeness=Completeness(
            empty=not played,
            degraded=tuple(_reasons(games, landed, without_box, stale=stale, game_date=game_date)),
            missing_games=without_box,
            stale=stale,
            backfilled=all_backfilled(active),
        ),
    )


# ── games ────────────────────────────────────────────────────────────────────────────────────────────────


def _slate_row(row: Mapping[str, Any]) -> JsonObject:
    return {name: row[name] for name in ("game_id", "away", "home", "tip_off")}


def _current(row: Mapping[str, Any], landed: LandedGames) -> JsonObject:
    """A game with what the last scoreboard says of it. One that is over stays so; points are null before it began."""
    shown = landed.board.get(row["game_id"], {})
    is_over = row["game_status"] in (FINAL, POSTPONED)
    status = row["game_status"] if is_over else shown.get("status", row["game_status"])
    known = {name: shown.get(name, row[name]) for name in ("status_text", "away_points", "home_points")}
    has_score = status in (LIVE, FINAL)
    period = shown.get("period") if has_score else None
    return {
        **_slate_row(row),
        "status": status,
        "status_text": known["status_text"],
        "period": period,
        "overtime_periods": max(period - 4, 0) if period else 0,
        "away_points": known["away_points"] if has_score else None,
        "home_points": known["home_points"] if has_score else None,
    }


def _game_counts(games: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    statuses = [game["status"] for game in games]
    named = {status: statuses.count(status) for status in ("scheduled", LIVE, FINAL, POSTPONED)}
    return {**named, "unknown": len(statuses) - sum(named.values())}


def _box(game: Mapping[str, Any], landed: LandedGames) -> list[JsonObject]:
    """The players of a game so far, those with most points first."""
    box = landed.boxes.get(game["game_id"])
    if box is None or game["status"] not in (LIVE, FINAL):
        return []
    players = [
        {name: row[name] for name in ("player_id", "player_name", "team", "points")}
        | {"minutes": round(line.minutes, 1)}
        for row, line in box.players.values()
    ]
    return sorted(players, key=lambda player: (-player["points"], player["player_id"]))


def _has_no_scores(played: Iterable[Mapping[str, Any]], landed: LandedGames, as_of: datetime) -> bool:
    """Whether the scoreboard is too old for a game that began some time ago and is not over."""
    is_current = landed.board_as_of is not None and landed.board_as_of >= as_of - STALE_AFTER
    return not is_current and any(
        game["status"] != FINAL and game["tip_off"] is not None and game["tip_off"] <= as_of - STALE_AFTER
        for game in played
    )


def _lacks_box_score(
    game: Mapping[str, Any], landed: LandedGames, predictions: Iterable[JsonObject], as_of: datetime
) -> bool:
    """Whether the points of a game's players are unknown or old; of a final one, whether a prediction still waits."""
    box, began = landed.boxes.get(game["game_id"]), game["tip_off"]
    if game["status"] == FINAL:
        return any(each["grade"] == LiveGrade.PENDING and each["game_id"] == game["game_id"] for each in predictions)
    if game["status"] != LIVE or (began is not None and began > as_of - STALE_AFTER):
        return False
    return box is None or box.as_of < as_of - STALE_AFTER


def _reasons(
    games: Iterable[Mapping[str, Any]],
    landed: LandedGames,
    without_box: Sequence[str],
    *,
    stale: bool,
    game_date: date,
) -> Iterable[str]:
    if stale:
        since = f" since {clock_time(landed.board_as_of, game_date)}" if landed.board_as_of else ""
        yield f"no scores{since}"
    if without_box:
        labels = (f"{game['away']}@{game['home']}" for game in games if game["game_id"] in without_box)
        yield f"no current box score of {', '.join(labels)}"


# ── predictions ──────────────────────────────────────────────────────────────────────────────────────────


def _grades(warehouse: Warehouse, game_date: date, as_of: datetime) -> dict[str, LivePrediction]:
    """Prediction id -> its state, of those that the day has graded."""
    rows = warehouse.query(sql_text("graded_predictions"), {"game_date": game_date, "as_of": as_of})
    return {
        prediction_id: graded(Grade(grade), points)
        for prediction_id, grade, points in rows.select("prediction_id", "grade", "actual_points").iter_rows()
    }


def _prediction(
    row: Mapping[str, Any], graded_as: LivePrediction | None, game: Mapping[str, Any], landed: LandedGames
) -> JsonObject:
    box = landed.boxes.get(row["game_id"])
    _, player = box.players.get(row["player_id"], ({}, None)) if box else ({}, None)
    state = graded_as or live_grade(
        row["lean"], row["line"], row["points"], game.get("status", ""), box.game if box else None, player
    )
    points = state.projected_points if graded_as else (player.points if player else None)
    return {
        **{name: row[name] for name in (*_PLAYER, *_PREDICTION)},
        "predicted_points": row["points"],
        "points": points,
        "projected_points": state.projected_points,
        "grade": state.grade,
    }


_PLAYER = ("game_id", "player_id", "player_name", "team", "opponent")
_PREDICTION = ("system_id", "view", "line", "lean", "recommendation", "backfilled", "prediction_id")


def _grading(predictions: Sequence[JsonObject]) -> LiveGradingPayload:
    """The counts of all predictions and of each view of each system, and the players with theirs."""
    by_view = groupby(sorted(predictions, key=_view), key=_view)
    by_player = groupby(predictions, key=lambda each: (each["game_id"], each["player_id"]))
    payload = {
        "headline": HEADLINE_SHOWN,
        "counts": _counts(predictions),
        "systems": [
            {"system_id": system, "view": view, "predictions": _counts(each), "picks": _counts(filter(_is_pick, each))}
            for (system, view), each in ((key, list(group)) for key, group in by_view)
        ],
        "players": [_player(list(each)) for _, each in by_player],
    }
    return LiveGradingPayload.model_validate(payload)


def _view(prediction: Mapping[str, Any]) -> tuple[str, str]:
    return prediction["system_id"], prediction["view"]


def _is_pick(prediction: Mapping[str, Any]) -> bool:
    return prediction["recommendation"] in SIDES and not prediction["backfilled"]


def _counts(predictions: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return counts(each["grade"] for each in predictions)


def _player(predictions: Sequence[JsonObject]) -> JsonObject:
    first = predictions[0]
    own = (*_PREDICTION, "predicted_points", "projected_points", "grade")
    return {
        **{name: first[name] for name in (*_PLAYER, "points")},
        "systems": [{name: each[name] for name in own} for each in predictions],
    }
