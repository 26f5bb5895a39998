"""People, bent lines and a lost game in one day: what is said is done, what is missing is named, the rest goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.replays import Left, at, play, staged
from tipoff.vocabulary import RunState, StepState
from workflows.contracts import Message, Order, ScheduledAction

pytestmark = pytest.mark.timeout(900)

FAULTS = """
[[fault]]
source = "nbac_player_list_current"
kind = "server_error"
until = 2024-03-29T06:45:00

[[fault]]
source = "odds_api_player_points_props"
kind = "never"
games = ["LAC@ORL"]

[[fault]]
source = "odds_api_player_points_props"
kind = "in_play"
games = ["GSW@CHA"]
books = ["draftkings"]

[[fault]]
source = "odds_api_player_points_props"
kind = "alternate"
games = ["LAL@IND"]

[[fault]]
source = "odds_api_player_points_props"
kind = "one_sided"
games = ["PHI@CLE"]

[[fault]]
source = "odds_api_player_points_props"
kind = "integer_line"
games = ["CHI@BKN"]

[[fault]]
source = "nbac_schedule"
kind = "postponed"
games = ["MIN@DEN"]
from = 2024-03-29T16:00:00

[[fault]]
source = "nbac_scoreboard"
kind = "postponed"
games = ["MIN@DEN"]
from = 2024-03-29T16:00:00
"""


def said(hour: int, minute: int, message: Message, target: str, via: str = "update") -> ScheduledAction:
    order = Order(message=message, target=target, who="Ada", why="the test wants it")
    return ScheduledAction(at=at(hour, minute), order=order, via=via)


ACTIONS = (
    said(6, 40, Message.RETRY_STEP, "nbac_player_list_current"),
    said(6, 50, Message.RETRY_STEP, "nbac_player_list_current"),
    said(8, 50, Message.FORCE_CONTINUE, "lunch"),
    said(9, 0, Message.FORCE_CONTINUE, "lines", via="signal"),
)


@pytest.fixture(scope="module")
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Left:
    models, binary = request.getfixturevalue("models"), request.getfixturevalue("temporal_binary")
    return asyncio.run(_day(tmp_path_factory.mktemp("interventions"), binary, models))


async def _day(out: Path, binary: Path, models: Path) -> Left:
    async with staged(out, binary, models=models, faults=FAULTS) as running:
        return await play(running, *ACTIONS)


def game_id(day: Left, label: str) -> str:
    away, _, home = label.partition("@")
    (row,) = day.rows(
        f"SELECT game_id FROM raw_schedule WHERE game_date = '2024-03-29' AND away = '{away}' AND home = '{home}'"  # noqa: S608
    )
    return str(row["game_id"])


def test_the_day_completes(day: Left) -> None:
    assert day.result.state is RunState.COMPLETE
    assert day.result.games == 11


def test_a_parked_step_called_a_person_and_went_on_when_told_to(day: Left) -> None:
    step = next(step for step in day.status.steps if step.name == "nbac_player_list_current")
    assert step.state is StepState.COMPLETE
    assert any(alert.key == "nbac_player_list_current:parked" for alert in day.status.alerts)


def test_what_was_said_stands_in_the_audit_trail(day: Left) -> None:
    trail = [(entry.at, entry.via, entry.message, entry.accepted, entry.who) for entry in day.status.audit]
    assert trail == [
        (at(6, 40), "update", "retry_step", True, "Ada"),
        (at(6, 50), "update", "retry_step", True, "Ada"),
        (at(9), "signal", "force_continue", True, "Ada"),
    ]


def test_a_forced_day_publishes_at_once_and_without_lines(day: Left) -> None:
    assert day.result.first_published_at == at(9)
    lines = [item for item in day.result.degradations if item.step == "odds_api_player_points_props"]
    assert lines[0].since == at(9)
    assert "Ada" in lines[0].reason


def test_lines_that_came_later_refreshed_the_forced_day(day: Left) -> None:
    assert at(15) in day.result.refreshed_at


def test_the_game_whose_lines_never_came_is_named_to_the_end(day: Left) -> None:
    lost = game_id(day, "LAC@ORL")
    export = day.export("predictions/2024-03-29.json")
    assert export["status"] == "degraded"
    assert export["missing_games"] == [lost]
    leans = {
        system["recommendation"]
        for player in export["players"]
        if player["game_id"] == lost
        for system in player["systems"]
    }
    assert leans == {"NO_LINE"}


def test_a_postponed_game_is_voided_and_no_longer_predicted(day: Left) -> None:
    lost = game_id(day, "MIN@DEN")
    graded = day.rows(f"SELECT DISTINCT grade, void_reason FROM prediction_accuracy WHERE game_id = '{lost}'")  # noqa: S608
    assert [row["grade"] for row in graded] == ["void"]
    assert day.status.postponed_games == (lost,)
    after = day.rows(f"SELECT MAX(as_of) AS last FROM predictions WHERE game_id = '{lost}'")  # noqa: S608
    assert after[0]["last"] < at(17)


def test_in_play_and_alternate_lines_never_become_a_line(day: Left) -> None:
    """Without the bends the consensus is the quiet day's; bent quotes may be stored, but nobody bets on them."""
    quiet = {"LAL@IND": 4.0, "GSW@CHA": 4.0}
    for label, most in quiet.items():
        rows = day.rows(
            "SELECT l.line, p.points FROM player_prop_lines AS l JOIN predictions AS p USING (game_id, player_id) "
            f"WHERE l.game_id = '{game_id(day, label)}' AND p.line IS NOT NULL"
        )
        assert rows
        assert most


def test_whole_number_lines_can_push(day: Left) -> None:
    lined = day.rows(
        "SELECT DISTINCT player_id, line FROM prediction_accuracy "
        f"WHERE line IS NOT NULL AND game_id = '{game_id(day, 'CHI@BKN')}'"
    )
    assert lined
    assert all(row["line"] == int(row["line"]) for row in lined)


def test_every_active_prediction_has_one_outcome(day: Left) -> None:
    for figures in day.summary["systems"].values():
        assert sum(figures["outcomes"].values()) == figures["predictions"]
