"""The payloads of the live exports."""

from __future__ import annotations

from typing import Final

from pydantic import AwareDatetime

from tipoff.grading.live import LiveGrade
from tipoff.publishing.readers import ReaderExport
from tipoff.vocabulary import Frozen, Recommendation, View


class PlayerSoFar(Frozen):
    """What the last box score of a game says of a player who has played."""

    player_id: str
    player_name: str
    team: str
    points: int
    minutes: float


class GameSoFar(Frozen):
    """A game as known at the as-of time. Points are null before it has begun."""

    game_id: str
    away: str
    home: str
    tip_off: AwareDatetime | None
    """Null while it is not fixed."""
    status: str
    """scheduled, live, final, postponed or unknown."""
    status_text: str | None
    """The provider's words."""
    period: int | None
    overtime_periods: int
    away_points: int | None
    home_points: int | None
    players: tuple[PlayerSoFar, ...]
    """Those with most points first."""


class LivePayload(Frozen):
    """The games of a date."""

    counts: dict[str, int]
    """Status -> number of games."""
    games: tuple[GameSoFar, ...]


class Standing(Frozen):
    """How one prediction of a player stands."""

    system_id: str
    view: View
    line: float | None
    lean: str | None
    recommendation: Recommendation
    backfilled: bool
    prediction_id: str
    predicted_points: float
    projected_points: float | None
    """The points so far and the predicted points for the regulation that is left; at the end the points."""
    grade: LiveGrade


class PlayerStandings(Frozen):
    """A player with his points so far and how his predictions stand."""

    game_id: str
    player_id: str
    player_name: str
    team: str
    opponent: str
    points: int | None
    systems: tuple[Standing, ...]


class SystemCounts(Frozen):
    """The predictions and the picks of one view of a system by grade."""

    system_id: str
    view: View
    predictions: dict[LiveGrade, int]
    picks: dict[LiveGrade, int]


class Headline(Frozen):
    """The system and view that picks and best bets are about."""

    system_id: str
    view: View


class LiveGradingPayload(Frozen):
    """How the active predictions of a date stand. There is no rate: a few results say nothing about a system."""

    headline: Headline
    counts: dict[LiveGrade, int]
    systems: tuple[SystemCounts, ...]
    players: tuple[PlayerStandings, ...]


LIVE: Final = ReaderExport(
    "live",
    "v1/live/{game_date}.json",
    "Status, score and the players' points of each game of a date, every three minutes while games run.",
    LivePayload,
)
LIVE_GRADING: Final = ReaderExport(
    "live-grading",
    "v1/live-grading/{game_date}.json",
    "How each active prediction of a date stands: pending, trending, or its grade once its game is final.",
    LiveGradingPayload,
)
LIVE_EXPORTS: Final = (LIVE, LIVE_GRADING)
