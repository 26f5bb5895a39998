"""`train`: trains the systems on the games before a date."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime

from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from activities.server_state import SERVER_TIMEOUT
from cli.exit_codes import CommandError, ExitCode
from cli.server import connected, has_day_worker
from cli.systems import require_systems
from cli.target import Target
from runtime.failures import failure_message
from tipoff.vocabulary import counted
from workflows.contracts import Queue, TrainedSystem, TrainingInput, TrainingResult
from workflows.training import TrainingWorkflow


async def run(options: Namespace) -> ExitCode:
    """Start the training, or attach to the same one, and wait. Raises CommandError USAGE, FAILED, UNREACHABLE."""
    system_ids = (options.system,) if options.system else ()
    require_systems(system_ids)
    what = options.system or "all systems"
    target = Target(options.replay)
    async with connected(target) as client:
        target.require_date(options.date)
        if not await has_day_worker(client):
            raise CommandError(
                ExitCode.UNREACHABLE, "no worker is running, so nothing was started: start one with python worker.py"
            )
        handle = await client.start_workflow(
            TrainingWorkflow.run,
            training_input(options, target),
            id="-".join(("training", *system_ids, str(options.date))),
            task_queue=Queue.DAY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"train {what} on the games before {options.date}",
            rpc_timeout=SERVER_TIMEOUT,
        )
        try:
            result = await handle.result()
        except WorkflowFailureError as error:
            raise CommandError(ExitCode.FAILED, f"training of {what} failed: {failure_message(error)}") from error
    print(json.dumps(result.model_dump(mode="json")) if options.json else _format_result(result, options))
    return ExitCode.DONE


def training_input(options: Namespace, target: Target) -> TrainingInput:
    """In a replay as of the morning of the date, else as of now."""
    as_of = target.session.clock(options.date).starts_at if target.session else None
    system_ids = (options.system,) if options.system else ()
    return TrainingInput(system_ids=system_ids, before=options.date, as_of=as_of or datetime.now(UTC))


def _format_result(result: TrainingResult, options: Namespace) -> str:
    return "\n".join(_format_system(system, options) for system in result.systems)


def _format_system(system: TrainedSystem, options: Namespace) -> str:
    line = (
        f"{system.system_id} {system.model_version}: trained on {counted(system.rows, 'row')} before {options.date}; "
        f"walk-forward MAE {system.mae:.2f} points (last-10 mean on the same rows {system.last10_mae:.2f})"
    )
    return f"{line}; {system.rejection}" if system.rejection else line
