"""When a provider may be asked next, and what its answers change about that: pure functions of a domain's state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tipoff.vocabulary import Manners, Outcome, clock_time
from workflows.contracts import Closure, DomainNews, DomainState, Paid, SlotAnswer, SlotRequest

ANSWERS_WITHIN = timedelta(minutes=15)
"""Longer than a look at a paid source: a question that has told nothing by then was not asked, or cost nothing."""


def next_slot(state: DomainState, manners: Manners, now: datetime) -> datetime:
    """The earliest moment to ask at: a virtual queue whose burst is used up before it spaces."""
    moments = [now]
    if state.last_slot is not None:
        moments.append(state.last_slot + manners.gap)
    if state.rested_at is not None:
        moments.append(state.rested_at - (manners.burst - 1) * manners.spacing)
    return max(moments)


def take(state: DomainState, request: SlotRequest, now: datetime) -> tuple[DomainState, SlotAnswer]:
    """The state after a question for a slot, and the answer to it."""
    state = known_at(_unpaid(state, request.missed), now)
    slot = next_slot(state, request.manners, now)
    refusal = _closed(state) or _too_dear(state, request, now) or _too_late(request, slot)
    return (state, refusal) if refusal else (_granted(state, request, slot), SlotAnswer(slot=slot))


def _unpaid(state: DomainState, slot: datetime | None) -> DomainState:
    """The same without what the question of a slot might have cost."""
    return state.model_copy(update={"under_way": tuple(paid for paid in state.under_way if paid.slot != slot)})


def known_at(state: DomainState, now: datetime) -> DomainState:
    """What still counts of a state at a moment."""
    under_way = tuple(paid for paid in state.under_way if now < paid.slot + ANSWERS_WITHIN)
    closed = state.closed if state.closed and now < state.closed.until else None
    return state.in_month_of(now).model_copy(update={"under_way": under_way, "closed": closed})


def _closed(state: DomainState) -> SlotAnswer | None:
    if state.closed is None:
        return None
    return SlotAnswer(outcome=state.closed.outcome, reason=left_alone(state.closed), not_before=state.closed.until)


def left_alone(closed: Closure) -> str:
    """Until when nobody asks, and why."""
    return f"left alone until {clock_time(closed.until)}: {closed.reason}"


def _too_dear(state: DomainState, request: SlotRequest, now: datetime) -> SlotAnswer | None:
    monthly = request.manners.monthly_credits
    if monthly is None or request.credits <= (left := state.credits_left(monthly, now)):
        return None
    reason = f"{request.credits} credits wanted, {left} of the month's {monthly} left"
    return SlotAnswer(outcome=Outcome.QUOTA_SPENT, reason=reason, not_before=_next_month(now))


def _too_late(request: SlotRequest, slot: datetime) -> SlotAnswer | None:
    if slot <= request.until:
        return None
    reason = f"others are before us at {request.host} until {clock_time(slot)}"
    return SlotAnswer(outcome=Outcome.THROTTLED, reason=reason, not_before=slot)


def _granted(state: DomainState, request: SlotRequest, slot: datetime) -> DomainState:
    paid = (Paid(slot=slot, credits=request.credits),) if request.credits else ()
    rested_at = max(state.rested_at or slot, slot) + request.manners.spacing
    return state.model_copy(
        update={
            "last_slot": slot,
            "rested_at": rested_at,
            "slots": state.slots + 1,
            "under_way": (*state.under_way, *paid),
        }
    )


def _next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def tell(state: DomainState, news: DomainNews, now: datetime) -> DomainState:
    """The state after what an answer said."""
    state = _unpaid(state.in_month_of(now), news.slot)
    update: dict[str, object] = {}
    if news.credits_used is not None:
        update["credits_used"] = _used(state.credits_used, news.credits_used)
    if news.credits_remaining is not None:
        update["credits_remaining"] = news.credits_remaining
    if news.closed_for is not None:
        closed = Closure(until=now + news.closed_for, outcome=news.outcome, reason=news.reason)
        update["closed"] = max((state.closed, closed), key=_until)
    return state.model_copy(update=update)


def opened(state: DomainState) -> DomainState:
    """The state after a person said to ask again: what the provider refused and how much it said is left is past."""
    return state.model_copy(update={"closed": None, "credits_remaining": None})


def _used(known: int, told: int) -> int:
    """Answers may overtake each other, so the higher count is right; but halved, the provider's own month began."""
    return told if told < known / 2 else max(known, told)


def _until(closed: Closure | None) -> datetime:
    return closed.until if closed else datetime.min.replace(tzinfo=UTC)


def sentence(state: DomainState) -> str:
    """How the provider stands, for the Temporal UI."""
    facts = [f"{state.slots} questions in {state.month or 'no month yet'}"]
    if state.credits_remaining is not None:
        facts.append(f"{state.credits_used} credits used, {state.credits_remaining} remaining")
    if state.closed is not None:
        facts.append(left_alone(state.closed))
    return "; ".join(facts)
