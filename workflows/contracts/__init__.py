"""Every model that crosses the Temporal boundary, and the names activities are called by.

Only references, counts and small values travel; tables stay in the warehouse, payloads in landing.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator
from temporalio.common import Priority
from temporalio.exceptions import ApplicationError, FailureError

from tipoff.vocabulary import (
    Attention,
    Channel,
    CollectReport,
    ComputeReport,
    Cooldown,
    DataQuality,
    DataVersions,
    DayStatus,
    Degradation,
    Frozen,
    Outcome,
    Phase,
    ProcessReport,
    RateLimit,
    Route,
    RunState,
    SlateGame,
    Span,
    reason_in_words,
    reason_of,
)


class Queue(StrEnum):
    """Task queues. One process serves all of them by default."""

    DAY = "tipoff-day"
    FETCH = "tipoff-fetch"
    WAREHOUSE = "tipoff-warehouse"
    MODELS = "tipoff-models"


class Activity(StrEnum):
    """Names activities are registered and called by."""

    PLAN_DAY = "plan_day"
    COLLECT = "collect"
    COLLECT_TOGETHER = "collect_together"
    PROCESS = "process"
    PROCESS_TOGETHER = "process_together"
    FOLLOW = "follow"
    TRANSFORM = "transform"
    BUILD_FEATURES = "build_features"
    PREDICT = "predict"
    PREDICT_TOGETHER = "predict_together"
    STORE_PREDICTIONS = "store_predictions"
    STORE_TOGETHER = "store_predictions_together"
    GRADE = "grade"
    EXPORT = "export"
    COMPUTE_IN_TURN = "compute_in_turn"
    PUBLISH_STATUS = "publish_status"
    LOG_RUN = "log_run"
    DELIVER_ACTION = "deliver_action"
    RECORDED_DAY = "recorded_day"
    TRAINING_HISTORY = "training_history"
    TRAINING_DUE = "training_due"
    TRAIN = "train"
    DESCRIBE_SETTINGS = "describe_settings"
    DELIVER_ALERTS = "deliver_alerts"
    OBSERVE = "observe"
    REPORT_PASS = "report_pass"
    MORNING_CHECK = "morning_check"
    VALIDATE = "validate"
    SERVICE_LEVELS = "service_levels"
    REMOVE_EXPIRED = "remove_expired"
    PLAN_BACKFILL = "plan_backfill"
    PUBLISH_BACKFILL = "publish_backfill"


class TaskPriority(IntEnum):
    """Whose tasks a worker takes first; a run's activities inherit its priority, and 1 comes before 5."""

    OPERATOR = 1  # an operator's re-run, who waits for it
    LIVE = 2  # a day whose games are to come
    BACKFILL = 5

    @property
    def option(self) -> Priority:
        """The priority as Temporal takes it."""
        return Priority(priority_key=self.value)


TASK_TIMEOUT = timedelta(seconds=5)
"""A killed worker's decision is given to another after so long; the server's default is 10 s. A decision that begins
with the replay of a whole day has to fit, also on a loaded machine."""

LOST_WORKERS = 20
"""How often workers may die during one activity, in addition to the attempts for its own errors."""

LOST_WHILE_PREDICTING: Mapping[str, int] = {Activity.PREDICT_TOGETHER: 3, Activity.PREDICT: 5}
"""Fewer: predictions take seconds, so a system during which worker after worker dies is itself the cause."""


def lost_workers_of(activity: str) -> int:
    """How often workers may die during an activity."""
    return LOST_WHILE_PREDICTING.get(activity, LOST_WORKERS)


def day_workflow_id(game_date: date) -> str:
    """The id of a date's run; one live run a date by construction."""
    return f"daily-pipeline-{game_date.isoformat()}"


# ── the day ──────────────────────────────────────────────────────────────────────────────────────────────


class CommandName(StrEnum):
    """The commands an operator may send to a running day, as a signal or an update."""

    FORCE_CONTINUE = "force_continue"
    LINES_AVAILABLE = "lines_available"
    RETRY_STEP = "retry_step"
    SKIP_STEP = "skip_step"
    REFRESH_LINES = "refresh_lines"
    RELEASE_PICKS = "release_picks"
    RESUME_CLOCK = "resume_clock"


TARGET_FIELDS: Mapping[CommandName, str] = {
    CommandName.FORCE_CONTINUE: "phase",
    CommandName.RETRY_STEP: "step",
    CommandName.SKIP_STEP: "step",
}
"""What the target of a command is; the other commands have none."""

REFUSED = "Refused"
"""Type of the error that rejects a command."""

UNCONFIRMED = "Unconfirmed"
"""Type of the error that rejects a command until the operator confirms it."""

DAY_FAILED = "DayFailed"
"""Type of the error with which a day that ended FAILED closes; its detail is the day's result."""

BACKFILL_FAILED = "BackfillFailed"
"""Type of the error with which a backfill closes of which a date failed; its detail is the backfill's status."""

PLAIN_ERRORS = frozenset({REFUSED, UNCONFIRMED, DAY_FAILED, BACKFILL_FAILED})
"""Types of errors that are one sentence for operators: they travel without a traceback."""


def refusal(text: str, *, unconfirmed: bool = False) -> ApplicationError:
    """The error that rejects a command."""
    return ApplicationError(text, type=UNCONFIRMED if unconfirmed else REFUSED)


def message_of(error: BaseException) -> str:
    """The message of a failure, in words for people; one of Python's own errors is called unexpected."""
    if not isinstance(error, FailureError):
        return reason_of(error)
    if not (isinstance(error, ApplicationError) and error.type):
        return error.message
    is_pythons = hasattr(builtins, error.type)
    return f"{'unexpected error: ' if is_pythons else ''}{reason_in_words(error.type, error.message)}"


class OperatorCommand(Frozen):
    """One command of an operator: which, for which phase or step, from whom and why."""

    name: CommandName
    target: str = Field(default="", max_length=100)
    """Phase for force_continue, step for retry_step and skip_step; empty otherwise."""
    games: tuple[Annotated[str, Field(max_length=20)], ...] = Field(default=(), max_length=20)
    """Games whose lines are available; empty: all."""
    game_date: date | None = None
    """The date the operator means; a command for another date than the run's is refused."""
    who: str = Field(default="", max_length=100)
    why: str = Field(default="", max_length=500)
    yes: bool = False
    """The operator knows that a phase is forced on before its inputs can exist."""

    @property
    def payload(self) -> dict[str, Any]:
        """The input of the signal or update that it is sent as."""
        return self.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)

    def command_line(self, game_date: date) -> str:
        """What to type in a terminal to send it."""
        option = f" --{TARGET_FIELDS[self.name]} {self.target}" if self.name in TARGET_FIELDS else ""
        return f"starter.py {self.name.replace('_', '-')}{option} --date {game_date}"

    @property
    def about(self) -> str:
        """Its phase, step or games, for the audit trail."""
        return self.target or " ".join(self.games)


class ScheduledAction(Frozen):
    """A command that a replay's scenario sends at a virtual time, as a real signal or update."""

    at: AwareDatetime
    command: OperatorCommand
    via: Literal[Channel.SIGNAL, Channel.UPDATE] = Channel.UPDATE


class ClockSpec(Frozen):
    """The clock of a day: real, or virtual in a replay."""

    starts_at: AwareDatetime | None = None
    """Start of virtual time; None: the clock is real."""
    seconds_per_hour: float = Field(default=0.0, ge=0, le=3600)
    """Real seconds that a virtual hour takes; 0: as fast as possible."""
    hold_at: Phase | AwareDatetime | None = None
    actions: tuple[ScheduledAction, ...] = ()


class Rerun(Frozen):
    """Re-run an ended day from a phase on: from its landed batches, as of the times they were collected at."""

    from_phase: Phase = Phase.COLLECT
    to_phase: Phase = Phase.GRADE
    """The last phase that runs."""
    step: str = Field(default="", max_length=100)
    """Re-run only this step and the steps that depend on it; empty: all from the phase on."""
    polls_missing_results: bool = False
    """Poll the results that no landed batch has, instead of leaving the day without them."""
    who: str = ""
    why: str = ""

    @property
    def phases(self) -> str:
        """Its phases, as people read them."""
        return f"from {self.from_phase} on" if self.to_phase is Phase.GRADE else f"{self.from_phase} to {self.to_phase}"

    @model_validator(mode="after")
    def _require_order(self) -> Rerun:
        if self.from_phase.position > self.to_phase.position:
            raise ValueError(f"the first phase, {self.from_phase}, is after the last, {self.to_phase}")
        return self


class DayInput(Frozen):
    """Input of a day's workflow."""

    game_date: date
    clock: ClockSpec = ClockSpec()
    rerun: Rerun | None = None
    replay: str = ""
    """The folder of the replay that it belongs to, as the commands name it; empty: a real day."""


class DayResult(Frozen):
    """Result of a day's workflow."""

    game_date: date
    state: RunState
    data_quality: DataQuality
    games: int
    slate: tuple[SlateGame, ...] = ()
    first_published_at: AwareDatetime | None
    refreshed_at: tuple[AwareDatetime, ...]
    counts: dict[str, int]
    degradations: tuple[Degradation, ...]
    attention: tuple[Attention, ...]


class CommandResult(Frozen):
    """What a command did, or why it was refused."""

    accepted: bool
    text: str
    unconfirmed: bool = False
    """It would be accepted if the operator confirmed it."""


# ── activities ───────────────────────────────────────────────────────────────────────────────────────────


class PlanRequest(Frozen):
    """Plan a date; `games` is None while its slate is not known."""

    game_date: date
    games: tuple[SlateGame, ...] | None
    published: bool = False
    """Predictions of the date are published, so that even a slate without games is graded."""
    started_at: AwareDatetime | None = None
    """When the run of the day started: a date that was over then is backfilled. None: in time."""


class CollectRequest(Frozen):
    """Poll a source."""

    source: str
    game_date: date
    games: tuple[SlateGame, ...]
    as_of: AwareDatetime
    provider_ids: dict[str, str] = {}
    force: bool = False
    """An operator wants every request sent, whatever it costs."""
    landed_by: AwareDatetime | None = None
    """Nothing is requested: only what was landed by this time is read."""


class ProcessRequest(Frozen):
    """Process a landed batch into the source's table."""

    source: str
    batch_key: str
    game_date: date
    games: tuple[SlateGame, ...]
    as_of: AwareDatetime


class CollectRequests(Frozen):
    """Poll sources of one provider, one after the other."""

    requests: tuple[CollectRequest, ...] = Field(max_length=20)


class CollectReports(Frozen):
    """A report for each request; None: it failed."""

    reports: tuple[CollectReport | None, ...]


class ProcessRequests(Frozen):
    """Process landed batches, one after the other."""

    requests: tuple[ProcessRequest, ...] = Field(max_length=20)


class ProcessReports(Frozen):
    """A report for each request; None: it failed."""

    reports: tuple[ProcessReport | None, ...]


class PickRelease(Frozen):
    """An operator publishes the picks that are withheld, as they are nearly all on one side."""

    at: AwareDatetime
    who: str
    why: str
    views: tuple[tuple[str, str], ...]
    """Those whose picks were withheld, also of earlier releases: system and view."""


class ComputeRequest(Frozen):
    """Run a transform, the features, a system, the grading or an export for some games as of a time."""

    step: str = ""
    subject: str
    span: Span
    game_date: date
    game_ids: tuple[str, ...]
    as_of: AwareDatetime
    degraded: tuple[str, ...] = ()
    missing_games: tuple[str, ...] = ()
    postponed: tuple[str, ...] = ()
    reference: str = ""
    """The file a system predicts from."""
    backfilled: bool = False
    """The predictions are made after the games."""
    release: PickRelease | None = None
    """The last release of withheld picks, which the next export stores."""

    @property
    def data(self) -> str:
        """The name under which changes of a transform's rows are counted."""
        return f"{self.subject}:{self.span}"


class Computation(Frozen):
    """One of several computations that run in turn."""

    activity: Activity
    """That runs it alone."""
    request: ComputeRequest
    consumed: DataVersions = {}
    """The versions of its rows that the day consumed last."""

    def allows_next(self, report: ComputeReport) -> bool:
        """Whether the next one runs: this one brought new data for each game it ran for, and its step is not degraded.

        The request of the next one names the degradations from before.
        """
        news = report.changed_since(self.consumed)
        return not news.lacking and news.changed and set(news.changed_games or ()) == set(self.request.game_ids)


class Computations(Frozen):
    """Computations that run in turn, each if the one before allows it."""

    computations: tuple[Computation, ...] = Field(max_length=40)


class ComputeReports(Frozen):
    """The reports of the computations that ran."""

    reports: tuple[ComputeReport, ...]


class Predicted(Frozen):
    """The file with a system's predictions, ready to be stored."""

    system_id: str
    file: str
    rows: int
    game_date: date
    alerts: dict[str, str] = {}
    """Kind of alert -> text."""


class PredictRequests(Frozen):
    """Predict with several systems, one after the other."""

    requests: tuple[ComputeRequest, ...] = Field(max_length=20)


class PredictReports(Frozen):
    """The predictions of each request; None: it failed."""

    reports: tuple[Predicted | None, ...]


class StoreRequests(Frozen):
    """Store the predictions of several systems, one after the other."""

    requests: tuple[Predicted, ...] = Field(max_length=20)


class StoreReports(Frozen):
    """A report for each request; None: it failed."""

    reports: tuple[ComputeReport | None, ...]


class PublishStatusRequest(Frozen):
    """Export the status and append new alerts."""

    status: DayStatus
    new_alerts: tuple[str, ...]
    """Keys of the alerts that have not been published yet."""


class DeliverRequest(Frozen):
    """Send a scenario's command to the run, as an operator would."""

    workflow_id: str
    run_id: str
    action: ScheduledAction


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────


class TrainingInput(Frozen):
    """Train systems on everything strictly before a date."""

    system_ids: tuple[str, ...] = ()
    """Empty: all systems."""
    before: date
    as_of: AwareDatetime
    only_if_due: bool = False
    """Nothing is trained while another training runs, or while each system has a model of the last week. New models
    predict from the next date on, so that the predictions of a day come from the same models, however long it takes."""


def training_workflow_id(before: date) -> str:
    """The id of a training of all systems; one live run a date by construction."""
    return f"training-{before.isoformat()}"


class TrainingDue(Frozen):
    """Whether systems need training."""

    due: bool
    reason: str


class TrainingHistory(Frozen):
    """The file with the training rows."""

    file: str
    rows: int


class TrainRequest(Frozen):
    """Fit, measure walk-forward, and make each model the champion that is not worse than the present one."""

    system_ids: tuple[str, ...] = ()
    """Empty: all systems."""
    history_file: str
    before: date
    as_of: AwareDatetime
    only_if_missing: bool = False
    """Models that may predict the date are kept if each system has one."""
    predicts_from: date | None = None
    """The first date that the new models may predict; None: `before`."""


class TrainedSystem(Frozen):
    """A trained model and its walk-forward errors."""

    system_id: str
    model_version: str
    rows: int
    mae: float
    last10_mae: float
    rejection: str = ""
    """Why it is not the champion; empty if it is."""


class TrainingResult(Frozen):
    """The trained models, or why none were trained."""

    systems: tuple[TrainedSystem, ...]
    skipped: str = ""


# ── settings of a worker ─────────────────────────────────────────────────────────────────────────────────


class WorkerSettingsInput(Frozen):
    """Asks any worker that requests data from providers for its settings."""


class SettingValue(Frozen):
    """One setting: its value without secrets, and where it comes from."""

    key: str
    value: str
    origin: str


class WorkerSettings(Frozen):
    """The settings of one worker process."""

    process: str
    values: tuple[SettingValue, ...]


# ── rate limiter ─────────────────────────────────────────────────────────────────────────────────────────

RATE_LIMITER_WORKFLOW = "RateLimiterWorkflow"


def rate_limiter_workflow_id(host: str) -> str:
    """The id of a provider's rate limiter, one per host."""
    return f"rate-limiter-{host}"


class RateLimiterHandler(StrEnum):
    """Names of the updates, signals and queries of a rate limiter."""

    ACQUIRE = "acquire"
    REPORT = "report"
    RESET_COOLDOWN = "reset_cooldown"
    STATE = "state"


class CreditReservation(Frozen):
    """Credits that a request in flight may cost."""

    slot: AwareDatetime
    credits: int


class RateLimiterState(Frozen):
    """What a provider's rate limiter remembers."""

    last_slot: AwareDatetime | None = None
    burst_full_at: AwareDatetime | None = None
    """When a whole burst is allowed again."""
    cooldown: Cooldown | None = None
    """Of the whole host, whatever the route."""
    blocked: dict[Route, Cooldown] = {}
    """Routes that the provider blocks, each until a time of its own."""
    routes: tuple[Route, ...] = (Route.DIRECT,)
    """The routes that the latest request could take, in order."""
    month: str = ""
    """The calendar month (UTC) of the counts, such as "2024-03"."""
    slots: int = 0
    """Slots granted this month."""
    credits_used: int = 0
    """Credits used this month, as the provider last reported."""
    credits_remaining: int | None = None
    """Credits remaining, as the provider last reported."""
    reservations: tuple[CreditReservation, ...] = ()
    """One for each paid request without a response so far."""

    def in_month_of(self, now: datetime) -> RateLimiterState:
        """The state with the counts of the current month, which start at zero."""
        month = f"{now.astimezone(UTC):%Y-%m}"
        fresh = {"month": month, "slots": 0, "credits_used": 0, "credits_remaining": None}
        return self if self.month == month else self.model_copy(update=fresh)

    def credits_left(self, monthly_credits: int, now: datetime) -> int:
        """What may still be spent this month if every request in flight costs all it may."""
        state = self.in_month_of(now)
        left = monthly_credits - state.credits_used
        if state.credits_remaining is not None:
            left = min(left, state.credits_remaining)
        return max(left - sum(reservation.credits for reservation in state.reservations), 0)


class RateLimiterInput(Frozen):
    """A provider's host, and the state of the run before."""

    host: str
    state: RateLimiterState = RateLimiterState()
    continue_as_new_after: int = Field(default=4_000, ge=10, le=10_000)
    """Length of the history, in events, at which the workflow continues as new."""


class AcquireRequest(Frozen):
    """A request for a slot: the time at which one request may be sent to the provider."""

    host: str
    rate_limit: RateLimit
    credits: int = Field(default=0, ge=0, le=10_000)
    """The most that the request may cost."""
    deadline: AwareDatetime
    """A slot later than this is refused."""
    routes: tuple[Route, ...] = Field(default=(Route.DIRECT,), min_length=1)
    """The routes to the provider, in order: the first available one is granted."""
    avoid: Route | None = None
    """A route that just failed."""
    unused_slot: AwareDatetime | None = None
    """A slot granted before that was not used."""


class AcquireResult(Frozen):
    """The granted slot, or why there is none and when to retry."""

    slot: AwareDatetime | None = None
    route: Route = Route.DIRECT
    outcome: Outcome = Outcome.OK
    reason: str = ""
    retry_at: AwareDatetime | None = None


class CooldownReset(Frozen):
    """An operator ends a provider's cooldown."""

    host: str
    who: str = Field(max_length=100)
    why: str = Field(default="", max_length=500)


class ProviderFeedback(Frozen):
    """What a response means for the rate limiter."""

    slot: AwareDatetime
    """The slot in which the request was sent."""
    route: Route = Route.DIRECT
    """The route that it took: a block concerns this route only."""
    cooldown_for: timedelta | None = Field(default=None, ge=timedelta(), le=timedelta(days=7))
    outcome: Outcome = Outcome.OK
    reason: str = Field(default="", max_length=300)
    credits_used: int | None = None
    credits_remaining: int | None = None
