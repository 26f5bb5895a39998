"""The watchdog on a real server: no worker, a worker that stops, a day that never started, a wedged run, repairs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.alerts import AlertActivities
from activities.observing import observe
from activities.resources import Resources
from activities.scenario import deliver_action
from activities.server_state import LOST_AFTER, POLL_PERIOD, describe_workflow
from activities.watchdog import WatchdogActivities
from cli import commands
from cli import watchdog as watchdog_command
from cli.exit_codes import ExitCode
from runtime.connection import connect
from runtime.processes import Processes
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.temporal_server import DevServer, start_dev_server
from tests.support.changed_workflow import ChangedPipelineWorkflow
from tests.support.observations import logged_repairs
from tests.support.small_day import LINES, SmallDay
from tests.support.starter import NOWHERE
from tipoff.alerting.store import read_book
from tipoff.publishing.store import open_exports
from tipoff.settings import Settings
from tipoff.vocabulary import DayStatus, Outcome, Repair, RepairKind, RunState, eastern
from tipoff.watchdog.diagnosis import diagnose
from tipoff.watchdog.observation import Observation
from workflows.contracts import Activity, CommandName, DayInput, Queue, day_workflow_id
from workflows.contracts.schedules import WATCHDOG_WORKFLOW, WATCHDOG_WORKFLOW_ID, schedule_id
from workflows.contracts.watchdog import (
    ObserveRequest,
    WatchdogInput,
    WatchReport,
)
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.training import TrainingWorkflow
from workflows.watchdog import WatchdogWorkflow

SECOND = timedelta(seconds=1)
LONG_AGO = max(LOST_AFTER, POLL_PERIOD) + SECOND
PAST = date(2026, 1, 6)


@pytest.fixture(scope="module")
def server(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """A server of its own: the watchdog sees all runs of a namespace."""
    folder = tmp_path_factory.mktemp("temporal")
    with Processes(folder) as processes:
        yield asyncio.run(
            start_dev_server(processes, temporal_binary, db_file=folder / "temporal.db", namespace="watchdog")
        )


@pytest.fixture
async def client(server: DevServer) -> Client:
    """As workers connect, with the heartbeats of workers."""
    return await connect(to={"target_host": server.address, "namespace": server.namespace})


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    var = tmp_path / "var"
    stores = {name: f"file://{var / name}" for name in ("exports", "models", "landing")}
    settings = Settings.model_validate(stores)
    return Resources(settings, now=lambda: datetime.now(UTC))


@pytest.fixture
def day(tmp_path: Path) -> SmallDay:
    return SmallDay(tmp_path / "var/exports")


async def observed(client: Client, resources: Resources, *, later: timedelta = timedelta()) -> Observation:
    """What is observed of all workers and runs; `later`: as if so much time had passed since."""
    return await observe(client, resources, datetime.now(UTC) + later)


def keys(observation: Observation) -> set[str]:
    """What is found, without what this installation of a test lacks."""
    return {finding.key for finding in diagnose(observation)} - {"schedules", "watchdog"}


async def until(read: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so; a run that has just started answers no query yet."""
    for _ in range(300):
        with contextlib.suppress(WorkflowQueryFailedError):
            if await read():
                return
        await asyncio.sleep(0.2)
    pytest.fail("it did not happen within a minute")


@asynccontextmanager
async def waiting_day(client: Client, game_date: date = PAST) -> AsyncIterator[str]:
    """A running day, terminated with the test."""
    handle = await client.start_workflow(
        DailyPipelineWorkflow.run, DayInput(game_date=game_date), id=day_workflow_id(game_date), task_queue=Queue.DAY
    )
    try:
        yield handle.id
    finally:
        with contextlib.suppress(RPCError):  # it has ended
            await handle.terminate("the test is over")


async def status_of(client: Client, workflow_id: str) -> DayStatus:
    status: DayStatus = await client.get_workflow_handle(workflow_id).query("status", result_type=DayStatus)
    return status


@asynccontextmanager
async def changed_code(client: Client) -> AsyncIterator[None]:
    """A worker whose code does not match the history of running days."""
    async with Worker(
        client, task_queue=Queue.DAY, workflows=[ChangedPipelineWorkflow], workflow_runner=WORKFLOW_RUNNER
    ):
        yield


async def test_without_a_server_and_without_a_worker_any_cron_knows(
    server: DevServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for address, cause, command in (
        (NOWHERE, "server", "make server"),
        (server.address, "no_worker", ".venv/bin/python worker.py"),
    ):
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)
        options = commands.parse(["watchdog", "--once", "--alert", "--json"])
        assert await watchdog_command.run(options) is ExitCode.FAILED
        first = json.loads(capsys.readouterr().out)[0]
        assert (first["key"], first["severity"], first["command"]) == (cause, "critical", command)
    alerts = read_book(open_exports(f"file://{tmp_path}/var/exports")).open_alerts
    assert "no_worker" in {alert.key for alert in alerts}
    assert "server" not in {alert.key for alert in alerts}, "it answers again"


@pytest.mark.long
async def test_a_queue_without_a_worker_is_found_behind_its_step(
    client: Client, resources: Resources, day: SmallDay
) -> None:
    """Before the tests with a worker of that queue, which would count as alive for a while."""
    async with day.worker(client, [Queue.DAY, Queue.FETCH, Queue.WAREHOUSE]):
        await until(lambda: _is_found(client, resources, {"queue:tipoff-models (activities)"}))


async def test_a_worker_that_stops_while_a_day_runs_is_the_only_finding_and_clears(
    client: Client, resources: Resources, day: SmallDay
) -> None:
    async with day.worker(client), waiting_day(client) as workflow_id:
        await until(lambda: _is_waiting(client, workflow_id))
        assert keys(await observed(client, resources)) == set()
        # What the cause hides: the day does not answer, and its poll is overdue by then.
    async with waiting_day(client):
        assert keys(await observed(client, resources, later=LONG_AGO)) == {"no_worker"}
        async with day.worker(client):
            await until(lambda: _is_found(client, resources, set()))


async def _is_waiting(client: Client, workflow_id: str) -> bool:
    return (await status_of(client, workflow_id)).state is RunState.WAITING


async def _is_found(client: Client, resources: Resources, expected: set[str]) -> bool:
    return keys(await observed(client, resources)) == expected


@pytest.mark.long
async def test_a_run_that_non_determinism_wedges_is_found_and_cleared(
    client: Client, resources: Resources, day: SmallDay
) -> None:
    wedged = {f"wedged:{day_workflow_id(PAST)}"}
    others = [Queue.FETCH, Queue.WAREHOUSE, Queue.MODELS]
    async with waiting_day(client) as workflow_id, day.worker(client, others):
        async with day.worker(client, [Queue.DAY]):
            await until(lambda: _is_waiting(client, workflow_id))
        async with changed_code(client):
            await client.get_workflow_handle(workflow_id).signal(CommandName.REFRESH_LINES.value)
            await until(lambda: _is_found(client, resources, wedged))
            (finding,) = (each for each in diagnose(await observed(client, resources)) if each.key in wedged)
            assert "non-determinism" in finding.summary
            assert finding.game_date == PAST
        async with day.worker(client, [Queue.DAY]):
            await until(lambda: _is_found(client, resources, set()))


async def test_a_scheduled_day_that_never_started_is_found(client: Client, resources: Resources, day: SmallDay) -> None:
    schedule = await client.create_schedule(
        schedule_id("day"),
        Schedule(
            action=ScheduleActionStartWorkflow("DailyPipelineWorkflow", id="never", task_queue=Queue.DAY),
            spec=ScheduleSpec(cron_expressions=["0 5 1 1 *"], time_zone_name="America/New_York"),
        ),
    )
    try:
        today = (await observed(client, resources)).today
        is_early = datetime.now(UTC) < eastern(today, 5)
        due = today if is_early else today + timedelta(days=1)
        after_five = eastern(due, 5, 9) - datetime.now(UTC)
        async with day.worker(client):
            await until(lambda: _is_found(client, resources, set()))
            facts = await observed(client, resources, later=after_five)
        assert [(each.name, each.missed) for each in facts.schedules] == [("day", 0)]
        # By then no worker has polled here, which would be the cause.
        findings = {each.key: each for each in diagnose(facts.model_copy(update={"queues": ()}))}
        assert findings["not_started"].game_date == due
        assert findings["not_started"].command == f"starter.py --date {due}"
    finally:
        await schedule.delete()


# ── the workflow ─────────────────────────────────────────────────────────────────────────────────────────


class ScriptedObservation:
    """The `observe` activity: one report after the other, the last one for ever."""

    def __init__(self, *reports: WatchReport) -> None:
        self._reports = list(reports)
        self.requests: list[ObserveRequest] = []

    @activity.defn(name=Activity.OBSERVE.value)
    async def observe(self, request: ObserveRequest) -> WatchReport:
        self.requests.append(request)
        return self._reports.pop(0) if len(self._reports) > 1 else self._reports[0]

    async def was_asked_again(self) -> bool:
        return len(self.requests) > 1


def reporting(resources: Resources) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The activities with which a pass ends."""
    return AlertActivities(resources).deliver_alerts, WatchdogActivities(resources).report_pass


@asynccontextmanager
async def serving(client: Client, day: SmallDay, activities: Sequence[Callable[..., Any]]) -> AsyncIterator[None]:
    """A worker of small days and of the watchdog."""
    others = day.worker(client, [Queue.FETCH, Queue.WAREHOUSE, Queue.MODELS])
    workflows = [DailyPipelineWorkflow, TrainingWorkflow, WatchdogWorkflow]
    of_day: list[Callable[..., Any]] = [day.plan_day, deliver_action, *activities]
    worker = Worker(
        client,
        task_queue=Queue.DAY,
        workflows=workflows,
        activities=of_day,
        activity_executor=ThreadPoolExecutor(2),
        workflow_runner=WORKFLOW_RUNNER,
    )
    async with others, worker:
        yield


@asynccontextmanager
async def watching(client: Client, continue_as_new_after: int = 2_000) -> AsyncIterator[None]:
    """The watchdog, with a pass each second."""
    watchdog = WatchdogInput(every=SECOND, continue_as_new_after=continue_as_new_after)
    await client.start_workflow(WATCHDOG_WORKFLOW, watchdog, id=WATCHDOG_WORKFLOW_ID, task_queue=Queue.DAY)
    try:
        yield
    finally:
        await client.get_workflow_handle(WATCHDOG_WORKFLOW_ID).terminate("the test is over")


async def test_the_watchdog_retries_a_parked_step_and_starts_a_day_each_with_its_reason_in_the_audit(
    client: Client, resources: Resources, day: SmallDay
) -> None:
    """The rules that decide this are tested alone: here their repairs reach real runs."""
    other = PAST + timedelta(days=1)
    retry = Repair(kind=RepairKind.POLL_AGAIN, game_date=PAST, step=LINES, why="parked: bad key")
    start = Repair(kind=RepairKind.START_DAY, game_date=other, why="it did not start")
    scripted = ScriptedObservation(WatchReport(repairs=(retry, start)), WatchReport())
    day.lines = Outcome.BAD_KEY
    activities = [scripted.observe, *reporting(resources)]
    async with serving(client, day, activities), waiting_day(client) as workflow_id:
        await until(lambda: _is_parked(client, workflow_id))
        day.lines = Outcome.OK
        async with watching(client, continue_as_new_after=20):
            await until(lambda: _is_settled(client, workflow_id))
            (entry,) = (await status_of(client, workflow_id)).audit
            assert (entry.who, entry.command, entry.target, entry.why) == (
                *("watchdog", "retry_step", LINES),
                "parked: bad key",
            )
            await until(lambda: _exists(client, day_workflow_id(other)))
            await client.get_workflow_handle(day_workflow_id(other)).terminate("the test is over")
            await until(lambda: _continued_as_new(client))
            await until(scripted.was_asked_again)
    assert [request.missed for request in scripted.requests][:2] == [None, ()]
    assert {attempt.repair for attempt in scripted.requests[-1].attempts} == {retry, start}, "also after a new run"
    assert [(each["repair"], each["accepted"]) for each in logged_repairs(resources.exports)] == [
        ("poll_again", True),
        ("start_day", True),
    ]


async def _exists(client: Client, workflow_id: str) -> bool:
    return await describe_workflow(client, workflow_id) is not None


async def _is_parked(client: Client, workflow_id: str) -> bool:
    return bool((await status_of(client, workflow_id)).attention)


async def _is_settled(client: Client, workflow_id: str) -> bool:
    status = await status_of(client, workflow_id)
    return not status.attention and bool(status.audit)


async def _continued_as_new(client: Client) -> bool:
    described = await client.get_workflow_handle(WATCHDOG_WORKFLOW_ID).describe()
    return described.raw_description.workflow_execution_info.first_run_id != described.run_id


@pytest.mark.long
async def test_the_watchdog_observes_the_real_server_and_reports_what_it_found(
    client: Client,
    resources: Resources,
    day: SmallDay,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    watchdog = WatchdogActivities(resources)
    async with serving(client, day, [watchdog.observe, *reporting(resources)]), watching(client):
        await until(lambda: _has_passed(client))
        await until(lambda: _has_alerted(resources))
        assert await watchdog_command.run(commands.parse(["watchdog", "--json"])) is ExitCode.FAILED
    assert [finding["key"] for finding in json.loads(capsys.readouterr().out)] == ["schedules"]


async def _has_alerted(resources: Resources) -> bool:
    return [alert.key for alert in read_book(resources.exports).open_alerts] == ["schedules"]


async def _has_passed(client: Client) -> bool:
    handle = client.get_workflow_handle(WATCHDOG_WORKFLOW_ID)
    report: WatchReport = await handle.query("last_pass", result_type=WatchReport)
    return {finding.key for finding in report.findings} == {"schedules"}
