"""The payloads of the live exports."""

from __future__ import annotations

from typing import Final

from tipoff.grading.live import LiveGrade
from tipoff.publishing.export import Export
from tipoff.publishing.slate import Game, Headline
from tipoff.vocabulary import Frozen, Recommendation, View


class PlayerSoFar(Frozen):
    """What the last box score of a game says of a player who has played."""

    player_id: str
    player_name: str
    team: str
    """Tricode."""
    points: int
    minutes: float


class GameSoFar(Game):
    """A game with the points of its players."""

    period: int | None
    """The fifth one is the first overtime; null before the game has started."""
    overtime_periods: int
    players: tuple[PlayerSoFar, ...]
    """Those with most points first; none before the first box score."""


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
    """The consensus line when the prediction was made, points."""
    lean: Recommendation | None
    """The side with the higher expected value, OVER or UNDER; null without a line."""
    recommendation: Recommendation
    backfilled: bool
    """Made after tip-off: never a pick."""
    prediction_id: str
    predicted_points: float
    """The median of the predicted distribution."""
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
    """So far; null before the first box score."""
    systems: tuple[Standing, ...]


class SystemCounts(Frozen):
    """The predictions and the picks of one view of a system by grade."""

    system_id: str
    view: View
    predictions: dict[LiveGrade, int]
    picks: dict[LiveGrade, int]


class LiveGradingPayload(Frozen):
    """How the active predictions of a date stand. There is no rate: a few results say nothing about a system."""

    headline: Headline
    counts: dict[LiveGrade, int]
    """Grade -> number of predictions."""
    systems: tuple[SystemCounts, ...]
    players: tuple[PlayerStandings, ...]


_WRITTEN: Final = "with predictions and results, and every three minutes while games run; a version when all are over"
LIVE: Final = Export(
    "live",
    "v1/live/{game_date}.json",
    "Status, score and the players' points of each game of a date.",
    _WRITTEN,
    LivePayload,
    versions=True,
    reads=("active_predictions", "graded_predictions", "slate_games"),
)
LIVE_GRADING: Final = Export(
    "live-grading",
    "v1/live-grading/{game_date}.json",
    "How each active prediction of a date stands: pending, trending, or its grade once its game is final.",
    _WRITTEN,
    LiveGradingPayload,
    versions=True,
    reads=("active_predictions", "graded_predictions", "slate_games"),
)
