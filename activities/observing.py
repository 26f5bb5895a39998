"""Gathers the facts of one pass of the watchdog: from the Temporal server, its workers, the exports and the models.

It needs no worker, so `starter.py watchdog --once` makes the same observation from any machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, ScheduleDescription, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.rate_limiter import blocked_until, known_state
from activities.resources import Resources
from activities.server_state import (
    LOST_AFTER,
    POLL_PERIOD,
    SERVER_TIMEOUT,
    DescribedRun,
    ListedWorker,
    describe_run,
    describe_workflow,
    list_runs,
    listed_workers,
    queue_statuses,
)
from tipoff.alerting.facts import ProviderFacts
from tipoff.alerting.store import read_book
from tipoff.errors import TipoffError
from tipoff.landing.base import FetchRecord
from tipoff.provider_success import ProviderSuccess, last_usable, recent_records, success_by_host
from tipoff.publishing.ended_days import read_ended_day
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import exported_status
from tipoff.publishing.store import ExportStore
from tipoff.sources.budget import budget_at
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import WATCHDOG, DayStatus, MissedRuns, game_date_of, reason_of
from tipoff.watchdog.checks import DAY_QUEUE, STALE_DAYS, game_date_of_run
from tipoff.watchdog.observation import (
    ActivityFacts,
    CreditFacts,
    DayFacts,
    LostWorker,
    ModelFacts,
    Observation,
    QueueFacts,
    RunFacts,
    ScheduleFacts,
)
from workflows.contracts import RATE_LIMITER_WORKFLOW, RateLimiterState, rate_limiter_workflow_id
from workflows.contracts.schedules import SCHEDULE_PREFIX, WATCHDOG_WORKFLOW_ID, ScheduleName, schedule_id

DAYS_OBSERVED: Final = 3
LEARNED_FROM: Final = 21
"""Days."""
MAX_RUNS: Final = 100
"""More open runs than this are not described; a season has about twenty."""
AT_ONCE: Final = 8
"""Requests to the server at once."""
QUERY_TIMEOUT: Final = timedelta(seconds=3)
_OPEN: Final = "CloseTime IS NULL"
_REPORTED_PROBLEMS: Final = "TemporalReportedProblems"
"""The attribute of a run whose workflow tasks fail, on servers from 1.32 on."""
_NON_DETERMINISM: Final = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR

T = TypeVar("T")


async def observe(
    client: Client, resources: Resources, now: datetime, missed_before: Sequence[MissedRuns] | None = None
) -> Observation:
    """Everything that is known now; what cannot be read is named in the problems of the observation."""
    observer = _Observer(client, resources, now)
    return await observer.observe(None if missed_before is None else tuple(missed_before))


class _Observer:
    """One observation."""

    def __init__(self, client: Client, resources: Resources, now: datetime) -> None:
        self._client = client
        self._resources = resources
        self._now = now
        self._today = game_date_of(now)
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._problems: list[str] = []

    async def observe(self, missed_before: tuple[MissedRuns, ...] | None) -> Observation:
        queues, lost = await self._part("workers", self._workers(), ((), ()))
        # Workers that could not be listed may answer.
        answers = not queues or any(
            queue.is_served for queue in queues if (queue.queue, queue.kind) == (DAY_QUEUE, "workflows")
        )
        known_runs = await self._part("open runs", self._runs(), None)
        runs = known_runs or ()
        (schedules, missing), days, models, learn, records, limiters = await asyncio.gather(
            self._part("schedules", self._schedules(), ((), ())),
            self._part("days", self._days(runs, answers=answers), ()),
            self._part("models", asyncio.to_thread(self._models), ()),
            self._part("past dates", asyncio.to_thread(self._game_dates_to_learn), ()),
            self._part("landed responses", asyncio.to_thread(recent_records, self._resources.landing, self._now), None),
            self._part("rate limiters", self._rate_limiters(runs, answers=answers), {}),
        )
        paid = tuple(facts for host, each in limiters.items() if (facts := self._credits(host, each)))
        spent = {each.host for each in paid if each.used >= each.monthly}
        return Observation(
            as_of=self._now,
            today=self._today,
            queues=queues,
            lost_workers=lost,
            runs=runs,
            schedules=schedules,
            missing_schedules=missing,
            days=days,
            models=models,
            game_dates_to_learn=learn,
            credits=paid,
            providers=_providers(records, limiters),
            last_usable=None if records is None else last_usable(records),
            refusing_hosts=tuple(
                host for host, each in limiters.items() if host in spent or _is_refused(each, self._now)
            ),
            missed_before=missed_before,
            watchdog_runs=known_runs is None or any(run.workflow_id == WATCHDOG_WORKFLOW_ID for run in runs),
            problems=tuple(self._problems),
        )

    async def _part(self, name: str, reading: Awaitable[T], default: T) -> T:
        try:
            return await reading
        except RPCError as error:
            self._problems.append(f"{name}: {error.message}")
        except (TipoffError, OSError, TimeoutError) as error:
            self._problems.append(f"{name}: {reason_of(error)}")
        return default

    # ── the server ───────────────────────────────────────────────────────────────────────────────────────

    async def _workers(self) -> tuple[tuple[QueueFacts, ...], tuple[LostWorker, ...]]:
        """The queues, by the heartbeats of their workers where the server has them, else by the last polls."""
        queues, workers = await asyncio.gather(queue_statuses(self._client), listed_workers(self._client))
        alive = {each.queue for each in workers or () if each.is_alive(self._now)}
        # A worker that has just started polls before its first heartbeat.
        served_for = LOST_AFTER if workers else POLL_PERIOD
        facts = tuple(
            QueueFacts(
                queue=each.queue,
                kind=each.kind,
                last_polled=each.last_polled,
                is_served=each.queue in alive or each.is_served(self._now, served_for),
            )
            for each in queues
        )
        return facts, lost_workers(workers or (), self._now)

    async def _runs(self) -> tuple[RunFacts, ...]:
        """The open runs of our workflows, newest first."""
        listed: list[str] = []
        async for run in list_runs(self._client, _OPEN):
            listed.append(run.workflow_id)
            if len(listed) == MAX_RUNS:
                break
        described = await asyncio.gather(*(self._run(workflow_id) for workflow_id in dict.fromkeys(listed)))
        return tuple(run for run in described if run is not None)

    async def _run(self, workflow_id: str) -> RunFacts | None:
        """An open run; None if it has ended meanwhile."""
        async with self._limit:
            described = await describe_workflow(self._client, workflow_id)
            if described is None or not described.is_open:
                return None
            failures = described.workflow_task_attempt > 1 or bool(_reported_problems(described))
            problem, cause = await self._last_task_failure(described) if failures else ("", 0)
        return RunFacts(
            workflow_id=workflow_id,
            workflow=described.workflow,
            is_paused=described.is_paused,
            started_at=described.started_at,
            task_attempt=described.workflow_task_attempt,
            task_since=described.workflow_task_since,
            problem=problem or "; ".join(_reported_problems(described)),
            is_nondeterministic=cause == _NON_DETERMINISM,
            events=described.events,
            activities=tuple(map(_activity, described.pending_activities)),
        )

    async def _last_task_failure(self, run: DescribedRun) -> tuple[str, int]:
        """Why the last workflow task failed and the server's cause of it, if none has succeeded since."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id),
            maximum_page_size=20,
        )
        page = await self._client.workflow_service.get_workflow_execution_history_reverse(
            request, timeout=SERVER_TIMEOUT
        )
        for event in page.history.events:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                failed = event.workflow_task_failed_event_attributes
                return failed.failure.message, failed.cause
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                break
        return "", 0

    async def _schedules(self) -> tuple[tuple[ScheduleFacts, ...], tuple[str, ...]]:
        """Our schedules on the server, and the names of those that it has not."""
        listing = await self._client.list_schedules(rpc_timeout=SERVER_TIMEOUT)
        names = [each.id async for each in listing if each.id.startswith(SCHEDULE_PREFIX)]
        described = await asyncio.gather(
            *(self._client.get_schedule_handle(name).describe(rpc_timeout=SERVER_TIMEOUT) for name in sorted(names))
        )
        missing = tuple(name.value for name in ScheduleName if schedule_id(name) not in names)
        return tuple(map(_schedule, described)), missing

    # ── days ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _days(self, runs: Sequence[RunFacts], *, answers: bool) -> tuple[DayFacts, ...]:
        """Today, the days before, those with an open run, and those with an alert: it is over only if they say so."""
        by_date = {game_date: run for run in runs if (game_date := game_date_of_run(run))}
        alerted = await asyncio.to_thread(_alerted_dates, self._resources.exports)
        dates = {*by_date, *alerted, *(self._today - timedelta(days=days) for days in range(DAYS_OBSERVED))}
        days = (self._day(each, by_date.get(each), answers=answers) for each in sorted(dates, reverse=True))
        return tuple(await asyncio.gather(*days))

    async def _day(self, game_date: date, run: RunFacts | None, *, answers: bool) -> DayFacts:
        """What is known of a date: of an open run its worker's answer, else what was exported last."""
        async with self._limit:
            described = await describe_run(self._client, game_date)
            status: DayStatus | str = "no worker is running"
            if run is not None and answers and not run.is_paused:
                status = await self._query(run.workflow_id)
            exported = await asyncio.to_thread(exported_status, self._resources.exports, game_date)
            ended = await self._part(
                f"the end of {game_date}", asyncio.to_thread(read_ended_day, self._resources.exports, game_date), None
            )
            predicted = await asyncio.to_thread(_players_predicted, self._resources.exports, game_date) if run else None
        return DayFacts(
            game_date=game_date,
            run=run,
            players_predicted=predicted,
            execution=described.execution if described else "",
            ended_at=described.ended_at if described else None,
            status=status if isinstance(status, DayStatus) else exported,
            is_current=isinstance(status, DayStatus),
            no_answer=status if isinstance(status, str) and run is not None else "",
            ended=ended,
        )

    async def _query(self, workflow_id: str) -> DayStatus | str:
        """The status of a running day, or why its worker did not answer."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            status: DayStatus = await handle.query("status", result_type=DayStatus, rpc_timeout=QUERY_TIMEOUT)
        except WorkflowQueryFailedError as error:
            return error.message
        except RPCError as error:
            if error.status is RPCStatusCode.DEADLINE_EXCEEDED:
                return f"silent for {QUERY_TIMEOUT.total_seconds():g} s"
            return error.message
        return status

    # ── models, results and providers ────────────────────────────────────────────────────────────────────

    def _models(self) -> tuple[ModelFacts, ...]:
        return tuple(ModelFacts(system_id=each, trained_through=self._trained_through(each)) for each in SYSTEMS)

    def _trained_through(self, system_id: str) -> date | None:
        champions = self._resources.models.champions(system_id)
        return max((champion.trained_through for champion in champions), default=None)

    def _game_dates_to_learn(self) -> tuple[date, ...]:
        """The past dates with games that were played, old enough for a weekly training to know them."""
        dates = (self._today - timedelta(days=days) for days in range(STALE_DAYS, LEARNED_FROM))
        ended = ((each, read_ended_day(self._resources.exports, each)) for each in dates)
        return tuple(sorted(each for each, day in ended if day is not None and day.graded))

    async def _rate_limiters(self, runs: Sequence[RunFacts], *, answers: bool) -> Mapping[str, RateLimiterState]:
        """Host -> the state of its rate limiter; without a worker nobody answers for them."""
        prefix = rate_limiter_workflow_id("")
        limiters = (run for run in runs if run.workflow == RATE_LIMITER_WORKFLOW and answers)
        hosts = sorted(run.workflow_id.removeprefix(prefix) for run in limiters)
        states = dict(zip(hosts, await asyncio.gather(*map(self._rate_limiter, hosts)), strict=True))
        self._problems += [f"the rate limiter of {host}: no answer" for host, state in states.items() if state is None]
        return {host: state for host, state in states.items() if state is not None}

    async def _rate_limiter(self, host: str) -> RateLimiterState | None:
        async with self._limit:
            return await known_state(self._client, host)

    def _credits(self, host: str, state: RateLimiterState) -> CreditFacts | None:
        monthly = rate_limit_of(host, self._resources.settings).monthly_credits
        if monthly is None:
            return None
        budget = budget_at(self._now, state.credits_left(monthly, self._now), monthly)
        return CreditFacts(host=host, used=budget.used, monthly=monthly, text=budget.text)


def lost_workers(workers: Sequence[ListedWorker], now: datetime) -> tuple[LostWorker, ...]:
    """The processes without heartbeats whose queues no later worker of their host serves."""
    lost = [each for each in workers if not each.is_alive(now) and not _is_replaced(each, workers)]
    processes = sorted({(each.host, each.process) for each in lost})
    return tuple(_lost_worker([each for each in lost if (each.host, each.process) == process]) for process in processes)


def _is_replaced(lost: ListedWorker, workers: Sequence[ListedWorker]) -> bool:
    same = (each for each in workers if (each.host, each.queue) == (lost.host, lost.queue))
    return any(each.started_at > lost.last_heartbeat for each in same)


def _lost_worker(of_process: Sequence[ListedWorker]) -> LostWorker:
    return LostWorker(
        name=f"process {of_process[0].process} on {of_process[0].host}",
        queues=tuple(sorted(each.queue for each in of_process)),
        last_heartbeat=max(each.last_heartbeat for each in of_process),
    )


def _alerted_dates(exports: ExportStore) -> set[date]:
    return read_book(exports).dates_of(WATCHDOG)


def _players_predicted(exports: ExportStore, game_date: date) -> int | None:
    """The players of the exported predictions; None if there are none, or they cannot be read."""
    content = exports.read(f"v1/predictions/{game_date}.json")
    try:
        return len(decode(content)["players"]) or None if content else None
    except (KeyError, TypeError, ValueError):
        return None


def _providers(
    records: Sequence[FetchRecord] | None, limiters: Mapping[str, RateLimiterState]
) -> tuple[ProviderFacts, ...]:
    return tuple(_provider(host, each, limiters.get(host)) for host, each in success_by_host(records or ()).items())


def _provider(host: str, success: ProviderSuccess, state: RateLimiterState | None) -> ProviderFacts:
    blocked = blocked_until(state) if state else None
    return ProviderFacts(host=host, usable=success.usable, failed=success.failed, blocked_until=blocked)


def _is_refused(state: RateLimiterState, now: datetime) -> bool:
    """Whether a host is in cooldown, or blocks every route."""
    if state.cooldown is not None and state.cooldown.until > now:
        return True
    return all(route in state.blocked and state.blocked[route].until > now for route in state.routes)


def _reported_problems(run: DescribedRun) -> list[str]:
    return [text for pair in run.attributes if pair.key.name == _REPORTED_PROBLEMS for text in pair.value]


def _activity(info: PendingActivityInfo) -> ActivityFacts:
    since = info.last_started_time if info.HasField("last_started_time") else info.scheduled_time
    return ActivityFacts(
        name=info.activity_type.name,
        attempt=info.attempt,
        last_failure=info.last_failure.message,
        since=since.ToDatetime(UTC),
        scheduled_at=info.scheduled_time.ToDatetime(UTC),
    )


def _schedule(described: ScheduleDescription) -> ScheduleFacts:
    info, state, spec = described.info, described.schedule.state, described.schedule.spec
    return ScheduleFacts(
        name=described.id.removeprefix(SCHEDULE_PREFIX),
        created_at=info.created_at,
        paused=state.paused,
        starts_at=spec.start_at,
        note=state.note or "",
        missed=info.num_actions_missed_catchup_window,
        skipped=info.num_actions_skipped_overlap,
    )
