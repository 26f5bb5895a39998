"""What is known of a day, and following it, by scripted views."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.server_state import DescribedRun
from cli import commands, plan, watch
from cli import view as cli_view
from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from cli.view import DayView, ServerView, StatusSource
from tests.support.ledgers import DAY, evening_plan, settled_ledger
from tipoff.vocabulary import RunState, eastern
from workflows.day_status import day_status
from workflows.search_attributes import PHASE, RUN_STATE

pytestmark = pytest.mark.timeout(20)

NOON = eastern(DAY, 12)
STATUS = day_status(settled_ledger(evening_plan(), NOON), NOON, virtual=True, held=False)
SERVER = ServerView(
    workflow_id="day",
    run_id="run",
    execution="RUNNING",
    started_at=NOON,
    ended_at=None,
    sentence="by the server",
    day_clock="",
    phase="lines",
    state="RUNNING",
    data_quality="COMPLETE",
    pending=(),
    workflow_task_attempt=1,
    unserved_queues=(),
)
RUNNING = DayView(game_date=DAY, source=StatusSource.WORKER, why="", status=STATUS, server=SERVER)
UNREACHABLE = CommandError(ExitCode.UNREACHABLE, "no server")


def ended(state: RunState = RunState.COMPLETE, execution: str = "COMPLETED", **changes: Any) -> DayView:
    status = STATUS.model_copy(update={"state": state})
    server = SERVER.model_copy(update={"execution": execution})
    return RUNNING.model_copy(update={"status": status, "server": server, **changes})


def exported(state: RunState, **changes: Any) -> DayView:
    status = STATUS.model_copy(update={"state": state})
    facts = {"source": StatusSource.EXPORT, "why": "no server answers", "status": status, "server": None, **changes}
    return RUNNING.model_copy(update=facts)


# ── one view ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("view", "has_ended", "is_complete"),
    [
        (RUNNING, False, False),
        (ended(), True, True),
        (ended(RunState.FAILED), True, False),
        (ended(execution="TERMINATED"), True, False),
        (exported(RunState.COMPLETE), True, True),
        (exported(RunState.FAILED), True, False),
        (exported(RunState.RUNNING), False, False),
    ],
)
def test_a_day_has_ended_when_its_run_or_else_its_status_says_so(
    view: DayView, *, has_ended: bool, is_complete: bool
) -> None:
    assert (view.has_ended, view.is_complete) == (has_ended, is_complete)


@pytest.mark.parametrize(
    ("view", "state", "sentence"),
    [
        (RUNNING, STATUS.state, STATUS.sentence),
        (RUNNING.model_copy(update={"source": StatusSource.SERVER}), "RUNNING", "by the server"),
        (exported(RunState.RUNNING), "RUNNING", STATUS.sentence),
        (ended(execution="TERMINATED"), "TERMINATED", f"terminated; before that: {STATUS.sentence}"),
        (ended(RunState.FAILED, "FAILED"), "FAILED", STATUS.sentence),
        (
            ended(execution="PAUSED"),
            "PAUSED",
            f"paused in the Temporal UI; unpause it there; before that: {STATUS.sentence}",
        ),
    ],
)
def test_the_headline_is_that_of_the_freshest_source(view: DayView, state: str, sentence: str) -> None:
    assert (view.headline["state"], view.headline["sentence"]) == (state, sentence)


def test_an_ended_day_offers_its_rerun_and_a_running_one_what_its_worker_accepts() -> None:
    assert ended().commands == (f"starter.py --date {DAY} --rerun",)
    assert ended(replay=Path("out")).commands == (f"starter.py --date {DAY} --rerun --replay out",)
    assert ended(RunState.CANCELLED)._commands()[-1] == f"starter.py --date {DAY} --rerun"
    assert len(ended(RunState.CANCELLED).commands) == 2
    assert RUNNING.commands == STATUS.all_commands
    assert exported(RunState.RUNNING).commands == ()


def test_the_json_of_a_view_names_its_source() -> None:
    document = exported(RunState.RUNNING, exported_at=NOON).as_json()
    facts = ("from", "why_not_worker", "state", "exported_at", "server")
    assert [document[name] for name in facts] == ["export", "no server answers", "RUNNING", NOON.isoformat(), None]
    assert RUNNING.as_json()["server"]["sentence"] == "by the server"


@pytest.mark.parametrize("started", [None, datetime(2024, 3, 29, 17, tzinfo=UTC)])
def test_a_pending_activity_runs_since_its_last_start_or_waits_since_it_was_scheduled(started: datetime | None) -> None:
    scheduled = datetime(2024, 3, 29, 16, tzinfo=UTC)
    info = PendingActivityInfo(
        activity_type=ActivityType(name="collect"),
        state=PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
        attempt=3,
        last_failure=Failure(message="reset"),
    )
    info.scheduled_time.FromDatetime(scheduled)
    if started:
        info.last_started_time.FromDatetime(started)
    attributes = TypedSearchAttributes([SearchAttributePair(PHASE, "lines"), SearchAttributePair(RUN_STATE, "RUNNING")])
    described = DescribedRun("day", "run", "RUNNING", NOON, None, attributes, {"status": "here"}, (info,), 2)
    server = cli_view._server_view(described, ("tipoff-day (workflows)",))
    (pending,) = server.pending
    assert (pending.name, pending.state, pending.attempt, pending.last_failure) == ("collect", "started", 3, "reset")
    assert pending.since == (started or scheduled)
    assert (server.sentence, server.workflow_task_attempt) == ("here", 2)
    assert (server.phase, server.state, server.data_quality) == ("lines", "RUNNING", "")
    assert server.unserved_queues == ("tipoff-day (workflows)",)


# ── following ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> list[DayView | CommandError]:
    """The views that polls return, or the errors that they raise; the last one for ever."""
    script: list[DayView | CommandError] = []

    async def view_day(target: Target, game_date: Any) -> DayView:
        view = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(view, CommandError):
            raise view
        return view

    for command in (plan, watch):
        monkeypatch.setattr(command, "view_day", view_day)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    return script


async def test_only_changes_are_shown_until_the_day_ends(script: list[DayView | CommandError]) -> None:
    later = RUNNING.model_copy(update={"status": STATUS.model_copy(update={"sentence": "later"})})
    script += [RUNNING, RUNNING, UNREACHABLE, later, later, ended()]
    assert [view async for view in watch.changes(Target(), DAY)] == [RUNNING, later, ended()]


async def test_a_plan_that_no_worker_can_read_says_how_to_start_one(script: list[DayView | CommandError]) -> None:
    idle = {"source": StatusSource.SERVER, "status": None, "why": "no worker is running"}
    script.append(RUNNING.model_copy(update=idle))
    with pytest.raises(CommandError, match=r"no worker is running; start one: python worker\.py") as unknown:
        await plan.run(commands.parse(["plan", "--date", str(DAY)]))
    assert unknown.value.exit_code is ExitCode.UNKNOWN


async def test_a_server_that_never_answered_ends_the_command(script: list[DayView | CommandError]) -> None:
    script.append(UNREACHABLE)
    with pytest.raises(CommandError, match="no server"):
        [view async for view in watch.changes(Target(), DAY)]


async def test_a_day_that_is_unknown_later_ends_the_command(script: list[DayView | CommandError]) -> None:
    script += [RUNNING, CommandError(ExitCode.UNKNOWN, "no run")]
    with pytest.raises(CommandError, match="no run"):
        [view async for view in watch.changes(Target(), DAY)]


async def test_a_server_may_be_silent_for_sixty_polls_in_a_row(script: list[DayView | CommandError]) -> None:
    silence: list[DayView | CommandError] = [UNREACHABLE] * 60
    script += [RUNNING, *silence, RUNNING, *silence, ended()]
    assert [view async for view in watch.changes(Target(), DAY)] == [RUNNING, ended()]
    script[:] = [RUNNING, *silence, UNREACHABLE, ended()]
    with pytest.raises(CommandError, match="no server answered 60 times in a row"):
        [view async for view in watch.changes(Target(), DAY)]


@pytest.mark.parametrize(("state", "code"), [(RunState.COMPLETE, ExitCode.DONE), (RunState.FAILED, ExitCode.FAILED)])
async def test_a_followed_day_is_a_line_for_each_change_and_then_its_page(
    script: list[DayView | CommandError], capsys: pytest.CaptureFixture[str], state: RunState, code: ExitCode
) -> None:
    script += [RUNNING, exported(RunState.RUNNING), ended(state)]
    assert await watch.follow(Target(), DAY, as_json=False) is code
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        f"12:00 ET  {STATUS.state:<15}  {STATUS.sentence}",
        f"--:-- ET  RUNNING          {STATUS.sentence} [export: no server answers]",
        f"12:00 ET  {state:<15}  {STATUS.sentence}",
    ]
    assert len(lines) > 3


async def test_a_followed_day_is_json_lines_for_programs(
    script: list[DayView | CommandError], capsys: pytest.CaptureFixture[str]
) -> None:
    script += [RUNNING, ended()]
    assert await watch.follow(Target(), DAY, as_json=True) is ExitCode.DONE
    assert [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()] == [STATUS.state, "COMPLETE"]
