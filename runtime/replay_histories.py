"""Replays the newest histories of a server with this code, to find before a deployment what it could not continue."""

from __future__ import annotations

from temporalio import workflow
from temporalio.client import Client

from runtime.workers import WORKFLOWS, replayer
from tipoff.vocabulary import Frozen


class ReplayedRun(Frozen):
    """A replayed history, and why it does not fit this code; empty if it does."""

    workflow_id: str
    run_id: str
    problem: str


async def replay_newest(client: Client, number: int) -> tuple[ReplayedRun, ...]:
    """Replay so many runs of our workflows, open and ended ones, the newest first. Raises RPCError."""
    names = ", ".join(f'"{workflow._Definition.must_from_class(each).name}"' for each in WORKFLOWS)
    replayed = []
    async for history in client.list_workflows(f"WorkflowType IN ({names})", limit=number).map_histories():
        result = await replayer().replay_workflow(history, raise_on_replay_failure=False)
        problem = "" if result.replay_failure is None else str(result.replay_failure).splitlines()[0]
        replayed.append(ReplayedRun(workflow_id=history.workflow_id, run_id=history.run_id, problem=problem))
    return tuple(replayed)
