"""Every export has the schema that is published beside it, on a usual day and on unusual ones."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from runtime import PROJECT
from tests.support import evening
from tests.support.evening import DAY, FIRST, NEXT_MORNING, WITH_LINES
from tests.support.rows import rows_of
from tests.support.validated_exports import validated_exports
from tests.unit.publishing.conftest import WALL_CLOCK
from tipoff.grading.accuracy import grade_date
from tipoff.landing.landing import Landing
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.ended_days import publish_ended_day
from tipoff.publishing.envelope import Edition
from tipoff.publishing.export_schema import export_schema
from tipoff.publishing.live import publish_live
from tipoff.publishing.predictions import publish_predictions
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.registry import EXPORTS, export_of
from tipoff.publishing.results import publish_results
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.publishing.summary import publish_summary
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import DataQuality, EndedRun, RunState, eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.execution_log import log_run, phase_status

OF_PREDICTIONS = {"predictions", "best-bets", "tonight-all-players", "calendar-game-counts", "streaks-today"} | {
    "trends-hot-cold",
    "trends-bounce-back",
    "trends-tonights-plays",
}
OF_RESULTS = {"results", "summary", "players-index", "live", "live-grading"}


def publish_before_the_games(warehouse: Warehouse, store: ExportStore) -> None:
    edition = Edition(DAY, WITH_LINES, WALL_CLOCK)
    for publish in (publish_best_bets, publish_exports_of_tonight, publish_predictions):
        publish(warehouse, store, edition)


def publish_after_the_games(warehouse: Warehouse, store: ExportStore, root: Path) -> None:
    edition = Edition(DAY, NEXT_MORNING, WALL_CLOCK)
    publish_live(warehouse, Landing(FolderStore(root / "raw")), store, edition)
    for publish in (publish_results, publish_summary, publish_exports_of_players):
        publish(warehouse, store, edition)


def publish_end(warehouse: Warehouse, store: ExportStore, state: RunState, quality: DataQuality) -> None:
    run = EndedRun(
        game_date=DAY,
        run_id="run",
        is_rerun=False,
        virtual=False,
        state=state,
        data_quality=quality,
        backfilled=False,
        games=12,
        started_at=eastern(DAY, 5),
        ended_at=NEXT_MORNING,
        sentence="it ended",
        steps=(),
    )
    log_run(warehouse, run)
    publish_ended_day(store, phase_status(warehouse, DAY), WALL_CLOCK)


def read(store: ExportStore, path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(store.read(path) or b"")
    return loaded


@pytest.fixture
def played(warehouse: Warehouse, sample: Path) -> Warehouse:
    """The evening before its games, with past games of two of its players."""
    evening.load_slate(warehouse, sample)
    evening.load_predictions(warehouse, sample)
    players = warehouse.query("SELECT DISTINCT player_id, player_name, team, opponent FROM predictions LIMIT 2")
    games = [
        {**player, "game_id": f"002230{back:04d}", "game_date": DAY - timedelta(days=back), "home": back % 2 == 0}
        for player in players.to_dicts()
        for back in range(0, 30, 2)
    ]
    scored = {"season": "2023-24", "minutes": 30.0, "points": 21, "fga": 14, "fta": 4}
    warehouse.replace("player_game_summary", rows_of("player_game_summary", games, **scored), {})
    return warehouse


def test_a_whole_day(
    played: Warehouse, store: ExportStore, sample: Path, status: dict[str, Any], tmp_path: Path
) -> None:
    publish_before_the_games(played, store)
    publish_status(store, read_status({**status, "state": "RUNNING"}), WALL_CLOCK)
    evening.load_reports(played, sample)
    evening.load_results(played, sample)
    grade_date(played, DAY, NEXT_MORNING)
    publish_after_the_games(played, store, tmp_path)
    publish_end(played, store, RunState.COMPLETE, DataQuality.COMPLETE)
    assert validated_exports(tmp_path / "exports") == {export.name for export in EXPORTS}


def test_a_day_without_games(warehouse: Warehouse, store: ExportStore, status: dict[str, Any], tmp_path: Path) -> None:
    publish_before_the_games(warehouse, store)
    publish_after_the_games(warehouse, store, tmp_path)
    publish_status(store, read_status({**status, "data_quality": "EMPTY", "degradations": []}), WALL_CLOCK)
    publish_end(warehouse, store, RunState.COMPLETE, DataQuality.EMPTY)
    assert validated_exports(tmp_path / "exports") == OF_PREDICTIONS | OF_RESULTS | {"status", "days"}
    for path in ("tonight/all-players", "predictions/today", "best-bets/latest", "results/latest", "status"):
        assert read(store, f"v1/{path}.json")["status"] == "empty", path


@pytest.mark.parametrize("state", ["FAILED", "NEEDS_ATTENTION", "CANCELLED"])
def test_a_day_in_trouble_is_never_exported_as_complete(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any], tmp_path: Path, state: str
) -> None:
    """Also if it had failed before it knew whether there are games."""
    failed = {**status, "state": state, "degradations": [], "data_quality": "UNKNOWN", "sentence": "no schedule"}
    publish_status(store, read_status(failed), WALL_CLOCK)
    publish_end(warehouse, store, RunState.FAILED, DataQuality.UNKNOWN)
    assert validated_exports(tmp_path / "exports") == {"status", "days"}
    for path, reason in (("v1/status.json", "no schedule"), (f"v1/days/{DAY}.json", "it ended")):
        export = read(store, path)
        assert (export["status"], export["degraded_reasons"]) == ("degraded", [reason])


def test_a_day_whose_games_are_all_postponed(played: Warehouse, store: ExportStore, tmp_path: Path) -> None:
    schedule = played.query("SELECT * FROM raw_schedule").with_columns(status=pl.lit("postponed"))
    played.replace("raw_schedule", schedule, {"game_date": DAY})
    publish_before_the_games(played, store)
    grade_date(played, DAY, NEXT_MORNING)
    publish_after_the_games(played, store, tmp_path)
    assert validated_exports(tmp_path / "exports") >= OF_PREDICTIONS | OF_RESULTS
    for path in ("v1/tonight/all-players.json", "v1/predictions/today.json", "v1/results/latest.json"):
        assert read(store, path)["status"] == "empty", path
    assert read(store, "v1/results/latest.json")["outcomes"]["void"] == 442
    assert read(store, "v1/best-bets/latest.json")["bets"] == []


def test_tonight_is_as_complete_as_the_predictions(played: Warehouse, store: ExportStore, tmp_path: Path) -> None:
    """Before the first prediction, with it, and when it has become too old."""
    for at in (eastern(DAY, 6), FIRST, WITH_LINES + timedelta(hours=7)):
        for publish in (publish_exports_of_tonight, publish_predictions):
            publish(played, store, Edition(DAY, at, WALL_CLOCK))
        tonight, predictions = read(store, "v1/tonight/all-players.json"), read(store, "v1/predictions/today.json")
        shared = ("status", "degraded_reasons", "missing_games", "as_of")
        assert {name: tonight[name] for name in shared} == {name: predictions[name] for name in shared}
    assert validated_exports(tmp_path / "exports") >= {"tonight-all-players", "tonight-player"}


def test_a_withdrawn_pick_is_no_bet_and_does_not_lead_tonights_players(
    played: Warehouse, store: ExportStore, tmp_path: Path
) -> None:
    publish_before_the_games(played, store)
    best = read(store, "v1/tonight/all-players.json")["players"][0]
    report = {name: best[name] for name in ("player_id", "team", "game_id")} | {"status": "Out"}
    played.append("raw_injuries", rows_of("raw_injuries", [report], game_date=DAY, as_of=WITH_LINES))
    publish_before_the_games(played, store)
    players = read(store, "v1/tonight/all-players.json")["players"]
    withdrawn = next(each for each in players if each["player_id"] == best["player_id"])
    assert (withdrawn["recommendation"], withdrawn["pass_reason"]) == ("PASS", "withdrawn: Out")
    assert withdrawn["expected_value"] == best["expected_value"]
    after = players[players.index(withdrawn) + 1 :]
    assert all(each["expected_value"] is None for each in after)
    assert validated_exports(tmp_path / "exports") >= OF_PREDICTIONS


# ── what the declarations say ────────────────────────────────────────────────────────────────────────────


def test_a_schema_explains_what_the_code_explains() -> None:
    (predictions,) = (export for export in EXPORTS if export.name == "predictions")
    schema = export_schema(predictions)
    assert schema["properties"]["missing_games"]["description"].startswith("Ids of the games")
    prediction = schema["$defs"]["SystemPrediction"]
    assert "given no push" in prediction["properties"]["over_probability"]["description"]
    assert set(prediction["required"]) == set(prediction["properties"])
    player = schema["$defs"]["PredictedPlayer"]["properties"]
    assert "points" in player["line"]["description"], "also of a field that it inherits"


def test_every_path_that_a_text_names_is_one_of_a_declared_export() -> None:
    files = [
        file
        for folder in ("activities", "cli", "docs", "tipoff")
        for file in (PROJECT / folder).rglob("*")
        if file.suffix in {".py", ".md", ".j2"}
    ]
    texts = [(file, file.read_text()) for file in (*files, PROJECT / "README.md")]
    named = {(path, file.name) for file, text in texts for path in re.findall(r"\bv1/[\w./{}-]+\.json", text)}
    assert len(named) > len(EXPORTS)
    unknown = {(path, file) for path, file in named if not _is_known(path)}
    assert unknown == set()


def _is_known(path: str) -> bool:
    """Whether a path, maybe with names in braces, belongs to an export or to the schemas."""
    example = re.sub(r"\{[\w.]*date\}", str(DAY), path)
    example = example.replace("{player_id}", "7").replace("{as_of}", "20240329T160000Z")
    return export_of(example) is not None or path.startswith("v1/schemas/")
