"""Two worker processes fetch at once: the provider's own log says whether it was asked as it bears."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from runtime import PROJECT
from runtime.replay import Replay
from tests.support.replays import running_replay
from tipoff.sources.providers import PROVIDERS
from tipoff.vocabulary import CollectReport, Outcome, SlateGame, eastern
from workflows.calls import call
from workflows.contracts import Activity, CollectRequest, RateLimiterState, rate_limiter_workflow_id

pytestmark = pytest.mark.timeout(300)

HOST = "site.api.espn.com"
LATENESS = timedelta(seconds=0.9)
"""A slot is a moment; on a busy machine the question arrives a little after it."""
LOOKS = 10
"""More than one process takes in hand at once."""
DAY = date(2024, 3, 29)


@workflow.defn(sandboxed=False)
class OnePoll:
    """A look without a day around it."""

    @workflow.run
    async def run(self, request: CollectRequest) -> CollectReport:
        return await call(Activity.COLLECT, request, CollectReport, summary="a look")


def rosters_of(number: int) -> CollectRequest:
    """The rosters of a game, each look its own moment, so that none finds the other's answers."""
    as_of = eastern(DAY, 8) + timedelta(minutes=number)
    game = SlateGame(game_id="0022301084", away="GSW", home="CHA", tip_off=eastern(DAY, 19))
    return CollectRequest(source="espn_team_rosters", game_date=DAY, games=(game,), as_of=as_of)


async def looked_at(client: Client, *requests: CollectRequest) -> list[tuple[CollectReport, WorkflowHistory]]:
    """What looks at once brought, and how."""
    async with Worker(client, task_queue="polls", workflows=[OnePoll], workflow_runner=UnsandboxedWorkflowRunner()):
        handles: list[WorkflowHandle[OnePoll, CollectReport]] = [
            await client.start_workflow(OnePoll.run, request, id=f"poll-{request.as_of:%H%M}", task_queue="polls")
            for request in requests
        ]
        return [(await handle.result(), await handle.fetch_history()) for handle in handles]


def start_fetching(running: Replay, name: str) -> None:
    """A worker process that fetches and does nothing else."""
    command = [sys.executable, str(PROJECT / "worker.py"), "--queues", "tipoff-fetch"]
    running.processes.start(name, command, env=running.worker_environment())


def asked(running: Replay, host: str) -> list[dict[str, Any]]:
    lines = (running.config.out / "requests.jsonl").read_text().splitlines()
    return [request for line in lines if (request := json.loads(line))["host"] == host]


def workers_of(histories: list[WorkflowHistory]) -> Counter[str]:
    """How many looks each worker process had in hand."""
    return Counter(
        event.activity_task_started_event_attributes.identity
        for history in histories
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    )


async def test_two_worker_processes_that_fetch_at_once_keep_the_spacing_together(
    tmp_path: Path, temporal_binary: Path
) -> None:
    async with running_replay(tmp_path, temporal_binary, task_queues="tipoff-day", rate_limits_enabled="on") as running:
        start_fetching(running, "one")
        start_fetching(running, "two")
        polls = await looked_at(running.client, *(rosters_of(number) for number in range(LOOKS)))
        moments = sorted(datetime.fromisoformat(request["at"]) for request in asked(running, HOST))
    assert [(report.outcome, report.requests) for report, _ in polls] == [(Outcome.OK, 2)] * LOOKS
    assert len(workers_of([history for _, history in polls])) == 2
    spacing = PROVIDERS[HOST].rate_limit.spacing
    assert len(moments) == 2 * LOOKS
    for number, moment in enumerate(moments):
        for others, later in enumerate(moments[number + 1 :], start=1):
            assert later - moment >= others * spacing - LATENESS


async def test_a_block_that_one_worker_meets_keeps_the_other_and_the_next_one_away(
    tmp_path: Path, temporal_binary: Path
) -> None:
    blocked = '[[fault]]\nsource = "espn_team_rosters"\nkind = "access_denied"\n'
    async with running_replay(
        tmp_path, temporal_binary, faults=blocked, task_queues="tipoff-day", rate_limits_enabled="on"
    ) as running:
        start_fetching(running, "one")
        ((first, _),) = await looked_at(running.client, rosters_of(0))
        running.processes.children["one"].stop()
        start_fetching(running, "two")
        ((second, _),) = await looked_at(running.client, rosters_of(1))
        requests = asked(running, HOST)
        state = await running.client.get_workflow_handle(rate_limiter_workflow_id(HOST)).query(
            "state", result_type=RateLimiterState
        )
    assert (first.outcome, second.outcome) == (Outcome.BLOCKED, Outcome.BLOCKED)
    assert len(requests) == 1, "a domain that cools down is left alone"
    assert state.closed is not None
    assert second.retry_at is not None
    cooldown = second.retry_at - rosters_of(1).as_of
    assert PROVIDERS[HOST].rate_limit.cooldown - timedelta(minutes=5) < cooldown <= PROVIDERS[HOST].rate_limit.cooldown
    assert "in cooldown until" in second.reason


async def test_a_replay_asks_as_fast_as_it_goes(tmp_path: Path, temporal_binary: Path) -> None:
    async with running_replay(tmp_path, temporal_binary) as running:
        polls = await asyncio.wait_for(looked_at(running.client, rosters_of(0), rosters_of(1)), 60)
        moments = sorted(datetime.fromisoformat(request["at"]) for request in asked(running, HOST))
    assert [report.outcome for report, _ in polls] == [Outcome.OK] * 2
    assert moments[-1] - moments[0] < (len(moments) - 1) * PROVIDERS[HOST].rate_limit.spacing
