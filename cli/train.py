"""`train`: trains a system on the games before a date."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime

from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from cli.exit_codes import CommandError, ExitCode
from cli.server import SERVER_TIMEOUT, connected, has_day_worker
from cli.target import Target
from runtime.failures import failure_message
from tipoff.vocabulary import counted, did_you_mean
from workflows.contracts import Queue, TrainingInput, TrainingResult
from workflows.training import TrainingWorkflow


async def run(options: Namespace) -> ExitCode:
    """Start the training, or attach to the same one, and wait. Raises CommandError USAGE, FAILED, UNREACHABLE."""
    _require_trainable(options.system)
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
            id=f"training-{options.system}-{options.date}",
            task_queue=Queue.DAY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"train {options.system} on the games before {options.date}",
            rpc_timeout=SERVER_TIMEOUT,
        )
        try:
            result = await handle.result()
        except WorkflowFailureError as error:
            raise CommandError(
                ExitCode.FAILED, f"{options.system} was not trained: {failure_message(error)}"
            ) from error
    print(json.dumps(result.model_dump(mode="json")) if options.json else _format_result(result, options))
    return ExitCode.DONE


def _require_trainable(system_id: str) -> None:
    from tipoff.systems.registry import SYSTEMS  # loads numpy and polars, which the other commands do not need

    trained = [registered.system_id for registered in SYSTEMS.values() if registered.trained]
    if system_id not in trained:
        raise CommandError(
            ExitCode.USAGE,
            f"{system_id!r} is not a trained system; the trained systems: {', '.join(trained)}"
            f"{did_you_mean(system_id, trained)}",
        )


def training_input(options: Namespace, target: Target) -> TrainingInput:
    """In a replay as of the morning of the date, else as of now."""
    as_of = target.session.clock(options.date).starts_at if target.session else None
    return TrainingInput(system_id=options.system, before=options.date, as_of=as_of or datetime.now(UTC))


def _format_result(result: TrainingResult, options: Namespace) -> str:
    return (
        f"{result.system_id} {result.model_version}: trained on {counted(result.rows, 'row')} before {options.date}; "
        f"walk-forward MAE {result.mae:.2f} points (last-10 mean on the same rows {result.last10_mae:.2f})"
    )
