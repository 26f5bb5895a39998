"""Two worker processes fetch at once; the upstream's log shows whether they respect the rate limit."""

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
from tipoff.vocabulary import CollectReport, Outcome, Route, SlateGame, eastern
from workflows.calls import call
from workflows.contracts import Activity, CollectRequest, RateLimiterState, rate_limiter_workflow_id

pytestmark = pytest.mark.timeout(300)

HOST = "site.api.espn.com"
TOLERANCE = timedelta(seconds=0.9)
"""On a loaded machine a request arrives a little after its slot."""
POLLS = 10
"""More than one process runs at the same time."""
DAY = date(2024, 3, 29)


@workflow.defn(sandboxed=False)
class OnePoll:
    """A poll without a day around it."""

    @workflow.run
    async def run(self, request: CollectRequest) -> CollectReport:
        return await call(Activity.COLLECT, request, CollectReport, summary="a poll")


def rosters_of(number: int) -> CollectRequest:
    """A poll of a game's rosters; each has its own as-of time, so that none finds the landed responses of another."""
    as_of = eastern(DAY, 8) + timedelta(minutes=number)
    game = SlateGame(game_id="0022301084", away="GSW", home="CHA", tip_off=eastern(DAY, 19))
    return CollectRequest(source="espn_team_rosters", game_date=DAY, games=(game,), as_of=as_of)


async def poll_all(client: Client, *requests: CollectRequest) -> list[tuple[CollectReport, WorkflowHistory]]:
    """The reports and histories of simultaneous polls."""
    async with Worker(client, task_queue="polls", workflows=[OnePoll], workflow_runner=UnsandboxedWorkflowRunner()):
        handles: list[WorkflowHandle[OnePoll, CollectReport]] = [
            await client.start_workflow(OnePoll.run, request, id=f"poll-{request.as_of:%H%M}", task_queue="polls")
            for request in requests
        ]
        return [(await handle.result(), await handle.fetch_history()) for handle in handles]


def start_fetching(running: Replay, name: str) -> None:
    """Start a worker process for the fetch queue only."""
    command = [sys.executable, str(PROJECT / "worker.py"), "--queues", "tipoff-fetch"]
    running.processes.start(name, command, env=running.worker_environment())


def requests_to(running: Replay, host: str) -> list[dict[str, Any]]:
    lines = (running.config.out / "requests.jsonl").read_text().splitlines()
    return [request for line in lines if (request := json.loads(line))["host"] == host]


def workers_of(histories: list[WorkflowHistory]) -> Counter[str]:
    """Worker process -> number of its polls."""
    return Counter(
        event.activity_task_started_event_attributes.identity
        for history in histories
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    )


@pytest.mark.long
async def test_two_worker_processes_share_the_spacing_of_a_host(tmp_path: Path, temporal_binary: Path) -> None:
    async with running_replay(tmp_path, temporal_binary, task_queues="tipoff-day", rate_limits_enabled="on") as running:
        start_fetching(running, "one")
        start_fetching(running, "two")
        polls = await poll_all(running.client, *(rosters_of(number) for number in range(POLLS)))
        times = sorted(datetime.fromisoformat(request["at"]) for request in requests_to(running, HOST))
    assert [(report.outcome, report.requests) for report, _ in polls] == [(Outcome.OK, 2)] * POLLS
    assert len(workers_of([history for _, history in polls])) == 2
    spacing = PROVIDERS[HOST].rate_limit.spacing
    assert len(times) == 2 * POLLS
    for number, time in enumerate(times):
        for others, later in enumerate(times[number + 1 :], start=1):
            assert later - time >= others * spacing - TOLERANCE


async def test_a_block_of_one_worker_puts_the_host_in_cooldown_for_all(tmp_path: Path, temporal_binary: Path) -> None:
    blocked = '[[fault]]\nsource = "espn_team_rosters"\nkind = "access_denied"\n'
    async with running_replay(
        tmp_path, temporal_binary, faults=blocked, task_queues="tipoff-day", rate_limits_enabled="on"
    ) as running:
        start_fetching(running, "one")
        ((first, _),) = await poll_all(running.client, rosters_of(0))
        running.processes.children["one"].stop()
        start_fetching(running, "two")
        ((second, _),) = await poll_all(running.client, rosters_of(1))
        requests = requests_to(running, HOST)
        state = await running.client.get_workflow_handle(rate_limiter_workflow_id(HOST)).query(
            "state", result_type=RateLimiterState
        )
    assert (first.outcome, second.outcome) == (Outcome.BLOCKED, Outcome.BLOCKED)
    assert len(requests) == 1, "a host in cooldown is not polled"
    assert Route.DIRECT in state.blocked
    assert second.retry_at is not None
    cooldown = second.retry_at - rosters_of(1).as_of
    assert PROVIDERS[HOST].rate_limit.cooldown - timedelta(minutes=5) < cooldown <= PROVIDERS[HOST].rate_limit.cooldown
    assert "in cooldown until" in second.reason


async def test_a_replay_has_no_rate_limits(tmp_path: Path, temporal_binary: Path) -> None:
    async with running_replay(tmp_path, temporal_binary) as running:
        polls = await asyncio.wait_for(poll_all(running.client, rosters_of(0), rosters_of(1)), 60)
        times = sorted(datetime.fromisoformat(request["at"]) for request in requests_to(running, HOST))
    assert [report.outcome for report, _ in polls] == [Outcome.OK] * 2
    assert times[-1] - times[0] < (len(times) - 1) * PROVIDERS[HOST].rate_limit.spacing
