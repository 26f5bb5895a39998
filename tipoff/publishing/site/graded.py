"""How the predictions of a date ended, as its results say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from tipoff.publishing.site.exports import Exports, Shown
from tipoff.publishing.slate import Game
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Frozen, Grade, Recommendation, View


class GradedPrediction(Shown):
    """The result of one prediction."""

    system_id: str
    view: View
    recommendation: Recommendation
    grade: Grade
    void_reason: str | None
    actual_points: int | None
    profit_units: float | None

    @property
    def is_headline(self) -> bool:
        return (self.system_id, self.view) == HEADLINE


class GradedPlayer(Shown):
    """The results of the predictions of one player."""

    game_id: str
    player_id: str
    systems: tuple[GradedPrediction, ...]

    @property
    def first(self) -> GradedPrediction:
        """The result of the headline; without a line, of another view of its system, or of any system."""
        system_id, _ = HEADLINE
        return min(self.systems, key=lambda each: (not each.is_headline, each.system_id != system_id))


class GradedPayload(Frozen):
    """The players of a date whose predictions are graded."""

    players: tuple[GradedPlayer, ...]


def graded_players(exports: Exports, game_date: date) -> Mapping[tuple[str, str], GradedPrediction]:
    """Return the result shown of each player, by game and player id."""
    published = exports.read_as(f"v1/results/{game_date}.json", GradedPayload)
    players = published.payload.players if published else ()
    return {(each.game_id, each.player_id): each.first for each in players if each.systems}


class GamesPayload(Frozen):
    """The games of a date as its results know them."""

    games: tuple[Game, ...]


def games_with_results(exports: Exports, game_date: date) -> tuple[Game, ...]:
    """Return the games of a date as its results know them; none before they are published."""
    results = exports.read_as(f"v1/results/{game_date}.json", GamesPayload)
    return results.payload.games if results else ()


def newest_games(exports: Exports, game_date: date, games: Sequence[Game]) -> tuple[Game, ...]:
    """Return games as the results of their date know them: tonight's exports end with the last prediction."""
    newest = {game.game_id: game for game in games_with_results(exports, game_date)}
    return tuple(newest.get(game.game_id, game) for game in games)
