"""The operator's command against a real server: the real script, the real workflow, a worker of small activities."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowQueryFailedError

from runtime.connection import connect
from runtime.processes import Processes
from runtime.replay_session import ReplaySession, write_session
from runtime.temporal_server import DevServer, start_dev_server
from tests.support.small_day import LINES, SmallDay
from tests.support.starter import NOWHERE, Starter
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream.server import serve
from tipoff.vocabulary import DayStatus, Outcome, Phase, RunState
from workflows.contracts import (
    ClockSpec,
    DayInput,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    RateLimiterState,
    day_workflow_id,
    rate_limiter_workflow_id,
)
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.rate_limiter import RateLimiterWorkflow

NAMESPACE = "starter-tests"


@pytest.fixture(scope="module")
def server(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    folder = tmp_path_factory.mktemp("temporal")
    with Processes(folder) as processes:
        yield asyncio.run(
            start_dev_server(processes, temporal_binary, db_file=folder / "temporal.db", namespace=NAMESPACE)
        )


@pytest.fixture
async def client(server: DevServer) -> Client:
    return await connect(to={"target_host": server.address, "namespace": server.namespace})


@pytest.fixture
def starter(server: DevServer, tmp_path: Path) -> Starter:
    return Starter(tmp_path, {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_NAMESPACE": server.namespace})


@pytest.fixture
def day(tmp_path: Path) -> SmallDay:
    return SmallDay(tmp_path / "var/exports")


async def comes_to(client: Client, game_date: str, wanted: Callable[[DayStatus], bool]) -> DayStatus:
    """The day's status once it is as wanted."""
    handle = client.get_workflow_handle(day_workflow_id(date.fromisoformat(game_date)))
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(WorkflowQueryFailedError):  # it is only starting
                status: DayStatus = await handle.query("status", result_type=DayStatus)
                if wanted(status):
                    return status
            await asyncio.sleep(0.1)


async def told_by_worker(starter: Starter, game_date: str) -> Any:
    """What the worker tells of a day; on a busy machine it may miss the moment that it is given once or twice."""
    for _ in range(10):
        told = (await starter.run(f"status --date {game_date} --json")).json
        if told["from"] == "worker":
            return told
    raise AssertionError(f"the worker never answered: {told['why_not_worker']}")


def waits(status: DayStatus) -> bool:
    return status.state is RunState.WAITING


async def test_of_two_starters_at_once_one_starts_the_day_and_the_other_attaches(
    client: Client, starter: Starter
) -> None:
    two = await asyncio.gather(*(starter.run("--date 2024-01-01 --json") for _ in range(2)))
    assert [ended.code for ended in two] == [0, 0]
    assert sorted(ended.json["outcome"] for ended in two) == ["attached", "started"]
    assert len({ended.json["run_id"] for ended in two}) == 1
    third = await starter.run("--date 2024-01-01")
    assert third.code == 0
    assert "is running already: attached to it" in third.out
    described = await client.get_workflow_handle("daily-pipeline-2024-01-01").describe()
    assert await described.static_summary() == "NBA 2024-01-01"
    assert "force_continue" in (await described.static_details() or "")


async def test_a_waiting_day_tells_what_it_waits_for_and_hears_people(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-02")
        await comes_to(client, "2024-01-02", waits)

        told = await starter.run("status --date 2024-01-02")
        assert told.code == 0
        assert f"{LINES}: not_published_yet: [no market]" in told.out
        assert "Waits for" in told.out

        plan = await starter.run("plan --date 2024-01-02")
        assert "nbac_schedule" in plan.out
        assert "critical" in plan.out

        for order, why_not in (
            ("force-continue --phase tea", "no phase 'tea'; the phases are slate, collect"),
            ("lines-available --games BOS@MIN", "no game BOS@MIN on this slate (DEN@MIN, LAL@IND)"),
        ):
            refused = await starter.run(f"{order} --date 2024-01-02")
            assert refused.code == 4
            assert f"starter: refused: {why_not}" in refused.err
            assert len(refused.err.splitlines()) == 1

        order = "force-continue --phase lines --date 2024-01-02 --who ann --why late --json"
        first, second = await starter.run(order), await starter.run(order)
        assert first.json == {"accepted": True, "text": f"continuing without {LINES}", "repeated": False}
        assert second.json == {**first.json, "repeated": True}

        repeated = await starter.run(order.removesuffix(" --json"))
        assert f"continuing without {LINES} (so it was answered to this very order before; nothing" in repeated.text

        after = await told_by_worker(starter, "2024-01-02")
        assert [(entry["who"], entry["why"], entry["via"]) for entry in after["audit"]] == [("ann", "late", "update")]
        assert after["data_quality"] == "DEGRADED"


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        ("lines-available --games DEN@MIN", "polling for lines now"),
        ("refresh-lines", "polling for lines now"),
        (f"skip-step --step {LINES}", f"{LINES} is skipped for the rest of the day"),
    ],
)
async def test_a_waiting_day_does_what_it_is_told(
    client: Client, starter: Starter, day: SmallDay, order: str, answer: str
) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-12")
        await comes_to(client, "2024-01-12", waits)
        obeyed = await starter.run(f"{order} --date 2024-01-12")
        assert (obeyed.code, obeyed.text) == (0, answer)
        await client.get_workflow_handle("daily-pipeline-2024-01-12").terminate()


async def test_a_held_clock_goes_on_when_told(client: Client, starter: Starter, day: SmallDay) -> None:
    held = ClockSpec(starts_at=datetime.now(UTC), hold_at=Phase.LINES)
    async with day.worker(client):
        await client.start_workflow(
            DailyPipelineWorkflow.run,
            DayInput(game_date=date(2024, 1, 13), clock=held),
            id="daily-pipeline-2024-01-13",
            task_queue=Queue.DAY,
        )
        await comes_to(client, "2024-01-13", lambda status: status.held)
        day.lines = Outcome.OK
        obeyed = await starter.run("resume-clock --date 2024-01-13")
        assert (obeyed.code, obeyed.text) == (0, "the clock goes on")
        assert (await starter.run("watch --date 2024-01-13")).code == 0


async def test_a_parked_day_says_what_a_person_may_do_and_goes_on_when_told(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    day.lines = Outcome.BAD_KEY
    async with day.worker(client):
        await starter.run("--date 2024-01-03")
        await comes_to(client, "2024-01-03", lambda status: status.state is RunState.NEEDS_ATTENTION)
        parked = await starter.run("status --date 2024-01-03")
        assert "NEEDS_ATTENTION" in parked.out
        assert f"retry_step {LINES}" in parked.out
        day.lines = Outcome.OK
        assert (await starter.run(f"retry-step --step {LINES} --date 2024-01-03")).code == 0
        ended = await starter.run("watch --date 2024-01-03")
        assert ended.code == 0
        assert "complete: 2 games" in ended.out


async def test_an_ended_day_is_done_again_only_when_asked(client: Client, starter: Starter, day: SmallDay) -> None:
    day.lines = Outcome.OK
    async with day.worker(client):
        whole = await starter.run("--date 2024-01-04 --wait --json")
        assert whole.code == 0
        assert whole.json["state"] == "COMPLETE"

        refused = await starter.run("--date 2024-01-04")
        assert refused.code == 3
        assert "--rerun" in refused.err
        assert "--from-phase predict" in refused.err
        assert (await starter.run("refresh-lines --date 2024-01-04")).code == 3

        again = await starter.run("--date 2024-01-04 --rerun --from-phase predict --why odds --wait")
        assert again.code == 0
        assert "2024-01-04 started" in again.out


async def test_without_a_worker_the_server_tells_what_it_knows(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-05")
        await comes_to(client, "2024-01-05", waits)
    told = await starter.run("status --date 2024-01-05 --json")
    assert told.code == 0
    assert told.json["from"] == "server"
    assert told.json["sentence"].startswith("lines: waiting for player lines; next look")
    assert (told.json["state"], told.json["phase"]) == ("WAITING", "lines")
    page = await starter.run("status --date 2024-01-05")
    assert "start one (python worker.py)" in page.text
    unheard = await starter.run("refresh-lines --date 2024-01-05")
    assert unheard.code == 6
    assert "worker" in unheard.err


async def test_a_queue_that_nobody_serves_shows_as_work_that_waits(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    """The server is asked, as the worker that walks the day cannot know that nobody fetches."""
    await starter.run("--date 2024-01-06")
    handle = client.get_workflow_handle("daily-pipeline-2024-01-06")
    async with day.worker(client, queues=(Queue.DAY,)):
        await comes_to(client, "2024-01-06", lambda status: status.state is RunState.RUNNING)
    told = (await starter.run("status --date 2024-01-06 --json")).json
    assert ("collect", "scheduled") in [(item["name"], item["state"]) for item in told["server"]["pending"]]
    await handle.terminate()


async def test_a_cancelled_day_says_so_and_may_be_started_anew(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        first = await starter.run("--date 2024-01-07 --json")
        await comes_to(client, "2024-01-07", waits)
        assert (await starter.run("cancel --date 2024-01-07 --who ann --why wrong")).code == 0
        watched = await starter.run("watch --date 2024-01-07 --json")
        assert watched.code == 1
        assert watched.json["state"] == "CANCELED"
        force = await starter.run("--date 2024-01-07 --json")
        assert force.json["outcome"] == "started"
        assert force.json["run_id"] != first.json["run_id"]
        busy = await starter.run("--date 2024-01-07 --rerun")
        assert busy.code == 4
        assert "is running; nothing was changed" in busy.err


async def test_a_replay_is_reached_by_its_folder_and_tells_virtual_time(
    client: Client, server: DevServer, tmp_path: Path, day: SmallDay
) -> None:
    session = ReplaySession(
        address=server.address,
        namespace=server.namespace,
        ui=server.ui_url,
        exports=f"file://{tmp_path}/var/exports",
        pid=server.child.pid,
    )
    write_session(tmp_path / "demo", session)
    elsewhere = Starter(tmp_path, {"TEMPORAL_ADDRESS": NOWHERE})
    async with day.worker(client):
        ended = await elsewhere.run("--date 2024-01-08 --wait --replay demo")
        assert ended.code == 0
        assert f"in the UI: {server.ui_url}/namespaces/{NAMESPACE}/workflows/daily-pipeline-2024-01-08/" in ended.out
        assert (await told_by_worker(elsewhere, "2024-01-08 --replay demo"))["virtual"]


async def test_training_waits_for_its_figures(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        ended = await starter.run("train --date 2024-01-09")
    assert ended.code == 0
    assert "1,200 rows before 2024-01-09" in ended.out
    assert "MAE 5.12" in ended.out


async def test_doctor_finds_a_whole_installation_well(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        ended = await starter.run("doctor --json")
    assert {found["check"] for found in ended.json if not found["ok"]} == set()
    assert ended.code == 0


async def test_unknown_dates_and_namespaces_are_told_apart(starter: Starter) -> None:
    for typed in ("status", "cancel", "skip-step --step x"):
        unknown = await starter.run(f"{typed} --date 2020-12-25")
        assert unknown.code == 5
        assert "starter.py --date 2020-12-25" in unknown.err
    nowhere = Starter(starter.folder, {**starter.variables, "TEMPORAL_NAMESPACE": "no-such"})
    lost = await nowhere.run("status --date 2024-01-02")
    assert lost.code == 6
    assert "no namespace 'no-such'" in lost.err


async def test_missing_search_attributes_are_named_with_the_command_that_adds_them(
    temporal_binary: Path, tmp_path: Path
) -> None:
    with Processes(tmp_path / "bare") as processes:
        bare = await start_dev_server(
            processes, temporal_binary, db_file=tmp_path / "bare.db", namespace="bare", search_attributes=()
        )
        starter = Starter(tmp_path, {"TEMPORAL_ADDRESS": bare.address, "TEMPORAL_NAMESPACE": "bare"})
        findings = {found["check"]: found for found in (await starter.run("doctor --json")).json}
        started = await starter.run("--date 2024-01-10")
    assert findings["workers"]["says"].startswith("nobody polls tipoff-day (workflows), tipoff-day (activities), ")
    assert "tipoff-fetch (activities): not polled" in findings["workers"]["details"]
    assert findings["search attributes"]["says"] == "missing: GameDate, Phase, RunState, DataQuality"
    assert "temporal operator search-attribute create" in findings["search attributes"]["fix"]
    assert "--name GameDate --type Keyword" in findings["search attributes"]["fix"]
    assert started.code == 1
    assert "search attribute" in started.err
    assert "starter.py doctor" in started.err


async def test_a_watcher_bears_a_server_that_restarts(temporal_binary: Path, tmp_path: Path) -> None:
    with Processes(tmp_path / "restarting") as processes:
        start = partial(start_dev_server, processes, temporal_binary, db_file=tmp_path / "days.db", namespace=NAMESPACE)
        first = await start()
        starter = Starter(tmp_path, {"TEMPORAL_ADDRESS": first.address, "TEMPORAL_NAMESPACE": NAMESPACE})
        assert (await starter.run("--date 2024-01-11")).code == 0
        watching = await starter.begin("watch --date 2024-01-11 --json")
        assert watching.stdout is not None
        assert json.loads(await watching.stdout.readline())["state"] == "RUNNING"
        first.child.stop()
        assert (await starter.run("status --date 2024-01-11")).code == 6
        port, ui_port = (int(address.rpartition(":")[2]) for address in (first.address, first.ui_url))
        again = await start(port=port, ui_port=ui_port)
        client = await connect(to={"target_host": again.address, "namespace": NAMESPACE})
        await client.get_workflow_handle("daily-pipeline-2024-01-11").terminate()
        told, _ = await watching.communicate()
    assert watching.returncode == 1
    assert json.loads(told.splitlines()[-1])["state"] == "TERMINATED"


async def test_status_names_a_provider_that_is_left_alone(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-11")
        await comes_to(client, "2024-01-11", waits)
        domain = await client.start_workflow(
            RateLimiterWorkflow.run,
            RateLimiterInput(host="cdn.nba.com"),
            id=rate_limiter_workflow_id("cdn.nba.com"),
            task_queue=Queue.DAY,
        )
        blocked = {"cooldown_for": timedelta(hours=2), "outcome": Outcome.BLOCKED, "reason": "HTTP 403"}
        await domain.signal(RateLimiterWorkflow.handle_report, ProviderFeedback(slot=datetime.now(UTC), **blocked))
        async with asyncio.timeout(60):  # until the server's list of runs has it
            while not (told := (await starter.run("status --date 2024-01-11 --json")).json["providers"]):
                pass
        page = await starter.run("status --date 2024-01-11")
        doctor = await starter.run("doctor")
        sources = await starter.run("sources --json")
        await domain.terminate()
    assert told[0]["warning"].startswith("cdn.nba.com is in cooldown until ")
    assert "cdn.nba.com is in cooldown until " in page.text
    assert "set a proxy for a host that blocks this address" in doctor.text
    providers = {provider["host"]: provider for provider in sources.json["providers"]}
    assert sources.json["server"] == ""
    assert providers["cdn.nba.com"]["left_alone"]
    assert "in cooldown until" in providers["cdn.nba.com"]["says"]
    assert providers["stats.nba.com"]["says"] == "was asked nothing under manners"


async def test_a_persons_look_tells_the_domain_of_a_block_and_heeds_it_unless_told_otherwise(
    client: Client, server: DevServer, tmp_path: Path, day: SmallDay, sample: Path
) -> None:
    host, blocked = "stats.nba.com", Fault(source="nbac_player_list_current", kind=FaultKind.ACCESS_DENIED)
    typed = "collect --source nbac_player_list_current --date 2024-03-29 --dry-run"
    async with day.worker(client):
        with serve(Archive(sample), (blocked,)) as upstream:
            temporal = {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_NAMESPACE": server.namespace}
            starter = Starter(
                tmp_path, {**temporal, "TIPOFF_UPSTREAM": upstream.url, "TIPOFF_RATE_LIMITS_ENABLED": "true"}
            )
            first, refused = await starter.run(typed), await starter.run(typed)
            asked = [request.source for request in upstream.requests()].count("nbac_player_list_current")
            anyway = await starter.run(f"{typed} --anyway")
            asked_in_all = [request.source for request in upstream.requests()].count("nbac_player_list_current")
        state = await client.get_workflow_handle(rate_limiter_workflow_id(host)).query(
            "state", result_type=RateLimiterState
        )
    assert (first.code, refused.code, anyway.code) == (1, 4, 1)
    assert "nbac_player_list_current: blocked: HTTP 403" in first.text
    assert "stats.nba.com is in cooldown until" in refused.err
    assert "nothing was asked, --anyway asks all the same" in refused.err
    assert (asked, asked_in_all) == (1, 2)
    assert state.closed is not None
