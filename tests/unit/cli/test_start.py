"""Which days start, which are attached to, and which are refused: by a server with one earlier run or none."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.server_state import DescribedRun
from cli import start
from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from tests.support.ledgers import DAY, evening_plan, settled_ledger
from tipoff.vocabulary import Phase, RunState, eastern
from workflows.contracts import ClockSpec, DayInput, Rerun
from workflows.day_status import day_status
from workflows.search_attributes import RUN_STATE

NOON = eastern(DAY, 12)
STATUS = day_status(settled_ledger(evening_plan(), NOON), NOON, virtual=True, held=False)
STARTED, ATTACHED = "started", "attached"
FROM_PREDICT = Rerun(from_phase=Phase.PREDICT)
ONE_STEP = Rerun(from_phase=Phase.COLLECT, step="grade")


class Server:
    """Has a run of the date with this execution and state, or none; it starts another one by Temporal's rules."""

    def __init__(self, execution: str | None, state: RunState | None) -> None:
        self.execution, self.state = execution, state

    async def describe(self, client: object, game_date: object) -> DescribedRun | None:
        if self.execution is None:
            return None
        pairs = [SearchAttributePair(RUN_STATE, self.state.value)] if self.state else []
        ended = None if self.execution == "RUNNING" else NOON
        return DescribedRun("day", "earlier", self.execution, NOON, ended, TypedSearchAttributes(pairs), {})

    async def start_workflow(self, *_: object, id_reuse_policy: WorkflowIDReusePolicy, **__: object) -> Any:
        only_failed = id_reuse_policy is WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
        if self.execution == "RUNNING" or (only_failed and self.execution == "COMPLETED"):
            raise WorkflowAlreadyStartedError("day", "DailyPipelineWorkflow")
        return SimpleNamespace(result_run_id="new")


@pytest.mark.parametrize(
    ("execution", "state", "exported", "rerun", "again", "outcome"),
    [
        (None, None, None, None, False, STARTED),
        ("RUNNING", None, None, None, False, ATTACHED),
        ("FAILED", RunState.FAILED, RunState.FAILED, None, False, STARTED),
        ("TERMINATED", None, None, None, False, STARTED),
        ("COMPLETED", RunState.FAILED, RunState.FAILED, None, False, STARTED),
        ("COMPLETED", RunState.COMPLETE, None, None, False, ExitCode.ENDED),
        ("COMPLETED", None, None, None, False, ExitCode.ENDED),
        ("COMPLETED", RunState.COMPLETE, RunState.COMPLETE, None, False, ExitCode.ENDED),
        (None, None, RunState.COMPLETE, None, False, ExitCode.ENDED),
        (None, None, RunState.COMPLETE, None, True, ExitCode.ENDED),
        (None, None, RunState.RUNNING, None, False, STARTED),
        ("CANCELED", None, None, None, False, ExitCode.ENDED),
        ("CANCELED", None, None, None, True, STARTED),
        (None, None, RunState.CANCELLED, None, False, ExitCode.ENDED),
        (None, None, RunState.CANCELLED, None, True, STARTED),
        ("COMPLETED", RunState.COMPLETE, RunState.COMPLETE, FROM_PREDICT, False, STARTED),
        (None, None, RunState.COMPLETE, FROM_PREDICT, False, STARTED),
        ("CANCELED", None, None, FROM_PREDICT, False, STARTED),
        ("RUNNING", None, None, FROM_PREDICT, False, ExitCode.REFUSED),
        (None, None, None, FROM_PREDICT, False, STARTED),
        (None, None, None, ONE_STEP, False, ExitCode.UNKNOWN),
        ("COMPLETED", RunState.COMPLETE, None, ONE_STEP, False, STARTED),
        (None, None, RunState.COMPLETE, ONE_STEP, False, STARTED),
    ],
)
async def test_a_day_starts_unless_it_runs_or_ended_for_good(
    monkeypatch: pytest.MonkeyPatch,
    execution: str | None,
    state: RunState | None,
    exported: RunState | None,
    rerun: Rerun | None,
    outcome: str | ExitCode,
    *,
    again: bool,
) -> None:
    server = Server(execution, state)
    status = exported and STATUS.model_copy(update={"state": exported})
    monkeypatch.setattr(start, "describe_run", server.describe)
    monkeypatch.setattr(start, "read_exported_status", lambda target, game_date: (status, NOON))
    assert await outcome_of(server, DayInput(game_date=DAY, rerun=rerun), again=again) is outcome


async def outcome_of(server: Server, day: DayInput, *, again: bool) -> str | ExitCode:
    try:
        run = await start.start_or_attach(cast("Client", server), Target(), day, again=again)
    except CommandError as error:
        return error.exit_code
    assert run.run_id == ("earlier" if run.attached else "new")
    return ATTACHED if run.attached else STARTED


@pytest.mark.parametrize(
    ("options", "rerun"),
    [
        ({}, None),
        ({"rerun": True}, (Phase.COLLECT, Phase.GRADE, "")),
        ({"from_phase": "predict"}, (Phase.PREDICT, Phase.GRADE, "")),
        ({"to_phase": "predict"}, (Phase.COLLECT, Phase.PREDICT, "")),
        ({"rerun": True, "step": "grade"}, (Phase.COLLECT, Phase.GRADE, "grade")),
    ],
)
def test_a_rerun_is_from_a_phase_or_of_a_step(options: dict[str, Any], rerun: tuple[Phase, Phase, str] | None) -> None:
    unset = {"rerun": False, "from_phase": None, "to_phase": None, "step": ""}
    defaults = {"date": DAY, **unset, "who": "ann", "why": ""}
    day = start.day_input(Namespace(**{**defaults, **options}), Target())
    assert (day.rerun and (day.rerun.from_phase, day.rerun.to_phase, day.rerun.step)) == rerun
    assert (day.game_date, day.clock) == (DAY, ClockSpec())
