"""A day with operator commands, distorted lines and a postponed game: commands are executed and gaps are named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.replays import ReplayedDay, at, replayed_day
from tests.support.validated_exports import validated_exports
from tipoff.publishing.registry import EXPORTS
from tipoff.vocabulary import RunState, StepState
from workflows.contracts import CommandName, OperatorCommand, ScheduledAction

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

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
source = "bettingpros_player_points_props"
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


def action(hour: int, minute: int, name: CommandName, target: str, via: str = "update") -> ScheduledAction:
    command = OperatorCommand(name=name, target=target, who="Ada", why="the test wants it")
    return ScheduledAction(at=at(hour, minute), command=command, via=via)


ACTIONS = (
    action(6, 40, CommandName.RETRY_STEP, "nbac_player_list_current"),
    action(6, 50, CommandName.RETRY_STEP, "nbac_player_list_current"),
    action(8, 50, CommandName.FORCE_CONTINUE, "lunch"),
    action(9, 0, CommandName.FORCE_CONTINUE, "lines", via="signal"),
)


@pytest.fixture(scope="module")
def day(temporal_binary: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    out = tmp_path_factory.mktemp("interventions")
    return asyncio.run(replayed_day(out, temporal_binary, *ACTIONS, models=models, faults=FAULTS))


def game_id(day: ReplayedDay, label: str) -> str:
    """The id of a game of the date; the schedule lists a postponed game under a later date."""
    away, _, home = label.partition("@")
    (row,) = day.rows(
        "SELECT game_id FROM raw_schedule WHERE game_date >= '2024-03-29' AND away = @away AND home = @home",
        away=away,
        home=home,
    )
    return str(row["game_id"])


def lines_of(day: ReplayedDay, label: str) -> dict[str, float]:
    """Player -> consensus line in a game."""
    query = "SELECT player_id, line FROM player_prop_lines WHERE game_id = @game_id"
    return {row["player_id"]: row["line"] for row in day.rows(query, game_id=game_id(day, label))}


def test_the_day_completes(day: ReplayedDay) -> None:
    assert day.result.state is RunState.COMPLETE
    assert day.result.games == 11


def test_a_parked_step_alerts_the_operator_and_completes_after_a_retry(day: ReplayedDay) -> None:
    step = next(step for step in day.status.steps if step.name == "nbac_player_list_current")
    assert step.state is StepState.COMPLETE
    assert any(alert.key == "nbac_player_list_current:parked" for alert in day.status.alerts)


def test_the_audit_trail_lists_the_commands(day: ReplayedDay) -> None:
    trail = [(entry.at, entry.via, entry.command, entry.accepted, entry.who) for entry in day.status.audit]
    assert trail == [
        (at(6, 40), "update", "retry_step", True, "Ada"),
        (at(6, 50), "update", "retry_step", True, "Ada"),
        (at(9), "signal", "force_continue", True, "Ada"),
    ]


def test_a_forced_day_publishes_at_once_without_lines(day: ReplayedDay) -> None:
    assert day.result.first_published_at == at(9)
    (degradation,) = (item for item in day.result.degradations if item.step == "odds_api_player_points_props")
    assert degradation.since == at(9)
    (degraded,) = (alert for alert in day.status.alerts if alert.key == "odds_api_player_points_props:degraded")
    assert "forced by Ada: the test wants it" in degraded.text


def test_later_lines_refresh_the_forced_day(day: ReplayedDay) -> None:
    assert at(15) in day.result.refreshed_at


def test_a_game_without_lines_is_named_until_the_end(day: ReplayedDay) -> None:
    without_lines = game_id(day, "LAC@ORL")
    export = day.export("predictions/2024-03-29.json")
    assert export["status"] == "degraded"
    assert export["missing_games"] == [without_lines]
    recommendations = {
        system["recommendation"]
        for player in export["players"]
        if player["game_id"] == without_lines
        for system in player["systems"]
    }
    assert recommendations == {"NO_LINE"}


def test_every_export_of_a_day_with_a_postponed_game_has_its_schema(day: ReplayedDay) -> None:
    assert validated_exports(day.export_folder) == {export.name for export in EXPORTS}


def test_a_postponed_game_is_voided_and_no_longer_predicted(day: ReplayedDay) -> None:
    postponed = game_id(day, "MIN@DEN")
    graded = day.rows("SELECT DISTINCT grade FROM prediction_accuracy WHERE game_id = @game", game=postponed)
    assert graded == [{"grade": "void"}]
    assert day.status.postponed_games == (postponed,)
    (last,) = day.rows("SELECT MAX(as_of) AS at FROM predictions WHERE game_id = @game", game=postponed)
    assert last["at"] <= at(17)


def test_alternate_lines_do_not_count_as_the_line(day: ReplayedDay, quiet_day: ReplayedDay) -> None:
    assert lines_of(day, "LAL@IND") == lines_of(quiet_day, "LAL@IND") != {}


def test_a_line_changed_during_the_game_is_not_read(day: ReplayedDay) -> None:
    query = "SELECT DISTINCT book FROM raw_player_props WHERE game_id = @game_id"
    books = {row["book"] for row in day.rows(query, game_id=game_id(day, "GSW@CHA"))}
    assert "draftkings" not in books
    assert len(books) > 3


def test_a_one_sided_quote_is_stored_but_does_not_count_as_a_line(day: ReplayedDay) -> None:
    game = game_id(day, "PHI@CLE")
    quotes = day.rows("SELECT under_price_american AS price FROM raw_player_props WHERE game_id = @game", game=game)
    assert {quote["price"] for quote in quotes} == {None}
    assert lines_of(day, "PHI@CLE") == {}


def test_a_whole_number_line_may_push(day: ReplayedDay) -> None:
    """Coby White scored 18, and his line of 18.5 became 18."""
    lines = lines_of(day, "CHI@BKN")
    assert lines
    assert all(line == int(line) for line in lines.values())
    query = "SELECT grade, line, actual_points FROM prediction_accuracy WHERE game_id = @game AND line IS NOT NULL"
    graded = day.rows(query, game=game_id(day, "CHI@BKN"))
    assert "push" in {row["grade"] for row in graded}
    for row in graded:
        assert (row["grade"] == "push") == (row["actual_points"] == row["line"])


def test_every_active_prediction_has_one_outcome(day: ReplayedDay) -> None:
    for views in day.summary["systems"].values():
        for figures in views.values():
            assert sum(figures["outcomes"].values()) == figures["predictions"]
