"""The registry of a day's typed search attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from tipoff.vocabulary import DataQuality, DayStatus, Phase, RunState
from workflows.contracts import DayInput

GAME_DATE = SearchAttributeKey.for_keyword("GameDate")
PHASE = SearchAttributeKey.for_keyword("Phase")
RUN_STATE = SearchAttributeKey.for_keyword("RunState")
DATA_QUALITY = SearchAttributeKey.for_keyword("DataQuality")
WAITS_FOR = SearchAttributeKey.for_keyword_list("WaitsFor")
"""The late steps, whose data the day waits for."""
ATTENTION_STEPS = SearchAttributeKey.for_keyword_list("AttentionSteps")
"""The parked steps, about which an operator has to decide."""

ALL = (GAME_DATE, PHASE, RUN_STATE, DATA_QUALITY, WAITS_FOR, ATTENTION_STEPS)


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


def updated_attributes(status: DayStatus) -> list[SearchAttributeUpdate[Any]]:
    """The search attributes of a day with this status."""
    return [
        PHASE.value_set(status.phase.value),
        RUN_STATE.value_set(status.state.value),
        DATA_QUALITY.value_set(status.data_quality.value),
        _list_update(WAITS_FOR, status.late_steps),
        _list_update(ATTENTION_STEPS, [attention.step for attention in status.attention]),
    ]


def _list_update(key: SearchAttributeKey[Sequence[str]], values: Sequence[str]) -> SearchAttributeUpdate[Any]:
    return key.value_set(values) if values else key.value_unset()
