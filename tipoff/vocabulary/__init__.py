"""Words and models that the library and the workflows share. Import them from this package, not from its modules.

Pure: standard library and pydantic only, so that workflow code may import it.
"""

from tipoff.vocabulary import step_names
from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.eastern_time import EASTERN, clock_time, eastern, first_day, game_date_of, season_of
from tipoff.vocabulary.plan import Cadence, DayPlan, FallbackSource, PlanStep, SlateGame
from tipoff.vocabulary.rate_limit import RateLimit
from tipoff.vocabulary.text import shortened
from tipoff.vocabulary.words import (
    PREDICTED,
    SETTLED,
    USABLE,
    DataQuality,
    Grade,
    OnDeadline,
    Outcome,
    Phase,
    PollWhen,
    Recommendation,
    Role,
    RunState,
    Severity,
    Span,
    StepKind,
    StepState,
)

__all__ = [
    "EASTERN",
    "PREDICTED",
    "SETTLED",
    "USABLE",
    "Cadence",
    "DataQuality",
    "DayPlan",
    "FallbackSource",
    "Frozen",
    "Grade",
    "OnDeadline",
    "Outcome",
    "Phase",
    "PlanStep",
    "PollWhen",
    "RateLimit",
    "Recommendation",
    "Role",
    "RunState",
    "Severity",
    "SlateGame",
    "Span",
    "StepKind",
    "StepState",
    "clock_time",
    "eastern",
    "first_day",
    "game_date_of",
    "season_of",
    "shortened",
    "step_names",
]
