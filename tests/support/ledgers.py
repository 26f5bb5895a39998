"""A day's memory brought to where a test wants it, without a server: decide, carry out, note, until nothing is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayPlan, Outcome, PlanStep, SlateGame, StepKind, StepState, eastern
from workflows import gates
from workflows.contracts import StepReport
from workflows.day_state import DayLedger, Records, StepRecord

DAY = date(2024, 3, 29)
TEAMS = ("DEN", "MIN", "BOS", "ATL", "LAL", "IND", "PHX", "OKC")

Bring = Callable[[PlanStep, tuple[str, ...]], StepReport | str]


def slate(*tips: datetime) -> tuple[SlateGame, ...]:
    """A game at each of these moments."""
    return tuple(
        SlateGame(game_id=f"00223{number:05}", away=TEAMS[2 * number], home=TEAMS[2 * number + 1], tip_off=tip)
        for number, tip in enumerate(tips)
    )


def evening_plan() -> DayPlan:
    """Three games: 19:00, 19:30 and 22:00."""
    return plan_day(DAY, slate(eastern(DAY, 19), eastern(DAY, 19, 30), eastern(DAY, 22)), SOURCES)


def step_of(plan: DayPlan, name: str) -> PlanStep:
    """One step of a plan."""
    return next(step for step in plan.steps if step.name == name)


def all_it_wants(step: PlanStep, games: tuple[str, ...]) -> StepReport:
    """A step that succeeds, for the games it was asked for."""
    return StepReport(rows=10, changed_games=games or None)


def carry_on(ledger: DayLedger, now: datetime, bring: Bring = all_it_wants) -> dict[str, tuple[str, ...]]:
    """Do what is ready, and what then becomes ready, as of a moment; the games each step ran for, at its last run."""
    done: dict[str, tuple[str, ...]] = {}
    while True:
        verdicts = gates.decide(ledger.plan, ledger.records, now)
        ready = {name: verdict.games for name, verdict in verdicts.items() if isinstance(verdict, gates.Ready)}
        if not ready:
            return done
        steps = [step for step in ledger.plan.steps if step.name in ready]
        for step in steps:
            ledger.start(step, now)
        for step in steps:
            ledger.finish(step, bring(step, ready[step.name]), now)
        done |= ready


def settled_ledger(plan: DayPlan, now: datetime) -> DayLedger:
    """A day on which everything has come by `now`, that is due by then."""
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    carry_on(ledger, now)
    return ledger


def no_lines(step: PlanStep, games: tuple[str, ...]) -> StepReport:
    """Everything but lines."""
    if step.name in {"odds_api_game_lines", "odds_api_player_points_props"}:
        return StepReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="no lines yet", changed=False)
    return all_it_wants(step, games)


MOMENTS = st.integers(0, 29 * 4).map(lambda quarters: eastern(DAY, 5) + quarters * timedelta(minutes=15))
"""Quarters of an hour from the start of the day to its end."""
TIPS = st.integers(0, 21).map(lambda halves: eastern(DAY, 12) + halves * timedelta(minutes=30))
PLANS = st.lists(TIPS, min_size=1, max_size=4, unique=True).map(
    lambda tips: plan_day(DAY, slate(*sorted(tips)), SOURCES)
)


@st.composite
def days(draw: st.DrawFn) -> tuple[DayPlan, Records]:
    """A plan and any records that its steps may have."""
    plan = draw(PLANS)
    return plan, {step.name: draw(_records(step, [game.game_id for game in plan.games])) for step in plan.steps}


@st.composite
def _records(draw: st.DrawFn, step: PlanStep, games: Iterable[str]) -> StepRecord:
    version = draw(st.integers(0, 3))
    record = StepRecord(
        version=version,
        changed={game: draw(st.integers(0, version)) for game in games} if version else {},
        seen=draw(st.fixed_dictionaries({need: st.integers(0, 3) for need in step.needs})) if draw(st.booleans()) else {},
        reason=draw(st.sampled_from(("", "not published yet"))),
    )
    ran = bool(record.seen)
    settled = [StepState.COMPLETE, StepState.DEGRADED, StepState.SKIPPED, StepState.FAILED]
    if step.kind is StepKind.SOURCE:
        record.state = draw(st.sampled_from([*settled, StepState.PENDING, StepState.LATE, StepState.EMPTY_OK]))
        record.last_look = draw(st.none() | MOMENTS)
        record.retry_at = draw(st.none() | MOMENTS)
        record.found = draw(st.booleans())
    else:
        record.state = draw(st.sampled_from(settled if ran else [StepState.PENDING, *settled[1:]]))
    record.busy = draw(st.sampled_from((False, False, False, True)))
    return record
