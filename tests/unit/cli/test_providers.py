"""A provider as operators see it, from the state of its rate limiter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.providers import rate_limiter_view_at
from tipoff.vocabulary import Cooldown, Outcome, Route
from workflows.contracts import CreditReservation, RateLimiterState

NOW = datetime(2024, 3, 10, 16, tzinfo=UTC)
HOST = "api.the-odds-api.com"
KNOWN = RateLimiterState(month="2024-03", slots=40, credits_used=120, credits_remaining=380)


def in_cooldown_until(time: datetime) -> RateLimiterState:
    cooldown = Cooldown(until=time, outcome=Outcome.BLOCKED, reason="HTTP 403: access denied")
    return KNOWN.model_copy(update={"cooldown": cooldown})


def test_a_cooldown_is_shown_until_it_is_over() -> None:
    cooling = rate_limiter_view_at(NOW, HOST, in_cooldown_until(NOW + timedelta(hours=2)), 500)
    assert cooling.refuses
    assert cooling.warning == f"{HOST} is in cooldown until Sun 14:00 ET: HTTP 403: access denied"
    over = rate_limiter_view_at(NOW, HOST, in_cooldown_until(NOW), 500)
    assert (over.refuses, over.warning) == (False, "")
    assert over.summary == "40 requests in 2024-03; 120 credits used, 380 remaining"


def test_a_provider_that_is_reached_through_the_proxy_says_so_and_keeps_its_credits() -> None:
    block = Cooldown(until=NOW + timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403")
    routes = {"blocked": {Route.DIRECT: block}, "routes": (Route.DIRECT, Route.PROXY)}
    view = rate_limiter_view_at(NOW, HOST, KNOWN.model_copy(update=routes), 500)
    assert (view.refuses, view.route, view.spend != "") == (False, Route.PROXY, True)
    assert view.warning == (
        f"{HOST}: this machine's address is blocked until Sun 14:00 ET: HTTP 403; requests use the proxy route"
    )
    assert rate_limiter_view_at(NOW + timedelta(hours=2), HOST, KNOWN.model_copy(update=routes), 500).warning == ""


@pytest.mark.parametrize(
    ("used", "reserved", "refuses", "warning"),
    [
        (399, 0, False, ""),
        (399, 1, False, "400 of the month's 500 credits used, 22 days left"),
        (490, 10, True, "500 of the month's 500 credits used, 22 days left"),
    ],
)
def test_a_paid_provider_has_a_warning_before_its_credits_are_used_up(
    used: int, reserved: int, refuses: bool, warning: str
) -> None:
    spent = {
        "credits_used": used,
        "credits_remaining": None,
        "reservations": (CreditReservation(slot=NOW, credits=reserved),),
    }
    view = rate_limiter_view_at(NOW, HOST, KNOWN.model_copy(update=spent), 500)
    assert view.refuses is refuses
    assert view.warning == (f"{HOST}: {warning}" if warning else "")
    assert view.status_line == f"{HOST}: {used + reserved} of the month's 500 credits used, 22 days left"


def test_a_free_provider_without_problems_has_no_line_in_a_days_status() -> None:
    assert rate_limiter_view_at(NOW, "cdn.nba.com", KNOWN, None).status_line == ""


def test_the_credits_of_last_month_do_not_count() -> None:
    view = rate_limiter_view_at(
        datetime(2024, 4, 2, tzinfo=UTC), HOST, KNOWN.model_copy(update={"credits_used": 500}), 500
    )
    assert (view.refuses, view.warning) == (False, "")
