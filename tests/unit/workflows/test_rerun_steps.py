"""Which steps a re-run runs."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from tests.support.ledgers import evening_plan
from tipoff.vocabulary import Phase
from workflows.contracts import Rerun
from workflows.rerun import steps_to_rerun

PLAN = evening_plan()
ALL = [step.name for step in PLAN.steps]
DETAILS = ["team_defense_results", "player_result_details"]
GRADED = ["export_results", "export_summary", "export_players"]
RESULTS = ["team_results", "player_results", *DETAILS, "grade", *GRADED]
GAMEBOOK = ["nbac_gamebook_player_stats", "player_result_details", "grade", *GRADED]
PUBLISH = ["export_predictions", "export_tonight", "report_page"]


def names(**rerun: object) -> list[str]:
    return [step.name for step in steps_to_rerun(PLAN, Rerun.model_validate(rerun))]


@pytest.mark.parametrize(
    ("step", "rerun"),
    [
        ("grade", ["grade", *GRADED]),
        ("report_page", ["report_page", "grade"]),
        ("nbac_player_boxscores", ["nbac_player_boxscores", *RESULTS]),
        ("nbac_play_by_play", ["nbac_play_by_play", *DETAILS, "grade"]),
        ("nbac_gamebook_player_stats", GAMEBOOK),
        ("nbac_team_boxscore", ["nbac_team_boxscore", *RESULTS]),
        ("export_predictions", [*PUBLISH, "grade", *GRADED]),
    ],
)
def test_one_step_runs_with_the_steps_that_depend_on_it_and_the_grades(step: str, rerun: list[str]) -> None:
    assert names(step=step) == rerun


def test_a_system_runs_with_the_contexts_of_its_predictions_and_without_the_other_systems() -> None:
    rerun = names(step="catboost_v8")
    assert {"upcoming_player_game_context", "ml_feature_store", "feature_history", *PUBLISH, "grade"} <= set(rerun)
    assert "moving_average" not in rerun
    assert not [name for name in rerun if name.startswith(("nbac_", "espn_", "odds_"))]


def test_an_input_runs_everything_that_is_computed_from_it() -> None:
    rerun = names(step="nbac_injury_report")
    assert rerun[0] == "nbac_injury_report"
    assert {"upcoming_team_game_context", "moving_average", "catboost_v8", *PUBLISH, "grade"} <= set(rerun)
    assert "odds_api_player_points_props" not in rerun


@pytest.mark.parametrize("step", ALL)
def test_the_steps_of_a_rerun_keep_the_order_of_the_plan(step: str) -> None:
    rerun = names(step=step)
    assert step in rerun
    assert rerun == [name for name in ALL if name in rerun]


def test_an_unknown_step_is_refused_with_what_it_may_have_been_meant_for() -> None:
    with pytest.raises(ApplicationError, match=r"no step 'catbost_v8'.*did you mean catboost_v8"):
        names(step="catbost_v8")


def test_a_plan_until_a_phase_has_no_step_of_a_later_one() -> None:
    plan = PLAN.until(Phase.PREDICT)
    assert {step.phase for step in plan.steps} == {
        Phase.SLATE,
        Phase.COLLECT,
        Phase.LINES,
        Phase.CONTEXT,
        Phase.PREDICT,
    }
    assert [step for step in PLAN.steps if step in plan.steps] == list(plan.steps)
    assert PLAN.until(Phase.GRADE) == PLAN


def test_a_rerun_of_phases_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(ValueError, match="the first phase, predict, is after the last, context"):
        Rerun(from_phase=Phase.PREDICT, to_phase=Phase.CONTEXT)


def test_a_rerun_from_a_phase_runs_that_phase_and_the_later_ones() -> None:
    assert names(from_phase=Phase.GRADE) == ["grade", *GRADED]
