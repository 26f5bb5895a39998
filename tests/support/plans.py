"""The plans of some slates, step by step without their texts.

`python -m tests.support.plans` records them again, after a change of a time, a deadline or a need on purpose.
"""

from __future__ import annotations

from datetime import timedelta

from runtime import PROJECT
from tests.support.ledgers import DAY, slate
from tipoff.plan import plan_day, plan_slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayPlan, SlateGame, eastern

RECORDED = PROJECT / "tests" / "unit" / "plans.txt"
EVENING = slate(eastern(DAY, 19), eastern(DAY, 19, 30), eastern(DAY, 22))
NOT_FIXED = SlateGame(game_id="0022399999", away="UTA", home="NYK", tip_off=None)
NEXT_DAY = DAY + timedelta(days=1)
TEXTS = {"title", "degraded_message", "without_replacement"}


def plans() -> str:
    """For each slate a heading, then a line for the plan and for each of its steps."""
    made = {
        "three games in the evening": plan_day(DAY, EVENING, SOURCES),
        "one game at noon": plan_day(DAY, slate(eastern(DAY, 12, 30)), SOURCES),
        "a game without a fixed tip-off": plan_day(DAY, (*EVENING, NOT_FIXED), SOURCES),
        "no games": plan_day(DAY, (), SOURCES),
        "no games any more, with predictions out": plan_day(DAY, (), SOURCES, published=True),
        "an unknown slate": plan_slate(DAY, SOURCES),
        "started during the last game": plan_day(DAY, EVENING, SOURCES, started_at=eastern(DAY, 22, 30)),
        "a past date": plan_day(DAY, EVENING, SOURCES, started_at=eastern(NEXT_DAY, 15)),
        "a past date without games": plan_day(DAY, (), SOURCES, started_at=eastern(NEXT_DAY, 15)),
        "a past date of unknown slate": plan_slate(DAY, SOURCES, eastern(NEXT_DAY, 15)),
    }
    return "".join(f"# {name}\n{_lines(plan)}\n" for name, plan in made.items())


def _lines(plan: DayPlan) -> str:
    steps = [step.model_dump_json(exclude_defaults=True, exclude=TEXTS) for step in plan.steps]
    return "\n".join([plan.model_dump_json(exclude={"games", "steps"}), *steps])


if __name__ == "__main__":
    RECORDED.write_text(plans(), encoding="utf-8")
