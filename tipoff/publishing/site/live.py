"""The evening as the live exports know it: games in play, and what players have scored so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from tipoff.grading.live import LIVE, LiveGrade
from tipoff.grading.outcomes import FINAL
from tipoff.publishing import live_payloads
from tipoff.publishing.envelope import Envelope
from tipoff.publishing.live_payloads import LiveGradingPayload, LivePayload
from tipoff.publishing.site.exports import Exports, Published
from tipoff.publishing.site.graded import games_with_results, graded_players, shown_first
from tipoff.publishing.slate import Game
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Recommendation

_TRENDING: Final = (LiveGrade.TRENDING_CORRECT, LiveGrade.TRENDING_INCORRECT)


class Score(NamedTuple):
    """What a player has scored, and how the prediction shown of him stands."""

    grade: LiveGrade
    points: int | None
    """Null before he has played."""
    recommendation: Recommendation
    is_so_far: bool
    """His game is not over, or its final box score is not known yet."""


class Evening(NamedTuple):
    """How the picks of the headline stand while games run."""

    envelope: Envelope
    """Of the live exports."""
    games: Mapping[str, int]
    """Status -> number of games."""
    picks: Mapping[LiveGrade, int]

    @property
    def graded(self) -> int:
        """Picks whose games are over, void ones left out."""
        return self.picks[LiveGrade.WIN] + self.picks[LiveGrade.LOSS] + self.picks[LiveGrade.PUSH]

    @property
    def trending(self) -> int:
        return sum(self.picks[grade] for grade in _TRENDING)

    @property
    def open(self) -> int:
        """Picks without a result."""
        return self.trending + self.picks[LiveGrade.PENDING]


def evening_of(exports: Exports, game_date: date) -> Evening | None:
    """Return how the picks of a date stand; None before its first game and without live exports."""
    live, grading = _live(exports, game_date), _grading(exports, game_date)
    if live is None or grading is None or not (live.payload.counts[LIVE] or live.payload.counts[FINAL]):
        return None
    of_headline = [each for each in grading.payload.systems if (each.system_id, each.view) == HEADLINE]
    picks = {grade: sum(each.picks[grade] for each in of_headline) for grade in LiveGrade}
    return Evening(live.envelope, live.payload.counts, picks)


def newest_games(exports: Exports, game_date: date, games: Sequence[Game]) -> tuple[Game, ...]:
    """Return games as the live export of their date knows them, or else its results.

    Tonight's exports end with the last prediction; the live one is written with the results, too.
    """
    live = _live(exports, game_date)
    newest = {game.game_id: game for game in (live.payload.games if live else games_with_results(exports, game_date))}
    return tuple(newest.get(game.game_id, game) for game in games)


def scores(exports: Exports, game_date: date) -> Mapping[tuple[str, str], Score]:
    """Return what players have scored, by game and player id: their result, or what is known so far."""
    live, grading = _live(exports, game_date), _grading(exports, game_date)
    over = {game.game_id for game in live.payload.games if game.status == FINAL} if live else set()
    so_far: dict[tuple[str, str], Score] = {}
    for player in grading.payload.players if grading else ():
        shown = shown_first(player.systems)
        is_so_far = shown.grade is LiveGrade.PENDING or player.game_id not in over
        score = Score(shown.grade, player.points, shown.recommendation, is_so_far)
        so_far[player.game_id, player.player_id] = score
    results = {
        key: Score(LiveGrade(each.grade.value), each.actual_points, each.recommendation, is_so_far=False)
        for key, each in graded_players(exports, game_date).items()
    }
    return {**so_far, **results}


def _live(exports: Exports, game_date: date) -> Published[LivePayload] | None:
    return exports.read_as(live_payloads.LIVE.path.format(game_date=game_date), LivePayload)


def _grading(exports: Exports, game_date: date) -> Published[LiveGradingPayload] | None:
    return exports.read_as(live_payloads.LIVE_GRADING.path.format(game_date=game_date), LiveGradingPayload)
