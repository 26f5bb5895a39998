"""When a provider may be asked next, and what its answers change about that: pure functions of a domain's state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tipoff.vocabulary import Outcome, RateLimit, clock_time
from workflows.contracts import (
    AcquireRequest,
    AcquireResult,
    Cooldown,
    CreditReservation,
    ProviderFeedback,
    RateLimiterState,
)

ANSWERS_WITHIN = timedelta(minutes=15)
"""Longer than a look at a paid source: a question that has told nothing by then was not asked, or cost nothing."""


def next_slot(state: RateLimiterState, rate_limit: RateLimit, now: datetime) -> datetime:
    """The earliest moment to ask at: a virtual queue whose burst is used up before it spaces."""
    moments = [now]
    if state.last_slot is not None:
        moments.append(state.last_slot + rate_limit.gap)
    if state.burst_full_at is not None:
        moments.append(state.burst_full_at - (rate_limit.burst - 1) * rate_limit.spacing)
    return max(moments)


def acquire(state: RateLimiterState, request: AcquireRequest, now: datetime) -> tuple[RateLimiterState, AcquireResult]:
    """The state after a question for a slot, and the answer to it."""
    state = known_at(_unpaid(state, request.missed), now)
    slot = next_slot(state, request.rate_limit, now)
    refusal = _in_cooldown(state) or _too_dear(state, request, now) or _too_late(request, slot)
    return (state, refusal) if refusal else (_granted(state, request, slot), AcquireResult(slot=slot))


def _unpaid(state: RateLimiterState, slot: datetime | None) -> RateLimiterState:
    """The same without what the question of a slot might have cost."""
    return state.model_copy(update={"reserved": tuple(paid for paid in state.reserved if paid.slot != slot)})


def known_at(state: RateLimiterState, now: datetime) -> RateLimiterState:
    """What still counts of a state at a moment."""
    reserved = tuple(paid for paid in state.reserved if now < paid.slot + ANSWERS_WITHIN)
    cooldown = state.cooldown if state.cooldown and now < state.cooldown.until else None
    return state.in_month_of(now).model_copy(update={"reserved": reserved, "cooldown": cooldown})


def _in_cooldown(state: RateLimiterState) -> AcquireResult | None:
    if state.cooldown is None:
        return None
    return AcquireResult(
        outcome=state.cooldown.outcome, reason=in_cooldown(state.cooldown), not_before=state.cooldown.until
    )


def in_cooldown(cooldown: Cooldown) -> str:
    """Until when nobody asks, and why."""
    return f"left alone until {clock_time(cooldown.until)}: {cooldown.reason}"


def _too_dear(state: RateLimiterState, request: AcquireRequest, now: datetime) -> AcquireResult | None:
    monthly = request.rate_limit.monthly_credits
    if monthly is None or request.credits <= (left := state.credits_left(monthly, now)):
        return None
    reason = f"{request.credits} credits wanted, {left} of the month's {monthly} left"
    return AcquireResult(outcome=Outcome.QUOTA_SPENT, reason=reason, not_before=_next_month(now))


def _too_late(request: AcquireRequest, slot: datetime) -> AcquireResult | None:
    if slot <= request.until:
        return None
    reason = f"others are before us at {request.host} until {clock_time(slot)}"
    return AcquireResult(outcome=Outcome.THROTTLED, reason=reason, not_before=slot)


def _granted(state: RateLimiterState, request: AcquireRequest, slot: datetime) -> RateLimiterState:
    paid = (CreditReservation(slot=slot, credits=request.credits),) if request.credits else ()
    burst_full_at = max(state.burst_full_at or slot, slot) + request.rate_limit.spacing
    return state.model_copy(
        update={
            "last_slot": slot,
            "burst_full_at": burst_full_at,
            "slots": state.slots + 1,
            "reserved": (*state.reserved, *paid),
        }
    )


def _next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def report(state: RateLimiterState, feedback: ProviderFeedback, now: datetime) -> RateLimiterState:
    """The state after what an answer said."""
    state = _unpaid(state.in_month_of(now), feedback.slot)
    update: dict[str, object] = {}
    if feedback.credits_used is not None:
        update["credits_used"] = _used(state.credits_used, feedback.credits_used)
    if feedback.credits_remaining is not None:
        update["credits_remaining"] = feedback.credits_remaining
    if feedback.cooldown_for is not None:
        cooldown = Cooldown(until=now + feedback.cooldown_for, outcome=feedback.outcome, reason=feedback.reason)
        update["cooldown"] = max((state.cooldown, cooldown), key=_until)
    return state.model_copy(update=update)


def cooldown_reset(state: RateLimiterState) -> RateLimiterState:
    """The state after a person said to ask again: what the provider refused and how much it said is left is past."""
    return state.model_copy(update={"cooldown": None, "credits_remaining": None})


def _used(known: int, told: int) -> int:
    """Answers may overtake each other, so the higher count is right; but halved, the provider's own month began."""
    return told if told < known / 2 else max(known, told)


def _until(cooldown: Cooldown | None) -> datetime:
    return cooldown.until if cooldown else datetime.min.replace(tzinfo=UTC)


def sentence(state: RateLimiterState) -> str:
    """How the provider stands, for the Temporal UI."""
    facts = [f"{state.slots} questions in {state.month or 'no month yet'}"]
    if state.credits_remaining is not None:
        facts.append(f"{state.credits_used} credits used, {state.credits_remaining} remaining")
    if state.cooldown is not None:
        facts.append(in_cooldown(state.cooldown))
    return "; ".join(facts)
