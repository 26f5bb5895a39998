"""What a backfill exports: its plan under its digest, its status with the phases of the days, and its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.backfill import BackfillActivities
from activities.resources import Resources
from tests.support.ledgers import DAY, evening_plan, settled_ledger
from tipoff.errors import BadInputError
from tipoff.publishing.backfill import PAGE_PATH, read_backfill, read_planned_scope
from tipoff.publishing.status import publish_status
from tipoff.settings import Settings
from tipoff.vocabulary import (
    BackfilledDate,
    BackfillScope,
    BackfillStatus,
    DateState,
    Phase,
    RunState,
    StepState,
    eastern,
)
from workflows.contracts.backfill import ObservedDates, PlanBackfillRequest, PublishBackfillRequest
from workflows.day_status import day_status

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SCOPE = BackfillScope(first=DAY, last=DAY, from_phase=Phase.CONTEXT, to_phase=Phase.PREDICT)


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    settings = Settings(exports=f"file://{tmp_path}/exports", warehouse=f"duckdb:///{tmp_path}/tipoff.duckdb")
    opened = Resources(settings, now=lambda: NOW)
    opened.warehouse.migrate()
    return opened


def run(activity: Callable[..., Any], request: Any) -> Any:
    return ActivityEnvironment().run(activity, request)


def status(state: DateState = DateState.RUNNING, note: str = "") -> BackfillStatus:
    row = BackfilledDate(game_date=DAY, state=state, note=note)
    return BackfillStatus(scope=SCOPE, digest="0123456789ab", parallelism=2, dates=(row,))


def export_day(resources: Resources) -> None:
    day = day_status(settled_ledger(evening_plan(), eastern(DAY, 12)), eastern(DAY, 12), virtual=True, held=False)
    publish_status(resources.exports, day, NOW)


def test_a_plan_is_found_by_its_digest(resources: Resources) -> None:
    request = PlanBackfillRequest(scope=SCOPE, as_of=NOW)
    plan = run(BackfillActivities(resources).plan_backfill, request)
    again = run(BackfillActivities(resources).plan_backfill, request)
    assert (plan, plan.left_out) == (again, {"its schedule is not stored": 1})
    assert read_planned_scope(resources.exports, plan.digest) == SCOPE
    assert read_planned_scope(resources.exports, "0123456789ab") is None
    with pytest.raises(BadInputError, match="is not the digest of a plan"):
        read_planned_scope(resources.exports, "../../secret")


def test_a_running_date_has_the_phases_of_its_exported_status(resources: Resources) -> None:
    export_day(resources)
    request = PublishBackfillRequest(status=status(), observed=(DAY,))
    observed: ObservedDates = run(BackfillActivities(resources).publish_backfill, request)
    (row,) = observed.rows
    assert row.phases == (StepState.COMPLETE, StepState.COMPLETE)
    exported = read_backfill(resources.exports)
    assert exported is not None
    assert exported.dates == (row,)
    assert run(BackfillActivities(resources).publish_backfill, request) == observed


def test_a_date_without_an_exported_status_keeps_its_row(resources: Resources) -> None:
    request = PublishBackfillRequest(status=status(), observed=(DAY,))
    assert run(BackfillActivities(resources).publish_backfill, request) == ObservedDates(rows=())


@pytest.mark.parametrize(
    ("state", "phase"), [(DateState.RUNNING, StepState.PENDING), (DateState.COMPLETE, StepState.EMPTY_OK)]
)
def test_a_phase_without_steps_is_pending_until_its_date_is_complete(state: DateState, phase: StepState) -> None:
    day = day_status(settled_ledger(evening_plan(), eastern(DAY, 12)), eastern(DAY, 12), virtual=True, held=False)
    without = day.model_copy(update={"steps": tuple(step for step in day.steps if step.phase is not Phase.PREDICT)})
    row = BackfilledDate(game_date=DAY, state=state).observed(without, SCOPE.phases)
    assert row.phases == (StepState.COMPLETE, phase)


def test_a_note_of_an_ended_date_is_kept(resources: Resources) -> None:
    export_day(resources)
    request = PublishBackfillRequest(status=status(DateState.LEFT_ALONE, "it has a live run"), observed=(DAY,))
    (row,) = run(BackfillActivities(resources).publish_backfill, request).rows
    assert (row.state, row.note) == (DateState.LEFT_ALONE, "it has a live run")


@pytest.mark.parametrize(
    ("state", "refreshes"), [(RunState.RUNNING, True), (RunState.COMPLETE, False), (RunState.FAILED, False)]
)
def test_the_page_shows_the_grid_and_refreshes_while_the_backfill_runs(
    resources: Resources, state: RunState, refreshes: bool
) -> None:
    export_day(resources)
    ended = status().model_copy(update={"state": state})
    request = PublishBackfillRequest(status=ended, observed=(DAY,))
    run(BackfillActivities(resources).publish_backfill, request)
    page = (resources.exports.read(PAGE_PATH) or b"").decode()
    assert f'<a href="{DAY}.html">' in page
    assert page.count('<span class="chip good">complete</span>') == len(SCOPE.phases)
    assert ("http-equiv" in page) is refreshes
