"""The rule for the end state of a day, a pure function of its plan and records.

A day is complete when its predictions are out, every game is final or postponed, and every prediction is graded or
void. Anything else has another word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tipoff.vocabulary import DayPlan, RunState, SlateGame, step_names
from workflows.step_records import AnyRecord, ComputeRecord, Records


def end_state(plan: DayPlan, records: Records) -> RunState:
    """COMPLETE or FAILED."""
    return RunState.FAILED if lost_steps(plan, records) or shortfalls(plan, records) else RunState.COMPLETE


def lost_steps(plan: DayPlan, records: Records) -> tuple[str, ...]:
    """Names of the critical steps that never succeeded and that no rule or operator let the day continue without."""
    return tuple(step.name for step in plan.steps if step.critical and not records[step.name].settled)


def shortfalls(plan: DayPlan, records: Records) -> tuple[str, ...]:
    """What the predictions and results of a day lack, such as "no result of CHI@BOS"; empty when nothing does."""
    return tuple(_shortfalls(plan, records.get(step_names.GRADE)))


def _shortfalls(plan: DayPlan, grading: AnyRecord | None) -> Iterator[str]:
    if not isinstance(grading, ComputeRecord):
        return  # a date without a slate, which is critical, or without games and predictions
    if not grading.has_succeeded:
        if grading.settled:
            yield "no grades"
        return
    if plan.games and not grading.predictions:
        yield "no predictions"
    if unfinished := [game for game in plan.games if game.game_id in grading.unfinished_games]:
        yield f"no result of {_labels(unfinished)}: neither final nor postponed"
    ungraded = set(grading.missing_games) - set(grading.unfinished_games)
    if ungraded:
        known = [game for game in plan.games if game.game_id in ungraded]
        others = sorted(ungraded - {game.game_id for game in known})
        yield f"ungraded predictions of {', '.join([*filter(None, [_labels(known)]), *others])}"


def _labels(games: Iterable[SlateGame]) -> str:
    return ", ".join(game.label if game.tip_off else f"{game.label} (tip-off not fixed)" for game in games)
