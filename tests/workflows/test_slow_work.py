"""Activities that take longer than a heartbeat may be silent, on a real server and a real upstream."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import errors
from activities.collect import Collecting
from activities.follow import Following
from activities.workshop import Workshop
from tipoff.landing.local import LocalLanding
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, Kind, Source
from tipoff.replay.upstream import serve
from tipoff.settings import load_settings
from tipoff.vocabulary import Outcome, SlateGame, eastern
from workflows.contracts import Activity, CollectReport, CollectRequest, StepReport

DAY = date(2024, 3, 29)
SILENCE_SECONDS = 4.0
HEARTBEAT = timedelta(seconds=2)


@workflow.defn
class Once:
    """One activity, tried once, under a short heartbeat time-out."""

    @workflow.run
    async def run(self, name: str, request: CollectRequest) -> dict[str, Any]:
        done: dict[str, Any] = await workflow.execute_activity(
            name,
            request,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        return done


async def once(client: Client, activity: Callable[..., Any], name: Activity, request: CollectRequest) -> dict[str, Any]:
    async with Worker(
        client,
        task_queue=f"slow-{name}",
        workflows=[Once],
        activities=[activity],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        done: dict[str, Any] = await client.execute_workflow(
            Once.run, args=[name.value, request], id=f"slow-{name}", task_queue=f"slow-{name}"
        )
        return done


@pytest.fixture(autouse=True)
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "BEAT_SECONDS", 0.3)


def workshop(url: str, folder: Path) -> Workshop:
    environ = {"UPSTREAM": url, "LANDING": f"file://{folder}/landing", "WAREHOUSE": f"duckdb:///{folder}/tipoff.duckdb"}
    environ["REQUEST_SECONDS"] = str(SILENCE_SECONDS)
    return Workshop(load_settings(environ={f"TIPOFF_{name}": value for name, value in environ.items()}), lambda: "")


def asked(archive: Archive, source: Source, as_of: datetime, games: int) -> CollectRequest:
    rows = archive.slate(DAY).select("game_id", "away", "home", "tip_off").sort("game_id").head(games)
    slate = tuple(SlateGame(**row) for row in rows.iter_rows(named=True))
    return CollectRequest(source=source.value, game_date=DAY, games=slate, as_of=as_of)


async def test_a_question_that_hangs_longer_than_a_heartbeat_costs_that_question_and_not_the_look(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    with serve(archive, (Fault(source=Source.ROSTERS, kind=Kind.HANG, count=1),)) as upstream:
        shop = workshop(upstream.url, tmp_path)
        request = asked(archive, Source.ROSTERS, eastern(DAY, 10), games=2)
        done = CollectReport.model_validate(await once(client, Collecting(shop).collect, Activity.COLLECT, request))
        await shop.close()
        assert len(upstream.requests()) == 4, "nothing was asked twice"
    assert (done.outcome, len(done.missing_games)) == (Outcome.PARTIAL, 0), done.reason
    assert "3 of 4 answers usable" in done.reason


class SlowLanding(LocalLanding):
    """A disk that takes its time to read."""

    def get(self, key: str) -> bytes:
        threading.Event().wait(SILENCE_SECONDS / 2)
        return super().get(key)


async def test_reading_what_was_followed_may_take_longer_than_a_heartbeat(
    client: Client, sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    with serve(archive) as upstream:
        shop = workshop(upstream.url, tmp_path)
        shop.__dict__["landing"] = SlowLanding(tmp_path / "landing")  # where cached properties are kept
        request = asked(archive, Source.SCOREBOARD, eastern(DAY, 22, 50), games=12)
        done = StepReport.model_validate(await once(client, Following(shop).follow, Activity.FOLLOW, request))
        await shop.close()
    assert done.rows == 12, done.reason
