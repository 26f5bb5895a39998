"""A transform whose rows violate a check parks its step, and goes on once its input is repaired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.compute import ComputeActivities
from activities.resources import Resources
from tests.support.ledgers import DAY, evening_plan
from tests.support.rows import rows_of
from tipoff.settings import Settings
from tipoff.vocabulary import ComputeReport, Span, StepState, eastern, step_names
from workflows.contracts import ComputeRequest
from workflows.day_state import DayLedger

NOON = eastern(DAY, 12)
YESTERDAY = DAY - timedelta(days=1)
GAME = {"game_date": YESTERDAY, "game_id": "0022301050", "season": "2023-24"}
SIDES = ({"team": "DEN", "opponent": "MIN", "home": True}, {"team": "MIN", "opponent": "DEN", "home": False})
BOX = {"fgm": 4, "fga": 9, "ftm": 2, "fta": 2, "tov": 1, "points": 10}


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[Resources]:
    settings = Settings.model_validate({"warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb"})
    opened = Resources(settings, now=lambda: NOON)
    yield opened
    opened.warehouse.close()


def store_box_scores(resources: Resources, *, plays_counted: float) -> None:
    """Ten players a team, and team totals with a share of their plays."""
    players = [{**side, **BOX, "minutes": 24.0, "player_id": f"{side['team']}{n}"} for side in SIDES for n in range(10)]
    totals = {name: round(10 * count * plays_counted) for name, count in BOX.items()}
    for table, rows in (
        ("raw_player_boxscores", players),
        ("raw_team_boxscores", [{**side, **totals, "minutes": 240.0} for side in SIDES]),
    ):
        resources.warehouse.replace(table, rows_of(table, rows, **GAME), {"game_date": YESTERDAY})


def transform(resources: Resources, table: str, span: Span = Span.HISTORY) -> ComputeReport:
    games = () if span is Span.HISTORY else ("1",)
    request = ComputeRequest(subject=table, span=span, game_date=DAY, game_ids=games, as_of=NOON)
    report: ComputeReport = ActivityEnvironment().run(ComputeActivities(resources).transform, request)
    return report


def stored(resources: Resources, table: str) -> pl.DataFrame:
    return resources.warehouse.query(f"SELECT * FROM {table} ORDER BY game_id, team")  # noqa: S608 - a declared name


def test_impossible_rates_park_the_step_and_keep_the_rows_until_the_totals_are_repaired(resources: Resources) -> None:
    """Team totals that lack most plays give usage rates beyond 1,000 %."""
    store_box_scores(resources, plays_counted=1)
    transform(resources, "team_offense_game_summary")
    assert transform(resources, "player_game_summary").rows == 20
    before = {table: stored(resources, table) for table in ("team_offense_game_summary", "player_game_summary")}

    store_box_scores(resources, plays_counted=0.02)
    with pytest.raises(ApplicationError, match="possessions is 2, allowed: 50 to 220, in 2 of 2 rows") as refusal:
        transform(resources, "team_offense_game_summary")
    assert (refusal.value.type, refusal.value.non_retryable) == ("ChecksFailedError", True)
    for table, rows in before.items():
        assert_frame_equal(stored(resources, table), rows)

    plan = evening_plan()
    step = plan.step(step_names.TEAM_HISTORY)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    ledger.start(step, NOON)
    ledger.finish(step, refusal.value.message, NOON)
    assert ledger.records[step.name].state is StepState.FAILED
    (attention,) = ledger.attention()
    assert attention.reason.startswith("team_offense_game_summary: possessions is 2")
    assert "game_id 0022301050, team DEN" in attention.reason

    store_box_scores(resources, plays_counted=1)
    assert transform(resources, "team_offense_game_summary").rows == 2


def test_rows_with_as_of_times_are_new_after_each_run_and_cost_no_count_of_changes(resources: Resources) -> None:
    table = "player_daily_cache"
    assert transform(resources, table).versions == {f"{table}:history": {}}, "nothing was written"
    store_box_scores(resources, plays_counted=1)
    transform(resources, "team_offense_game_summary")
    transform(resources, "player_game_summary")
    context = [{"player_id": f"DEN{number}", "team": "DEN"} for number in range(10)]
    tonight = rows_of("upcoming_player_game_context", context, game_id="1", season="2023-24", game_date=DAY)
    resources.warehouse.replace("upcoming_player_game_context", tonight, {"game_date": DAY})
    for _ in range(2):
        report = transform(resources, table, Span.SLATE)
        assert (report.rows, report.changed, report.changed_games, report.versions) == (10, True, ("1",), {})
    resources.warehouse.replace("upcoming_player_game_context", tonight.clear(), {"game_date": DAY})
    for _ in range(2):
        emptied = transform(resources, table, Span.SLATE)
        assert emptied.versions == {f"{table}:slate": {"": 1, "1": 1}}, "also for the attempt after a killed one"


def test_a_step_reports_rows_that_a_check_warns_of(resources: Resources) -> None:
    store_box_scores(resources, plays_counted=1)
    transform(resources, "team_offense_game_summary")
    box_scores = resources.warehouse.query("SELECT * FROM raw_player_boxscores WHERE player_id IN ('DEN1', 'MIN1')")
    resources.warehouse.replace("raw_player_boxscores", box_scores, {"game_date": YESTERDAY})
    report = transform(resources, "player_game_summary")
    assert report.counts == {"unusual:player_game_summary": 2}
    assert report.alerts["checks:player_game_summary"] == (
        "player_game_summary: number of players of a team in a game is 1, allowed: at least 5, in 2 of 2 rows,"
        " the first: game_id 0022301050, team DEN; game_id 0022301050, team MIN"
    )
