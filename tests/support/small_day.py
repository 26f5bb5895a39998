"""A day that waits for one source: the real workflow with fake activities of a few lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.publish import PublishActivities
from activities.resources import Resources
from runtime.sandbox import WORKFLOW_RUNNER
from tipoff.service_levels import summed_up
from tipoff.settings import Settings
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.vocabulary import (
    BackfillPlan,
    Cadence,
    CollectReport,
    ComputeReport,
    DayPlan,
    EndedRun,
    OnDeadline,
    Outcome,
    Phase,
    PlanStep,
    PollWhen,
    ProcessReport,
    RecordedDay,
    ServiceLevelsReport,
    SlateGame,
    StepKind,
    ValidationReport,
)
from workflows.backfill import BackfillPlanWorkflow
from workflows.contracts import (
    Activity,
    CollectRequest,
    ComputeRequest,
    PlanRequest,
    ProcessRequest,
    Queue,
    TrainedSystem,
    TrainingDue,
    TrainingHistory,
    TrainingInput,
    TrainingResult,
    TrainRequest,
)
from workflows.contracts.backfill import PlanBackfillRequest
from workflows.contracts.validation import ServiceLevelsRequest, ValidateRequest
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.rate_limiter import RateLimiterWorkflow
from workflows.training import TrainingWorkflow
from workflows.validation import ServiceLevelsWorkflow, ValidationWorkflow

LINES = "odds_api_player_points_props"
LINES_LABEL = f"player lines ({LINES})"
HOURS = timedelta(hours=1)
WORKFLOWS = (
    BackfillPlanWorkflow,
    *(DailyPipelineWorkflow, TrainingWorkflow, RateLimiterWorkflow),
    *(ValidationWorkflow, ServiceLevelsWorkflow),
)


class SmallDay:
    """Schedule, player lines and one transform. `lines` is the outcome of polling the lines."""

    def __init__(self, exports: Path) -> None:
        self.lines = Outcome.NOT_PUBLISHED_YET
        self.lines_open_in = timedelta()
        self.training_is_due = False
        self.trainings: list[TrainRequest] = []
        settings = Settings(exports=f"file://{exports}")
        self.publishing = PublishActivities(Resources(settings, now=lambda: datetime.now(UTC)))

    @activity.defn(name=Activity.PLAN_DAY.value)
    async def plan_day(self, request: PlanRequest) -> DayPlan:
        return small_plan(request.game_date, datetime.now(UTC), self.lines_open_in)

    @activity.defn(name=Activity.COLLECT.value)
    async def collect(self, request: CollectRequest) -> CollectReport:
        outcome = self.lines if request.source == LINES else Outcome.OK
        batch = "batch" if outcome is Outcome.OK else None
        parks, reason = OUTCOME_POLICIES[outcome].park, f"{outcome}: [no market]"
        return CollectReport(outcome=outcome, reason=reason, parks=parks, batch_key=batch, requests=1, new_objects=1)

    @activity.defn(name=Activity.PROCESS.value)
    async def process(self, request: ProcessRequest) -> ProcessReport:
        return ProcessReport(rows=2)

    @activity.defn(name=Activity.TRANSFORM.value)
    async def transform(self, request: ComputeRequest) -> ComputeReport:
        return ComputeReport(rows=34)

    @activity.defn(name=Activity.EXPORT.value)
    async def export(self, request: ComputeRequest) -> ComputeReport:
        return ComputeReport(rows=1)

    @activity.defn(name=Activity.LOG_RUN.value)
    async def log_run(self, run: EndedRun) -> ComputeReport:
        return ComputeReport(rows=1)

    @activity.defn(name=Activity.RECORDED_DAY.value)
    async def recorded_day(self, request: PlanRequest) -> RecordedDay:
        return RecordedDay(games=small_plan(request.game_date, datetime.now(UTC)).games, batches=(), prediction_runs=())

    @activity.defn(name=Activity.VALIDATE.value)
    async def validate(self, request: ValidateRequest) -> ValidationReport:
        return ValidationReport(game_date=request.game_date, as_of=request.as_of, games=2, results=())

    @activity.defn(name=Activity.SERVICE_LEVELS.value)
    async def service_levels(self, dates: ServiceLevelsRequest) -> ServiceLevelsReport:
        return ServiceLevelsReport(dates=(), together=summed_up(()))

    @activity.defn(name=Activity.PLAN_BACKFILL.value)
    async def plan_backfill(self, request: PlanBackfillRequest) -> BackfillPlan:
        return BackfillPlan(scope=request.scope, dates=(), digest="0123456789ab")

    @activity.defn(name=Activity.TRAINING_HISTORY.value)
    async def training_history(self, training: TrainingInput) -> TrainingHistory:
        return TrainingHistory(file="history.parquet", rows=1200)

    @activity.defn(name=Activity.TRAINING_DUE.value)
    async def training_due(self, training: TrainingInput) -> TrainingDue:
        return TrainingDue(due=self.training_is_due, reason="the test says so")

    @activity.defn(name=Activity.TRAIN.value)
    async def train(self, request: TrainRequest) -> TrainingResult:
        self.trainings.append(request)
        system_ids = request.system_ids or ("moving_average", "catboost_v8")
        return TrainingResult(
            systems=tuple(
                TrainedSystem(system_id=system_id, model_version="c0ffee12", rows=1200, mae=5.123, last10_mae=5.456)
                for system_id in system_ids
            )
        )

    def activities(self) -> dict[Queue, list[Callable[..., Any]]]:
        """The activities of each queue."""
        return {
            Queue.DAY: [self.plan_day],
            Queue.FETCH: [self.collect],
            Queue.WAREHOUSE: [
                self.process,
                self.transform,
                self.export,
                self.log_run,
                self.recorded_day,
                self.plan_backfill,
                self.training_history,
                self.validate,
                self.service_levels,
                self.publishing.publish_status,
            ],
            Queue.MODELS: [self.training_due, self.train],
        }

    @asynccontextmanager
    async def worker(self, client: Client, queues: Sequence[Queue] = tuple(Queue)) -> AsyncIterator[None]:
        """A worker that serves these queues."""
        async with AsyncExitStack() as stack:
            for queue in queues:
                worker = Worker(
                    client,
                    task_queue=queue,
                    workflows=WORKFLOWS if queue is Queue.DAY else [],
                    activities=self.activities()[queue],
                    activity_executor=ThreadPoolExecutor(2),
                    workflow_runner=WORKFLOW_RUNNER,
                )
                await stack.enter_async_context(worker)
            yield


def small_plan(game_date: date, now: datetime, lines_open_in: timedelta = timedelta()) -> DayPlan:
    """A plan with two games in nine hours; lines are polled until then, and the day ends in twenty hours."""
    tip = now + 9 * HOURS
    games = (
        SlateGame(game_id="0022301073", away="DEN", home="MIN", tip_off=tip),
        SlateGame(game_id="0022301074", away="LAL", home="IND", tip_off=tip),
    )
    schedule = PlanStep(
        name="nbac_schedule",
        phase=Phase.SLATE,
        kind=StepKind.SOURCE,
        title="schedule",
        subject="nbac_schedule",
        critical=True,
        opens_at=now,
        poll_times=(now,),
    )
    lines = PlanStep(
        name=LINES,
        phase=Phase.LINES,
        kind=StepKind.SOURCE,
        title="player lines",
        subject=LINES,
        needs=("nbac_schedule",),
        opens_at=now + lines_open_in,
        cadence=(Cadence(start=now + lines_open_in, until=tip, every=HOURS, only=PollWhen.UNTIL_COMPLETE),),
        soft_deadline=now + 2 * HOURS,
        hard_deadline=now + 4 * HOURS,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="predictions without lines",
    )
    context = PlanStep(
        name="upcoming_player_game_context",
        phase=Phase.CONTEXT,
        kind=StepKind.TRANSFORM,
        title="player context",
        subject="upcoming_player_game_context",
        needs=(LINES,),
        opens_at=now,
    )
    steps = (schedule, lines, context)
    return DayPlan(game_date=game_date, games=games, steps=steps, predictions_due=tip, ends_at=now + 20 * HOURS)
