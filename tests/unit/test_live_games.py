"""Which box scores of games in play are requested next."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.ledgers import full_evening_plan, step_of
from tipoff.grading.live import GameLine
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import open_landing
from tipoff.live_games import BOX_SCORES, BOX_SCORES_A_POLL, LandedBox, LandedGames, landed_games, live_requests
from tipoff.sources.base import Slate
from tipoff.sources.providers import NBA_CDN
from tipoff.vocabulary import Outcome, eastern

DAY = date(2024, 3, 29)
NOW = eastern(DAY, 21)
GAMES = full_evening_plan().games
SLATE = Slate(game_date=DAY, games=GAMES)


def landed(statuses: dict[int, str], final: frozenset[int] = frozenset(), **facts: Any) -> LandedGames:
    """A scoreboard with these statuses by the number of the game, and final box scores."""
    over = LandedBox(NOW, GameLine(0.0, is_final=True, is_complete=True), {})
    known = LandedGames(
        board={GAMES[number].game_id: {"status": status} for number, status in statuses.items()},
        board_as_of=NOW,
        boxes={GAMES[number].game_id: over for number in final},
        polled_at={},
        closed_until=NOW - timedelta(hours=1),
    )
    return known._replace(**facts)


def numbers(known: LandedGames) -> list[int]:
    return [GAMES.index(game) for game in known.boxes_to_poll(SLATE, NOW)]


def test_only_games_in_play_and_those_just_over_are_requested() -> None:
    statuses = {0: "scheduled", 1: "live", 2: "final", 3: "final", 4: "postponed", 5: "unknown"}
    assert numbers(landed(statuses, final=frozenset({3}))) == [1, 2]


def test_one_poll_requests_a_bounded_number_and_the_game_that_waited_longest_first() -> None:
    every = dict.fromkeys(range(15), "live")
    polled_at = {GAMES[number].game_id: NOW - timedelta(minutes=3) for number in range(BOX_SCORES_A_POLL)}
    first = numbers(landed(every))
    assert first == list(range(BOX_SCORES_A_POLL))
    then = numbers(landed(every, polled_at=polled_at))
    assert set(first) | set(then) == set(range(15)), "two polls have every game"


def test_after_a_refusal_nothing_is_requested_until_the_cooldown_is_over() -> None:
    assert numbers(landed({1: "live"}, closed_until=NOW + timedelta(seconds=1))) == []
    assert numbers(landed({1: "live"}, closed_until=NOW)) == [1]


def test_the_requests_of_an_evening_are_bounded_and_fit_between_two_polls() -> None:
    requests = live_requests(step_of(full_evening_plan(), "nbac_scoreboard"), GAMES)
    assert requests.scoreboard == len(range(0, 390 + 1, 3)), "from 19:00 until three hours after 22:30"
    assert requests.box_scores <= BOX_SCORES_A_POLL * requests.scoreboard
    first = live_requests(step_of(full_evening_plan(), "nbac_scoreboard"), GAMES[:1])
    assert first.box_scores == first.scoreboard == len(range(0, 180 + 1, 3)), "a box score a poll of the only game"
    assert (1 + BOX_SCORES_A_POLL) * NBA_CDN.rate_limit.spacing <= timedelta(minutes=3)


@pytest.mark.parametrize(
    ("outcome", "closed_for"),
    [(Outcome.BLOCKED, timedelta(hours=2)), (Outcome.THROTTLED, timedelta(minutes=5)), (Outcome.PROVIDER_ERROR, None)],
)
def test_the_landing_tells_how_long_a_refusal_lasts(
    tmp_path: Path, outcome: Outcome, closed_for: timedelta | None
) -> None:
    landing = open_landing(f"file://{tmp_path}")
    landing.record(_request(NOW, outcome))
    known = landed_games(landing, SLATE, NOW + timedelta(minutes=1))
    assert known.polled_at == {GAMES[0].game_id: NOW}
    assert known.closed_until == NOW + closed_for if closed_for else known.closed_until < NOW


def test_what_was_landed_later_is_not_known(tmp_path: Path) -> None:
    landing = open_landing(f"file://{tmp_path}")
    landing.record(_request(NOW, Outcome.BLOCKED))
    assert landed_games(landing, SLATE, NOW - timedelta(minutes=3)).polled_at == {}


def _request(at: datetime, outcome: Outcome) -> FetchRecord:
    return FetchRecord(
        source=BOX_SCORES.name,
        game_date=DAY,
        game_id=GAMES[0].game_id,
        url="https://cdn",
        outcome=outcome,
        fetched_at=at,
    )
