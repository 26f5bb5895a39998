"""Renders the report page of a date from the warehouse and the day status: HTML without scripts.

The page contains no wall-clock time, so the same inputs give the same page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from tipoff.grading.metrics import ReliabilityBin
from tipoff.grading.outcomes import SIDES
from tipoff.publishing.envelope import JsonObject
from tipoff.publishing.figures import range_bar, reliability_figure, residual_figure
from tipoff.publishing.performance import performance_of
from tipoff.publishing.predictions import predictions_content
from tipoff.publishing.results import results_content
from tipoff.publishing.status import PublishResult, read_status
from tipoff.publishing.store import ExportStore
from tipoff.publishing.templating import in_words, template
from tipoff.publishing.tones import STEP_TONES
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import DataQuality, DayStatus, RunState
from tipoff.warehouse.base import Warehouse

MISSES_SHOWN: Final = 8
PICKS_SHOWN: Final = 12

_VERDICTS: Final = {
    RunState.RUNNING: ("running", "The day is in progress"),
    RunState.WAITING: ("running", "The day is in progress"),
    RunState.NEEDS_ATTENTION: ("bad", "The day needs attention"),
    RunState.FAILED: ("bad", "The day failed"),
    RunState.CANCELLED: ("fair", "The day was cancelled"),
}

_COMPLETE: Final = {
    DataQuality.UNKNOWN: ("good", "The day is complete"),
    DataQuality.COMPLETE: ("good", "The day is complete"),
    DataQuality.DEGRADED: ("fair", "The day is complete, with gaps"),
    DataQuality.EMPTY: ("good", "No games on this date"),
}


def publish_page(
    warehouse: Warehouse, store: ExportStore, game_date: date, as_of: datetime, status: Mapping[str, Any]
) -> PublishResult:
    """Write `pages/{date}.html` and a page of each game as known at `as_of`.

    `status` is the day status as exported in `status.json`.
    """
    predicted = predictions_content(warehouse, game_date, as_of)
    results = results_content(warehouse, game_date, as_of)
    performance = performance_of(warehouse, game_date, as_of).payload.model_dump() if results.rows else None
    payloads = (predicted.payload.model_dump(), results.payload.model_dump(), performance)
    pages = render_pages(read_status(status), as_of, *payloads)
    for path, html in pages.items():
        store.write_if_changed(path, html.encode())
    return PublishResult(paths=tuple(pages), rows=predicted.rows)


def render_pages(
    status: DayStatus, as_of: datetime, predicted: JsonObject, results: JsonObject, performance: JsonObject | None
) -> dict[str, str]:
    """Render the pages of the games, then that of the date, as path -> HTML.

    They show a status and the payloads of the exports; `performance` is None without grades.
    """
    games = _games(predicted, results)
    shared = {
        "game_date": status.game_date,
        "as_of": as_of,
        "colours": _colours([*predicted["players"], *results["players"]]),
        "headline": HEADLINE,
    }
    pages = {
        f"pages/{status.game_date}/{game['game_id']}.html": template("game_page.html.j2").render(shared, game=game)
        for game in games
        if game["players"]
    }
    values = _values(status, predicted, results, performance)
    return {
        **pages,
        f"pages/{status.game_date}.html": template("page.html.j2").render(shared, games=games, **values),
    }


def _values(
    status: DayStatus, predicted: JsonObject, results: JsonObject, performance: JsonObject | None
) -> dict[str, Any]:
    """Return what only the page of the date shows."""
    players = predicted["players"]
    labels = {game["game_id"]: f"{game['away']}@{game['home']}" for game in predicted["games"]}
    systems = _headline_first(results["systems"])
    return {
        "status": status,
        "verdict": verdict_of(status),
        "players": players,
        "withheld": predicted["withheld"],
        "lined": [player for player in players if player["line"] is not None],
        "picks": _picks(players, results),
        "picks_shown": PICKS_SHOWN,
        "labels": labels,
        "named": partial(_games_named, labels=labels),
        "results": results,
        "performance": performance,
        "windows": _windows(performance) if performance else {},
        "graded": sum(results["outcomes"].values()),
        "figures": _figures(systems[0], results["players"]) if systems else None,
        "step_tones": STEP_TONES,
        "systems": systems,
        "misses": _misses(results["players"]),
        "voids": _voids(results["players"]),
    }


def verdict_of(status: DayStatus) -> tuple[str, str]:
    """Return how a day ended or stands: CSS class and text."""
    if status.state is RunState.COMPLETE:
        return _COMPLETE[status.data_quality]
    return _VERDICTS[status.state]


def _predictions(players: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the predictions, or results, of all players and systems."""
    return [each for player in players for each in player["systems"]]


def _key(each: JsonObject) -> tuple[str, str]:
    """Return system and view of a prediction, a result or figures."""
    return each["system_id"], each["view"]


def _headline_first(systems: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the headline, then the other view of its system, then the others."""
    return sorted(systems, key=lambda each: (_key(each) != HEADLINE, each["system_id"] != HEADLINE[0]))


def _colours(players: Sequence[JsonObject]) -> dict[str, int]:
    """Return the number of each system's color in the style sheet."""
    return {name: index for index, name in enumerate(sorted({each["system_id"] for each in _predictions(players)}))}


def _games_named(game_ids: Sequence[str], labels: Mapping[str, str]) -> str:
    """Return the labels of games, or "all games" for all of several."""
    if len(game_ids) > 1 and set(labels) <= set(game_ids):
        return "all games"
    return ", ".join(labels.get(game_id, game_id) for game_id in game_ids)


def _picks(players: Sequence[JsonObject], results: JsonObject) -> list[JsonObject]:
    """Return the picks of the headline with their player and result, by expected value, the best first."""
    graded = _results_by_id(results)
    picks = [
        {**player, **each, **_result_of(each, graded)}
        for player in players
        for each in player["systems"]
        if _key(each) == HEADLINE and each["recommendation"] in SIDES and not each["backfilled"]
    ]
    return sorted(picks, key=lambda pick: -pick["expected_value"])


def _results_by_id(results: JsonObject) -> dict[str, JsonObject]:
    return {each["prediction_id"]: each for each in _predictions(results["players"])}


def _result_of(prediction: JsonObject, graded: Mapping[str, JsonObject]) -> JsonObject:
    """Return grade, reason and points scored; None before a prediction is graded."""
    result = graded.get(prediction["prediction_id"], {})
    return {name: result.get(name) for name in ("grade", "void_reason", "actual_points")}


def _games(predicted: JsonObject, results: JsonObject) -> list[JsonObject]:
    """Return each game with its players, each with the prediction shown first, and each prediction with its result."""
    graded = _results_by_id(results)
    top = _scale(_predictions(predicted["players"]))
    players = [_with_bars(player, graded, top) for player in predicted["players"]]
    return [
        {**game, "top": top, "players": [each for each in players if each["game_id"] == game["game_id"]]}
        for game in predicted["games"]
    ]


def _scale(predictions: Sequence[JsonObject]) -> int:
    """Return the points at the right end of every bar, the same for the whole page so that bars are comparable."""
    highest = max((each["high_80"] for each in predictions), default=0)
    return 10 * (int(highest) // 10 + 1)


def _with_bars(player: JsonObject, graded: Mapping[str, JsonObject], top: int) -> JsonObject:
    first, *others = (_with_bar(each, _result_of(each, graded), top) for each in _headline_first(player["systems"]))
    return {**player, "scored": first["actual_points"], "first": first, "systems": [first, *others]}


def _with_bar(prediction: JsonObject, result: JsonObject, top: int) -> JsonObject:
    interval = (prediction["low_80"], prediction["points"], prediction["high_80"])
    bar = range_bar(*interval, top, prediction["line"], result["actual_points"])
    return {**prediction, **result, "bar": bar}


def _figures(system: JsonObject, players: Sequence[JsonObject]) -> tuple[str, str]:
    """Draw the calibration and the errors of one view of a system."""
    system_id, view = system["system_id"], system["view"]
    bins = [ReliabilityBin.model_validate(each) for each in system["reliability"]]
    mine = [each for each in _predictions(players) if (each["system_id"], each["view"]) == (system_id, view)]
    residuals = [
        (each["points"], -each["signed_error"])
        for each in mine
        if each["signed_error"] is not None and not each["backfilled"]
    ]
    key, name = f"{system_id}-{view}", f"{in_words(system_id)} ({view})"
    return reliability_figure(key, name, bins), residual_figure(key, name, residuals)


def _windows(performance: JsonObject) -> dict[tuple[str, str], dict[str, JsonObject]]:
    """Return the figures of each view of each system by window."""
    views: dict[tuple[str, str], dict[str, JsonObject]] = {}
    for window in performance["windows"]:
        for system in window["systems"]:
            views.setdefault((system["system_id"], system["view"]), {})[window["label"]] = system
    return views


def _misses(players: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the players with the largest error of the headline, or of the system shown first, worst first."""
    shown = [{**player, "first": _headline_first(player["systems"])[0]} for player in players]
    played = [player for player in shown if player["first"]["actual_points"] is not None]
    return sorted(played, key=lambda player: -abs(player["first"]["signed_error"]))[:MISSES_SHOWN]


def _voids(players: Sequence[JsonObject]) -> dict[str, list[str]]:
    """Return void reason -> names of the players."""
    reasons: dict[str, list[str]] = {}
    for player in players:
        for reason in sorted({each["void_reason"] for each in player["systems"] if each["void_reason"]}):
            reasons.setdefault(reason, []).append(player["player_name"])
    return reasons
