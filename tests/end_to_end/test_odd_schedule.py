"""A day with an odd schedule.

The tip-offs of three games are not fixed: until noon, until the game begins, and for ever. The entry of a game two
months earlier has no time.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.replays import ReplayedDay, at, replayed_day
from tipoff.vocabulary import RunState, SlateGame, StepState

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

UNTIL_NOON, UNTIL_IT_BEGINS, FOR_EVER = "GSW@CHA", "LAC@ORL", "LAL@IND"
FAR_GAME = "0022300660"

FAULTS = f"""
[[fault]]
source = "*"
kind = "tip_off_tbd"
games = ["{UNTIL_NOON}"]
until = 2024-03-29T12:00:00

[[fault]]
source = "nbac_schedule"
kind = "tip_off_tbd"
games = ["{UNTIL_IT_BEGINS}"]

[[fault]]
source = "*"
kind = "tip_off_tbd"
games = ["{FOR_EVER}"]

[[fault]]
source = "nbac_schedule"
kind = "damaged_entry"
games = ["{FAR_GAME}"]
"""


@pytest.fixture(scope="module")
def odd_day(temporal_binary: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    out = tmp_path_factory.mktemp("tip_off_not_fixed")
    return asyncio.run(replayed_day(out, temporal_binary, models=models, faults=FAULTS))


def game(day: ReplayedDay, label: str) -> SlateGame:
    return next(game for game in day.status.games if game.label == label)


def test_predictions_are_published_in_time_and_not_the_evening_before(odd_day: ReplayedDay) -> None:
    assert odd_day.result.first_published_at is not None
    assert at(13) <= odd_day.result.first_published_at <= at(13, 30)


def test_a_far_entry_without_a_time_costs_itself_and_is_named(odd_day: ReplayedDay) -> None:
    schedule = next(step for step in odd_day.status.steps if step.name == "nbac_schedule")
    assert (schedule.state, odd_day.result.games) == (StepState.COMPLETE, 12)
    polled = [request["host"] for request in odd_day.requests if request["source"] == "nbac_schedule"]
    assert set(polled) == {"cdn.nba.com"}
    assert odd_day.rows("SELECT COUNT(*) AS games FROM raw_schedule WHERE game_id = @game", game=FAR_GAME) == [
        {"games": 0}
    ]
    (alert,) = (alert for alert in odd_day.status.alerts if alert.key == "nbac_schedule:damaged")
    assert "games[" in alert.text
    assert not [item for item in odd_day.result.degradations if item.step == "nbac_schedule"]


def test_the_plan_follows_a_tip_off_that_becomes_known(odd_day: ReplayedDay) -> None:
    assert game(odd_day, UNTIL_NOON).tip_off == at(19)
    players = odd_day.export("predictions/2024-03-29.json")["players"]
    assert {player["tip_off"] for player in players if player["team"] in UNTIL_NOON} == {"2024-03-29T23:00:00Z"}


def test_a_game_is_known_to_have_begun_when_the_scoreboard_shows_it_and_is_not_predicted_any_more(
    odd_day: ReplayedDay,
) -> None:
    begun = game(odd_day, UNTIL_IT_BEGINS).tip_off
    assert begun is not None
    assert at(19) <= begun <= at(19, 15)
    rows = odd_day.rows(
        "SELECT MAX(as_of) AS last FROM predictions WHERE game_id = @game", game=game(odd_day, UNTIL_IT_BEGINS).game_id
    )
    assert rows[0]["last"] < begun


def test_every_game_is_predicted_before_its_tip_off_and_graded_when_it_was_played(odd_day: ReplayedDay) -> None:
    assert odd_day.rows("SELECT COUNT(DISTINCT game_id) AS games FROM predictions WHERE NOT backfilled") == [
        {"games": 12}
    ]
    graded = odd_day.rows("SELECT DISTINCT game_id FROM prediction_accuracy")
    assert {row["game_id"] for row in graded} == {each.game_id for each in odd_day.status.games} - {
        game(odd_day, FOR_EVER).game_id
    }


def test_the_day_is_not_complete_and_status_summary_and_page_name_the_game_that_never_got_a_time(
    odd_day: ReplayedDay,
) -> None:
    assert odd_day.result.state is RunState.FAILED
    assert odd_day.status.sentence == (
        f"ended with no result of {FOR_EVER} (tip-off not fixed): neither final nor postponed"
    )
    assert odd_day.summary["tip_off_not_fixed"] == [FOR_EVER]
    assert "tip-off not fixed" in odd_day.exports["pages/2024-03-29.html"].decode()
    (alert,) = (alert for alert in odd_day.status.alerts if alert.key == "nbac_schedule:tip_off_not_fixed")
    assert all(label in alert.text for label in (UNTIL_NOON, UNTIL_IT_BEGINS, FOR_EVER))
    assert odd_day.export("predictions/2024-03-29.json")["games"][-1]["tip_off"] is None
