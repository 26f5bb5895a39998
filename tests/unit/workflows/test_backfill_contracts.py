"""The contracts of a backfill at their largest: they travel, come back the same, and stay small."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from runtime.connection import DATA_CONVERTER
from tipoff.vocabulary import (
    MAX_BACKFILLED_DATES,
    AuditEntry,
    BackfilledDate,
    BackfillPlan,
    BackfillScope,
    BackfillStatus,
    Channel,
    DateState,
    Frozen,
    Phase,
    PlannedDate,
    StepState,
)
from workflows.contracts.backfill import BackfillCommand, BackfillInput, ObservedDates, PublishBackfillRequest

LIMIT_BYTES = 50 * 1024
FIRST = date(2023, 10, 24)
DATES = tuple(FIRST + timedelta(days=number) for number in range(MAX_BACKFILLED_DATES))
SCOPE = BackfillScope(first=FIRST, last=DATES[-1])
ROWS = tuple(
    BackfilledDate(
        game_date=each, state=DateState.COMPLETE, phases=(StepState.COMPLETE,) * len(Phase), note="n" * (number % 40)
    )
    for number, each in enumerate(DATES)
)
ENTRY = AuditEntry(
    at=datetime(2026, 11, 30, tzinfo=UTC),
    via=Channel.UPDATE,
    command="set_parallelism",
    target="",
    who="w" * 100,
    why="y" * 120,
    accepted=True,
    result="2 at a time",
)
STATUS = BackfillStatus(scope=SCOPE, digest="0123456789ab", parallelism=2, dates=ROWS, audit=(ENTRY,) * 10)
REASON = "lacks player contexts of 15 of 15 games, predictions of 15 of 15 games, grades of 15 of 15 games"
PLAN = BackfillPlan(
    scope=SCOPE,
    dates=tuple(PlannedDate(game_date=each, games=15, reason=REASON, requests=90) for each in DATES),
    digest="0123456789ab",
)


@pytest.mark.parametrize(
    "contract",
    [
        BackfillInput(scope=SCOPE, status=STATUS, who="w" * 100, why="y" * 500),
        PublishBackfillRequest(status=STATUS, observed=DATES[:16]),
        ObservedDates(rows=ROWS[:16]),
        STATUS,
        PLAN,
    ],
    ids=lambda contract: type(contract).__name__,
)
async def test_a_contract_travels_and_stays_small(contract: Frozen) -> None:
    (payload,) = await DATA_CONVERTER.encode([contract])
    assert len(payload.data) < LIMIT_BYTES
    assert await DATA_CONVERTER.decode([payload], [type(contract)]) == [contract]


@pytest.mark.parametrize(("field", "longest"), [("who", 100), ("why", 500)])
def test_what_an_operator_says_is_bounded(field: str, longest: int) -> None:
    BackfillCommand.model_validate({field: "x" * longest})
    with pytest.raises(ValidationError, match=f"at most {longest} characters"):
        BackfillCommand.model_validate({field: "x" * (longest + 1)})


def test_a_long_reason_is_shortened_in_a_row() -> None:
    row = ROWS[0].in_state(DateState.FAILED, "the warehouse is damaged " * 20)
    assert len(row.note) <= 120


def test_a_status_says_in_one_line_how_far_it_is() -> None:
    parked = BackfilledDate(game_date=DATES[1], state=DateState.RUNNING, phases=(StepState.FAILED,))
    status = STATUS.model_copy(update={"dates": ROWS[:3], "paused": True}).with_row(parked)
    assert status.sentence == f"paused: 2 of 3 dates ended, 1 running, needs attention: {DATES[1]}"
