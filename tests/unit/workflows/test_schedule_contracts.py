"""The contracts of schedules: they travel, come back the same, and stay small."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runtime.connection import DATA_CONVERTER
from tests.support.days import GAME_DATE, at
from tipoff.vocabulary import Frozen
from workflows.contracts import day_workflow_id
from workflows.contracts.schedules import (
    LauncherInput,
    LaunchOutcome,
    LaunchResult,
    OwnDefaults,
    RetentionReport,
    ScheduledRun,
    ScheduleName,
)

LIMIT_BYTES = 1024


@pytest.mark.parametrize(
    "contract",
    [
        LauncherInput(schedule=ScheduleName.MORNING_CHECK, latest=timedelta(days=7), replay="f" * 500),
        LaunchResult(workflow_id=day_workflow_id(GAME_DATE), outcome=LaunchOutcome.TOO_LATE, text="t" * 300),
        ScheduledRun(game_date=GAME_DATE, as_of=at(9, 15)),
        RetentionReport(landed_files=10**6, work_folders=10**3, bytes=10**12),
        OwnDefaults(),
    ],
    ids=lambda contract: type(contract).__name__,
)
async def test_a_contract_is_small_and_survives_the_round_trip(contract: Frozen) -> None:
    (payload,) = await DATA_CONVERTER.encode([contract])
    assert len(payload.data) < LIMIT_BYTES
    assert await DATA_CONVERTER.decode([payload], [type(contract)]) == [contract]
