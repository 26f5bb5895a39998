"""Measures the exports against the tables: the right date, every game and player, the same predictions and grades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import date
from typing import Any

import polars as pl

from tipoff.market.best_bets import MOST_BETS, MOST_OF_A_TEAM
from tipoff.validation.measured import GRACE, Measured, Unit, games_without
from tipoff.validation.records import (
    BEST_BETS_EXPORT,
    LATEST_BETS_EXPORT,
    LATEST_RESULTS_EXPORT,
    PREDICTIONS_EXPORT,
    RESULTS_EXPORT,
    SUMMARY_EXPORT,
    TODAY_EXPORT,
    DayRecords,
    JsonObject,
)
from tipoff.vocabulary import counted, game_date_of

_DAMAGED = "it is damaged"
_TOLERANCE = 0.0001
"""Exports have four decimals."""


def predictions_export(records: DayRecords) -> Measured:
    """The export of the predictions has each game of the slate and each prediction that counts."""
    export = records.exports.get(PREDICTIONS_EXPORT)
    expected = max(len(records.slate), 1)
    if export is None:
        return _absent(records, PREDICTIONS_EXPORT, expected)
    exported = dict(_systems(export))
    listed = {game["game_id"] for game in export.get("games", ())} - _not_exported(records, exported)
    wrong = (*_wrong_envelope(records, export), *_wrong_predictions(records, exported))
    return Measured(expected, missing=games_without(records.slate, listed), wrong=wrong)


def _not_exported(records: DayRecords, exported: Collection[str]) -> set[str]:
    """The games with predictions that count, of which neither they nor newer ones are exported."""
    key = ["game_id", "player_id", "system_id"]
    published = records.tables["predictions"].filter(pl.col("prediction_id").is_in(list(exported)))
    newest = published.group_by(key).agg(exported_as_of=pl.col("as_of").max())
    due = records.active.filter(pl.col("as_of") <= records.as_of - GRACE).join(newest, on=key, how="left")
    return set(due.filter((pl.col("exported_as_of") >= pl.col("as_of")).not_().fill_null(True))["game_id"])


def _absent(records: DayRecords, export: str, expected: int = 1) -> Measured:
    """An export that does not exist or cannot be read."""
    if export in records.unreadable:
        return Measured(expected, wrong=(_DAMAGED,))
    return Measured(expected, missing=(Unit("the file"),))


def _systems(export: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Prediction id -> the exported prediction or result."""
    for player in export.get("players", ()):
        for system in player["systems"]:
            yield system["prediction_id"], system


def _wrong_envelope(records: DayRecords, export: JsonObject) -> Iterator[str]:
    if export.get("game_date") != records.game_date.isoformat():
        yield f"its date is {export.get('game_date')}"
    if export.get("status") == "empty" and records.slate:
        yield f"it says that there are no games; the schedule has {len(records.slate)}"


def _wrong_predictions(records: DayRecords, exported: dict[str, JsonObject]) -> Iterator[str]:
    """Published predictions that the table lacks or has with other points."""
    stored = dict(records.tables["predictions"].select("prediction_id", "points").iter_rows())
    unknown = sum(prediction_id not in stored for prediction_id in exported)
    changed = sum(
        abs(stored[prediction_id] - system["points"]) > _TOLERANCE
        for prediction_id, system in exported.items()
        if prediction_id in stored
    )
    if unknown:
        yield f"{counted(unknown, 'published prediction')} not in the table"
    if changed:
        yield f"{counted(changed, 'published prediction')} with other points than in the table"


def today_pointer(records: DayRecords) -> Measured:
    """On the date itself, `today` shows it; afterwards it never goes back."""
    if game_date_of(records.as_of) != records.game_date:
        return _pointer(records, TODAY_EXPORT, is_expected=False)
    return _pointer(records, TODAY_EXPORT, is_expected=True)


def latest_pointer(export: str, current: str) -> Callable[[DayRecords], Measured]:
    """Return the measure of a pointer that follows the current file of the date."""

    def measure(records: DayRecords) -> Measured:
        return _pointer(records, export, is_expected=current in records.exports)

    return measure


def _pointer(records: DayRecords, name: str, *, is_expected: bool) -> Measured:
    """A pointer names this date or a later one; where it is not expected to exist, only if it does."""
    export = records.exports.get(name)
    if name in records.unreadable:
        return Measured(1, wrong=(_DAMAGED,))
    if not is_expected:
        return Measured(0, note="it is about the current date")
    shown = _date_of(export)
    if shown is None or shown < records.game_date:
        return Measured(1, missing=(Unit(f"this date: it shows {shown or 'none'}"),))
    return Measured(1)


def _date_of(export: JsonObject | None) -> date | None:
    try:
        return date.fromisoformat((export or {})["game_date"])
    except (KeyError, TypeError, ValueError):
        return None


def best_bets(records: DayRecords) -> Measured:
    """The best bets are published picks, at most 15, and two of a team."""
    if records.active.is_empty():
        return Measured(0, note="no predictions yet")
    export = records.exports.get(BEST_BETS_EXPORT)
    if export is None:
        return _absent(records, BEST_BETS_EXPORT)
    return Measured(1, wrong=(*_wrong_envelope(records, export), *_wrong_bets(records, export)))


def _wrong_bets(records: DayRecords, export: JsonObject) -> Iterator[str]:
    bets: list[dict[str, Any]] = export.get("bets", [])
    stored = set(records.tables["predictions"]["prediction_id"])
    unknown = sum(bet["prediction_id"] not in stored for bet in bets)
    if unknown:
        yield f"{counted(unknown, 'bet')} not in the table of predictions"
    if len(bets) > MOST_BETS:
        yield f"{counted(len(bets), 'bet')}, allowed: {MOST_BETS}"
    for team, count in sorted(Counter(bet["team"] for bet in bets).items()):
        if count > MOST_OF_A_TEAM:
            yield f"{counted(count, 'bet')} on {team}, allowed: {MOST_OF_A_TEAM}"


def results_export(records: DayRecords) -> Measured:
    """The export of the results has each stored grade."""
    graded = records.tables["prediction_accuracy"]
    if graded.is_empty():
        return Measured(0, note="nothing is graded yet")
    export = records.exports.get(RESULTS_EXPORT)
    if export is None:
        return _absent(records, RESULTS_EXPORT)
    exported = {prediction_id: system["grade"] for prediction_id, system in _systems(export)}
    stored = dict(graded.select("prediction_id", "grade").iter_rows())
    settled = graded.filter(pl.col("as_of") <= records.as_of - GRACE)["prediction_id"]
    lacking = sum(prediction_id not in exported for prediction_id in settled)
    other = sum(stored.get(prediction_id) != grade for prediction_id, grade in exported.items())
    wrong = (f"{counted(other, 'published grade')} other than in the table",) if other else ()
    missing = (Unit(counted(lacking, "grade")),) if lacking else ()
    return Measured(1, missing=missing, wrong=(*_wrong_envelope(records, export), *wrong))


def summary_export(records: DayRecords) -> Measured:
    """The summary counts as many grades as the table has."""
    graded = records.tables["prediction_accuracy"].height
    if not graded:
        return Measured(0, note="nothing is graded yet")
    export = records.exports.get(SUMMARY_EXPORT)
    if export is None:
        return _absent(records, SUMMARY_EXPORT)
    views = [figures for system in export.get("systems", {}).values() for figures in system.values()]
    shown = sum(sum((figures["outcomes"] or {}).values()) for figures in views)
    wrong = (f"it counts {counted(shown, 'grade')}, the table has {graded}",) if shown != graded else ()
    return Measured(1, wrong=(*_wrong_envelope(records, export), *wrong))


def schemas(records: DayRecords) -> Measured:
    """Each published file has what its published schema says."""
    wrong = tuple(f"{file.path}: {file.wrong}" for file in records.files if file.wrong)
    lacking = (file for file in records.files if file.lacks and not file.wrong)
    missing = tuple(Unit(f"{file.path} without {file.lacks}") for file in lacking)
    return Measured(len(records.files), missing=missing, wrong=wrong, note="nothing is published yet")


latest_bets = latest_pointer(LATEST_BETS_EXPORT, BEST_BETS_EXPORT)
latest_results = latest_pointer(LATEST_RESULTS_EXPORT, RESULTS_EXPORT)
