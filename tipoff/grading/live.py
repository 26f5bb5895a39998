"""The state of a prediction while its game runs: pending, trending, or the grade that it has.

Partial results never look like final ones: a prediction is graded only once its game is final, and no rate is computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from tipoff.grading.outcomes import FINAL, POSTPONED, grade
from tipoff.vocabulary import Grade, Recommendation

REGULATION_MINUTES: Final = 48.0
LIVE: Final = "live"


class LiveGrade(StrEnum):
    """The state of a prediction; exactly one at any time."""

    PENDING = "pending"  # its game or its player has not played yet, or the result is not known yet
    TRENDING_CORRECT = "trending_correct"
    TRENDING_INCORRECT = "trending_incorrect"
    WIN = "win"
    LOSS = "loss"
    PUSH = "push"
    VOID = "void"
    NO_LINE = "no_line"


class PlayerLine(NamedTuple):
    """What a box score in play says of a player."""

    points: int
    minutes: float


class GameLine(NamedTuple):
    """The last box score of a game: its minutes left, and whether it is the final one."""

    minutes_left: float
    is_final: bool
    is_complete: bool
    """Whether every entry was readable: a player who is missing did not play."""


class LivePrediction(NamedTuple):
    """The state of a prediction, and what its player is expected to have at the end."""

    grade: LiveGrade
    projected_points: float | None = None


def live_grade(
    lean: str | None,
    line: float | None,
    predicted: float,
    game_status: str,
    game: GameLine | None,
    player: PlayerLine | None,
) -> LivePrediction:
    """Return the state of a prediction that is not graded yet.

    While a game is live, a prediction trends by the points so far and the predicted points for the regulation that is
    left. Without a box score of the game, or before the player has played, it is pending.
    """
    if game_status == POSTPONED:
        return LivePrediction(LiveGrade.VOID)
    if game_status == FINAL:
        return _final(lean, line, game, player)
    if game_status != LIVE:
        return LivePrediction(LiveGrade.PENDING)
    if line is None:
        return LivePrediction(LiveGrade.NO_LINE)
    if game is None or player is None or player.minutes <= 0:
        return LivePrediction(LiveGrade.PENDING)
    projected = player.points + predicted * min(game.minutes_left / REGULATION_MINUTES, 1.0)
    return LivePrediction(_trend(lean, line, projected), projected)


def _final(lean: str | None, line: float | None, game: GameLine | None, player: PlayerLine | None) -> LivePrediction:
    """The grade by the final box score; pending without one, and for a player who may be an unreadable entry."""
    if game is None or not game.is_final or (player is None and not game.is_complete):
        return LivePrediction(LiveGrade.PENDING)
    points = None if player is None else player.points
    graded = grade(lean, line, points, player is not None, FINAL)
    return LivePrediction(LiveGrade(graded.value), points)


def _trend(lean: str | None, line: float, projected: float) -> LiveGrade:
    if projected == line:
        return LiveGrade.PENDING
    is_over = projected > line
    return LiveGrade.TRENDING_CORRECT if is_over == (lean == Recommendation.OVER) else LiveGrade.TRENDING_INCORRECT


def graded(outcome: Grade, points: int | None) -> LivePrediction:
    """Return the state of a prediction that the day has graded."""
    return LivePrediction(LiveGrade(outcome.value), points)


def counts(grades: Iterable[LiveGrade]) -> dict[str, int]:
    """Return how many predictions are in each state; every state is there."""
    numbers = Counter(grades)
    return {each.value: numbers[each] for each in LiveGrade}
