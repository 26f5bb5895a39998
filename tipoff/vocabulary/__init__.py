"""Words and models that the library and the workflows share. Import them from this package, not from its modules.

Pure: standard library and pydantic only, so that workflow code may import it.
"""

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.eastern_time import EASTERN, clock_time, eastern, first_day, game_date_of, season_of
from tipoff.vocabulary.plan import Cadence, DayPlan, FallbackSource, PlanStep, SlateGame
from tipoff.vocabulary.rate_limit import RateLimit
from tipoff.vocabulary.text import shortened
from tipoff.vocabulary.words import (
    PREDICTED,
    SETTLED,
    SLATE_STEP,
    USABLE,
    DataQuality,
    Grade,
    Outcome,
    Phase,
    Recommendation,
    Role,
    RunState,
    StepKind,
    StepState,
)

__all__ = [
    "EASTERN",
    "PREDICTED",
    "SETTLED",
    "SLATE_STEP",
    "USABLE",
    "Cadence",
    "DataQuality",
    "DayPlan",
    "FallbackSource",
    "Frozen",
    "Grade",
    "Outcome",
    "Phase",
    "PlanStep",
    "RateLimit",
    "Recommendation",
    "Role",
    "RunState",
    "SlateGame",
    "StepKind",
    "StepState",
    "clock_time",
    "eastern",
    "first_day",
    "game_date_of",
    "season_of",
    "shortened",
]
