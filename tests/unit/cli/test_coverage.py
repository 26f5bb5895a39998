"""Which games of the slate each source has delivered, from a day's status alone."""

from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli.coverage import Coverage, coverage
from cli.render import day_page
from cli.view import DayView, StatusSource
from tests.support.small_day import LINES, small_plan
from tipoff.vocabulary import DayStatus, Phase, Role, SlateGame, StepState, StepStatus
from workflows.day_state import DayLedger
from workflows.day_status import day_status

NOW = datetime(2024, 3, 29, 18, tzinfo=UTC)
DENVER, LAKERS = (game.game_id for game in small_plan(date(2024, 3, 29), NOW).games)


def a_step(name: str, phase: Phase = Phase.COLLECT, state: StepState = StepState.COMPLETE, **fields: Any) -> StepStatus:
    fields = {"rows": 40, "polls": 1, "reason": "", "critical": False, **fields}
    return StepStatus(name=name, title=name, phase=phase, state=state, **fields)


def a_day(*steps: StepStatus, games: tuple[SlateGame, ...] | None = None) -> DayStatus:
    """A date with two games, DEN@MIN and LAL@IND, and these steps."""
    plan = small_plan(date(2024, 3, 29), NOW)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    status = day_status(ledger, NOW, virtual=False, held=False)
    return status.model_copy(update={"steps": steps, "games": plan.games if games is None else games})


def coverage_of(step: StepStatus) -> Coverage:
    (covered,) = coverage(a_day(step))
    return covered


def test_a_source_of_games_lists_its_missing_games() -> None:
    covered = coverage_of(a_step(LINES, state=StepState.LATE, missing_games=(LAKERS,)))
    assert (covered.games, covered.of, covered.missing_games, covered.missing_teams) == (1, 2, ("LAL@IND",), ())


def test_a_source_of_teams_lists_the_teams_of_its_missing_games() -> None:
    covered = coverage_of(a_step("espn_team_rosters", missing_games=(DENVER,)))
    assert (covered.games, covered.missing_teams) == (1, ("DEN", "MIN"))


@pytest.mark.parametrize(
    ("state", "polls", "missing", "note"),
    [
        (StepState.LATE, 3, ("DEN@MIN", "LAL@IND"), ""),
        (StepState.FAILED, 1, ("DEN@MIN", "LAL@IND"), ""),
        (StepState.PENDING, 0, (), "not polled yet"),
        (StepState.EMPTY_OK, 1, (), "no data expected"),
        (StepState.SKIPPED, 0, (), "skipped by the operator"),
    ],
)
def test_a_source_without_rows_misses_every_game_unless_no_data_is_expected(
    state: StepState, polls: int, missing: tuple[str, ...], note: str
) -> None:
    covered = coverage_of(a_step("nbac_injury_report", state=state, polls=polls, rows=0))
    assert (covered.games, covered.missing_games, covered.note) == (0, missing, note)


def test_a_source_that_waits_names_what_it_waits_for() -> None:
    waiting = a_step("nbac_injury_report", state=StepState.PENDING, rows=0, polls=0, waits_for=("espn_team_rosters",))
    assert coverage_of(waiting).note == "not polled yet, waits for espn_team_rosters"


def test_a_source_that_a_rerun_skipped_keeps_its_recorded_reason() -> None:
    untouched = a_step("nbac_schedule", polls=0, rows=0, reason="kept as recorded, not re-run")
    assert coverage_of(untouched).note == "kept as recorded, not re-run"


def test_sources_are_listed_by_role_and_computed_steps_are_not() -> None:
    day = a_day(
        a_step("nbac_scoreboard", Phase.FOLLOW),
        a_step("nbac_schedule", Phase.SLATE),
        a_step("nbac_player_boxscores", Phase.RESULTS),
        a_step("team_results", Phase.RESULTS),
        a_step("nbac_injury_report"),
    )
    listed = [(item.role, item.source) for item in coverage(day)]
    assert listed == [
        (Role.PRE, "nbac_schedule"),
        (Role.PRE, "nbac_injury_report"),
        (Role.LIVE, "nbac_scoreboard"),
        (Role.POST, "nbac_player_boxscores"),
    ]


def test_a_date_without_games_has_nothing_to_cover() -> None:
    assert coverage(a_day(a_step("nbac_schedule", Phase.SLATE), games=())) == ()


def test_page_and_json_show_what_is_missing() -> None:
    day = a_day(
        a_step("nbac_schedule", Phase.SLATE),
        a_step("espn_team_rosters", missing_games=(DENVER,)),
        a_step(LINES, Phase.LINES, StepState.LATE, rows=0),
    )
    view = DayView(game_date=day.game_date, source=StatusSource.WORKER, why="", status=day, server=None)
    output = StringIO()
    Console(width=132, file=output).print(day_page(view))
    lines = [" ".join(line.split()) for line in output.getvalue().partition("Coverage")[2].splitlines()]
    assert "pre nbac_schedule (nbac_schedule) 2/2" in lines
    assert "pre espn_team_rosters (espn_team_rosters) 1/2 DEN, MIN" in lines
    assert f"pre {LINES} ({LINES}) 0/2 all games" in lines
    assert view.as_json()["coverage"][1]["missing_teams"] == ["DEN", "MIN"]
