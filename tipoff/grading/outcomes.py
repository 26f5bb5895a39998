"""Pure rules that grade one prediction, as in sports betting: void and push do not count in the hit rate."""

from __future__ import annotations

from datetime import datetime

from tipoff.errors import BadInputError
from tipoff.odds import decimal_price
from tipoff.vocabulary import Grade, Recommendation

FINAL = "final"
POSTPONED = "postponed"
RULED_OUT = frozenset({"Out", "Doubtful"})


def grade(lean: str | None, line: float | None, actual_points: int | None, did_play: bool, game_status: str) -> Grade:
    """Return the grade of a prediction; `lean` is its side of the line, also for a PASS.

    VOID takes precedence: a player who did not play has no points to grade. Raises BadInputError if the game is not
    over, and for a line without a lean.
    """
    if game_status not in (FINAL, POSTPONED):
        raise BadInputError(f"a game that is {game_status} cannot be graded; grade it when it is final")
    if game_status == POSTPONED or not did_play or actual_points is None:
        return Grade.VOID
    if line is None:
        return Grade.NO_LINE
    if lean not in (Recommendation.OVER, Recommendation.UNDER):
        raise BadInputError(f"a prediction with line {line} has no lean ({lean}); predict it again")
    if actual_points == line:
        return Grade.PUSH
    return Grade.WIN if (actual_points > line) == (lean == Recommendation.OVER) else Grade.LOSS


def void_reason(
    game_status: str,
    injury_status: str | None,
    injury_reason: str | None,
    reported_at: datetime | None,
    predicted_at: datetime,
) -> str:
    """Return why a prediction is void: postponement, known injury, late scratch, or not ruled out at all."""
    if game_status == POSTPONED:
        return "game postponed"
    if injury_status not in RULED_OUT or reported_at is None:
        return "did not play; not ruled out in any injury report"
    known = "ruled out before the prediction" if reported_at <= predicted_at else "late scratch"
    return f"{known}: {injury_reason}" if injury_reason else known


def profit_units(outcome: Grade, price_american: float | None) -> float | None:
    """Return the profit of one unit staked at a price; 0 for push and void, None without a line or a price."""
    if outcome is Grade.NO_LINE or price_american is None:
        return None
    if outcome is Grade.LOSS:
        return -1.0
    return decimal_price(price_american) - 1 if outcome is Grade.WIN else 0.0


def closing_line_value(lean: str | None, line: float | None, closing_line: float | None) -> float | None:
    """Return the points the line moved towards the lean; positive if the prediction had the better line."""
    if line is None or closing_line is None or lean is None:
        return None
    move = closing_line - line
    return move if lean == Recommendation.OVER else -move
