"""The registry of a day's typed search attributes."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from tipoff.vocabulary import DataQuality, Phase, RunState
from workflows.contracts import DayInput

GAME_DATE = SearchAttributeKey.for_keyword("GameDate")
PHASE = SearchAttributeKey.for_keyword("Phase")
RUN_STATE = SearchAttributeKey.for_keyword("RunState")
DATA_QUALITY = SearchAttributeKey.for_keyword("DataQuality")

ALL = (GAME_DATE, PHASE, RUN_STATE, DATA_QUALITY)


def initial_attributes(day: DayInput) -> TypedSearchAttributes:
    """The search attributes that a run starts with."""
    first = day.rerun.from_phase if day.rerun else Phase.SLATE
    return TypedSearchAttributes(
        [
            SearchAttributePair(GAME_DATE, day.game_date.isoformat()),
            SearchAttributePair(PHASE, first.value),
            SearchAttributePair(RUN_STATE, RunState.RUNNING.value),
            SearchAttributePair(DATA_QUALITY, DataQuality.UNKNOWN.value),
        ]
    )
