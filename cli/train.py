"""`train`: trains a system on the games before a date."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime

from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from cli.exit_codes import CommandError, Exit
from cli.server import PATIENCE, has_day_worker, reached
from cli.target import Target
from workflows.contracts import Queue, TrainingInput, TrainingResult
from workflows.training import TrainingWorkflow


async def run(options: Namespace) -> Exit:
    """Start the training, or attach to the same one, and wait. Raises CommandError USAGE, NOT_WELL, UNREACHABLE."""
    _require_trained(options.system)
    target = Target(options.replay)
    async with reached(target) as client:
        if not await has_day_worker(client):
            raise CommandError(Exit.UNREACHABLE, "no worker is there to train, nothing was started: python worker.py")
        handle = await client.start_workflow(
            TrainingWorkflow.run,
            training_input(options, target),
            id=f"training-{options.system}-{options.date}",
            task_queue=Queue.DAY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"train {options.system} on the games before {options.date}",
            rpc_timeout=PATIENCE,
        )
        try:
            result = await handle.result()
        except WorkflowFailureError as error:
            raise CommandError(Exit.NOT_WELL, f"{options.system} was not trained: {_root(error)}") from error
    print(json.dumps(result.model_dump(mode="json")) if options.json else _said(result, options))
    return Exit.DONE


def _require_trained(system_id: str) -> None:
    from tipoff.systems.registry import SYSTEMS  # loads numpy and polars, which the other commands do without

    trained = [registered.system_id for registered in SYSTEMS.values() if registered.trained]
    if system_id not in trained:
        raise CommandError(Exit.USAGE, f"no system {system_id!r} is trained; those that are: {', '.join(trained)}")


def training_input(options: Namespace, target: Target) -> TrainingInput:
    """In a replay as of the date's morning: nobody there knows more."""
    as_of = target.session.clock(options.date).starts_at if target.session else None
    return TrainingInput(system_id=options.system, before=options.date, as_of=as_of or datetime.now(UTC))


def _root(error: BaseException) -> str:
    """The innermost cause: what really went wrong."""
    cause: BaseException | None = getattr(error, "cause", None)
    return _root(cause) if cause is not None else str(error)


def _said(result: TrainingResult, options: Namespace) -> str:
    return (
        f"{result.system_id} {result.model_version}: trained on {result.rows:,} rows before {options.date}; "
        f"walk-forward MAE {result.mae:.2f} points (last-10 mean on the same rows {result.last10_mae:.2f})"
    )
