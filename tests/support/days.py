"""Scripted days: the real workflow on a real server, with fake activities that follow a script.

The activities have the real names and contracts. A poll returns the newest scripted response of its source; computing
steps succeed unless the script fails them. A world is a function of the as-of times of its requests, like the upstream
replay, so a script is the same day on any machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle, WorkflowHistory, WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.follow import poll_until_news
from activities.scenario import deliver_action
from runtime.day_result import wait_for_result
from runtime.interceptors import WorkerInterceptor
from runtime.sandbox import WORKFLOW_RUNNER
from tests.support.slates import tip
from tipoff.plan import plan_day, plan_slate
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.teams import TEAMS
from tipoff.vocabulary import (
    CollectReport,
    ComputeReport,
    DayPlan,
    DayStatus,
    EndedRun,
    Outcome,
    ProcessReport,
    RecordedDay,
    SlateGame,
    SourceReport,
    eastern,
)
from workflows.contracts import (
    Activity,
    ClockSpec,
    CollectReports,
    CollectRequest,
    CollectRequests,
    CommandName,
    Computations,
    ComputeReports,
    ComputeRequest,
    DayInput,
    DayResult,
    OperatorCommand,
    PickRelease,
    PlanRequest,
    Predicted,
    PredictReports,
    PredictRequests,
    ProcessReports,
    ProcessRequest,
    ProcessRequests,
    PublishStatusRequest,
    Queue,
    Rerun,
    ScheduledAction,
    StoreReports,
    StoreRequests,
    TrainedSystem,
    TrainingDue,
    TrainingInput,
    TrainingResult,
    TrainRequest,
)
from workflows.contracts.live_scoring import FollowRequest
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.live_scoring import LiveScoringWorkflow
from workflows.training import TrainingWorkflow

R = TypeVar("R")

DayHandle = WorkflowHandle[DailyPipelineWorkflow, DayResult]

GAME_DATE = date(2024, 3, 29)
MORNING = eastern(GAME_DATE, 5)
GAME_LENGTH = timedelta(minutes=15)
"""Games are short here: polling a scoreboard every three minutes of an evening tests nothing more."""
TIMEOUT_SECONDS = 120.0
"""How long a test waits for a state of the day before it fails."""
POLL_SECONDS = 0.02
"""A test that asks without pause takes the processor from the day that it waits for."""


def at(hour: int, minute: int = 0) -> datetime:
    """An Eastern time of the scripted date; hours from 24 on belong to the next day."""
    return eastern(GAME_DATE + timedelta(days=hour // 24), hour % 24, minute)


def game(number: int, tip_off: datetime) -> SlateGame:
    """The number-th of up to fifteen games."""
    away, home = sorted(TEAMS)[2 * number - 2 : 2 * number]
    return SlateGame(game_id=f"00223{number:05}", away=away, home=home, tip_off=tip_off)


EARLY, LATE = game(1, at(19)), game(2, at(19, 30))
GAMES = (EARLY, LATE)


class ScriptedResponse(NamedTuple):
    """The response of a source from a time on."""

    since: datetime
    outcome: Outcome = Outcome.OK
    missing: tuple[str, ...] = ()
    reason: str = ""
    games: tuple[SlateGame, ...] | None = None
    """The slate, from the schedule."""
    changed: tuple[str, ...] = ()
    """Games whose rows changed, besides those that it did not have before."""
    retry_after: timedelta | None = None


Script = Mapping[str, Sequence[ScriptedResponse]]
_USABLE = {Outcome.OK, Outcome.PARTIAL, Outcome.EMPTY_OK}
_PER_GAME_AFTER = (
    *("nbac_scoreboard", "nbac_player_boxscores", "nbac_team_boxscore"),
    *("nbac_play_by_play", "nbac_gamebook_player_stats"),
)


def happy_script(
    games: tuple[SlateGame, ...] = GAMES, lines_at: datetime | None = None
) -> dict[str, list[ScriptedResponse]]:
    """Everything in the morning, lines at 15:00 as on the real date, each game final soon after its tip-off."""
    morning = [ScriptedResponse(MORNING)]
    lines = [ScriptedResponse(lines_at or at(15))]
    script = {name: morning for name, source in SOURCES.items() if not source.fallback_for}
    script |= {"odds_api_game_lines": lines, "odds_api_player_points_props": lines}
    script |= {name: final_responses(games) for name in _PER_GAME_AFTER}
    return {**script, "nbac_schedule": [ScriptedResponse(MORNING, games=games)]}


def final_responses(games: tuple[SlateGame, ...]) -> list[ScriptedResponse]:
    """The responses of a source that has a game once it is final."""
    finals = sorted({tip(game) + GAME_LENGTH for game in games})
    return [
        partial_response(games, final, {game.game_id for game in games if _final(game) <= final}) for final in finals
    ]


def _final(game: SlateGame) -> datetime:
    return tip(game) + GAME_LENGTH


def partial_response(games: Iterable[SlateGame], since: datetime, there: set[str]) -> ScriptedResponse:
    """A response that holds some of the games."""
    missing = tuple(game.game_id for game in games if game.game_id not in there)
    return ScriptedResponse(
        since, Outcome.PARTIAL if missing else Outcome.OK, missing, f"missing {', '.join(missing)}" * bool(missing)
    )


class ScriptedFailure(NamedTuple):
    """The activity of a subject fails permanently when its as-of time is in this span."""

    since: datetime = MORNING
    until: datetime = eastern(GAME_DATE + timedelta(days=2), 0)
    text: str = "the file is corrupt"


@dataclass
class World:
    """What the activities of a scripted day do."""

    script: Script = field(default_factory=happy_script)
    failures: Mapping[str, ScriptedFailure] = field(default_factory=dict)
    plan: Callable[[PlanRequest], DayPlan] = lambda request: plan_day(
        request.game_date, request.games or (), SOURCES, published=request.published, started_at=request.started_at
    )
    slate_plan: Callable[[PlanRequest], DayPlan] = lambda request: plan_slate(
        request.game_date, SOURCES, request.started_at
    )
    landed: frozenset[str] | None = None
    """Sources with responses landed before the games; None: all of them."""
    landed_by: dict[str, datetime] = field(default_factory=dict)
    """Sources of which only landed responses were wanted -> landed by then."""
    recorded: RecordedDay | None = None
    random_delays: random.Random | None = None
    """Delays each activity by a random time."""
    pauses: dict[str, Pause] = field(default_factory=dict)
    statuses: list[PublishStatusRequest] = field(default_factory=list)
    """The exported statuses, in order."""
    logged_runs: list[EndedRun] = field(default_factory=list)
    force: list[tuple[str, datetime]] = field(default_factory=list)
    """The forced polls: source and as-of time."""
    unfinished: tuple[str, ...] = ()
    """Games that the grading finds neither final nor postponed."""
    stored: int = 0
    """Predictions stored so far."""
    withheld: dict[str, str] = field(default_factory=dict)
    """View of each system -> why its picks are withheld."""
    releases: list[PickRelease] = field(default_factory=list)
    """The releases of withheld picks that exports of predictions were given."""
    known: dict[str, dict[str, int]] = field(default_factory=dict)
    """source -> game_id -> the version that was processed last."""

    @property
    def activities(self) -> dict[Queue, list[Callable[..., Any]]]:
        """The activities of each queue, as in the real registry."""
        return {
            Queue.DAY: [self.plan_day, deliver_action],
            Queue.FETCH: [self.collect, self.collect_together],
            Queue.WAREHOUSE: [
                *(self.process_together, self.compute_in_turn, self.store_together),
                *(self.process, self.follow, self.transform, self.build_features, self.store_predictions),
                *(self.grade, self.export, self.publish_status, self.log_run, self.recorded_day),
            ],
            Queue.MODELS: [self.predict, self.predict_together, self.training_due, self.train],
        }

    async def _simulate(self, subject: str, as_of: datetime | None = None) -> None:
        """Delay, pause or fail as the test and its script demand."""
        if self.random_delays is not None:
            await asyncio.sleep(self.random_delays.random() * 0.02)
        if subject in self.pauses:
            await self.pauses[subject].wait_if_first()
        failures = self.failures.get(subject)
        if failures and as_of is not None and failures.since <= as_of < failures.until:
            raise ApplicationError(failures.text, type="ContractError", non_retryable=True)

    @activity.defn(name=Activity.PLAN_DAY.value)
    async def plan_day(self, request: PlanRequest) -> DayPlan:
        await self._simulate("plan_day")
        return self.slate_plan(request) if request.games is None else self.plan(request)

    @activity.defn(name=Activity.COLLECT.value)
    async def collect(self, request: CollectRequest) -> CollectReport:
        await self._simulate(request.source, request.as_of)
        if request.force:
            self.force.append((request.source, request.as_of))
        if request.landed_by is not None:
            self.landed_by[request.source] = request.landed_by
            if self.landed is not None and request.source not in self.landed:
                response = ScriptedResponse(request.as_of, Outcome.NOT_PUBLISHED_YET, reason="nothing was landed")
                return _collected(response, None, request).model_copy(update={"use_fallback": True})
        known = [
            (index, response)
            for index, response in enumerate(self.script.get(request.source, ()))
            if response.since <= request.as_of
        ]
        if not known:
            return _collected(
                ScriptedResponse(request.as_of, Outcome.NOT_PUBLISHED_YET, reason="not published yet"), None, request
            )
        index, response = known[-1]
        return _collected(response, f"{request.source}/{index}" if response.outcome in _USABLE else None, request)

    @activity.defn(name=Activity.COLLECT_TOGETHER.value)
    async def collect_together(self, requests: CollectRequests) -> CollectReports:
        return CollectReports(reports=tuple([await _if_possible(self.collect(each)) for each in requests.requests]))

    @activity.defn(name=Activity.PROCESS_TOGETHER.value)
    async def process_together(self, requests: ProcessRequests) -> ProcessReports:
        return ProcessReports(reports=tuple([await _if_possible(self.process(each)) for each in requests.requests]))

    @activity.defn(name=Activity.PROCESS.value)
    async def process(self, request: ProcessRequest) -> ProcessReport:
        await self._simulate(f"{request.source}:read", request.as_of)
        responses = self.script[request.source][: int(request.batch_key.rpartition("/")[2]) + 1]
        there = [game.game_id for game in request.games if game.game_id not in responses[-1].missing]
        return ProcessReport(
            rows=10 * len(there),
            outcome=responses[-1].outcome,
            reason=responses[-1].reason,
            changed_games=self._changed_games(
                request.source, {game_id: _version(game_id, responses) for game_id in there}
            ),
            missing_games=tuple(game.game_id for game in request.games if game.game_id in responses[-1].missing),
            games=responses[-1].games,
        )

    def _changed_games(self, source: str, versions: dict[str, int]) -> tuple[str, ...]:
        """The games whose version was not processed before."""
        known = self.known.setdefault(source, {})
        changed = tuple(game_id for game_id, version in versions.items() if known.get(game_id) != version)
        known.update(versions)
        return changed

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: FollowRequest) -> SourceReport:
        return await poll_until_news(request, partial(self._follow_once, request))

    async def _follow_once(self, request: FollowRequest, as_of: datetime) -> SourceReport:
        poll = CollectRequest(
            source=request.source,
            game_date=request.game_date,
            games=request.games,
            as_of=as_of,
            force=request.force,
        )
        collected = await self.collect(poll)
        if collected.batch_key is None:
            return collected.without_batch().model_copy(update={"polled_at": as_of})
        landed = ProcessRequest(
            source=request.source,
            batch_key=collected.batch_key,
            game_date=request.game_date,
            games=request.games,
            as_of=as_of,
        )
        return collected.with_batch(await self.process(landed)).model_copy(update={"polled_at": as_of})

    @activity.defn(name=Activity.TRANSFORM.value)
    async def transform(self, request: ComputeRequest) -> ComputeReport:
        return await self._compute(request)

    @activity.defn(name=Activity.BUILD_FEATURES.value)
    async def build_features(self, request: ComputeRequest) -> ComputeReport:
        done = await self._compute(request)
        return done.model_copy(update={"reference": f"features as of {request.as_of.isoformat()}"})

    @activity.defn(name=Activity.PREDICT.value)
    async def predict(self, request: ComputeRequest) -> Predicted:
        await self._simulate(request.subject, request.as_of)
        return Predicted(
            system_id=request.subject, file=",".join(request.game_ids), rows=20, game_date=request.game_date
        )

    @activity.defn(name=Activity.TRAIN.value)
    async def train(self, request: TrainRequest) -> TrainingResult:
        await self._simulate("systems:train", request.as_of)
        trained = TrainedSystem(system_id="catboost_v8", model_version="c0ffee", rows=20, mae=5.0, last10_mae=5.1)
        return TrainingResult(systems=(trained,))

    @activity.defn(name=Activity.TRAINING_DUE.value)
    async def training_due(self, request: TrainingInput) -> TrainingDue:
        await self._simulate("training_due")
        return TrainingDue(due=False, reason="each system has a model of the last week")

    @activity.defn(name=Activity.PREDICT_TOGETHER.value)
    async def predict_together(self, requests: PredictRequests) -> PredictReports:
        return PredictReports(reports=tuple([await _if_possible(self.predict(each)) for each in requests.requests]))

    @activity.defn(name=Activity.STORE_TOGETHER.value)
    async def store_together(self, requests: StoreRequests) -> StoreReports:
        reports = [await _if_possible(self.store_predictions(each)) for each in requests.requests]
        return StoreReports(reports=tuple(reports))

    @activity.defn(name=Activity.STORE_PREDICTIONS.value)
    async def store_predictions(self, predicted: Predicted) -> ComputeReport:
        await self._simulate(f"{predicted.system_id}:store")
        self.stored += predicted.rows
        games = tuple(predicted.file.split(","))
        return ComputeReport(rows=predicted.rows, changed_games=games, withheld=self.withheld)

    @activity.defn(name=Activity.GRADE.value)
    async def grade(self, request: ComputeRequest) -> ComputeReport:
        done = await self._compute(request)
        earlier = len(self.recorded.prediction_runs) if self.recorded else 0
        return done.model_copy(update={"unfinished_games": self.unfinished, "predictions": self.stored or earlier})

    @activity.defn(name=Activity.EXPORT.value)
    async def export(self, request: ComputeRequest) -> ComputeReport:
        done = await self._compute(request)
        if request.subject != "predictions":
            return done
        self.releases += [request.release] if request.release else []
        return done.model_copy(update={"rows": self.stored})

    @activity.defn(name=Activity.COMPUTE_IN_TURN.value)
    async def compute_in_turn(self, request: Computations) -> ComputeReports:
        compute = {
            Activity.TRANSFORM: self.transform,
            Activity.BUILD_FEATURES: self.build_features,
            Activity.GRADE: self.grade,
            Activity.EXPORT: self.export,
        }
        reports: list[ComputeReport] = []
        for each in request.computations:
            report = await _if_possible(compute[each.activity](each.request))
            if report is None:
                break
            reports.append(report)
            if not each.allows_next(report):
                break
        return ComputeReports(reports=tuple(reports))

    async def _compute(self, request: ComputeRequest) -> ComputeReport:
        await self._simulate(request.subject, request.as_of)
        return ComputeReport(rows=10 * len(request.game_ids), changed_games=request.game_ids)

    @activity.defn(name=Activity.PUBLISH_STATUS.value)
    async def publish_status(self, request: PublishStatusRequest) -> ComputeReport:
        await self._simulate("publish_status", request.status.now)
        self.statuses.append(request)
        return ComputeReport(rows=1)

    @activity.defn(name=Activity.LOG_RUN.value)
    async def log_run(self, run: EndedRun) -> ComputeReport:
        await self._simulate("log_run", run.ended_at)
        self.logged_runs.append(run)
        return ComputeReport(rows=1)

    @activity.defn(name=Activity.RECORDED_DAY.value)
    async def recorded_day(self, request: PlanRequest) -> RecordedDay:
        assert self.recorded is not None, "this world has no recorded day"
        return self.recorded


async def _if_possible(report: Awaitable[R]) -> R | None:
    """A report, or None if the script fails it."""
    try:
        return await report
    except ApplicationError:
        return None


def _collected(response: ScriptedResponse, batch: str | None, request: CollectRequest) -> CollectReport:
    return CollectReport(
        outcome=response.outcome,
        reason=response.reason,
        refused=response.outcome if response.outcome not in {*_USABLE, Outcome.NOT_PUBLISHED_YET} else None,
        parks=OUTCOME_POLICIES[response.outcome].park,
        use_fallback=OUTCOME_POLICIES[response.outcome].use_fallback,
        batch_key=batch,
        requests=1,
        new_objects=1,
        retry_at=None if response.retry_after is None else request.as_of + response.retry_after,
        missing_games=response.missing,
    )


def _version(game_id: str, responses: Sequence[ScriptedResponse]) -> int:
    """The number of the response in which a game came or changed last."""
    version, there = -1, False
    for number, response in enumerate(responses):
        if response.outcome in _USABLE:
            comes = not there and game_id not in response.missing
            version = number if comes or game_id in response.changed else version
            there = game_id not in response.missing
    return version


class Pause:
    """An activity pauses here once, until the test releases it or its worker dies."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.released = asyncio.Event()

    async def wait_if_first(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            while not self.released.is_set():
                activity.heartbeat()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.released.wait(), timeout=0.3)


# ── running days ──────────────────────────────────────────────────────────────────────────────────────────────────


CHILDREN_OF_A_DAY = (LiveScoringWorkflow, TrainingWorkflow)
"""A worker that serves days needs them: a day waits for hours for a child that no worker knows."""
_WORKFLOWS = (DailyPipelineWorkflow, *CHILDREN_OF_A_DAY)


@asynccontextmanager
async def serving(client: Client, world: World, *others: type) -> AsyncIterator[None]:
    """A worker on every queue, for days and other workflows; on exit it dies with its running activities, which another
    worker runs again."""
    async with AsyncExitStack() as stack:
        for queue, activities in world.activities.items():
            await stack.enter_async_context(
                Worker(
                    client,
                    task_queue=queue,
                    workflows=[*_WORKFLOWS, *others] if queue is Queue.DAY else [],
                    activities=activities,
                    workflow_runner=WORKFLOW_RUNNER,
                    interceptors=[WorkerInterceptor()],
                    identity="worker",
                    sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
                )
            )
        yield


@asynccontextmanager
async def started_day(
    client: Client, clock: ClockSpec | None = None, rerun: Rerun | None = None
) -> AsyncIterator[DayHandle]:
    """A day under an id of its own, terminated with the test if it is still running."""
    handle = await client.start_workflow(
        DailyPipelineWorkflow.run,
        DayInput(game_date=GAME_DATE, clock=clock or virtual(), rerun=rerun),
        id=f"day-{uuid.uuid4()}",
        task_queue=Queue.DAY,
    )
    try:
        yield handle
    finally:
        if (await handle.describe()).close_time is None:
            await handle.terminate("the test is over")


def virtual(*actions: ScheduledAction, hold_at: Any = None) -> ClockSpec:
    """Virtual time from 05:00 on, as fast as possible."""
    return ClockSpec(starts_at=MORNING, actions=actions, hold_at=hold_at)


def scheduled_command(
    time: datetime, name: CommandName, target: str = "", *, via: str = "update", games: tuple[str, ...] = ()
) -> ScheduledAction:
    """An operator command at a virtual time."""
    return ScheduledAction(at=time, command=command(name, target, games=games), via=via)


def command(name: CommandName, target: str = "", **fields: Any) -> OperatorCommand:
    """An operator command with a name and a reason."""
    return OperatorCommand(name=name, target=target, who="Ada", why="the test wants it", **fields)


class DayRun(NamedTuple):
    """A day that was run to its end: result, last status and history."""

    result: DayResult
    status: DayStatus
    history: WorkflowHistory

    @property
    def scheduled_activities(self) -> list[ScheduledActivity]:
        return activities_that_ran(self.history)

    @property
    def logged(self) -> EndedRun:
        """The run as it was logged when the day ended."""
        requests = map(_name_and_request, _scheduled_events(self.history))
        (request,) = (request for name, request in requests if name == Activity.LOG_RUN)
        return EndedRun.model_validate_json(request)


async def run_day(client: Client, world: World, clock: ClockSpec | None = None, rerun: Rerun | None = None) -> DayRun:
    """Run a whole day."""
    async with serving(client, world), started_day(client, clock, rerun) as handle:
        return await wait_for_end(handle)


async def wait_for_end(handle: DayHandle) -> DayRun:
    """Wait for the end of a day."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        result = await wait_for_result(handle)
        status = await handle.query(DailyPipelineWorkflow.status)
    return DayRun(result, status, await handle.fetch_history())


async def wait_until(handle: DayHandle, wanted: Callable[[DayStatus], bool]) -> DayStatus:
    """Query the status of a day until it is as wanted."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await _has_plan(handle)
        while (status := await _status(handle)) is None or not wanted(status):  # noqa: ASYNC110 - on the server
            await asyncio.sleep(POLL_SECONDS)
    return status


async def _status(handle: DayHandle) -> DayStatus | None:
    """The status; None while a re-run still reads what was recorded. Raises WorkflowQueryFailedError for any defect."""
    try:
        return await handle.query(DailyPipelineWorkflow.status)
    except WorkflowQueryFailedError as error:
        if "has no plan yet" not in str(error):
            raise
        return None


async def _has_plan(handle: DayHandle) -> None:
    """Wait for the first plan, before which the day answers no query."""
    while True:
        events = [event.event_type async for event in handle.fetch_history_events()]
        if EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in events:
            return
        await asyncio.sleep(POLL_SECONDS)


def step(status: DayStatus, name: str) -> Any:
    """The status of one step."""
    return next(item for item in status.steps if item.name == name)


# ── reading a history ─────────────────────────────────────────────────────────────────────────────────────


class ScheduledActivity(NamedTuple):
    """A decision of the workflow: an activity and the main fields of its request."""

    activity: str
    subject: str
    as_of: datetime | None
    games: tuple[str, ...]
    degraded: tuple[str, ...] = ()


def scheduled_activities(history: WorkflowHistory) -> list[ScheduledActivity]:
    """Every activity that the day scheduled, in order; those of several steps as one for each."""
    return [
        activity
        for event in _scheduled_events(history)
        for activity in activities_scheduled_by(*_name_and_request(event))
    ]


def activities_that_ran(history: WorkflowHistory) -> list[ScheduledActivity]:
    """The scheduled activities without the computations before which their activity ended."""
    ran = {
        completed.scheduled_event_id: len(json.loads(completed.result.payloads[0].data).get("reports", ()))
        for event in history.events
        if (completed := event.activity_task_completed_event_attributes).result.payloads
    }
    activities: list[ScheduledActivity] = []
    for event in _scheduled_events(history):
        name, request = _name_and_request(event)
        in_turn = name == Activity.COMPUTE_IN_TURN
        activities += activities_scheduled_by(name, request)[: ran.get(event.event_id, 0) if in_turn else None]
    return activities


def _scheduled_events(history: WorkflowHistory) -> list[HistoryEvent]:
    return [
        event
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        or event.start_child_workflow_execution_initiated_event_attributes.workflow_type.name == FOLLOWS_THE_GAMES
    ]


FOLLOWS_THE_GAMES = LiveScoringWorkflow.__name__
"""The child workflow that stands for its activity among the decisions of a day."""


def _name_and_request(event: HistoryEvent) -> tuple[str, bytes]:
    """The activity and its request; a child workflow stands for the activity that it runs."""
    scheduled, child = (
        event.activity_task_scheduled_event_attributes,
        event.start_child_workflow_execution_initiated_event_attributes,
    )
    if child.input.payloads:
        return Activity.FOLLOW, child.input.payloads[0].data
    return scheduled.activity_type.name, scheduled.input.payloads[0].data


def activities_scheduled_by(activity_name: str, request_json: str | bytes) -> list[ScheduledActivity]:
    """The decisions behind the request of an activity."""
    fields = json.loads(request_json)
    match activity_name:
        case Activity.COLLECT_TOGETHER:
            return [_scheduled_activity(Activity.COLLECT, each) for each in fields["requests"]]
        case Activity.PROCESS_TOGETHER:
            return [_scheduled_activity(Activity.PROCESS, each) for each in fields["requests"]]
        case Activity.PREDICT_TOGETHER:
            return [_scheduled_activity(Activity.PREDICT, each) for each in fields["requests"]]
        case Activity.STORE_TOGETHER:
            return [_scheduled_activity(Activity.STORE_PREDICTIONS, each) for each in fields["requests"]]
        case Activity.COMPUTE_IN_TURN:
            return [_scheduled_activity(each["activity"], each["request"]) for each in fields["computations"]]
        case _:
            return [_scheduled_activity(activity_name, fields)]


def _scheduled_activity(activity_name: str, fields: Mapping[str, Any]) -> ScheduledActivity:
    as_of = fields.get("as_of") or next(iter(fields.get("times", ())), None)
    return ScheduledActivity(
        activity_name,
        fields.get("subject") or fields.get("source") or fields.get("system_id") or "",
        datetime.fromisoformat(as_of) if as_of else None,
        tuple(fields.get("game_ids", ())),
        tuple(fields.get("degraded", ())),
    )


def poll_times(run: DayRun, source: str) -> list[datetime | None]:
    """The as-of times at which a source was polled."""
    polls = {Activity.COLLECT, Activity.FOLLOW}
    return [each.as_of for each in run.scheduled_activities if each.subject == source and each.activity in polls]


def runs_of(run: DayRun, subject: str) -> list[tuple[datetime | None, tuple[str, ...]]]:
    """When and for which games a table, features, predictions or an export were computed."""
    return [
        (each.as_of, each.games)
        for each in run.scheduled_activities
        if each.subject == subject and each.activity in _COMPUTE_ACTIVITIES
    ]


_COMPUTE_ACTIVITIES = {
    *(Activity.TRANSFORM, Activity.BUILD_FEATURES, Activity.PREDICT),
    *(Activity.GRADE, Activity.EXPORT),
}
