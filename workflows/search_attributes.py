"""The typed search attributes of a day: the one registry."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey

GAME_DATE = SearchAttributeKey.for_keyword("GameDate")
PHASE = SearchAttributeKey.for_keyword("Phase")
RUN_STATE = SearchAttributeKey.for_keyword("RunState")
DATA_QUALITY = SearchAttributeKey.for_keyword("DataQuality")

ALL = (GAME_DATE, PHASE, RUN_STATE, DATA_QUALITY)
