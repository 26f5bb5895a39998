"""2024-03-29 without faults, through the real parts: the promises to readers and operators hold."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta

import polars as pl
import pytest

import tipoff
from tests.support.checked_pages import checked_pages
from tests.support.replays import ReplayedDay, at, opened_by_one_test, tables_of
from tests.support.validated_exports import validated_exports
from tipoff.publishing.frames import FRAMES
from tipoff.publishing.registry import EXPORTS
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import DataQuality, RunState
from tipoff.warehouse.tables import TABLES, Layer
from workflows.contracts import Activity

pytestmark = pytest.mark.timeout(900)

RULED_OUT_IN_THE_MORNING = {"Jamal Murray", "Jonathan Kuminga"}
LATE_SCRATCHES = {"Lauri Markkanen", "Klay Thompson"}
MOST_REQUESTS = {
    "nbac_schedule": 12,
    "nbac_player_list_current": 2,
    "espn_team_rosters": 24,
    "nbac_injury_report": 60,
    "odds_api_events": 2,
    "odds_api_game_lines": 20,
    "odds_api_player_points_props": 12 * 25,
    "nbac_scoreboard": 150,
    "nbac_live_boxscore": 16 * 16,
    "nbac_player_boxscores": 16,
    "nbac_team_boxscore": 2 * 12,
    "nbac_team_history": 4,
    "espn_scoreboard": 2,
    "nbac_standings": 2,
    "nbac_referee_assignments": 4,
    "nbac_play_by_play": 2 * 12,
    "nbac_gamebook_player_stats": 2 * 12,
    "bettingpros_events": 2,
    "bettingpros_player_points_props": 3 * 12 * 6,
}
"""The most requests that a day, with its training, may send for a source."""


def test_the_day_ends_complete_with_all_its_games(quiet_day: ReplayedDay) -> None:
    result = quiet_day.result
    assert (result.state, result.data_quality, result.games) == (RunState.COMPLETE, DataQuality.COMPLETE, 12)
    assert result.attention == ()
    assert len(quiet_day.export("results/2024-03-29.json")["games"]) == 12


def test_training_rows_know_the_reports_and_starters_of_their_games(trained_day: ReplayedDay) -> None:
    rows = pl.read_parquet(trained_day.out / "work" / "2024-03-29" / "history.parquet")
    reported = rows.filter(
        pl.col("game_date").is_between(date(2024, 3, 26), date(2024, 3, 27)), pl.col("team") == "DEN"
    )
    assert reported.height
    assert reported["lost_points"].null_count() == 0
    assert rows["start_share_5"].null_count() < 0.05 * rows.height
    assert rows["game_date"].max() == date(2024, 3, 28)


def test_every_quoted_name_is_resolved(quiet_day: ReplayedDay) -> None:
    (counts,) = quiet_day.rows(
        "SELECT COUNT(DISTINCT player_name) AS names, COUNT(DISTINCT player_id) AS players FROM raw_player_props"
    )
    assert counts == {"names": 137, "players": 137}
    assert quiet_day.rows("SELECT player_name FROM unresolved_players") == []


def test_every_lined_player_not_ruled_out_before_is_predicted_by_every_system_in_both_views(
    quiet_day: ReplayedDay,
) -> None:
    quotes = quiet_day.rows("SELECT DISTINCT player_id, player_name FROM raw_player_props")
    lined = {
        player["player_id"]
        for player in quiet_day.export("predictions/2024-03-29.json")["players"]
        if {(system["system_id"], system["view"]) for system in player["systems"] if system["line"] is not None}
        == {(system_id, view) for system_id in SYSTEMS for view in ("model", "market")}
    }
    assert len(lined) == 135
    assert {quote["player_name"] for quote in quotes if quote["player_id"] not in lined} == RULED_OUT_IN_THE_MORNING


def test_late_scratches_keep_their_predictions_and_end_void(quiet_day: ReplayedDay) -> None:
    lined = [player for player in quiet_day.export("results/2024-03-29.json")["players"] if player["line"] is not None]
    grades = {player["player_name"]: {system["grade"] for system in player["systems"]} for player in lined}
    assert {name for name, given in grades.items() if given == {"void"}} == LATE_SCRATCHES
    assert sum("void" not in given for given in grades.values()) == 133


def test_predictions_are_out_in_time_without_lines_and_follow_the_lines_when_they_come(quiet_day: ReplayedDay) -> None:
    result, summary = quiet_day.result, quiet_day.summary
    assert result.first_published_at is not None
    assert result.first_published_at <= at(13, 30)
    assert at(15) in result.refreshed_at
    (without,) = result.degradations
    assert without.step == "odds_api_player_points_props"
    assert len(without.games) == 12
    assert (without.since, without.resolved_at) == (result.first_published_at, at(15))
    assert summary["first_published_at"] == "2024-03-29T13:15:00-04:00"


def test_the_first_publication_says_that_it_has_no_lines(quiet_day: ReplayedDay) -> None:
    first = quiet_day.export("predictions/2024-03-29/20240329T171500Z.json")
    assert first["status"] == "degraded"
    assert len(first["missing_games"]) == 12
    assert any("odds_api_player_points_props" in reason for reason in first["degraded_reasons"])
    recommendations = {system["recommendation"] for player in first["players"] for system in player["systems"]}
    assert recommendations == {"NO_LINE"}


def test_every_active_prediction_has_one_outcome_and_the_counts_add_up(quiet_day: ReplayedDay) -> None:
    assert set(quiet_day.summary["systems"]) == set(SYSTEMS)
    for views in quiet_day.summary["systems"].values():
        assert {view: figures["predictions"] for view, figures in views.items()} == {"model": 209, "market": 135}
        for figures in views.values():
            assert sum(figures["outcomes"].values()) == figures["predictions"]
            assert figures["outcomes"]["win"] + figures["outcomes"]["loss"] == 133
    graded = quiet_day.rows("SELECT prediction_id FROM prediction_accuracy")
    assert len({row["prediction_id"] for row in graded}) == len(graded) == 6 * (209 + 135)


def test_every_prediction_is_explained_by_terms_that_add_up(quiet_day: ReplayedDay) -> None:
    predictions = quiet_day.rows("SELECT points, explanation FROM predictions")
    for row in predictions:
        first, *others = row["explanation"]
        assert first.endswith("own scoring so far")
        total = sum(float(words.split()[0]) for words in (first, *others))
        assert total == pytest.approx(row["points"], abs=0.05 * (len(others) + 3))


def test_the_best_bets_are_the_picks_of_the_ensembles_market_view_that_promise_most(quiet_day: ReplayedDay) -> None:
    best = quiet_day.export("best-bets/latest.json")
    assert (best["status"], best["system_id"], best["view"]) == ("complete", "ensemble_v1", "market")
    bets = best["bets"]
    teams = [bet["team"] for bet in bets]
    assert max(map(teams.count, teams)) <= 2
    assert 0 < len(bets) <= 15
    values = [bet["expected_value"] for bet in bets]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0
    assert all("Made of: " in bet["rationale"] for bet in bets)


def test_no_prediction_was_made_after_tip_off(quiet_day: ReplayedDay) -> None:
    assert quiet_day.rows("SELECT prediction_id FROM predictions WHERE as_of >= tip_off OR line_as_of >= tip_off") == []


def test_a_published_pick_is_never_rewritten(quiet_day: ReplayedDay) -> None:
    """Every prediction that an export ever showed is still in the table, unchanged."""
    stored = {row["prediction_id"]: row for row in quiet_day.rows("SELECT prediction_id, points FROM predictions")}
    versions = [name for name in quiet_day.exports if re.fullmatch(r"v1/predictions/2024-03-29/.*\.json", name)]
    assert len(versions) == 1 + 1 + len(quiet_day.result.refreshed_at), "the announcement, the first, the refreshes"
    for name in versions:
        for player in quiet_day.export(name.removeprefix("v1/"))["players"]:
            for system in player["systems"]:
                assert stored[system["prediction_id"]]["points"] == pytest.approx(system["points"], abs=1e-4)


def test_pointers_name_the_date_and_the_page_exists(quiet_day: ReplayedDay) -> None:
    for name in ("predictions/today.json", "results/latest.json", "status.json"):
        export = quiet_day.export(name)
        assert (export["game_date"], export["schema_version"], export["missing_games"]) == ("2024-03-29", 1, [])
        assert datetime.fromisoformat(export["as_of"]).utcoffset() == timedelta()
    assert b"GSW" in quiet_day.exports["pages/2024-03-29.html"]


def test_notebooks_read_the_same_from_the_warehouse_and_from_the_exports(quiet_day: ReplayedDay) -> None:
    exported = tipoff.open(quiet_day.out / "exports")
    with opened_by_one_test(quiet_day.out):
        stored = tipoff.open(quiet_day.out)
        for name in FRAMES:
            ours, theirs = (getattr(days, name)("2024-03-29") for days in (stored, exported))
            assert ours.height > 0
            assert ours.rows() == theirs.rows(), name
    assert exported.predictions("2024-03-29").height == quiet_day.result.counts["predictions"]


def test_every_export_has_its_schema(quiet_day: ReplayedDay) -> None:
    assert validated_exports(quiet_day.export_folder) == {export.name for export in EXPORTS}


def test_the_site_of_the_day_shows_how_it_went(quiet_day: ReplayedDay) -> None:
    pages = {str(file.relative_to(quiet_day.export_folder)): file for file in checked_pages(quiet_day.export_folder)}
    assert "Mean error" in pages["site/results.html"].read_text()
    assert "The day is complete" in pages["site/days.html"].read_text()
    assert 'href="results/2024-03-29.html"' in pages["site/season.html"].read_text()


def test_the_days_history_stays_small(quiet_day: ReplayedDay) -> None:
    assert quiet_day.summary["history_events"] < 2500
    assert quiet_day.summary["largest_payload_bytes"] < 50_000


def test_every_execution_is_logged_in_one_write(quiet_day: ReplayedDay) -> None:
    logged = quiet_day.rows("SELECT step, phase, outcome, succeeded, trigger FROM processor_execution_log")
    executions = Counter(row["step"] for row in logged)
    live = {"nbac_scoreboard"}  # one execution polls many times
    assert executions == {
        step.name: executions[step.name] if step.name in live else step.polls
        for step in quiet_day.status.steps
        if step.polls
    }
    assert {row["trigger"] for row in logged} == {"first_run", "retry", "refresh", "changed_inputs"}
    failed = [(row["step"], row["outcome"]) for row in logged if row["succeeded"] is False]
    assert failed == [("nbac_player_boxscores", "suspiciously_empty")], "its first poll came before the first box score"


def test_the_status_of_the_date_agrees_with_its_result(quiet_day: ReplayedDay) -> None:
    (row,) = quiet_day.rows("SELECT * FROM daily_phase_status")
    result = quiet_day.result
    assert (row["status"], row["data_quality"], row["games"]) == (result.state, result.data_quality, result.games)
    assert row["predictions"] == row["graded"] == result.counts["predictions"]
    published = next(step for step in quiet_day.status.steps if step.name == "export_predictions")
    assert row["publish_rows"] >= published.rows > 0
    assert result.first_published_at is not None
    assert row["publication_minutes"] == (result.first_published_at - at(5)) / timedelta(minutes=1)
    assert 0.99 < row["success_rate"] < 1
    day = quiet_day.export("days/2024-03-29.json")["day"]
    assert {name: day[name] for name in ("status", "games", "graded", "steps")} == {
        name: row[name] for name in ("status", "games", "graded", "steps")
    }


def test_no_source_gets_more_requests_than_allowed(quiet_day: ReplayedDay) -> None:
    requests = Counter(request["source"] for request in quiet_day.requests)
    assert {source: count for source, count in requests.items() if count > MOST_REQUESTS[source]} == {}


def test_a_second_replay_runs_the_same_activities(quiet_day: ReplayedDay, trained_day: ReplayedDay) -> None:
    """Activities at the same virtual time may end in any order, so the counts are compared."""
    first, second = (
        Counter(each for each in day.scheduled_activities if each.activity != Activity.PUBLISH_STATUS)
        for day in (trained_day, quiet_day)
    )
    assert first == second
    assert trained_day.result == quiet_day.result


def test_a_second_replay_publishes_the_same_bytes(quiet_day: ReplayedDay, trained_day: ReplayedDay) -> None:
    first, second = (_without_wall_clock(day) for day in (trained_day, quiet_day))
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == set()


def _without_wall_clock(day: ReplayedDay) -> dict[str, bytes]:
    return {name: re.sub(rb'"generated_at":"[^"]*"', b"", content) for name, content in day.exports.items()}


def test_a_rerun_of_the_day_leaves_the_same_rows(quiet_day: ReplayedDay, rerun_day: ReplayedDay) -> None:
    assert rerun_day.result.state is RunState.COMPLETE
    first, second = (_without_as_of(tables_of(day.out)) for day in (quiet_day, rerun_day))
    assert {name for name in first if not first[name].equals(second[name])} == set()
    query = "SELECT prediction_id, as_of FROM predictions ORDER BY prediction_id"
    assert rerun_day.rows(query) == quiet_day.rows(query)


def _without_as_of(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The as-of times differ: training reads the history an hour earlier, and the second grading is later.

    So do the tables of operations: a re-run changes rows of the day on the way to the same rows, and is logged.
    """
    compared = {name: rows for name, rows in tables.items() if TABLES[name].layer is not Layer.OPERATIONS}
    return {name: rows.drop("as_of", strict=False) for name, rows in compared.items()}
