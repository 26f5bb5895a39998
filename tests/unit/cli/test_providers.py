"""What a person is told of a provider, by what its domain knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.providers import rate_limiter_view_at
from tipoff.vocabulary import Outcome
from workflows.contracts import Cooldown, CreditReservation, RateLimiterState

NOW = datetime(2024, 3, 10, 16, tzinfo=UTC)
HOST = "api.the-odds-api.com"
KNOWN = RateLimiterState(month="2024-03", slots=40, credits_used=120, credits_remaining=380)


def closed_until(moment: datetime) -> RateLimiterState:
    cooldown = Cooldown(until=moment, outcome=Outcome.BLOCKED, reason="HTTP 403: access denied")
    return KNOWN.model_copy(update={"cooldown": cooldown})


def test_a_provider_that_cools_down_is_told_until_its_time_is_over() -> None:
    cooling = rate_limiter_view_at(NOW, HOST, closed_until(NOW + timedelta(hours=2)), 500)
    assert cooling.refuses
    assert cooling.warning == f"{HOST} is left alone until 14:00 ET: HTTP 403: access denied"
    over = rate_limiter_view_at(NOW, HOST, closed_until(NOW), 500)
    assert (over.refuses, over.warning) == (False, "")
    assert over.says == "40 questions in 2024-03; 120 credits used, 380 remaining"


@pytest.mark.parametrize(
    ("used", "promised", "refuses", "warning"),
    [
        (399, 0, False, ""),
        (399, 1, False, "400 of the month's 500 credits are used, 22 days left"),
        (490, 10, True, "500 of the month's 500 credits are used, 22 days left"),
    ],
)
def test_a_paid_provider_is_warned_of_before_nothing_is_left(
    used: int, promised: int, refuses: bool, warning: str
) -> None:
    spent = {
        "credits_used": used,
        "credits_remaining": None,
        "reserved": (CreditReservation(slot=NOW, credits=promised),),
    }
    domain = rate_limiter_view_at(NOW, HOST, KNOWN.model_copy(update=spent), 500)
    assert domain.refuses is refuses
    assert domain.warning == (f"{HOST}: {warning}" if warning else "")
    assert domain.line == f"{HOST}: {used + promised} of the month's 500 credits are used, 22 days left"


def test_a_provider_that_is_free_and_well_takes_no_line_of_a_days_status() -> None:
    assert rate_limiter_view_at(NOW, "cdn.nba.com", KNOWN, None).line == ""


def test_what_last_month_cost_is_past() -> None:
    domain = rate_limiter_view_at(
        datetime(2024, 4, 2, tzinfo=UTC), HOST, KNOWN.model_copy(update={"credits_used": 500}), 500
    )
    assert (domain.refuses, domain.warning) == (False, "")
