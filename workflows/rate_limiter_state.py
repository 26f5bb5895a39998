"""Pure functions of a rate limiter's state: which slot comes next, and what a response changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tipoff.vocabulary import Cooldown, Outcome, RateLimit, Route, clock_time, counted
from workflows.contracts import AcquireRequest, AcquireResult, CreditReservation, ProviderFeedback, RateLimiterState

RESERVATION_EXPIRES_AFTER = timedelta(minutes=15)
"""Longer than a poll of a paid source: without feedback by then the request was not sent, or cost nothing."""


def next_slot(state: RateLimiterState, rate_limit: RateLimit, now: datetime) -> datetime:
    """The earliest slot: a virtual queue that grants a burst before it spaces (GCRA)."""
    earliest = [now]
    if state.last_slot is not None:
        earliest.append(state.last_slot + rate_limit.gap)
    if state.burst_full_at is not None:
        earliest.append(state.burst_full_at - (rate_limit.burst - 1) * rate_limit.spacing)
    return max(earliest)


def acquire(state: RateLimiterState, request: AcquireRequest, now: datetime) -> tuple[RateLimiterState, AcquireResult]:
    """Grant or refuse a slot: the new state and the result."""
    state = without_expired(_without_reservation(state, request.unused_slot), now)
    state = state.model_copy(update={"routes": request.routes})
    slot = next_slot(state, request.rate_limit, now)
    available = [route for route in available_routes(state) if route is not request.avoid]
    refusal = (
        _route_refusal(state, available) or _credit_refusal(state, request, now) or _deadline_refusal(request, slot)
    )
    if refusal:
        return state, refusal
    return _grant(state, request, slot), AcquireResult(slot=slot, route=available[0])


def available_routes(state: RateLimiterState) -> list[Route]:
    """The routes that the provider does not block, in order; none while the whole host is in cooldown."""
    return [] if state.cooldown else [route for route in state.routes if route not in state.blocked]


def cooldown_of_host(state: RateLimiterState) -> Cooldown | None:
    """Until when no request is sent at all: the cooldown of the host, or the first route is available again."""
    blocks = [state.blocked.get(route) for route in state.routes]
    return max((state.cooldown, min(blocks, key=_ends_at)), key=_ends_at)


def without_expired(state: RateLimiterState, now: datetime) -> RateLimiterState:
    """The state without ended cooldowns and blocks, expired reservations and the counts of an earlier month."""
    reservations = tuple(item for item in state.reservations if now < item.slot + RESERVATION_EXPIRES_AFTER)
    cooldown = state.cooldown if state.cooldown and now < state.cooldown.until else None
    blocked = {route: block for route, block in state.blocked.items() if now < block.until}
    return state.in_month_of(now).model_copy(
        update={"reservations": reservations, "cooldown": cooldown, "blocked": blocked}
    )


def _without_reservation(state: RateLimiterState, slot: datetime | None) -> RateLimiterState:
    reservations = tuple(item for item in state.reservations if item.slot != slot)
    return state.model_copy(update={"reservations": reservations})


def _route_refusal(state: RateLimiterState, available: Sequence[Route]) -> AcquireResult | None:
    if available:
        return None
    cooldown = cooldown_of_host(state) or min(state.blocked.values(), key=_ends_at, default=None)
    if cooldown is None:
        return AcquireResult(outcome=Outcome.PROVIDER_ERROR, reason="there is no other route")
    return AcquireResult(outcome=cooldown.outcome, reason=format_cooldown(cooldown), retry_at=cooldown.until)


def _credit_refusal(state: RateLimiterState, request: AcquireRequest, now: datetime) -> AcquireResult | None:
    monthly = request.rate_limit.monthly_credits
    if monthly is None or request.credits <= (left := state.credits_left(monthly, now)):
        return None
    reason = f"the request costs {counted(request.credits, 'credit')}, {left} of {monthly} are left this month"
    return AcquireResult(outcome=Outcome.QUOTA_SPENT, reason=reason, retry_at=_next_month(now))


def _deadline_refusal(request: AcquireRequest, slot: datetime) -> AcquireResult | None:
    if slot <= request.deadline:
        return None
    reason = f"the next free slot at {request.host} is at {clock_time(slot)}, after the deadline"
    return AcquireResult(outcome=Outcome.THROTTLED, reason=reason, retry_at=slot)


def _grant(state: RateLimiterState, request: AcquireRequest, slot: datetime) -> RateLimiterState:
    reservation = (CreditReservation(slot=slot, credits=request.credits),) if request.credits else ()
    return state.model_copy(
        update={
            "last_slot": slot,
            "burst_full_at": max(state.burst_full_at or slot, slot) + request.rate_limit.spacing,
            "slots": state.slots + 1,
            "reservations": (*state.reservations, *reservation),
        }
    )


def _next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def report(state: RateLimiterState, feedback: ProviderFeedback, now: datetime) -> RateLimiterState:
    """The state after a response."""
    state = _without_reservation(state.in_month_of(now), feedback.slot)
    update: dict[str, object] = {}
    if feedback.credits_used is not None:
        update["credits_used"] = _credits_used(state.credits_used, feedback.credits_used)
    if feedback.credits_remaining is not None:
        update["credits_remaining"] = feedback.credits_remaining
    if feedback.cooldown_for is not None:
        cooldown = Cooldown(until=now + feedback.cooldown_for, outcome=feedback.outcome, reason=feedback.reason)
        if feedback.outcome is Outcome.BLOCKED:
            block = max((state.blocked.get(feedback.route), cooldown), key=_ends_at)
            update["blocked"] = {**state.blocked, feedback.route: block}
        else:
            update["cooldown"] = max((state.cooldown, cooldown), key=_ends_at)
    return state.model_copy(update=update)


def reset_cooldown(state: RateLimiterState) -> RateLimiterState:
    """The state without cooldown, blocks and remaining credits: an operator knows that they are out of date."""
    return state.model_copy(update={"cooldown": None, "blocked": {}, "credits_remaining": None})


def _credits_used(known: int, reported: int) -> int:
    """The higher count, since responses may overtake each other; a drop by half means a new month of the provider."""
    return reported if reported < known / 2 else max(known, reported)


def _ends_at(cooldown: Cooldown | None) -> datetime:
    return cooldown.until if cooldown else datetime.min.replace(tzinfo=UTC)


def format_cooldown(cooldown: Cooldown) -> str:
    """Such as "in cooldown until 14:10 ET: HTTP 403"."""
    return f"in cooldown until {clock_time(cooldown.until)}: {cooldown.reason}"


def format_routes(state: RateLimiterState) -> str:
    """What keeps requests from the provider, or from its first route; empty: nothing."""
    if cooldown := cooldown_of_host(state):
        return format_cooldown(cooldown)
    first, used = state.routes[0], available_routes(state)[0]
    if first is used:
        return ""
    block = state.blocked[first]
    return f"{first.address} is blocked until {clock_time(block.until)}: {block.reason}; requests use the {used} route"


def format_state(state: RateLimiterState) -> str:
    """One line for operators: requests, credits, cooldown."""
    facts = [f"{counted(state.slots, 'request')} in {state.month or 'no month yet'}"]
    if state.credits_remaining is not None:
        facts.append(f"{counted(state.credits_used, 'credit')} used, {state.credits_remaining} remaining")
    facts.append(format_routes(state))
    return "; ".join(filter(None, facts))
