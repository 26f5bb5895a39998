"""Brings the state of a day to a given time without a server: decide, run and finish steps until none is ready."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

import tipoff.teams
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import (
    ComputeReport,
    DayPlan,
    Outcome,
    PlanStep,
    SlateGame,
    SourceReport,
    StepKind,
    StepResult,
    StepState,
    eastern,
)
from workflows import gates
from workflows.day_state import DayLedger
from workflows.step_records import AnyRecord, ComputeRecord, Records, SourceRecord

DAY = date(2024, 3, 29)
TEAMS = ("DEN", "MIN", "BOS", "ATL", "LAL", "IND", "PHX", "OKC")

_FULL_EVENING = ((19, 0, 3), (19, 30, 3), (20, 0, 3), (20, 30, 2), (21, 0, 1), (22, 0, 2), (22, 30, 1))
"""Hour, minute and number of games."""

Bring = Callable[[PlanStep, tuple[str, ...]], StepResult]


def slate(*tips: datetime) -> tuple[SlateGame, ...]:
    """A game at each of these times."""
    return tuple(
        SlateGame(game_id=f"00223{number:05}", away=TEAMS[2 * number], home=TEAMS[2 * number + 1], tip_off=tip)
        for number, tip in enumerate(tips)
    )


def evening_plan() -> DayPlan:
    """Three games: 19:00, 19:30 and 22:00."""
    return plan_day(DAY, slate(eastern(DAY, 19), eastern(DAY, 19, 30), eastern(DAY, 22)), SOURCES)


def full_evening_plan() -> DayPlan:
    """Fifteen games from 19:00 to 22:30."""
    tips = [eastern(DAY, hour, minute) for hour, minute, games in _FULL_EVENING for _ in range(games)]
    teams = iter(sorted(tipoff.teams.TEAMS))
    games = tuple(
        SlateGame(game_id=f"00223{number:05}", away=next(teams), home=next(teams), tip_off=tip_off)
        for number, tip_off in enumerate(tips)
    )
    return plan_day(DAY, games, SOURCES)


def step_of(plan: DayPlan, name: str) -> PlanStep:
    """One step of a plan."""
    return next(step for step in plan.steps if step.name == name)


def report_of(step: PlanStep, **facts: Any) -> SourceReport | ComputeReport:
    """A report of the kind that a step makes."""
    return (SourceReport if step.kind is StepKind.SOURCE else ComputeReport).model_validate(facts)


def successful_report(step: PlanStep, games: tuple[str, ...]) -> SourceReport | ComputeReport:
    """The report of a step that succeeds for the games it ran for."""
    counted = {"predictions": 10} if step.kind is StepKind.GRADE else {}
    return report_of(step, rows=10, changed_games=games or None, **counted)


def run_ready_steps(ledger: DayLedger, now: datetime, bring: Bring = successful_report) -> dict[str, tuple[str, ...]]:
    """Run what is ready, and what becomes ready then, as of a time; returns the games of each step's last run."""
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
    """A day on which everything that is due by `now` has succeeded."""
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    run_ready_steps(ledger, now)
    return ledger


def no_lines(step: PlanStep, games: tuple[str, ...]) -> SourceReport | ComputeReport:
    """The report of a step on a day without lines."""
    if step.name in {"odds_api_game_lines", "odds_api_player_points_props"}:
        return SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="no lines yet", changed=False)
    return successful_report(step, games)


def source_record(records: Records, name: str) -> SourceRecord:
    """The record of a source."""
    record = records[name]
    assert isinstance(record, SourceRecord)
    return record


def set_record(ledger: DayLedger, name: str, **fields: Any) -> None:
    """Change fields of a step's record."""
    ledger.records[name] = replace(ledger.records[name], **fields)


MOMENTS = st.integers(0, 29 * 4).map(lambda quarters: eastern(DAY, 5) + quarters * timedelta(minutes=15))
"""Quarters of an hour from the start of the day to its end."""
_SLATES = (((12, 30),), ((15, 0), (19, 0)), ((19, 0), (19, 30), (22, 0)), ((22, 0), (22, 30)))
_PLANS = tuple(plan_day(DAY, slate(*(eastern(DAY, *tip) for tip in tips)), SOURCES) for tips in _SLATES)
_RAN = (StepState.COMPLETE, StepState.DEGRADED, StepState.SKIPPED, StepState.FAILED)
_SOURCE_STATES = (*_RAN, StepState.PENDING, StepState.LATE, StepState.EMPTY_OK)


class _AnyDay(tuple[DayPlan, Records]):
    """A plan and records, shown as its seed: the text of thirty records is longer than hypothesis prints."""

    seed: int

    def __repr__(self) -> str:
        return f"any_day({self.seed})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def any_day(seed: int) -> tuple[DayPlan, Records]:
    """A plan, and records that its steps may have: thirty of them, so drawn by dice, which is much faster."""
    dice = random.Random(seed)
    plan = dice.choice(_PLANS)
    records = {step.name: _any_record(step, [game.game_id for game in plan.games], dice) for step in plan.steps}
    day = _AnyDay((plan, records))
    day.seed = seed
    return day


def _any_record(step: PlanStep, games: Sequence[str], dice: random.Random) -> AnyRecord:
    version = dice.randint(0, 3)
    common: dict[str, Any] = {
        "running": dice.random() < 0.2,
        "version": version,
        "changed": {game: dice.randint(0, version) for game in games},
        "reason": dice.choice(("", "not published yet")),
        "last_poll": _any_moment(dice),
    }
    if step.kind is StepKind.SOURCE:
        return SourceRecord(
            **common,
            state=dice.choice(_SOURCE_STATES),
            retry_at=_any_moment(dice),
            complete=dice.random() < 0.5,
        )
    inputs = {name: dice.randint(0, 3) for name in step.inputs} if dice.random() < 0.6 else {}
    state = dice.choice(_RAN if inputs else (StepState.PENDING, *_RAN[1:]))
    graded: dict[str, Any] = {}
    if step.kind is StepKind.GRADE:
        odd = tuple(dice.sample(games, dice.choice((0, 0, 0, 1))))
        graded = {
            "predictions": dice.choice((0, 8, 8, 8)),
            "missing_games": odd if dice.random() < 0.5 else (),
            "unfinished_games": odd if dice.random() < 0.5 else (),
        }
    return ComputeRecord(**common, **graded, state=state, completed_inputs=inputs)


def _any_moment(dice: random.Random) -> datetime | None:
    return dice.choice((None, eastern(DAY, 5) + dice.randint(0, 29 * 4) * timedelta(minutes=15)))


DAYS = st.integers(0, 2**32).map(any_day)
