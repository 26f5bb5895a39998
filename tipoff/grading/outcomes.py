"""Pure rules that grade one prediction, as in sports betting: void and push do not count in the hit rate."""

from __future__ import annotations

import re
from datetime import datetime

from tipoff.errors import BadInputError
from tipoff.odds import decimal_price
from tipoff.vocabulary import Grade, Recommendation

TYPICAL_PRICE = -115
"""What a book asks for either side on average: its hold is 6 to 7.4 %. The best of several books is nearer to -110."""

FINAL = "final"
POSTPONED = "postponed"
SIDES = (Recommendation.OVER.value, Recommendation.UNDER.value)
"""What a pick recommends."""

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
    absence: str | None = None,
    absence_reason: str | None = None,
) -> str:
    """Return why a prediction is void: postponement, known injury, late scratch, or what the gamebook says.

    `absence` and its reason are the status and the reason of the player in the gamebook; None without them.
    """
    if game_status == POSTPONED:
        return "game postponed"
    if injury_status in RULED_OUT and reported_at is not None:
        known = "ruled out before the prediction" if reported_at <= predicted_at else "late scratch"
        return f"{known}: {injury_reason}" if injury_reason else known
    if absence is None:
        return "did not play; not ruled out in any injury report"
    if absence_reason and "coach" in absence_reason.lower():
        return "coach's decision"
    reason = _LISTED_AS.sub("", absence_reason or "")
    return f"{_ABSENCES[absence]}: {reason}" if reason else _ABSENCES[absence]


_ABSENCES = {"dnp": "did not play", "inactive": "late scratch", "not_with_team": "not with the team"}
"""Status in the gamebook -> what it means for a player who was not ruled out in any injury report."""
_LISTED_AS = re.compile(r"^(?:DNP|DND|NWT) ?- ?")


def profit_units(outcome: Grade, recommendation: str, price_american: float | None) -> float | None:
    """Return the profit of one unit staked on a pick; 0 for push and void, None for what is no pick or has no price."""
    if outcome is Grade.NO_LINE or recommendation not in SIDES or price_american is None:
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
