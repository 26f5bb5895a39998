"""Draws the flow of a day as SVG from its plan: a lane for each phase, a strip for each step, on Eastern time.

The picture has its own colors for light and dark, so that it is the same on a page and in a document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from tipoff.plan import plan_day
from tipoff.publishing.figures import Axis
from tipoff.publishing.templating import template
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, DayPlan, Phase, PlanStep, SlateGame, StepKind, clock_time, counted, eastern

WIDTH: Final = 960
_LEFT, _RIGHT, _TOP, _BOTTOM = 170, 18, 66, 30
_STRIP, _LEAST_LANE, _LANE_MARGIN, _LANE_GAP = 6, 40, 9, 14
_LEAST_WIDTH: Final = 5
_HOURS_BETWEEN_TICKS: Final = 3
_ARROWS_APART: Final = 9

_EXAMPLE_DATE: Final = date(2024, 1, 24)
_EXAMPLE_TIPS: Final = ((19, 0), (19, 30), (20, 0), (22, 0))


class Strip(NamedTuple):
    """A step: when it may run until its deadline, and how long it is polled after that."""

    y: float
    x: float
    width: float
    polled_width: float
    """Up to the last poll; as long as `width` without polls after the deadline."""
    is_source: bool
    text: str


class Lane(NamedTuple):
    """A phase with its steps."""

    phase: Phase
    y: float
    height: float
    steps: str
    strips: tuple[Strip, ...]


class Arrow(NamedTuple):
    """From a phase to one that needs it and opens at `x`."""

    x: float
    start: float
    end: float


class Marker(NamedTuple):
    """A time of the day that people know."""

    x: float
    text: str
    anchor: str


def example_plan() -> DayPlan:
    """Return the plan of a usual evening, with tip-offs from 19:00 to 22:00."""
    games = tuple(
        SlateGame(game_id=f"002230060{number}", away="", home="", tip_off=eastern(_EXAMPLE_DATE, hour, minute))
        for number, (hour, minute) in enumerate(_EXAMPLE_TIPS)
    )
    return plan_day(_EXAMPLE_DATE, games, SOURCES)


def day_flow(plan: DayPlan) -> str:
    """Draw the plan of a date with games."""
    start = min(step.opens_at for step in plan.steps)
    time = Axis(start.timestamp(), plan.ends_at.timestamp(), _LEFT, WIDTH - _RIGHT)
    lanes = tuple(_lanes(plan, time))
    bottom = lanes[-1].y + lanes[-1].height
    return template("day_flow.svg.j2").render(
        width=WIDTH,
        height=bottom + _BOTTOM,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        top=_TOP,
        bottom=bottom,
        lanes=lanes,
        arrows=_arrows(plan, lanes),
        ticks=[
            (time.at(tick.timestamp()), f"{tick.astimezone(EASTERN):%H:%M}") for tick in _ticks(start, plan.ends_at)
        ],
        markers=tuple(_markers(plan, time)),
        description="; ".join(_described(plan)),
        strip_height=_STRIP - 2,
    )


def phase_needs(plan: DayPlan) -> Mapping[Phase, tuple[Phase, ...]]:
    """Return the phases that each phase waits for, without those that one of them waits for, too."""
    phase_of = {step.name: step.phase for step in plan.steps}
    needs: dict[Phase, set[Phase]] = {phase: set() for phase in Phase if phase in phase_of.values()}
    for step in plan.steps:
        needs[step.phase] |= {phase_of[need] for need in step.needs if phase_of[need] is not step.phase}
    before: dict[Phase, set[Phase]] = defaultdict(set)
    for phase in needs:  # in the order of the day
        before[phase] = needs[phase].union(*(before[need] for need in needs[phase]))
    return {
        phase: tuple(need for need in Phase if need in of_phase and not any(need in before[each] for each in of_phase))
        for phase, of_phase in needs.items()
    }


def opens_at(steps: Iterable[PlanStep]) -> datetime:
    """Return when the first of these steps may start."""
    return min(step.opens_at for step in steps)


def due_at(plan: DayPlan, step: PlanStep) -> datetime:
    """Return when a step is due: its deadline, or that of the steps that it follows."""
    deadline = step.hard_deadline or step.soft_deadline
    if deadline is not None:
        return deadline
    if step.cadence:
        return step.polls_end
    return max((due_at(plan, plan.step(need)) for need in step.needs), default=step.opens_at)


def steps_by_phase(plan: DayPlan) -> Mapping[Phase, tuple[PlanStep, ...]]:
    """Return the steps of each phase of the plan, in the order of the day."""
    return {phase: steps for phase in Phase if (steps := tuple(step for step in plan.steps if step.phase is phase))}


def _lanes(plan: DayPlan, time: Axis) -> Iterator[Lane]:
    y = float(_TOP)
    for phase, steps in steps_by_phase(plan).items():
        height = max(_LEAST_LANE, _STRIP * len(steps) + 2 * _LANE_MARGIN)
        first = y + (height - _STRIP * len(steps)) / 2 + 1
        strips = tuple(_strip(plan, step, time, first + number * _STRIP) for number, step in enumerate(steps))
        yield Lane(phase, y, height, counted(len(steps), "step"), strips)
        y += height + _LANE_GAP


def _strip(plan: DayPlan, step: PlanStep, time: Axis, y: float) -> Strip:
    due = due_at(plan, step)
    x = time.at(step.opens_at.timestamp())
    width = max(_LEAST_WIDTH, round(time.at(due.timestamp()) - x, 1))
    polled = max(width, round(time.at(step.polls_end.timestamp()) - x, 1))
    span = f"from {clock_time(step.opens_at, plan.game_date)}, due by {clock_time(due, plan.game_date)}"
    return Strip(y, x, width, polled, step.kind is StepKind.SOURCE, f"{step.title}: {span}")


def _arrows(plan: DayPlan, lanes: Iterable[Lane]) -> Sequence[Arrow]:
    by_phase = {lane.phase: lane for lane in lanes}
    drawn: list[Arrow] = []
    for phase, needs in phase_needs(plan).items():
        lane = by_phase[phase]
        opens = min(strip.x for strip in lane.strips) + _ARROWS_APART
        for need in needs:
            start = by_phase[need].y + by_phase[need].height
            beside = [arrow.x for arrow in drawn if arrow.x >= opens and arrow.end > start]
            drawn.append(Arrow(max(beside, default=opens - _ARROWS_APART) + _ARROWS_APART, start, lane.y))
    return drawn


def _ticks(start: datetime, end: datetime) -> Iterator[datetime]:
    tick = start.replace(minute=0, second=0) + timedelta(hours=1)
    while tick < end:
        if tick.astimezone(EASTERN).hour % _HOURS_BETWEEN_TICKS == 0:
            yield tick
        tick += timedelta(hours=1)


def _markers(plan: DayPlan, time: Axis) -> Iterator[Marker]:
    tips = sorted(game.tip_off for game in plan.games if game.tip_off)
    grades = plan.steps[-1].soft_deadline
    named = (
        (plan.predictions_due, "predictions due", "end"),
        (tips[0], "first tip-off", "end"),
        (tips[-1], "last tip-off", "start"),
        (grades, "grades due", "end"),
    )
    for moment, name, anchor in named:
        if moment:
            yield Marker(time.at(moment.timestamp()), f"{name} {moment.astimezone(EASTERN):%H:%M}", anchor)


def _described(plan: DayPlan) -> Iterator[str]:
    needs = phase_needs(plan)
    for phase, steps in steps_by_phase(plan).items():
        after = f" after {' and '.join(needs[phase])}" if needs[phase] else ""
        due = max(due_at(plan, step) for step in steps)
        span = f"from {clock_time(opens_at(steps), plan.game_date)} to {clock_time(due, plan.game_date)}"
        yield f"{phase}{after}, {span}, {counted(len(steps), 'step')}"
