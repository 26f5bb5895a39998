"""Words and models that the library and the workflows share. Import them from this package, not from its modules.

Pure: standard library and pydantic only, so that workflow code may import it.
"""

from tipoff.vocabulary import step_names
from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.day import Alert, Attention, AuditEntry, DayStatus, Degradation, StepStatus
from tipoff.vocabulary.eastern_time import (
    EASTERN,
    clock_time,
    date_and_time,
    eastern,
    first_day,
    game_date_of,
    season_of,
)
from tipoff.vocabulary.plan import Cadence, DayPlan, FallbackSource, PlanStep, SlateGame, labels_without_tip_off
from tipoff.vocabulary.rate_limit import Cooldown, RateLimit
from tipoff.vocabulary.recorded import PredictionRun, RecordedBatch, RecordedDay
from tipoff.vocabulary.reports import (
    ALL_DATA,
    CollectReport,
    ComputeReport,
    DataVersions,
    ProcessReport,
    SourceReport,
    StepReport,
    StepResult,
)
from tipoff.vocabulary.text import counted, did_you_mean, shortened
from tipoff.vocabulary.words import (
    PREDICTED,
    SETTLED,
    USABLE,
    Channel,
    DataQuality,
    Grade,
    OnDeadline,
    Outcome,
    Phase,
    PollWhen,
    Recommendation,
    Role,
    Route,
    RunState,
    Severity,
    Span,
    StepKind,
    StepState,
)

__all__ = [
    "ALL_DATA",
    "EASTERN",
    "PREDICTED",
    "SETTLED",
    "USABLE",
    "Alert",
    "Attention",
    "AuditEntry",
    "Cadence",
    "Channel",
    "CollectReport",
    "ComputeReport",
    "Cooldown",
    "DataQuality",
    "DataVersions",
    "DayPlan",
    "DayStatus",
    "Degradation",
    "FallbackSource",
    "Frozen",
    "Grade",
    "OnDeadline",
    "Outcome",
    "Phase",
    "PlanStep",
    "PollWhen",
    "PredictionRun",
    "ProcessReport",
    "RateLimit",
    "Recommendation",
    "RecordedBatch",
    "RecordedDay",
    "Role",
    "Route",
    "RunState",
    "Severity",
    "SlateGame",
    "SourceReport",
    "Span",
    "StepKind",
    "StepReport",
    "StepResult",
    "StepState",
    "StepStatus",
    "clock_time",
    "counted",
    "date_and_time",
    "did_you_mean",
    "eastern",
    "first_day",
    "game_date_of",
    "labels_without_tip_off",
    "season_of",
    "shortened",
    "step_names",
]
