"""The `backfill` command: its ranges, its plan, and what it shows without a server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli import backfill, commands
from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from tipoff.publishing.backfill import publish_backfill, publish_plan
from tipoff.vocabulary import (
    BackfilledDate,
    BackfillPlan,
    BackfillScope,
    BackfillStatus,
    DateState,
    Phase,
    PlannedDate,
    RunState,
    StepState,
    game_date_of,
)
from workflows.contracts.backfill import BackfillInput

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = date(2024, 3, 29)
SCOPE = BackfillScope(first=DAY, last=DAY + timedelta(days=1), from_phase=Phase.CONTEXT, to_phase=Phase.PREDICT)
PLAN = BackfillPlan(
    scope=SCOPE,
    dates=(PlannedDate(game_date=DAY, games=12, reason="lacks predictions of 12 of 12 games", requests=40, credits=3),),
    left_out={"no games": 1},
    digest="0123456789ab",
)


def options(line: str) -> Any:
    return commands.parse(["backfill", *line.split()])


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Target:
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{tmp_path}/exports")
    return Target()


def test_a_range_is_parsed_with_mode_and_phases() -> None:
    parsed = options(f"plan --from {DAY} --to {SCOPE.last} --from-phase context --to-phase predict")
    assert backfill._scope(parsed) == SCOPE


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("plan --from 2024-03-30 --to 2024-03-29", "the first date, 2024-03-30, is after the last, 2024-03-29"),
        ("plan --from 2024-03-29 --to today", "is not past"),
        ("plan --from 2024-03-29 --to 2024-03-29 --from-phase grade --to-phase slate", "is after the last, slate"),
    ],
)
def test_a_wrong_range_is_refused(line: str, error: str) -> None:
    with pytest.raises(CommandError, match=error) as refused:
        backfill._scope(options(line))
    assert refused.value.exit_code is ExitCode.USAGE
    assert game_date_of(datetime.now(UTC)) > DAY


def test_a_plan_is_printed_with_its_cost_and_the_command_that_starts_it(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    backfill._print_plan(options(f"plan --from {DAY} --to {DAY}"), target, PLAN)
    printed = capsys.readouterr().out
    for text in (
        "2024-03-29  12     lacks predictions of 12 of 12 games  40",
        "1 date left out: no games",
        "1 date, at least 40 requests, 3 credits",
        "starter.py backfill start --plan 0123456789ab",
    ):
        assert text in printed


class Server:
    """A server whose worker plans as it is told; it keeps what was started."""

    def __init__(self, plan: BackfillPlan) -> None:
        self.plan = plan
        self.started: list[BackfillInput] = []

    async def execute_workflow(self, *_: object, **__: object) -> BackfillPlan:
        return self.plan

    async def start_workflow(self, _: object, started: BackfillInput, **__: object) -> None:
        self.started.append(started)

    def get_workflow_handle(self, workflow_id: str) -> Any:
        async def missing(*_: object, **__: object) -> None:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")

        return SimpleNamespace(execute_update=missing, cancel=missing)


@pytest.fixture(autouse=True)
def a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def polls(client: object) -> bool:
        return True

    monkeypatch.setattr(backfill, "has_day_worker", polls)


def test_a_backfill_started_in_the_ui_runs_as_many_dates_at_a_time_as_one_of_the_command() -> None:
    assert BackfillInput(scope=SCOPE).parallelism == options("start --plan 0123456789ab").parallelism


async def test_a_plan_is_started_if_it_is_still_the_same(target: Target) -> None:
    publish_plan(target.exports, PLAN)
    server = Server(PLAN)
    wanted = options("start --plan 0123456789ab --parallelism 3 --who Ada --why history")
    assert await backfill._start(cast(Client, server), wanted, target) is ExitCode.DONE
    (started,) = server.started
    assert (started.scope, started.digest, started.parallelism, started.who) == (SCOPE, PLAN.digest, 3, "Ada")


@pytest.mark.parametrize(
    ("now", "digest", "exit_code", "error"),
    [
        (PLAN.model_copy(update={"digest": "ba9876543210"}), PLAN.digest, ExitCode.REFUSED, "the plan has changed"),
        (PLAN.model_copy(update={"dates": ()}), PLAN.digest, ExitCode.REFUSED, "no date to run"),
        (PLAN, "unknown", ExitCode.UNKNOWN, "there is no plan unknown"),
    ],
)
async def test_another_plan_is_refused(
    target: Target, now: BackfillPlan, digest: str, exit_code: ExitCode, error: str
) -> None:
    publish_plan(target.exports, PLAN)
    server = Server(now)
    with pytest.raises(CommandError, match=error) as refused:
        await backfill._start(cast(Client, server), options(f"start --plan {digest}"), target)
    assert (refused.value.exit_code, server.started) == (exit_code, [])


@pytest.mark.parametrize("line", ["pause", "resume", "parallelism 4"])
async def test_a_command_without_a_running_backfill_says_how_to_plan_one(target: Target, line: str) -> None:
    with pytest.raises(CommandError, match="no backfill is running; plan one"):
        await backfill._update(cast(Client, Server(PLAN)), options(line), target)


@pytest.mark.parametrize("line", ["pause", "parallelism 4"])
async def test_a_command_without_a_worker_says_how_to_start_one(
    target: Target, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    async def polls_not(client: object) -> bool:
        return False

    monkeypatch.setattr(backfill, "has_day_worker", polls_not)
    with pytest.raises(CommandError, match=r"start one with python worker\.py") as refused:
        await backfill._update(cast(Client, Server(PLAN)), options(line), target)
    assert refused.value.exit_code is ExitCode.UNREACHABLE


async def test_without_a_server_the_status_is_the_exported_one(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(_: Target) -> None:
        raise CommandError(ExitCode.UNREACHABLE, "no server")

    monkeypatch.setattr(backfill, "connected", unreachable)
    with pytest.raises(CommandError, match="no backfill has run"):
        await backfill._status(target)
    states = (StepState.COMPLETE, StepState.RUNNING)
    rows = (BackfilledDate(game_date=DAY, state=DateState.RUNNING, phases=states),)
    status = BackfillStatus(scope=SCOPE, digest="0123456789ab", parallelism=2, dates=rows)
    publish_backfill(target.exports, status, NOW)
    assert backfill._print_status(options("status"), await backfill._status(target)) is ExitCode.DONE
    assert "2024-03-29  running  ✓        ▸" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "exit_code"), [(RunState.COMPLETE, ExitCode.DONE), (RunState.FAILED, ExitCode.FAILED)]
)
def test_the_exit_code_says_whether_a_date_failed(state: RunState, exit_code: ExitCode) -> None:
    status = BackfillStatus(scope=SCOPE, parallelism=2, state=state)
    assert backfill._print_status(options("status --json"), status) is exit_code
