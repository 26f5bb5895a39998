"""`start`: starts a day, attaches to a running one, does an ended one again."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass
from datetime import date

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from cli.exit_codes import CommandError, Exit
from cli.server import PATIENCE, has_day_worker, is_namespace_missing, reached
from cli.target import Target
from cli.view import read_export
from tipoff.vocabulary import Phase, RunState, clock_time
from workflows.contracts import TASK_TIMEOUT, ClockSpec, DayInput, Queue, Rerun, day_workflow_id
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.search_attributes import DATA_QUALITY, RUN_STATE, initial_attributes

_DETAILS = """\
One game date from the morning's slate to graded results. It waits by itself, degrades by rule, and says so above.

To intervene, send a **signal** from here (`force_continue` with `"lines"`, `lines_available`), or in a terminal:

```
{commands}
```
"""
_COMMANDS = ("status", 'force-continue --phase lines --why "…"', "retry-step --step STEP", "refresh-lines")


@dataclass(frozen=True)
class Begun:
    """A run, and whether this command started it."""

    workflow_id: str
    run_id: str
    attached: bool


async def run(options: Namespace) -> Exit:
    """Start or attach; with `--wait` follow to the end. Raises CommandError ENDED, REFUSED, UNREACHABLE."""
    target = Target(options.replay)
    async with reached(target) as client:
        begun = await begin(client, target, day_input(options, target))
        served = await has_day_worker(client)
    if not (options.wait and options.json):
        _tell(options, target, begun, served=served)
    if not options.wait:
        return Exit.DONE
    from cli.watch import follow

    return await follow(target, options.date, as_json=options.json)


def day_input(options: Namespace, target: Target) -> DayInput:
    """What the day starts with; in a replay it tells virtual time."""
    clock = target.session.clock(options.date) if target.session else ClockSpec()
    rerun = None
    if options.rerun or options.from_phase:
        rerun = Rerun(from_phase=Phase(options.from_phase or Phase.COLLECT), who=options.who, why=options.why)
    return DayInput(game_date=options.date, clock=clock, rerun=rerun)


async def begin(client: Client, target: Target, day: DayInput) -> Begun:
    """Start the day, or attach to the one that runs. Raises CommandError ENDED or REFUSED.

    The server decides who comes first: of two starters at once one starts and the other attaches. An ended day is
    done again only when asked, also when the server has forgotten it; one that was cancelled, terminated or ended
    without a critical step starts anew.
    """
    if day.rerun:
        return await _start(client, target, day, WorkflowIDReusePolicy.ALLOW_DUPLICATE) or await _attach(
            client, target, day
        )
    if _is_complete(target, day.game_date):
        return await _attach(client, target, day)
    begun = await _start(client, target, day, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)
    if begun is None and await _ended_without_a_critical_step(client, day.game_date):
        begun = await _start(client, target, day, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
    return begun or await _attach(client, target, day)


def _is_complete(target: Target, game_date: date) -> bool:
    """Whether the exports say that the date was done."""
    status, _ = read_export(target, game_date)
    return status is not None and status.state is RunState.COMPLETE


async def _ended_without_a_critical_step(client: Client, game_date: date) -> bool:
    described = await client.get_workflow_handle(day_workflow_id(game_date)).describe(rpc_timeout=PATIENCE)
    ended = described.status is not WorkflowExecutionStatus.RUNNING
    return ended and described.typed_search_attributes.get(RUN_STATE) == RunState.FAILED


async def _start(client: Client, target: Target, day: DayInput, reuse: WorkflowIDReusePolicy) -> Begun | None:
    """The started run; None when the server knows one of the date that stands in the way."""
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
            static_summary=_summary(day),
            static_details=_details(target, day),
            rpc_timeout=PATIENCE,
        )
    except WorkflowAlreadyStartedError:
        return None
    return Begun(workflow_id, handle.result_run_id or "", attached=False)


async def _attach(client: Client, target: Target, day: DayInput) -> Begun:
    described = await _described(client, target, day.game_date)
    if described.status is not WorkflowExecutionStatus.RUNNING:
        quality = described.typed_search_attributes.get(DATA_QUALITY, "unknown").lower()
        ended = f" {clock_time(described.close_time, day.game_date)}" if described.close_time else ""
        raise _ended(target, day.game_date, f"has ended{ended} (data {quality})")
    if day.rerun:
        raise CommandError(
            Exit.REFUSED,
            f"{day.game_date} is running; nothing was changed. It can be done again when it has ended "
            f"({target.typed(f'watch --date {day.game_date}')}) or was cancelled",
        )
    return Begun(described.id, described.run_id, attached=True)


async def _described(client: Client, target: Target, game_date: date) -> WorkflowExecutionDescription:
    """The date's last run. Raises CommandError ENDED when only the exports know of it."""
    try:
        return await client.get_workflow_handle(day_workflow_id(game_date)).describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        raise _ended(target, game_date, "is complete, as its exports say") from error


def _ended(target: Target, game_date: date, how: str) -> CommandError:
    again = target.typed(f"--date {game_date} --rerun")
    return CommandError(
        Exit.ENDED,
        f"{game_date} {how}; nothing was started. To do it again from what was recorded: {again}, "
        f"or from a phase on: {again} --from-phase predict",
    )


def _summary(day: DayInput) -> str:
    again = f", again from {day.rerun.from_phase}" if day.rerun else ""
    return f"NBA {day.game_date}{again}"


def _details(target: Target, day: DayInput) -> str:
    commands = (target.typed(f"{command} --date {day.game_date}") for command in _COMMANDS)
    return _DETAILS.format(commands="\n".join(f"python {command}" for command in commands))


def _tell(options: Namespace, target: Target, begun: Begun, *, served: bool) -> None:
    page = target.session.run_page(begun.workflow_id, begun.run_id) if target.session else None
    if options.json:
        told = {"game_date": options.date.isoformat(), "outcome": "attached" if begun.attached else "started"}
        ids = {"workflow_id": begun.workflow_id, "run_id": begun.run_id}
        print(json.dumps({**told, **ids, "ui": page, "worker_polls": served}))
        return
    said = "is running already: attached to it" if begun.attached else "started"
    print(f"{options.date} {said} ({begun.workflow_id}, run {begun.run_id})")
    if page:
        print(f"in the UI: {page}")
    if not served:
        print(f"no worker polls {Queue.DAY}: the day goes on when one does (python worker.py)")
    if not options.wait:
        print(f"follow it: {target.typed(f'watch --date {options.date}')}")
