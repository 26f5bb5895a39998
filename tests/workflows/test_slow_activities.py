"""Activities whose work lasts longer than the heartbeat timeout, on a real server and a real upstream."""

from __future__ import annotations

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
from activities.follow import BOX_SCORE_ROUNDS, FollowActivities
from activities.resources import Resources
from tipoff.landing.landing import Landing
from tipoff.live_games import BOX_SCORES_A_POLL
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream import serve
from tipoff.settings import load_settings
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import CollectReport, Frozen, Outcome, SlateGame, SourceReport, eastern
from workflows.contracts import Activity, CollectRequest
from workflows.contracts.live_scoring import FollowRequest

DAY = date(2024, 3, 29)
SILENCE_SECONDS = 4.0
HEARTBEAT = timedelta(seconds=2)


@workflow.defn
class Once:
    """Runs one activity once, under a short heartbeat timeout."""

    @workflow.run
    async def run(self, name: str, request: Any, queue: str) -> dict[str, Any]:
        done: dict[str, Any] = await workflow.execute_activity(
            name,
            request,
            task_queue=queue,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        return done


async def once(client: Client, activity: Callable[..., Any], name: Activity, request: Frozen) -> dict[str, Any]:
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
    environ["EXPORTS"] = f"file://{folder}/exports"
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
    """A disk that is slow to read a batch."""

    def get(self, key: str) -> bytes:
        threading.Event().wait(SILENCE_SECONDS if "/batches/" in key else 0)
        return super().get(key)


async def test_processing_a_followed_batch_may_take_longer_than_a_heartbeat(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path)
        # where cached properties are kept
        resources.__dict__["landing"] = SlowLanding(FolderStore(tmp_path / "landing"))
        request = follow_request(archive, eastern(DAY, 22, 50), polls=1)
        done = SourceReport.model_validate(
            await once(client, FollowActivities(resources).follow, Activity.FOLLOW, request)
        )
        await resources.close()
    assert done.rows == 12, done.reason


def follow_request(archive: Archive, begins: datetime, polls: int) -> FollowRequest:
    """A request for all games of the date, as a replay makes it: a poll every three minutes from a time on."""
    games = collect_request(archive, "nbac_scoreboard", begins, games=12).games
    times = tuple(begins + number * timedelta(minutes=3) for number in range(polls))
    unfinished = tuple(game.game_id for game in games)
    return FollowRequest(source="nbac_scoreboard", game_date=DAY, games=games, times=times, missing_games=unfinished)


async def test_games_are_followed_by_one_activity_until_one_of_them_is_over(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    """On the replayed scoreboard the games of 19:00 are over two hours and twenty minutes after their tip."""
    archive = Archive(sample)
    request = follow_request(archive, eastern(DAY, 21, 15), polls=10)
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path)
        follow = FollowActivities(resources).follow
        done = SourceReport.model_validate(await once(client, follow, Activity.FOLLOW, request))
        await resources.close()
        polled = [each.as_of for each in upstream.requests() if each.source == "nbac_scoreboard"]
        boxes = [each.as_of for each in upstream.requests() if each.source == "nbac_live_boxscore"]
    assert polled == [eastern(DAY, 21, minute) for minute in (15, 18, 21)]
    assert done.polled_at == polled[-1]
    assert boxes == [time for time in polled[-BOX_SCORE_ROUNDS:] for _ in range(BOX_SCORES_A_POLL)]
    assert 0 < len(done.missing_games) < 12
    assert set(done.changed_since({}).changed_games or ()) == {game.game_id for game in request.games}, (
        "the changed games of the first poll are included"
    )


async def test_following_ends_when_a_game_without_a_fixed_tip_off_has_begun(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    request = follow_request(archive, eastern(DAY, 18, 57), polls=10)
    first = request.games[0].model_copy(update={"tip_off": None})
    request = request.model_copy(update={"games": (first, *request.games[1:])})
    with serve(archive) as upstream:
        resources = resources_for(upstream.url, tmp_path)
        follow = FollowActivities(resources).follow
        done = SourceReport.model_validate(await once(client, follow, Activity.FOLLOW, request))
        await resources.close()
    assert done.polled_at == eastern(DAY, 19)
    assert done.games is not None
    assert {game.game_id: game.tip_off for game in done.games}[first.game_id] == done.polled_at
