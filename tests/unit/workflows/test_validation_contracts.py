"""The results of a validation and of service levels at their largest stay small."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from runtime.connection import DATA_CONVERTER
from tests.support.validated_day import DAY, at
from tipoff.service_levels import summed_up
from tipoff.validation.checks import CHECKS
from tipoff.vocabulary import (
    MOST_MEASURED_DATES,
    CheckResult,
    DataState,
    DateServiceLevels,
    Frozen,
    ServiceLevelsReport,
    ValidationReport,
)

LIMIT_BYTES = 50 * 1024
RESULT = CheckResult(
    check="predictions before tip-off",
    reads="v1/predictions/2024-03-29.json",
    state=DataState.FAILED,
    expected=30,
    missing=30,
    is_wrong=True,
    text="x" * 1000,
    due=at(13.5),
    command="starter.py --date 2024-03-29 --rerun --from-phase context",
)
LEVELS = DateServiceLevels(
    game_date=DAY,
    games=15,
    is_backfilled=False,
    lined_players=220,
    predicted_in_time=220,
    grades_complete_at=at(25.1),
    grades_in_time=True,
    slowest_alert_minutes=14.123456789,
    people=("somebody", "somebody.else"),
)
LARGEST = (
    ValidationReport(game_date=DAY, as_of=at(33), games=15, results=(RESULT,) * len(CHECKS)),
    ServiceLevelsReport(dates=(LEVELS,) * MOST_MEASURED_DATES, together=summed_up([LEVELS])),
)


@pytest.mark.parametrize("contract", LARGEST, ids=lambda contract: type(contract).__name__)
async def test_the_largest_report_is_small_and_survives_the_round_trip(contract: Frozen) -> None:
    (payload,) = await DATA_CONVERTER.encode([contract])
    assert len(payload.data) < LIMIT_BYTES
    assert await DATA_CONVERTER.decode([payload], [type(contract)]) == [contract]


def test_a_text_of_a_check_is_shortened_and_a_report_has_a_limit_of_dates() -> None:
    assert len(RESULT.text) <= 300
    with pytest.raises(ValidationError):
        ServiceLevelsReport(dates=(LEVELS,) * (MOST_MEASURED_DATES + 1), together=summed_up([LEVELS]))
