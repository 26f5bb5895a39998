"""The contracts of the watchdog at their largest: they travel, come back the same, and stay small."""

from __future__ import annotations

import pytest

from runtime.connection import DATA_CONVERTER
from tests.support.days import GAME_DATE, at
from tipoff.vocabulary import Finding, Frozen, MissedRuns, Repair, RepairAttempt, RepairKind, Severity
from tipoff.watchdog.diagnosis import MAX_FINDINGS
from workflows.contracts.watchdog import ObserveRequest, PassReported, ReportPassRequest, WatchdogInput, WatchReport
from workflows.watchdog import MAX_REMEMBERED

LIMIT_BYTES = 50 * 1024
NAME = "odds_api_player_points_props"
REPAIR = Repair(kind=RepairKind.POLL_AGAIN, game_date=GAME_DATE, step=NAME, why="w" * 300)
ATTEMPTS = (RepairAttempt(repair=REPAIR, at=at(12), accepted=True, result="r" * 300),) * MAX_REMEMBERED
MISSED = tuple(MissedRuns(schedule=f"morning-check-{number}", count=10**6, grown_at=at(12)) for number in range(5))
FINDINGS = (
    Finding(
        key=f"wedged:{NAME}",
        severity=Severity.CRITICAL,
        summary="s" * 500,
        command="c" * 100,
        game_date=GAME_DATE,
        step=NAME,
        since=at(12),
    ),
) * MAX_FINDINGS


@pytest.mark.parametrize(
    "contract",
    [
        WatchdogInput(attempts=ATTEMPTS, missed=MISSED),
        ObserveRequest(as_of=at(12), attempts=ATTEMPTS, missed=MISSED),
        WatchReport(findings=FINDINGS, repairs=(REPAIR,) * 20, missed=MISSED),
        ReportPassRequest(attempts=ATTEMPTS[:20]),
        PassReported(logged=20, heartbeat="h" * 300),
    ],
    ids=lambda contract: type(contract).__name__,
)
async def test_a_contract_is_small_and_survives_the_round_trip(contract: Frozen) -> None:
    (payload,) = await DATA_CONVERTER.encode([contract])
    assert len(payload.data) < LIMIT_BYTES
    assert await DATA_CONVERTER.decode([payload], [type(contract)]) == [contract]
