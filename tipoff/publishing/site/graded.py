"""How the predictions of a date ended, as its results say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol, TypeVar

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


class GradedPlayer(Shown):
    """The results of the predictions of one player."""

    game_id: str
    player_id: str
    systems: tuple[GradedPrediction, ...]


class GradedPayload(Frozen):
    """The players of a date whose predictions are graded."""

    players: tuple[GradedPlayer, ...]


class OfSystem(Protocol):
    """What one view of a system says of a player."""

    @property
    def system_id(self) -> str: ...

    @property
    def view(self) -> View: ...


Said = TypeVar("Said", bound=OfSystem)


def shown_first(systems: Sequence[Said]) -> Said:
    """Return what the headline says; without it, another view of its system, or any system."""
    return min(systems, key=lambda each: ((each.system_id, each.view) != HEADLINE, each.system_id != HEADLINE[0]))


def graded_players(exports: Exports, game_date: date) -> Mapping[tuple[str, str], GradedPrediction]:
    """Return the result shown of each player, by game and player id."""
    published = exports.read_as(f"v1/results/{game_date}.json", GradedPayload)
    players = published.payload.players if published else ()
    return {(each.game_id, each.player_id): shown_first(each.systems) for each in players if each.systems}


class GamesPayload(Frozen):
    """The games of a date as its results know them."""

    games: tuple[Game, ...]


def games_with_results(exports: Exports, game_date: date) -> tuple[Game, ...]:
    """Return the games of a date as its results know them; none before they are published."""
    results = exports.read_as(f"v1/results/{game_date}.json", GamesPayload)
    return results.payload.games if results else ()
