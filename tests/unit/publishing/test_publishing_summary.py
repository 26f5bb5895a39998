from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.demo_summary import NO_FIGURES
from tests.support import evening
from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tipoff.grading.accuracy import grade_date
from tipoff.landing.landing import Landing
from tipoff.publishing.envelope import Edition, Envelope, ExportStatus, decode
from tipoff.publishing.live import publish_live
from tipoff.publishing.store import ExportStore
from tipoff.publishing.summary import publish_summary, summarise
from tipoff.storage.folder import FolderStore
from tipoff.warehouse.base import Warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def figures_of(warehouse: Warehouse, as_of: datetime) -> dict[str, Any]:
    """The figures of the date as they are exported, with all their decimals."""
    return summarise(warehouse, DAY, as_of).model_dump(mode="json")


def test_the_figures_of_a_graded_day_add_up(morning_after: Warehouse) -> None:
    summary = figures_of(morning_after, NEXT_MORNING)
    assert (summary["games"], summary["players_predicted"], summary["lined_players"]) == (12, 221, 135)
    for (system,) in map(dict.values, summary["systems"].values()):
        outcomes = system["outcomes"]
        assert sum(outcomes.values()) == system["predictions"] == 221
        assert system["lean_n"] == outcomes["win"] + outcomes["loss"] == 131
        assert system["lean_hit_rate"] == pytest.approx(outcomes["win"] / system["lean_n"], abs=1e-4)
        assert 0 < system["n"] < system["lean_n"]
        assert system["wilson_low"] < system["hit_rate"] < system["wilson_high"]


def test_the_errors_of_line_and_last_10_are_computed_on_the_same_rows(morning_after: Warehouse) -> None:
    box = morning_after.query(
        """
        SELECT predictions.line, predictions.last10_points, box.points
        FROM predictions
        INNER JOIN raw_player_boxscores AS box
          ON box.game_id = predictions.game_id AND box.player_id = predictions.player_id
        WHERE predictions.system_id = 'ensemble_v1' AND predictions.line IS NOT NULL AND box.minutes > 0
        """
    )
    system = figures_of(morning_after, NEXT_MORNING)["systems"]["ensemble_v1"]["market"]
    assert system["mae_n"] == system["last10_n"] == box.height
    assert system["mae"] == system["mae_beside_last10"]
    assert system["line_mae"] == pytest.approx((box["line"] - box["points"]).abs().mean(), abs=1e-4)
    assert system["last10_mae"] == pytest.approx((box["last10_points"] - box["points"]).abs().mean(), abs=1e-4)


def test_the_headline_is_the_market_view_of_the_ensemble(morning_after: Warehouse) -> None:
    summary = figures_of(morning_after, NEXT_MORNING)
    assert summary["headline"] == {"system_id": "ensemble_v1", "view": "market"}
    assert summary["headline"]["view"] in summary["systems"][summary["headline"]["system_id"]]


def test_a_replayed_day_without_figures_has_the_same_fields(morning_after: Warehouse) -> None:
    of_the_run = {"games", "first_published_at", "refreshed_at"}
    assert figures_of(morning_after, NEXT_MORNING).keys() == NO_FIGURES.keys() | of_the_run


def test_publication_times_are_in_eastern_time(before_tip: Warehouse) -> None:
    summary = figures_of(before_tip, WITH_LINES)
    assert summary["first_published_at"] == "2024-03-29T13:30:00-04:00"
    assert summary["refreshed_at"] == "2024-03-29T15:05:00-04:00"


def test_before_grading_figures_are_null(before_tip: Warehouse) -> None:
    system = figures_of(before_tip, WITH_LINES)["systems"]["moving_average"]["model"]
    assert system["predictions"] == 221
    assert (system["mae"], system["hit_rate"], system["n"]) == (None, None, 0)


def test_the_headline_rate_and_the_profit_are_those_of_picks(morning_after: Warehouse) -> None:
    picks = morning_after.query(
        "SELECT grade, profit_units FROM prediction_accuracy"
        " WHERE system_id = 'ensemble_v1' AND view = 'market' AND recommendation IN ('OVER', 'UNDER')"
    )
    others = morning_after.query(
        "SELECT profit_units FROM prediction_accuracy WHERE recommendation IN ('PASS', 'NO_LINE')"
    )
    system = figures_of(morning_after, NEXT_MORNING)["systems"]["ensemble_v1"]["market"]
    assert system["n"] == picks["grade"].is_in(["win", "loss"]).sum()
    assert system["profit"] == pytest.approx(picks["profit_units"].sum(), abs=1e-4)
    assert others["profit_units"].is_null().all()


def test_backfilled_predictions_count_in_no_figure_and_mark_their_exports(
    warehouse: Warehouse, sample: Path, store: ExportStore, tmp_path: Path
) -> None:
    evening.load_slate(warehouse, sample)
    evening.predict_at(warehouse, sample, NEXT_MORNING)
    evening.load_results(warehouse, sample)
    grade_date(warehouse, DAY, NEXT_MORNING)
    system = figures_of(warehouse, NEXT_MORNING)["systems"]["moving_average"]["model"]
    assert system["predictions"] == system["backfilled"] == sum(system["outcomes"].values()) == 221
    assert (system["mae_n"], system["n"], system["hit_rate"]) == (0, 0, None)
    edition = Edition(DAY, NEXT_MORNING, WALL_CLOCK)
    publish_summary(warehouse, store, edition)
    publish_live(warehouse, Landing(FolderStore(tmp_path / "raw")), store, edition)
    for name in ("summary", "live-grading"):
        assert decode(store.read(f"v1/{name}/{DAY}.json") or b"")["backfilled"], name


def test_the_summary_has_the_envelope_of_every_export(morning_after: Warehouse, store: ExportStore) -> None:
    published = publish_summary(
        morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK, ["no report"], ["0022301073"])
    )
    exported = decode(store.read(published.paths[0]) or b"")
    assert Envelope.model_validate({name: exported.pop(name) for name in Envelope.model_fields}) == Envelope(
        game_date=DAY,
        generated_at=WALL_CLOCK,
        as_of=NEXT_MORNING,
        status=ExportStatus.DEGRADED,
        degraded_reasons=("no report",),
        missing_games=("0022301073",),
    )
    assert exported.keys() == figures_of(morning_after, NEXT_MORNING).keys()
    assert exported["systems"]["ensemble_v1"]["market"]["mae_n"] == 131


def test_a_day_without_predictions_has_no_systems(warehouse: Warehouse, sample: Path) -> None:
    evening.load_slate(warehouse, sample)
    summary = figures_of(warehouse, WITH_LINES)
    assert (summary["games"], summary["players_predicted"], summary["systems"]) == (12, 0, {})
    assert (summary["first_published_at"], summary["refreshed_at"]) == (None, None)
