"""The operator's commands against a real server: real script, real workflow, a worker with scripted activities."""

import asyncio
import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from temporalio import activity
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.resources import Resources
from activities.worker_settings import WorkerSettingsActivities
from cli.exit_codes import CommandError, ExitCode
from cli.operator_commands import running_day
from cli.render import day_page
from cli.server import connected
from cli.start import start_or_attach
from cli.target import Target
from cli.view import view_run
from runtime import PROJECT
from runtime.connection import connect
from runtime.processes import Processes
from runtime.replay_session import ReplaySession, write_session
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.temporal_server import DevServer, start_dev_server
from tests.support.documented_commands import documented_commands
from tests.support.small_day import LINES, LINES_LABEL, SmallDay
from tests.support.starter import NOWHERE, Starter
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream.server import serve
from tipoff.settings import load_settings
from tipoff.vocabulary import DayStatus, Outcome, Phase, Route, RunState, game_date_of
from workflows.contracts import (
    Activity,
    ClockSpec,
    DayInput,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    RateLimiterState,
    WorkerSettingsInput,
    day_workflow_id,
    rate_limiter_workflow_id,
)
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.rate_limiter import RateLimiterWorkflow
from workflows.worker_settings import WorkerSettingsWorkflow

NAMESPACE = "starter-tests"
PAUSED_STATUS = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED


@pytest.fixture(scope="module")
def server(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    folder = tmp_path_factory.mktemp("temporal")
    with Processes(folder) as processes:
        yield asyncio.run(
            start_dev_server(
                processes, temporal_binary, db_file=folder / "temporal.db", namespace=NAMESPACE, first_port=27_700
            )
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


async def wait_for_status(client: Client, game_date: str, condition: Callable[[DayStatus], bool]) -> DayStatus:
    """The day's status as soon as it meets the condition."""
    handle = client.get_workflow_handle(day_workflow_id(date.fromisoformat(game_date)))
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(WorkflowQueryFailedError):  # the day has just started
                status: DayStatus = await handle.query("status", result_type=DayStatus)
                if condition(status):
                    return status
            await asyncio.sleep(0.1)


async def status_from_worker(starter: Starter, game_date: str) -> Any:
    """The worker's status of a day; on a loaded machine a query may time out once or twice."""
    for _ in range(10):
        status = (await starter.run(f"status --date {game_date} --json")).json
        if status["from"] == "worker":
            return status
    raise AssertionError(f"the worker never answered: {status['why_not_worker']}")


def is_waiting(status: DayStatus) -> bool:
    return status.state is RunState.WAITING


async def test_two_simultaneous_starts_start_the_day_once(client: Client, starter: Starter, server: DevServer) -> None:
    two = await asyncio.gather(*(starter.run("--date 2024-01-01 --json") for _ in range(2)))
    assert [ended.code for ended in two] == [0, 0]
    assert sorted(ended.json["outcome"] for ended in two) == ["attached", "started"]
    assert len({ended.json["run_id"] for ended in two}) == 1
    third = await starter.run("--date 2024-01-01")
    assert third.code == 0
    assert "is running already: attached to it" in third.out
    page = f"{server.ui_url}/namespaces/{NAMESPACE}/workflows/daily-pipeline-2024-01-01/{two[0].json['run_id']}/history"
    assert f"in the UI: {page}" in third.out
    assert two[0].json["ui"] == page
    described = await client.get_workflow_handle("daily-pipeline-2024-01-01").describe()
    assert await described.static_summary() == "NBA 2024-01-01, backfill"
    assert "force_continue" in (await described.static_details() or "")


async def test_a_waiting_day_shows_what_it_waits_for_and_executes_commands(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-02")
        await wait_for_status(client, "2024-01-02", is_waiting)

        status = await starter.run("status --date 2024-01-02")
        assert status.code == 0
        assert f"{LINES_LABEL}: not_published_yet: [no market]" in status.out
        assert "Waiting" in status.out
        assert "deadline" in status.out

        plan = await starter.run("plan --date 2024-01-02")
        assert "nbac_schedule" in plan.out
        assert "critical" in plan.out
        assert "Each refresh adds" in plan.out

        for command, reason in (
            ("force-continue --phase tea", "no phase 'tea'; the phases are slate, collect"),
            ("lines-available --games BOS@MIN", "no game BOS@MIN on this slate (DEN@MIN, LAL@IND)"),
        ):
            refused = await starter.run(f"{command} --date 2024-01-02")
            assert refused.code == 4
            assert f"starter: refused: {reason}" in refused.err
            assert len(refused.err.splitlines()) == 1

        command = "force-continue --phase lines --date 2024-01-02 --who ann --why late --json"
        first, second = await starter.run(command), await starter.run(command)
        assert first.json == {"accepted": True, "text": f"continuing without {LINES_LABEL}", "repeated": False}
        assert second.json == {**first.json, "repeated": True}

        repeated = await starter.run(command.removesuffix(" --json"))
        assert (
            f"continuing without {LINES_LABEL} (this command was executed before and was not executed again"
            in repeated.text
        )

        after = await status_from_worker(starter, "2024-01-02")
        assert [(entry["who"], entry["why"], entry["via"]) for entry in after["audit"]] == [("ann", "late", "update")]
        assert after["data_quality"] == "DEGRADED"


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("lines-available --games DEN@MIN", "polling for lines now"),
        ("refresh-lines", "polling for lines now"),
        (f"skip-step --step {LINES}", f"{LINES_LABEL} is skipped for the rest of the day"),
    ],
)
async def test_a_waiting_day_executes_a_command(
    client: Client, starter: Starter, day: SmallDay, command: str, result: str
) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-12")
        await wait_for_status(client, "2024-01-12", is_waiting)
        executed = await starter.run(f"{command} --date 2024-01-12")
        assert (executed.code, executed.text) == (0, result)
        await client.get_workflow_handle("daily-pipeline-2024-01-12").terminate()


async def test_a_held_clock_can_be_resumed(client: Client, starter: Starter, day: SmallDay) -> None:
    held = ClockSpec(starts_at=datetime.now(UTC), hold_at=Phase.LINES)
    async with day.worker(client):
        await client.start_workflow(
            DailyPipelineWorkflow.run,
            DayInput(game_date=date(2024, 1, 13), clock=held),
            id="daily-pipeline-2024-01-13",
            task_queue=Queue.DAY,
        )
        await wait_for_status(client, "2024-01-13", lambda status: status.held)
        day.lines = Outcome.OK
        executed = await starter.run("resume-clock --date 2024-01-13")
        assert (executed.code, executed.text) == (0, "the clock runs on")
        assert (await starter.run("watch --date 2024-01-13")).code == 0


async def test_a_parked_day_shows_the_commands_that_help_and_continues_after_one(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    day.lines = Outcome.BAD_KEY
    async with day.worker(client):
        await starter.run("--date 2024-01-03")
        await wait_for_status(client, "2024-01-03", lambda status: status.state is RunState.NEEDS_ATTENTION)
        parked = await starter.run("status --date 2024-01-03")
        assert "NEEDS_ATTENTION" in parked.out
        for command in ("retry-step", "skip-step"):
            assert f"starter.py {command} --step {LINES} --date 2024-01-03\n" in parked.out
        day.lines = Outcome.OK
        assert (await starter.run(f"retry-step --step {LINES} --date 2024-01-03")).code == 0
        ended = await starter.run("watch --date 2024-01-03")
        assert ended.code == 0
        assert "complete: 2 games" in ended.out


async def test_a_phase_whose_data_cannot_exist_yet_is_forced_on_only_with_yes(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    day.lines_open_in = timedelta(hours=3)
    async with day.worker(client):
        await starter.run("--date 2024-01-23")
        await wait_for_status(client, "2024-01-23", is_waiting)
        command = "force-continue --phase lines --date 2024-01-23"
        refused = await starter.run(command)
        forced = await starter.run(f"{command} --yes")
    assert refused.code == 4
    assert f"phase lines cannot have its data yet: {LINES_LABEL} opens" in refused.err
    assert "--yes" in refused.err
    assert (forced.code, forced.text) == (0, f"continuing without {LINES_LABEL}")


async def test_an_ended_day_is_rerun_only_on_request(client: Client, starter: Starter, day: SmallDay) -> None:
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


async def test_without_a_worker_status_comes_from_the_server(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-05")
        await wait_for_status(client, "2024-01-05", is_waiting)
    status = await starter.run("status --date 2024-01-05 --json")
    assert status.code == 0
    assert status.json["from"] == "server"
    assert status.json["sentence"].startswith(f"lines: waiting for {LINES_LABEL}; deadline ")
    assert (status.json["state"], status.json["phase"]) == ("WAITING", "lines")
    page = await starter.run("status --date 2024-01-05")
    assert "start a worker for more (python worker.py)" in page.text
    refused = await starter.run("refresh-lines --date 2024-01-05")
    assert refused.code == 6
    assert "worker" in refused.err


async def test_an_unserved_queue_shows_as_scheduled_activities(client: Client, starter: Starter, day: SmallDay) -> None:
    """Only the server knows: the worker of the day cannot see that no worker fetches."""
    await starter.run("--date 2024-01-06")
    handle = client.get_workflow_handle("daily-pipeline-2024-01-06")
    async with day.worker(client, queues=(Queue.DAY,)):
        await wait_for_status(client, "2024-01-06", lambda status: status.state is RunState.RUNNING)
    status = (await starter.run("status --date 2024-01-06 --json")).json
    assert ("collect", "scheduled") in [(item["name"], item["state"]) for item in status["server"]["pending"]]
    await handle.terminate()


async def test_a_cancelled_day_is_started_again_only_on_request(
    client: Client, starter: Starter, day: SmallDay
) -> None:
    async with day.worker(client):
        first = await starter.run("--date 2024-01-07 --json")
        await wait_for_status(client, "2024-01-07", is_waiting)
        cancelled = await starter.run("cancel --date 2024-01-07 --who ann --why wrong")
        assert cancelled.code == 0
        assert "starter.py --date 2024-01-07 --again" in cancelled.text
        watched = await starter.run("watch --date 2024-01-07 --json")
        assert watched.code == 1
        assert watched.json["state"] == "CANCELED"
        assert "starter.py --date 2024-01-07 --again" in watched.json["commands"]
        refused = await starter.run("--date 2024-01-07")
        assert refused.code == 3
        assert "2024-01-07 was cancelled, so nothing was started" in refused.err
        assert "starter.py --date 2024-01-07 --again" in refused.err
        second = await starter.run("--date 2024-01-07 --again --json")
        assert second.json["outcome"] == "started"
        assert second.json["run_id"] != first.json["run_id"]
        for rerun in ("--rerun", f"--rerun --step {LINES}"):
            running = await starter.run(f"--date 2024-01-07 {rerun}")
            assert running.code == 4
            assert "is running, so nothing was changed" in running.err


async def test_a_step_of_a_date_that_never_ran_is_not_rerun(client: Client, starter: Starter) -> None:
    tomorrow = game_date_of(datetime.now(UTC)) + timedelta(days=1)
    for game_date in (date(2024, 1, 20), tomorrow):
        ended = await starter.run(f"--date {game_date} --rerun --step grade")
        assert ended.code == 5
        assert (
            f"{game_date} never ran, so it has no step to re-run; start it: starter.py --date {game_date}" in ended.err
        )


async def test_a_replay_is_found_by_its_folder_and_runs_in_virtual_time(
    client: Client, server: DevServer, tmp_path: Path, day: SmallDay
) -> None:
    session = ReplaySession(
        address=server.address,
        namespace=server.namespace,
        ui=server.ui_url,
        exports=f"file://{tmp_path}/var/exports",
        archive=PROJECT / "sample",
        pid=server.child.pid,
    )
    write_session(tmp_path / "demo", session)
    elsewhere = Starter(tmp_path, {"TEMPORAL_ADDRESS": NOWHERE})
    async with day.worker(client):
        for command in ("start", "train", "collect --source nbac_schedule"):
            outside = await elsewhere.run(f"{command} --date 2024-04-12 --replay demo")
            assert outside.code == 2
            assert "2024-04-12 is outside the archive" in outside.err
        before = await elsewhere.run("--date 2023-10-23 --replay demo")
        assert before.code == 2
        assert "2023-10-23 is outside the archive" in before.err
        ended = await elsewhere.run("--date 2024-01-08 --wait --replay demo")
        assert ended.code == 0
        assert f"in the UI: {server.ui_url}/namespaces/{NAMESPACE}/workflows/daily-pipeline-2024-01-08/" in ended.out
        assert (await status_from_worker(elsewhere, "2024-01-08 --replay demo"))["virtual"]


async def test_train_waits_for_its_result(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        ended = await starter.run("train --date 2024-01-09")
    assert ended.code == 0
    assert "1,200 rows before 2024-01-09" in ended.out
    assert "MAE 5.12" in ended.out


async def test_doctor_accepts_a_complete_installation(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        ended = await starter.run("doctor --json")
    assert {result["check"] for result in ended.json if not result["ok"]} == set()
    assert ended.code == 0


async def test_doctor_reports_the_settings_and_keys_of_the_worker(
    client: Client, starter: Starter, day: SmallDay, tmp_path: Path
) -> None:
    """The worker has its own variables; what this terminal has besides is named as such."""
    there = load_settings(environ={"TIPOFF_ODDS_API_KEY": "hush-4711", "TIPOFF_HISTORY_SEASONS": "2"})
    describing = WorkerSettingsActivities(Resources(there, now=lambda: datetime.now(UTC))).describe_settings
    workers = (
        Worker(client, task_queue=Queue.DAY, workflows=[WorkerSettingsWorkflow], workflow_runner=WORKFLOW_RUNNER),
        Worker(client, task_queue=Queue.FETCH, activities=[describing]),
    )
    elsewhere = Starter(starter.folder, {**starter.variables, "TIPOFF_BALLDONTLIE_KEY": "hush-4712"})
    async with workers[0], workers[1]:
        ended = await elsewhere.run("doctor --json")
    results = {result["check"]: result for result in ended.json}
    assert f"settings of the worker (process {os.getpid()} on " in results["configuration"]["summary"]
    assert "history_seasons = 2  (TIPOFF_HISTORY_SEASONS)" in results["configuration"]["details"]
    assert "differs in this terminal: history_seasons = 3  (default)" in results["configuration"]["details"]
    assert "odds_api_player_points_props: odds_api_key present" in results["keys"]["details"]
    assert (results["keys"]["ok"], results["keys"]["warning"]) == (True, True)
    assert "absent: balldontlie_key, " in results["keys"]["summary"]
    assert (results["providers"]["ok"], results["providers"]["warning"]) == (True, True)
    assert "none was reached in the last 24 hours" in results["providers"]["summary"]
    assert "hush" not in ended.out + ended.err


async def test_doctor_says_why_a_worker_cannot_report_its_settings(client: Client, starter: Starter) -> None:
    @activity.defn(name=Activity.DESCRIBE_SETTINGS.value)
    async def failing(question: WorkerSettingsInput) -> None:
        raise ApplicationError("the secret's file is gone", non_retryable=True)

    workers = (
        Worker(client, task_queue=Queue.DAY, workflows=[WorkerSettingsWorkflow], workflow_runner=WORKFLOW_RUNNER),
        Worker(client, task_queue=Queue.FETCH, activities=[failing]),
    )
    async with workers[0], workers[1]:
        ended = await starter.run("doctor --json")
    summary = {result["check"]: result["summary"] for result in ended.json}["configuration"]
    assert "of this terminal, because no worker answered: the secret's file is gone," in summary


async def test_doctor_reports_a_damaged_manifest_among_its_other_checks(starter: Starter, tmp_path: Path) -> None:
    entry = tmp_path / "var/landing/manifest/nbac_schedule/2024-01-02/20240102T100000Z_abc.json"
    entry.parent.mkdir(parents=True)
    entry.write_text("{")
    ended = await starter.run("doctor --json")
    results = {result["check"]: result for result in ended.json}
    assert ended.code == 1
    assert not results["providers"]["ok"]
    assert f"{entry.name} is damaged: delete it" in results["providers"]["summary"]
    assert results["disk"]["ok"]


async def test_unknown_dates_and_namespaces_have_different_errors(starter: Starter) -> None:
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
        results = {result["check"]: result for result in (await starter.run("doctor --json")).json}
        started = await starter.run("--date 2024-01-10")
    assert results["workers"]["summary"].startswith("no worker polls tipoff-day (workflows), tipoff-day (activities), ")
    assert "tipoff-fetch (activities): not polled" in results["workers"]["details"]
    assert (
        results["search attributes"]["summary"]
        == "missing: GameDate, Phase, RunState, DataQuality, WaitsFor, AttentionSteps"
    )
    assert "temporal operator search-attribute create" in results["search attributes"]["fix"]
    assert "--name GameDate --type Keyword " in results["search attributes"]["fix"]
    assert "--name WaitsFor --type KeywordList" in results["search attributes"]["fix"]
    assert started.code == 1
    assert "search attribute" in started.err
    assert "starter.py doctor" in started.err


async def test_watch_survives_a_restart_of_the_server(temporal_binary: Path, tmp_path: Path) -> None:
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
        output, _ = await watching.communicate()
    assert watching.returncode == 1
    assert json.loads(output.splitlines()[-1])["state"] == "TERMINATED"


async def test_status_names_a_provider_in_cooldown(client: Client, starter: Starter, day: SmallDay) -> None:
    async with day.worker(client):
        await starter.run("--date 2024-01-11")
        await wait_for_status(client, "2024-01-11", is_waiting)
        limiter = await client.start_workflow(
            RateLimiterWorkflow.run,
            RateLimiterInput(host="cdn.nba.com"),
            id=rate_limiter_workflow_id("cdn.nba.com"),
            task_queue=Queue.DAY,
        )
        blocked = {"cooldown_for": timedelta(hours=2), "outcome": Outcome.BLOCKED, "reason": "HTTP 403"}
        await limiter.signal(RateLimiterWorkflow.handle_report, ProviderFeedback(slot=datetime.now(UTC), **blocked))
        async with asyncio.timeout(60):  # until the server's list of runs has it
            while not (providers := (await starter.run("status --date 2024-01-11 --json")).json["providers"]):
                pass
        page = await starter.run("status --date 2024-01-11")
        doctor = await starter.run("doctor")
        sources = await starter.run("sources --json")
        await limiter.terminate()
    assert providers[0]["warning"].startswith("cdn.nba.com is in cooldown until ")
    assert "cdn.nba.com is in cooldown until " in page.text
    assert "set a proxy for a host that blocks this address" in doctor.text
    by_host = {provider["host"]: provider for provider in sources.json["providers"]}
    assert sources.json["server"] == ""
    assert by_host["cdn.nba.com"]["in_cooldown"]
    assert "in cooldown until" in by_host["cdn.nba.com"]["rate_limiter"]
    assert by_host["stats.nba.com"]["rate_limiter"] == "not used yet"


async def test_collect_reports_a_block_and_respects_the_cooldown_unless_told_to_ignore_it(
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
            requests = [request.source for request in upstream.requests()].count("nbac_player_list_current")
            ignoring = await starter.run(f"{typed} --ignore-cooldown")
            all_requests = [request.source for request in upstream.requests()].count("nbac_player_list_current")
        state = await client.get_workflow_handle(rate_limiter_workflow_id(host)).query(
            "state", result_type=RateLimiterState
        )
    assert (first.code, refused.code, ignoring.code) == (1, 4, 1)
    assert "nbac_player_list_current: blocked: HTTP 403" in first.text
    assert "stats.nba.com is in cooldown until" in refused.err
    assert "no request was sent; --ignore-cooldown sends it nevertheless" in refused.err
    assert (requests, all_requests) == (1, 2)
    assert Route.DIRECT in state.blocked


def pause(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the server's descriptions say that a run is paused; the server of these tests cannot pause one."""
    describe = client.workflow_service.describe_workflow_execution

    async def describe_paused(*arguments: Any, **options: Any) -> Any:
        described = await describe(*arguments, **options)
        described.workflow_execution_info.status = PAUSED_STATUS
        return described

    monkeypatch.setattr(client.workflow_service, "describe_workflow_execution", describe_paused)


async def test_a_run_paused_in_a_newer_ui_is_named_as_such(
    client: Client, starter: Starter, day: SmallDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    game_date = date(2024, 1, 21)
    async with day.worker(client):
        await starter.run(f"--date {game_date}")
        await wait_for_status(client, str(game_date), is_waiting)
        pause(client, monkeypatch)
        view = await view_run(client, Target(), game_date)
        with pytest.raises(CommandError) as refused:
            await running_day(client, Target(), game_date)
        attached = await start_or_attach(client, Target(), DayInput(game_date=game_date))
        await client.get_workflow_handle(day_workflow_id(game_date)).terminate()
    assert (view.headline["state"], view.has_ended) == ("PAUSED", False)
    assert view.headline["sentence"].startswith("paused in the Temporal UI; unpause it there; before that: lines: wait")
    page = Console(width=200, record=True, file=io.StringIO())
    page.print(day_page(view))
    assert "because the run is paused in the Temporal UI; unpause it there" in page.export_text()
    assert refused.value.exit_code is ExitCode.REFUSED
    assert "paused in the Temporal UI; unpause it there" in str(refused.value)
    assert attached.attached


async def test_a_paused_run_that_the_sdk_cannot_describe_ends_a_command_with_one_sentence(
    starter: Starter, server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await starter.run("--date 2024-01-22")
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)
    with pytest.raises(CommandError, match="a run that this command needs is paused in the Temporal UI; unpause it"):
        await describe_as_paused("daily-pipeline-2024-01-22", monkeypatch)


async def describe_as_paused(workflow_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(Target()) as client:
        pause(client, monkeypatch)
        await client.get_workflow_handle(workflow_id).describe()


RUNNING_DAY = "2024-01-20"
TRIED_ELSEWHERE = {
    "dev",  # runs until Ctrl-C: test_dev.py
    "apply",  # needs BigQuery or Cloud Storage: tests/contract/warehouse and tests/contract/storage
    "bigquery://my-project/tipoff",  # the same
    "var/archive",  # needs an archive: tests/unit/replay/test_warehouse_import.py
    "backtest",  # the same: tests/unit/training/test_backtest.py
    "evaluate",  # the same: tests/unit/evaluation
}
"""Words of commands that this test leaves out, and why."""
LAST_COMMANDS = ("cancel", "watch")
"""Documented commands that end the day, or wait for its end."""
USABLE_CODES = {0, 1, 3, 4, 5}
"""Every exit code except that of wrong arguments and of a missing server or worker."""


def documented_command_lines() -> list[list[str]]:
    """Each documented `starter.py` command once, for the running day, those that end it last."""
    lines = []
    for command in documented_commands():
        if command.starter_arguments and (command.is_in_block or len(command.starter_arguments) > 1):
            words = [word for word in command.starter_arguments_for(RUNNING_DAY, step=LINES) if word != "--replay"]
            lines += [words] if words not in lines and TRIED_ELSEWHERE.isdisjoint(words) else []
    return sorted(lines, key=lambda words: LAST_COMMANDS.index(words[0]) + 1 if words[0] in LAST_COMMANDS else 0)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_every_documented_command_runs(client: Client, starter: Starter, day: SmallDay) -> None:
    unreachable_upstream = Starter(starter.folder, {**starter.variables, "TIPOFF_UPSTREAM": f"http://{NOWHERE}"})
    codes: dict[str, set[int]] = {}
    async with day.worker(client):
        await starter.run(f"--date {RUNNING_DAY}")
        await wait_for_status(client, RUNNING_DAY, is_waiting)
        for words in documented_command_lines():
            ended = await unreachable_upstream.run_words(words)
            assert ended.code in USABLE_CODES, (words, ended.err)
            assert "unexpected" not in ended.err
            codes.setdefault(words[0], set()).add(ended.code)
    assert {"status", "plan", "sources", "train"} <= {name for name, exit_codes in codes.items() if 0 in exit_codes}
