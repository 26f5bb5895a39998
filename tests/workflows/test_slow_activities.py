"""Activities whose work lasts longer than the heartbeat timeout, on a real server and a real upstream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.collect import CollectActivities
from activities.follow import FollowActivities
from activities.resources import Resources
from tipoff.landing.landing import Landing
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream import serve
from tipoff.settings import load_settings
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Cadence, CollectReport, Outcome, SlateGame, SourceReport, eastern
from workflows.contracts import Activity, CollectRequest

DAY = date(2024, 3, 29)
SILENCE_SECONDS = 4.0
HEARTBEAT = timedelta(seconds=2)


@workflow.defn
class Once:
    """Runs one activity once, under a short heartbeat timeout."""

    @workflow.run
    async def run(self, name: str, request: CollectRequest, queue: str) -> dict[str, Any]:
        done: dict[str, Any] = await workflow.execute_activity(
            name,
            request,
            task_queue=queue,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        return done


async def once(client: Client, activity: Callable[..., Any], name: Activity, request: CollectRequest) -> dict[str, Any]:
    queue = f"slow-{name}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Once],
        activities=[activity],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        done: dict[str, Any] = await client.execute_workflow(
            Once.run, args=[name.value, request, queue], id=queue, task_queue=queue
        )
        return done


def resources_for(url: str, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Resources:
    environ = {"UPSTREAM": url, "LANDING": f"file://{folder}/landing", "WAREHOUSE": f"duckdb:///{folder}/tipoff.duckdb"}
    environ["REQUEST_SECONDS"] = str(SILENCE_SECONDS)
    return Resources(load_settings(environ={f"TIPOFF_{name}": value for name, value in environ.items()}), now)


def collect_request(archive: Archive, source: str, as_of: datetime, games: int) -> CollectRequest:
    rows = archive.slate(DAY).select("game_id", "away", "home", "tip_off").sort("game_id").head(games)
    slate = tuple(SlateGame(**row) for row in rows.iter_rows(named=True))
    return CollectRequest(source=source, game_date=DAY, games=slate, as_of=as_of)


async def test_a_request_that_hangs_longer_than_a_heartbeat_does_not_fail_the_poll(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    with serve(archive, (Fault(source="espn_team_rosters", kind=FaultKind.HANG, count=1),)) as upstream:
        resources = resources_for(upstream.url, tmp_path)
        request = collect_request(archive, "espn_team_rosters", eastern(DAY, 10), games=2)
        done = CollectReport.model_validate(
            await once(client, CollectActivities(resources).collect, Activity.COLLECT, request)
        )
        await resources.close()
        assert len(upstream.requests()) == 4, "no request was repeated"
    assert (done.outcome, len(done.missing_games)) == (Outcome.PARTIAL, 0), done.reason
    assert "3 of 4 responses usable" in done.reason


class SlowLanding(Landing):
    """A disk that is slow to read."""

    def get(self, key: str) -> bytes:
        threading.Event().wait(SILENCE_SECONDS / 2)
        return super().get(key)


async def test_processing_a_followed_batch_may_take_longer_than_a_heartbeat(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path)
        # where cached properties are kept
        resources.__dict__["landing"] = SlowLanding(FolderStore(tmp_path / "landing"))
        request = collect_request(archive, "nbac_scoreboard", eastern(DAY, 22, 50), games=12)
        done = SourceReport.model_validate(
            await once(client, FollowActivities(resources).follow, Activity.FOLLOW, request)
        )
        await resources.close()
    assert done.rows == 12, done.reason


BEFORE_THE_FIRST_END = eastern(DAY, 21, 20) - timedelta(seconds=1.2)
"""On the replayed scoreboard the games of 19:00 are over two hours and twenty minutes after their tip."""


def follow_request(archive: Archive, begins: datetime, *, polls: int) -> tuple[CollectRequest, Callable[[], datetime]]:
    """A request to poll twice a second from a time on, and a clock on which that time is now."""
    every = timedelta(seconds=0.5)
    request = collect_request(archive, "nbac_scoreboard", begins, games=12)
    again = Cadence(start=begins, until=begins + polls * every, every=every)
    behind = datetime.now(UTC) - begins
    unfinished = tuple(game.game_id for game in request.games)
    update = {"again": again, "missing_games": unfinished}
    return request.model_copy(update=update), lambda: datetime.now(UTC) - behind


async def test_games_are_followed_by_one_activity_until_one_of_them_is_over(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    request, now = follow_request(archive, BEFORE_THE_FIRST_END, polls=200)
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path, now)
        follow = FollowActivities(resources).follow
        done = SourceReport.model_validate(await once(client, follow, Activity.FOLLOW, request))
        await resources.close()
        poll_times = [each.as_of for each in upstream.requests()]
    assert len(poll_times) >= 2
    assert done.polled_at == poll_times[-1]
    assert [time >= eastern(DAY, 21, 20) for time in poll_times] == [False] * (len(poll_times) - 1) + [True]
    assert 0 < len(done.missing_games) < 12
    assert set(done.changed_since({}).changed_games or ()) == {game.game_id for game in request.games}, (
        "the changed games of the first poll are included"
    )


async def test_following_ends_when_a_game_without_a_fixed_tip_off_has_begun(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    request, now = follow_request(archive, eastern(DAY, 19) - timedelta(seconds=1.2), polls=200)
    first = request.games[0].model_copy(update={"tip_off": None})
    request = request.model_copy(update={"games": (first, *request.games[1:])})
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path, now)
        follow = FollowActivities(resources).follow
        done = SourceReport.model_validate(await once(client, follow, Activity.FOLLOW, request))
        await resources.close()
    assert done.polled_at is not None
    assert request.again is not None
    assert eastern(DAY, 19) <= done.polled_at < request.again.until
    assert done.games is not None
    assert {game.game_id: game.tip_off for game in done.games}[first.game_id] == done.polled_at


async def test_following_ends_with_its_cadence(client: Client, sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    request, now = follow_request(archive, eastern(DAY, 20), polls=2)
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path, now)
        done = SourceReport.model_validate(
            await once(client, FollowActivities(resources).follow, Activity.FOLLOW, request)
        )
        await resources.close()
    assert done.polled_at is not None
    assert eastern(DAY, 20) <= done.polled_at <= eastern(DAY, 20) + timedelta(seconds=1)
    assert len(done.missing_games) == 12


class Watched(FollowActivities):
    """Sets an event when it has polled and waits for its next poll."""

    waits = asyncio.Event()

    async def _shuts_down_before(self, time: datetime) -> bool:
        self.waits.set()
        return await super()._shuts_down_before(time)


async def test_a_worker_that_shuts_down_reports_what_it_has_polled_so_far(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    request, now = follow_request(archive, eastern(DAY, 20), polls=100_000)
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path, now)
        following = Watched(resources)
        serving = Worker(
            client,
            task_queue="slow-follow",
            activities=[following.follow],
            graceful_shutdown_timeout=timedelta(seconds=60),
        )
        async with Worker(client, task_queue="deciding", workflows=[Once], workflow_runner=UnsandboxedWorkflowRunner()):
            async with serving:
                handle = await client.start_workflow(
                    Once.run,
                    args=[Activity.FOLLOW.value, request, "slow-follow"],
                    id="cancelled",
                    task_queue="deciding",
                )
                await following.waits.wait()
            done = SourceReport.model_validate(await handle.result())
        await resources.close()
    assert (done.rows, len(done.missing_games)) == (12, 12)
