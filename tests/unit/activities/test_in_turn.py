"""Computations in one activity: where it ends, and that each does what it does alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities import in_turn
from activities.compute import ComputeActivities
from activities.in_turn import InTurnActivities
from activities.labels import labels_of
from activities.resources import Resources
from tests.support.ledgers import DAY, evening_plan
from tipoff.settings import Settings
from tipoff.vocabulary import ComputeReport, Span, eastern
from tipoff.warehouse.job_labels import current_labels
from workflows.contracts import Activity, Computation, Computations, ComputeReports, ComputeRequest

GRADE = (Activity.GRADE, "grade")
SUMMARY = (Activity.EXPORT, "summary")
RESULTS = (Activity.EXPORT, "results")
TABLE = (Activity.TRANSFORM, "player_daily_cache")


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    """An empty warehouse."""
    places = {name: f"file://{tmp_path}/{name}" for name in ("landing", "exports", "models", "work")}
    settings = Settings.model_validate({**places, "warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb"})
    resources = Resources(settings, now=lambda: eastern(DAY, 12))
    resources.warehouse.migrate()
    return resources


def request(subject: str) -> ComputeRequest:
    return ComputeRequest(subject=subject, span=Span.SLATE, game_date=DAY, game_ids=("1", "2"), as_of=eastern(DAY, 12))


def reports_of(resources: Resources, *computations: tuple[Activity, str]) -> tuple[ComputeReport, ...]:
    requests = tuple(Computation(activity=name, request=request(subject)) for name, subject in computations)
    activity = InTurnActivities(resources).compute_in_turn
    reports: ComputeReports = ActivityEnvironment().run(activity, Computations(computations=requests))
    return reports.reports


def test_each_reports_what_it_reports_alone(resources: Resources) -> None:
    grade, *exports = reports_of(resources, GRADE, RESULTS, SUMMARY)
    assert grade == ActivityEnvironment().run(ComputeActivities(resources).grade, request("grade"))
    assert [report.changed_games for report in exports] == [("1", "2")] * 2
    assert resources.exports.read(f"v1/results/{DAY}.json") is not None
    assert resources.exports.read(f"v1/summary/{DAY}.json") is not None


def test_it_ends_before_the_first_that_fails(resources: Resources, tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("no folder")
    assert len(reports_of(resources, GRADE, SUMMARY, GRADE)) == 1
    assert reports_of(resources, SUMMARY, GRADE) == ()


def test_it_ends_after_the_first_that_changes_nothing(resources: Resources) -> None:
    reports = reports_of(resources, GRADE, TABLE, SUMMARY)
    assert [report.rows for report in reports] == [0, 0]
    assert not reports[1].changed_since({}).changed


def test_it_starts_none_that_might_not_end_in_time(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turn, "STARTS_WITHIN", timedelta(0))
    assert len(reports_of(resources, GRADE, RESULTS, SUMMARY)) == 1


def test_statements_of_each_have_its_labels(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    labels: list[dict[str, str]] = []

    def compute(_: Resources, computed: ComputeRequest) -> ComputeReport:
        labels.append(current_labels())
        return ComputeReport(versions={computed.data: dict.fromkeys(computed.game_ids, 1)})

    monkeypatch.setattr(in_turn, "_COMPUTE", {Activity.GRADE: compute, Activity.TRANSFORM: compute})
    reports_of(resources, GRADE, TABLE)
    assert labels == [
        {"game_date": str(DAY), "phase": "grade", "step": "grade"},
        {"game_date": str(DAY), "phase": "context", "step": "player_daily_cache"},
    ]


def test_each_step_of_a_day_has_the_label_of_its_phase() -> None:
    for step in evening_plan().steps:
        request = ComputeRequest(
            step=step.name, subject=step.subject, span=step.span, game_date=DAY, game_ids=(), as_of=eastern(DAY, 12)
        )
        assert labels_of(request)["phase"] == step.phase, step.name
