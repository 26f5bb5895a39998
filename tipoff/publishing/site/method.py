"""How predictions come about and what the words mean, from the declarations: plan, systems, exports and glossary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from tipoff.publishing.day_flow import day_flow, due_at, example_plan, opens_at, steps_by_phase
from tipoff.publishing.glossary import terms
from tipoff.publishing.registry import EXPORTS
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.systems.registry import HEADLINE, SUMMARIES, SYSTEMS
from tipoff.vocabulary import DayPlan, OnDeadline, Phase, PlanStep, StepKind


class PhaseRow(NamedTuple):
    """A phase of a day: from when until when, and what it does."""

    phase: Phase
    opens_at: datetime
    due_at: datetime
    titles: tuple[str, ...]


class InputRow(NamedTuple):
    """An input: how long it is waited for, what replaces it, and how the day continues without it."""

    title: str
    deadline: datetime | None
    fallbacks: tuple[str, ...]
    without: str


def _content(_: Exports, __: Key) -> Content:
    return Content(_values())


@cache
def _values() -> dict[str, Any]:
    plan = example_plan()
    return {
        "flow": day_flow(plan),
        "game_date": plan.game_date,
        "predictions_due": plan.predictions_due,
        "phases": tuple(_phases(plan)),
        "inputs": tuple(_inputs(plan.steps)),
        "systems": [(system_id, title, SUMMARIES[system_id]) for system_id, title in SYSTEMS.items()],
        "headline": HEADLINE,
        "titles": SYSTEMS,
        "exports": sorted(EXPORTS, key=lambda export: export.path),
        "terms": terms(),
    }


def _phases(plan: DayPlan) -> Iterator[PhaseRow]:
    for phase, steps in steps_by_phase(plan).items():
        due = max(due_at(plan, step) for step in steps)
        yield PhaseRow(phase, opens_at(steps), due, tuple(step.title for step in steps))


def _inputs(steps: Iterable[PlanStep]) -> Iterator[InputRow]:
    for step in steps:
        if step.kind is StepKind.SOURCE:
            parked = step.on_deadline is OnDeadline.PARK
            without = "the day waits for an operator" if parked else step.degraded_message
            yield InputRow(step.title, step.hard_deadline, tuple(each.title for each in step.fallback_sources), without)


METHOD: Final = Page(
    name="method",
    path="method.html",
    title="Method and glossary",
    summary="How predictions come about, what happens when an input is missing, and what the words mean.",
    template="method.html.j2",
    content=_content,
    menu="Method",
)
