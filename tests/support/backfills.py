"""A scripted backfill: the real workflows on a real server, with days that compute two steps and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from runtime.sandbox import WORKFLOW_RUNNER
from tests.support.days import World, game
from tipoff.vocabulary import (
    BackfillMode,
    BackfillPlan,
    BackfillScope,
    ComputeReport,
    DayPlan,
    EndedRun,
    Phase,
    PlannedDate,
    PlanStep,
    RecordedDay,
    RunState,
    SlateGame,
    StepKind,
    StepState,
    eastern,
)
from workflows.backfill import BackfillWorkflow
from workflows.contracts import Activity, ComputeRequest, PlanRequest, Queue
from workflows.contracts.backfill import (
    BACKFILL_WORKFLOW_ID,
    BackfillCommand,
    BackfillInput,
    ObservedDates,
    PlanBackfillRequest,
    PublishBackfillRequest,
)
from workflows.daily_pipeline import DailyPipelineWorkflow

FIRST = date(2024, 3, 26)
DATES = tuple(FIRST + timedelta(days=number) for number in range(4))
SCOPE = BackfillScope(
    first=DATES[0], last=DATES[-1], mode=BackfillMode.ALL, from_phase=Phase.CONTEXT, to_phase=Phase.PREDICT
)
DIGEST = "0123456789ab"


def input_of(**fields: Any) -> BackfillInput:
    """The input of the scripted backfill."""
    return BackfillInput.model_validate({"scope": SCOPE, "digest": DIGEST, "who": "Ada", **fields})


@dataclass
class BackfillWorld(World):
    """What the activities of the backfill and its days do."""

    held: bool = False
    """The days wait in their first computation until they are released."""
    failing: set[date] = field(default_factory=set)
    """The days that cannot be planned again once their slate is known."""
    publishing: asyncio.Event = field(default_factory=asyncio.Event)
    """Until it is set, the publication of a status that is not the last goes on, even if it is cancelled."""
    plans: int = 0
    published: list[PublishBackfillRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.publishing.set()
        self._released = asyncio.Event()
        if not self.held:
            self._released.set()

    def release(self) -> None:
        """Let the days go on."""
        self._released.set()

    @property
    def activities(self) -> dict[Queue, list[Callable[..., Any]]]:
        queues = super().activities
        return {**queues, Queue.WAREHOUSE: [*queues[Queue.WAREHOUSE], self.plan_backfill, self.publish_backfill]}

    @activity.defn(name=Activity.PLAN_BACKFILL.value)
    async def plan_backfill(self, request: PlanBackfillRequest) -> BackfillPlan:
        self.plans += 1
        dates = tuple(PlannedDate(game_date=each, games=1, reason="every date is wanted") for each in DATES)
        return BackfillPlan(scope=request.scope, dates=dates, digest=DIGEST)

    @activity.defn(name=Activity.PUBLISH_BACKFILL.value)
    async def publish_backfill(self, request: PublishBackfillRequest) -> ObservedDates:
        while request.status.state is RunState.RUNNING and not self.publishing.is_set():
            with suppress(asyncio.CancelledError):
                activity.heartbeat()
                await asyncio.sleep(0.05)
        self.published.append(request)
        rows = (request.status.row(each) for each in request.observed)
        complete = (StepState.COMPLETE,) * len(request.status.scope.phases)
        return ObservedDates(rows=tuple(row.model_copy(update={"phases": complete}) for row in rows))

    @activity.defn(name=Activity.RECORDED_DAY.value)
    async def recorded_day(self, request: PlanRequest) -> RecordedDay:
        if request.game_date in self.failing:
            raise ApplicationError("the warehouse is damaged", type="StorageError", non_retryable=True)
        return RecordedDay(games=(_game(request.game_date),), batches=(), prediction_runs=())

    @activity.defn(name=Activity.PLAN_DAY.value)
    async def plan_day(self, request: PlanRequest) -> DayPlan:
        return _plan(request)

    @activity.defn(name=Activity.TRANSFORM.value)
    async def transform(self, request: ComputeRequest) -> ComputeReport:
        while not self._released.is_set():
            activity.heartbeat()
            await asyncio.sleep(0.05)
        return ComputeReport(rows=10, changed_games=request.game_ids)

    @activity.defn(name=Activity.LOG_RUN.value)
    async def log_run(self, run: EndedRun) -> ComputeReport:
        return ComputeReport(rows=1)


def _game(game_date: date) -> SlateGame:
    return game(1, eastern(game_date, 19))


def _plan(request: PlanRequest) -> DayPlan:
    """A transform and the features; while the slate is unknown, no step."""
    started = request.started_at or eastern(request.game_date, 5)
    steps = (
        PlanStep(
            name="upcoming_player_game_context",
            phase=Phase.CONTEXT,
            kind=StepKind.TRANSFORM,
            title="player context",
            subject="upcoming_player_game_context",
            critical=True,
            opens_at=started,
        ),
        PlanStep(
            name="ml_feature_store",
            phase=Phase.PREDICT,
            kind=StepKind.FEATURES,
            title="features",
            subject="ml_feature_store",
            needs=("upcoming_player_game_context",),
            opens_at=started,
        ),
    )
    return DayPlan(
        game_date=request.game_date,
        games=request.games or (),
        steps=steps if request.games else (),
        ends_at=started + timedelta(hours=4),
        slate_known=request.games is not None,
        started_at=started,
        is_backfill=True,
        known_by=started if request.games else None,
    )


@asynccontextmanager
async def serving(client: Client, world: BackfillWorld) -> AsyncIterator[None]:
    """A worker on every queue."""
    workers = [
        Worker(
            client,
            task_queue=queue,
            workflows=[BackfillWorkflow, DailyPipelineWorkflow] if queue is Queue.DAY else [],
            activities=activities,
            workflow_runner=WORKFLOW_RUNNER,
        )
        for queue, activities in world.activities.items()
    ]
    async with workers[0], workers[1], workers[2], workers[3]:
        yield


async def backfill_range(client: Client) -> WorkflowHistory:
    """Four dates, two at a time, paused and resumed by an operator."""
    world = BackfillWorld(held=True)
    command = BackfillCommand(parallelism=3, who="Ada", why="the night is short")
    async with serving(client, world):
        handle = await client.start_workflow(
            BackfillWorkflow.run, input_of(), id=BACKFILL_WORKFLOW_ID, task_queue=Queue.DAY
        )
        await handle.execute_update(BackfillWorkflow.pause, command)
        await handle.execute_update(BackfillWorkflow.set_parallelism, command)
        await handle.execute_update(BackfillWorkflow.resume, command)
        world.release()
        await handle.result()
    return await handle.fetch_history()
