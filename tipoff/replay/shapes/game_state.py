"""The state of a game at the as-of time: scheduled, in play, or final.

Clock and score of a running game are in proportion to the real time since tip-off.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tipoff.replay.shapes.view import OVERTIME, REGULATION, ArchiveView, Game
from tipoff.vocabulary import EASTERN, eastern

SCHEDULED, IN_PLAY, FINAL = 1, 2, 3
"""The NBA's `gameStatus`."""

POSTPONED_TEXT = "PPD"
TBD_TEXT = "TBD"


Record = Counter[tuple[str, bool]]
"""Games won (True) and lost (False) by team."""


def add_result(record: Record, game: Game) -> None:
    """Count a finished game in the record."""
    home_won = (game.home_points or 0) > (game.away_points or 0)
    record.update([(game.home, home_won), (game.away, not home_won)])


class Period(NamedTuple):
    """The real time a period lasts and its length on the game clock."""

    lasts: timedelta
    minutes: int


_REGULATION_PERIOD = Period(REGULATION / 4, 12)
_OVERTIME_PERIOD = Period(OVERTIME, 5)


@dataclass(frozen=True, slots=True)
class GameState:
    """Status, its text, the period (0 before tip-off), the clock left in it, and the points of each period so far."""

    status: int
    text: str
    period: int = 0
    clock: str = ""
    home_periods: tuple[int, ...] = (0, 0, 0, 0)
    away_periods: tuple[int, ...] = (0, 0, 0, 0)
    share_played: float = 0.0
    """Of the minutes that the game lasts."""


def state_of(game: Game, view: ArchiveView) -> GameState:
    """The state of a game in a view; a game without a result in the archive stays scheduled."""
    if game.game_id in view.postponed_games:
        return GameState(SCHEDULED, POSTPONED_TEXT)
    if game.game_id in view.unscheduled_games:
        return GameState(SCHEDULED, TBD_TEXT)
    if game.overtime_periods is None or view.as_of < game.tip_off:
        return GameState(SCHEDULED, tip_off_text(game.tip_off))
    periods = [_REGULATION_PERIOD] * 4 + [_OVERTIME_PERIOD] * game.overtime_periods
    played = _minutes_played(periods, view.as_of - game.tip_off)
    final = view.is_final(game)
    period, clock = (len(periods), "") if final else _clock(played)
    return GameState(
        FINAL if final else IN_PLAY,
        _final_text(game.overtime_periods) if final else f"{_period_name(period)} {clock}",
        period,
        clock and f"PT{clock[:2]}M{clock[3:]}.00S",
        _points_by_period(game.home_points or 0, periods, played),
        _points_by_period(game.away_points or 0, periods, played),
        1.0 if final else sum(played) / sum(each.minutes for each in periods),
    )


def listed_time(game: Game, view: ArchiveView) -> datetime:
    """The tip-off as providers list it: midnight Eastern time stands for one to be determined."""
    return eastern(game.game_date, 0) if game.game_id in view.unscheduled_games else game.tip_off


def tip_off_text(tip_off: datetime) -> str:
    """The tip-off as the NBA writes it: 7:30 pm ET."""
    local = tip_off.astimezone(EASTERN)
    return f"{local:%I:%M} {local:%p} ET".lstrip("0").replace("AM", "am").replace("PM", "pm")


def _final_text(overtimes: int) -> str:
    return "Final" + {0: "", 1: "/OT"}.get(overtimes, f"/OT{overtimes}")


def _period_name(period: int) -> str:
    return f"Q{period}" if period <= 4 else f"OT{period - 4}"


def _minutes_played(periods: list[Period], since_tip: timedelta) -> list[float]:
    played = []
    for period in periods:
        fraction = min(max(since_tip / period.lasts, 0.0), 1.0)
        played.append(fraction * period.minutes)
        since_tip -= period.lasts
    return played


def _clock(played: list[float]) -> tuple[int, str]:
    period = max(sum(minutes > 0 for minutes in played), 1)
    length = 12 if period <= 4 else 5
    left = round((length - played[period - 1]) * 60)
    return period, f"{left // 60:02d}:{left % 60:02d}"


def _points_by_period(points: int, periods: list[Period], played: list[float]) -> tuple[int, ...]:
    """Points in proportion to minutes played; the periods add up to the score at any time."""
    total = sum(period.minutes for period in periods)
    so_far = [int(points * sum(played[: number + 1]) / total + 1e-9) for number in range(len(played))]
    return tuple(after - before for before, after in zip([0, *so_far], so_far, strict=False))
