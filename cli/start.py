"""`start`: starts a day, attaches to a running one, or re-runs an ended one."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass
from datetime import UTC, date, datetime

from temporalio.client import Client
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.server_state import SERVER_TIMEOUT, describe_run
from cli.exit_codes import CommandError, ExitCode
from cli.server import connected, has_day_worker
from cli.target import Target
from cli.view import read_exported_status
from runtime.temporal_ui import find_ui, run_page
from tipoff.vocabulary import Phase, RunState, clock_time, did_you_mean
from workflows.contracts import TASK_TIMEOUT, ClockSpec, DayInput, Queue, Rerun, day_workflow_id
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.day_start import day_details, day_priority, day_summary, is_backfill
from workflows.search_attributes import DATA_QUALITY, RUN_STATE, initial_attributes


@dataclass(frozen=True)
class StartedRun:
    """A running day, and whether it ran already."""

    workflow_id: str
    run_id: str
    attached: bool


async def run(options: Namespace) -> ExitCode:
    """Start or attach; with `--wait` follow the day to its end. Raises CommandError ENDED, REFUSED, UNREACHABLE."""
    target = Target(options.replay)
    _require_rerunnable(options, target)
    async with connected(target) as client:
        target.require_date(options.date)
        day = day_input(options, target)
        started = await start_or_attach(client, target, day, again=options.again)
        has_worker = await has_day_worker(client)
        page = await _page_of(target, client, started)
    if not (options.wait and options.json):
        backfill = not started.attached and day.rerun is None and is_backfill(day, datetime.now(UTC))
        _print_run(options, target, started, page, has_worker=has_worker, backfill=backfill)
    if not options.wait:
        return ExitCode.DONE
    from cli.watch import follow

    return await follow(target, options.date, as_json=options.json)


def day_input(options: Namespace, target: Target) -> DayInput:
    """The workflow's input; a replay's day runs in virtual time."""
    clock = target.session.clock(options.date) if target.session else ClockSpec()
    rerun = None
    if options.rerun or options.from_phase or options.to_phase:
        rerun = Rerun(
            from_phase=Phase(options.from_phase or Phase.COLLECT),
            to_phase=Phase(options.to_phase or Phase.GRADE),
            step=options.step,
            who=options.who,
            why=options.why,
        )
    return DayInput(game_date=options.date, clock=clock, rerun=rerun, replay=str(target.replay or ""))


def _require_rerunnable(options: Namespace, target: Target) -> None:
    """Refuse wrong phases or a wrong `--step`. Raises SystemExit, or CommandError USAGE for an unknown step."""
    if options.to_phase and Phase(options.from_phase or Phase.COLLECT).position > Phase(options.to_phase).position:
        options.parser.error(f"the re-run would begin after its last phase, {options.to_phase}")
    if not options.step:
        return
    if not options.rerun:
        options.parser.error(f"--step needs --rerun: --date {options.date} --rerun --step {options.step}")
    if options.from_phase or options.to_phase:
        options.parser.error("--step re-runs one step and what depends on it; leave out --from-phase and --to-phase")
    status, _ = read_exported_status(target, options.date)
    names = tuple(step.name for step in status.steps) if status else _all_step_names()
    if options.step not in names:
        hint = did_you_mean(options.step, names)
        raise CommandError(
            ExitCode.USAGE, f"{options.date} has no step {options.step!r}{hint}; its steps: {', '.join(names)}"
        )


def _all_step_names() -> tuple[str, ...]:
    from tipoff.plan import all_step_names  # loads numpy and polars, which the other commands do not need

    return all_step_names()


async def start_or_attach(client: Client, target: Target, day: DayInput, *, again: bool = False) -> StartedRun:
    """Start the day, or attach to its run. Raises CommandError ENDED or REFUSED.

    The server decides which of two simultaneous commands starts the day; the other attaches. A complete day is re-run
    only on request, even if the server has deleted its run. A cancelled day starts only with `again`. A day that was
    terminated or ended without a critical step starts again.
    """
    if day.rerun and day.rerun.step and await _never_ran(client, target, day.game_date):
        start = target.command_line(f"--date {day.game_date}")
        raise CommandError(
            ExitCode.UNKNOWN, f"{day.game_date} never ran, so it has no step to re-run; start it: {start}"
        )
    if day.rerun:
        return await _start(client, target, day, WorkflowIDReusePolicy.ALLOW_DUPLICATE) or await _attach(
            client, target, day
        )
    if _is_complete(target, day.game_date):
        return await _attach(client, target, day)
    if not again and await _was_cancelled(client, target, day.game_date):
        raise _cancelled_error(target, day.game_date)
    started = await _start(client, target, day, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)
    if started is None and await _ended_without_a_critical_step(client, day.game_date):
        started = await _start(client, target, day, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
    return started or await _attach(client, target, day)


def _is_complete(target: Target, game_date: date) -> bool:
    """Whether the exported status says that the date is complete."""
    status, _ = read_exported_status(target, game_date)
    return status is not None and status.state is RunState.COMPLETE


async def _never_ran(client: Client, target: Target, game_date: date) -> bool:
    status, _ = read_exported_status(target, game_date)
    return status is None and await describe_run(client, game_date) is None


async def _was_cancelled(client: Client, target: Target, game_date: date) -> bool:
    """Whether an operator cancelled the date's last run; the export remains when the server deletes the run."""
    described = await describe_run(client, game_date)
    if described is not None:
        return described.execution == "CANCELED"
    status, _ = read_exported_status(target, game_date)
    return status is not None and status.state is RunState.CANCELLED


def _cancelled_error(target: Target, game_date: date) -> CommandError:
    command = target.command_line(f"--date {game_date}")
    return CommandError(
        ExitCode.ENDED,
        f"{game_date} was cancelled, so nothing was started. To start it again: {command} --again, or from the data "
        f"recorded until then: {command} --rerun",
    )


async def _ended_without_a_critical_step(client: Client, game_date: date) -> bool:
    described = await describe_run(client, game_date)
    if described is None or described.is_open:
        return False
    return described.attributes.get(RUN_STATE) == RunState.FAILED


async def _start(client: Client, target: Target, day: DayInput, reuse: WorkflowIDReusePolicy) -> StartedRun | None:
    """The new run; None if the date's earlier run does not allow one."""
    workflow_id = day_workflow_id(day.game_date)
    try:
        handle = await client.start_workflow(
            DailyPipelineWorkflow.run,
            day,
            id=workflow_id,
            task_queue=Queue.DAY,
            id_reuse_policy=reuse,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            task_timeout=TASK_TIMEOUT,
            search_attributes=initial_attributes(day),
            static_summary=day_summary(day, datetime.now(UTC)),
            static_details=day_details(day),
            priority=day_priority(day).option,
            rpc_timeout=SERVER_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        return None
    return StartedRun(workflow_id, handle.result_run_id or "", attached=False)


async def _attach(client: Client, target: Target, day: DayInput) -> StartedRun:
    described = await describe_run(client, day.game_date)
    if described is None:
        raise _ended_error(target, day.game_date, "is complete according to its exported status")
    if not described.is_open:
        quality = described.attributes.get(DATA_QUALITY, "unknown").lower()
        ended = f" {clock_time(described.ended_at, day.game_date)}" if described.ended_at else ""
        raise _ended_error(target, day.game_date, f"has ended{ended} (data {quality})")
    if day.rerun:
        raise CommandError(
            ExitCode.REFUSED,
            f"{day.game_date} is running, so nothing was changed. Re-run it after it has ended "
            f"({target.command_line(f'watch --date {day.game_date}')}) or was cancelled",
        )
    return StartedRun(described.workflow_id, described.run_id, attached=True)


def _ended_error(target: Target, game_date: date, how: str) -> CommandError:
    again = target.command_line(f"--date {game_date} --rerun")
    return CommandError(
        ExitCode.ENDED,
        f"{game_date} {how}, so nothing was started. To re-run it from the recorded data: {again}, "
        f"or from a later phase: {again} --from-phase predict, or one step: {again} --step NAME",
    )


async def _page_of(target: Target, client: Client, started: StartedRun) -> str | None:
    """The run's page in the Temporal UI; None if the UI is not known."""
    ui = target.session.ui if target.session else await find_ui(client.service_client.config.target_host)
    return run_page(ui, client.namespace, started.workflow_id, started.run_id) if ui else None


def _print_run(
    options: Namespace, target: Target, started: StartedRun, page: str | None, *, has_worker: bool, backfill: bool
) -> None:
    if options.json:
        outcome = "attached" if started.attached else "started"
        ids = {"workflow_id": started.workflow_id, "run_id": started.run_id}
        fields = {"game_date": options.date.isoformat(), "outcome": outcome, **ids, "ui": page}
        print(json.dumps({**fields, "backfill": backfill, "worker_polls": has_worker}))
        return
    action = "is running already: attached to it" if started.attached else "started"
    print(f"{options.date} {action} ({started.workflow_id}, run {started.run_id})")
    if backfill:
        print("the date is past: it is backfilled from what providers still have and what was landed before its games")
    if page:
        print(f"in the UI: {page}")
    if not has_worker:
        print(f"no worker polls {Queue.DAY}: the day waits until one does (python worker.py)")
    if not options.wait:
        print(f"follow it: {target.command_line(f'watch --date {options.date}')}")
