"""Virtual time, which needs no server while it is not paced."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.ledgers import DAY
from tipoff.vocabulary import eastern
from workflows.contracts import ClockSpec
from workflows.day_clock import DayClock

NOON = eastern(DAY, 12)


@pytest.mark.parametrize(
    ("until", "now"),
    [
        (NOON + timedelta(hours=1), NOON + timedelta(hours=1)),
        (NOON, NOON),
        (NOON - timedelta(hours=1), NOON),
    ],
)
async def test_virtual_time_jumps_to_what_is_due_and_never_back(until: datetime, now: datetime) -> None:
    clock = DayClock(ClockSpec(starts_at=NOON))
    await clock.wait(until, (), lambda: False)
    assert clock.now() == now


async def test_virtual_time_stands_when_a_command_came() -> None:
    clock = DayClock(ClockSpec(starts_at=NOON))
    await clock.wait(NOON + timedelta(hours=1), (), lambda: True)
    assert clock.now() == NOON
