"""Each kind of damage to the tables and exports of a date is found, and healthy days are silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from tests.support.rows import rows_of
from tests.support.validated_day import (
    DAY,
    at,
    day_at,
    with_export,
    with_rows,
    with_table,
    without_export,
    without_rows,
)
from tipoff.publishing.export import SCHEMAS
from tipoff.validation.checks import CHECKS, findings, validate
from tipoff.validation.published import PublishedFile
from tipoff.validation.records import (
    BEST_BETS_EXPORT,
    EXPORTS,
    LATEST_BETS_EXPORT,
    LATEST_RESULTS_EXPORT,
    PREDICTIONS_EXPORT,
    RESULTS_EXPORT,
    RUNS,
    SCHEDULE,
    SUMMARY_EXPORT,
    TABLES_OF_A_DATE,
    TODAY_EXPORT,
    DayRecords,
)
from tipoff.vocabulary import CheckResult, DataState, Severity

Damage = Callable[[DayRecords], DayRecords]

FIRST, SECOND = "0022301062", "0022301066"
MORNING_AFTER, NOON_AFTER = 33.5, 36
FIRST_GAME = pl.col("game_id") == FIRST
CURRY = pl.col("player_id") == "GSW0"
TEAM = pl.col("team") == "CHA"
STATUS_FILE = f"v1/status/{DAY}.json"


def result(records: DayRecords, check: str) -> CheckResult:
    return next(each for each in validate(records).results if each.check == check)


def problems(records: DayRecords) -> dict[str, DataState]:
    return {each.check: each.state for each in validate(records).problems}


# ── healthy days ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("hour", [3, 5.5, 7.75, 9.25, 11.5, 13, 13.75, 16, 19.5, 22.5, 24.5, 25.5, MORNING_AFTER, 60])
def test_a_healthy_day_is_silent_at_any_time(hour: float) -> None:
    report = validate(day_at(hour))
    assert report.problems == ()
    assert findings(report) == ()
    assert DataState.DEGRADED not in {each.state for each in report.results}


def test_a_finished_day_is_complete_in_every_check() -> None:
    assert {each.state for each in validate(day_at(MORNING_AFTER)).results} == {DataState.COMPLETE, DataState.EMPTY_OK}
    (other,) = (each for each in validate(day_at(MORNING_AFTER)).results if each.state is DataState.EMPTY_OK)
    assert other.reads == TODAY_EXPORT, "`today` shows the next date by then"


def test_before_its_morning_a_day_is_pending_or_needs_nothing() -> None:
    states = {each.state for each in validate(day_at(4)).results}
    assert states == {DataState.PENDING, DataState.EMPTY_OK}


@pytest.mark.parametrize("hour", [9.25, 16, MORNING_AFTER])
def test_a_date_without_games_is_silent(hour: float) -> None:
    published: dict[str, Any] = {"game_date": DAY.isoformat(), "status": "empty", "games": [], "players": []}
    tomorrow = day_at(hour).tables[SCHEDULE].with_columns(game_date=DAY + timedelta(days=1))
    healthy = without_games(day_at(hour), published)
    with_season = with_table(healthy, SCHEDULE, tomorrow)
    for records in (healthy, with_season):
        assert problems(records) == {}
        assert result(records, "schedule").state is DataState.EMPTY_OK


def without_games(records: DayRecords, published: dict[str, Any]) -> DayRecords:
    tables = {name: rows.clear() if name != RUNS else rows for name, rows in records.tables.items()}
    return replace(records, tables=tables, exports={PREDICTIONS_EXPORT: published, TODAY_EXPORT: published})


def test_a_date_without_games_on_which_no_day_ran_is_reported() -> None:
    records = without_games(day_at(MORNING_AFTER), {})
    nothing = replace(records, exports={})
    assert problems(nothing) == {"schedule": DataState.FAILED, "exported predictions": DataState.FAILED}


def test_a_date_before_the_first_run_is_silent_though_the_schedule_has_its_games() -> None:
    records = without_rows(replace(day_at(5), as_of=at(MORNING_AFTER), exports={}), RUNS)
    assert "schedule" not in problems(records)
    assert problems(records)["predictions per game"] is DataState.FAILED, "without any run nobody knows"
    later = with_table(records, RUNS, rows_of(RUNS, [{"game_date": DAY + timedelta(days=1)}]))
    assert problems(later) == {}
    assert {each.text for each in validate(later).results} == {"tipoff ran its first day later"}


def test_a_backfilled_date_is_silent_without_what_is_not_polled_for_it() -> None:
    records = day_at(MORNING_AFTER)
    for table in ("raw_players", "raw_rosters", "raw_injuries", "raw_game_lines", "raw_player_props"):
        records = without_rows(records, table)
    backfilled = with_rows(records, "predictions", backfilled=True, as_of=at(30))
    assert problems(backfilled) == {}
    assert result(backfilled, "player lines").state is DataState.DEGRADED
    assert "marked" in result(backfilled, "predictions before tip-off").text


def test_a_backfilled_date_is_silent_without_lines_that_came_after_its_first_tip_off() -> None:
    second = pl.col("game_id") == SECOND
    records = with_rows(day_at(MORNING_AFTER), "raw_player_props", second, as_of=at(20))
    for table in ("predictions", "prediction_accuracy"):
        records = with_rows(records, table, second, line=None)
    without_line = with_rows(records, "prediction_accuracy", second, grade="no_line")
    graded = [{"systems": [row]} for row in without_line.tables["prediction_accuracy"].to_dicts()]
    played = with_export(without_line, RESULTS_EXPORT, players=graded)
    assert problems(played) == {"lines in predictions": DataState.FAILED}
    assert problems(with_rows(played, "predictions", backfilled=True, as_of=at(30))) == {}


def test_a_postponed_game_is_silent_if_it_is_void() -> None:
    records = with_rows(day_at(MORNING_AFTER), SCHEDULE, FIRST_GAME, status="postponed")
    for table in ("raw_scoreboard", "raw_player_boxscores", "team_offense_game_summary", "player_game_summary"):
        records = without_rows(records, table, FIRST_GAME)
    void = with_rows(records, "prediction_accuracy", FIRST_GAME, grade="void")
    graded = [{"systems": [row]} for row in void.tables["prediction_accuracy"].to_dicts()]
    assert problems(with_export(void, RESULTS_EXPORT, players=graded)) == {}
    assert problems(records) == {"grades": DataState.FAILED}


@pytest.mark.parametrize("table", ["raw_rosters", "raw_injuries", "raw_game_lines", "raw_player_props"])
def test_an_optional_input_is_pending_then_late_then_degraded(table: str) -> None:
    checks = [each for each in CHECKS if each.reads == table]
    assert [each.is_optional for each in checks] == [True]
    states = [result(without_rows(day_at(hour), table), checks[0].name).state for hour in (9.25, 12.25, 13.5, 33.5)]
    assert states[0] is DataState.PENDING
    assert states[2:] == [DataState.DEGRADED] * 2
    if table != "raw_rosters":
        assert states[1] is DataState.LATE
    assert problems(without_rows(day_at(16), table)) == {}, "a degraded day is no problem"


def test_a_system_that_failed_is_degraded() -> None:
    failed = pl.col("system_id") == "xgboost_v1"
    records = without_rows(day_at(16), "predictions", failed)
    assert result(records, "predictions per system").state is DataState.DEGRADED
    assert "xgboost_v1 (2 games)" in result(records, "predictions per system").text


# ── damage to tables ─────────────────────────────────────────────────────────────────────────────────────

DAMAGE: dict[str, tuple[str, Damage]] = {
    "a game is gone from the schedule": ("schedule", lambda day: without_rows(day, SCHEDULE, FIRST_GAME)),
    "a game id lost its zeros": ("schedule", lambda day: with_rows(day, SCHEDULE, FIRST_GAME, game_id="22301062")),
    "a team plays twice": ("schedule", lambda day: with_rows(day, SCHEDULE, FIRST_GAME, away="LAC")),
    "a team has no players": (
        "listed players",
        lambda day: without_rows(without_rows(day, "raw_rosters", TEAM), "raw_players", TEAM),
    ),
    "a team has no context": ("team contexts", lambda day: without_rows(day, "upcoming_team_game_context", TEAM)),
    "a context is about another id of the game": (
        "team contexts",
        lambda day: with_rows(day, "upcoming_team_game_context", TEAM, game_id="22301062"),
    ),
    "the players of a team have no context": (
        "player contexts",
        lambda day: without_rows(day, "upcoming_player_game_context", TEAM),
    ),
    "most players of a team have no context": (
        "player contexts",
        lambda day: without_rows(day, "upcoming_player_game_context", TEAM & (pl.col("player_id") > "CHA3")),
    ),
    "a player has no features": ("features", lambda day: without_rows(day, "ml_feature_store", CURRY)),
    "a game has no predictions": ("predictions per game", lambda day: without_rows(day, "predictions", FIRST_GAME)),
    "a player has no prediction": ("predictions per player", lambda day: without_rows(day, "predictions", CURRY)),
    "lines never reached the predictions": (
        "lines in predictions",
        lambda day: with_rows(day, "predictions", FIRST_GAME, line=None),
    ),
    "a prediction was made after tip-off": (
        "predictions before tip-off",
        lambda day: with_rows(day, "predictions", CURRY, as_of=at(20)),
    ),
    "a prediction knows a later line": (
        "predictions before tip-off",
        lambda day: with_rows(day, "predictions", CURRY, line_as_of=at(18)),
    ),
    "a game was predicted after it began": (
        "predictions before tip-off",
        lambda day: with_rows(day, "predictions", FIRST_GAME, backfilled=True),
    ),
    "a game has no final score": ("final scores", lambda day: _without_result(day)),
    "a team has no box score": ("box scores", lambda day: without_rows(day, "raw_player_boxscores", TEAM)),
    "a player is missing in the box score": (
        "box scores",
        lambda day: without_rows(day, "raw_player_boxscores", CURRY),
    ),
    "a game has no summary of a team": (
        "game summaries",
        lambda day: without_rows(day, "team_offense_game_summary", TEAM),
    ),
    "a team's players have no summaries": (
        "game summaries",
        lambda day: without_rows(day, "player_game_summary", TEAM),
    ),
    "a prediction is not graded": ("grades", lambda day: without_rows(day, "prediction_accuracy", CURRY)),
    "a grade is wrong": ("grades", lambda day: with_rows(day, "prediction_accuracy", CURRY, grade="loss")),
    "a grade has other points": ("grades", lambda day: with_rows(day, "prediction_accuracy", CURRY, actual_points=9)),
    "a player who played is void": ("grades", lambda day: with_rows(day, "prediction_accuracy", CURRY, grade="void")),
    "the predictions are not exported": (
        "exported predictions",
        lambda day: without_export(day, PREDICTIONS_EXPORT),
    ),
    "the export lacks the players": (
        "exported predictions",
        lambda day: with_export(day, PREDICTIONS_EXPORT, players=[]),
    ),
    "the export lacks a game": (
        "exported predictions",
        lambda day: with_export(day, PREDICTIONS_EXPORT, games=[{"game_id": SECOND}]),
    ),
    "the export is of another date": (
        "exported predictions",
        lambda day: with_export(day, PREDICTIONS_EXPORT, game_date="2024-03-28"),
    ),
    "the export says that there are no games": (
        "exported predictions",
        lambda day: with_export(day, PREDICTIONS_EXPORT, status="empty"),
    ),
    "the export cannot be read": (
        "exported predictions",
        lambda day: replace(without_export(day, PREDICTIONS_EXPORT), unreadable=frozenset({PREDICTIONS_EXPORT})),
    ),
    "a published prediction was rewritten": (
        "exported predictions",
        lambda day: with_rows(day, "predictions", CURRY, points=20.0),
    ),
    "the best bets are not exported": ("best bets", lambda day: without_export(day, BEST_BETS_EXPORT)),
    "a bet is no prediction": ("best bets", lambda day: with_export(day, BEST_BETS_EXPORT, bets=[_bet("?", "GSW")])),
    "three bets are of one team": (
        "best bets",
        lambda day: with_export(day, BEST_BETS_EXPORT, bets=[_bet("GSW0 ensemble_v1", "GSW")] * 3),
    ),
    "the latest bets are of yesterday": (
        "latest best bets",
        lambda day: with_export(day, LATEST_BETS_EXPORT, game_date="2024-03-28"),
    ),
    "the results are not exported": ("exported results", lambda day: without_export(day, RESULTS_EXPORT)),
    "the export lacks grades": ("exported results", lambda day: with_export(day, RESULTS_EXPORT, players=[])),
    "a published grade is another": (
        "exported results",
        lambda day: with_rows(
            with_rows(day, "prediction_accuracy", CURRY, grade="push"), "predictions", CURRY, line=float(14)
        ),
    ),
    "the latest results are of yesterday": (
        "latest results",
        lambda day: with_export(day, LATEST_RESULTS_EXPORT, game_date="2024-03-28"),
    ),
    "the summary is not exported": ("summary", lambda day: without_export(day, SUMMARY_EXPORT)),
    "the summary counts other grades": ("summary", lambda day: with_export(day, SUMMARY_EXPORT, systems={})),
    "a file differs from its schema": (
        "schemas of exports",
        lambda day: replace(day, files=(PublishedFile(STATUS_FILE, wrong="state: 'DONE' is not one of"),)),
    ),
}


def _without_result(day: DayRecords) -> DayRecords:
    return without_rows(without_rows(day, "raw_scoreboard", FIRST_GAME), "raw_player_boxscores", FIRST_GAME)


def _bet(prediction_id: str, team: str) -> dict[str, str]:
    return {"prediction_id": prediction_id, "team": team}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_to_a_finished_day_is_found_with_its_table_or_export(kind: str) -> None:
    check, damage = DAMAGE[kind]
    damaged = damage(day_at(NOON_AFTER))
    judged = result(damaged, check)
    assert judged.state is DataState.FAILED, judged
    (declared,) = (each for each in CHECKS if each.name == check)
    assert judged.reads == declared.reads.format(game_date=DAY)
    assert any(each.severity is Severity.CRITICAL for each in findings(validate(damaged)))


def test_yesterdays_picks_in_today_are_found() -> None:
    stale = with_export(day_at(13.75), TODAY_EXPORT, game_date="2024-03-28")
    assert problems(stale) == {"today's predictions": DataState.FAILED}
    assert "it shows 2024-03-28" in result(stale, "today's predictions").text
    assert problems(with_export(day_at(9.25), TODAY_EXPORT, game_date="2024-03-28")) == {
        "today's predictions": DataState.LATE
    }


def test_every_check_finds_some_damage() -> None:
    optional = {check.name for check in CHECKS if check.is_optional}
    assert {check for check, _ in DAMAGE.values()} | optional | {"today's predictions"} == {
        each.name for each in CHECKS
    }


def test_every_table_and_export_is_read_by_a_check() -> None:
    assert {check.reads for check in CHECKS} <= {*TABLES_OF_A_DATE, *EXPORTS, SCHEDULE, SCHEMAS}


def test_a_file_of_an_earlier_version_is_degraded_and_one_with_a_wrong_value_is_failed() -> None:
    older = PublishedFile(STATUS_FILE, lacks="phases")
    damaged = older._replace(wrong="state: 1 is not of type 'string'")
    states = []
    for file in (older, damaged):
        judged = result(replace(day_at(NOON_AFTER), files=(file,)), "schemas of exports")
        states.append(judged.state)
        assert f"{STATUS_FILE}" in judged.text
    assert states == [DataState.DEGRADED, DataState.FAILED]
    assert "without phases" in result(replace(day_at(NOON_AFTER), files=(older,)), "schemas of exports").text
    assert "state: 1 is" in judged.text


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hour", "state"),
    [(13.3, DataState.PENDING), (13.75, DataState.LATE), (18.9, DataState.LATE), (19.1, DataState.FAILED)],
)
def test_missing_predictions_are_pending_late_and_failed_by_the_clock(hour: float, state: DataState) -> None:
    assert result(without_rows(day_at(hour), "predictions"), "predictions per game").state is state


def test_a_game_that_has_not_begun_is_late_while_the_one_that_has_is_failed() -> None:
    late = without_rows(day_at(20), "predictions", pl.col("game_id") == SECOND)
    assert result(late, "predictions per game").state is DataState.LATE
    failed = without_rows(day_at(20), "predictions", FIRST_GAME)
    assert result(failed, "predictions per game").state is DataState.FAILED


def test_grades_are_late_at_nine_and_failed_when_the_day_has_ended() -> None:
    states = [result(without_rows(day_at(hour), "prediction_accuracy"), "grades").state for hour in (32.9, 33.1, 34.1)]
    assert states == [DataState.PENDING, DataState.LATE, DataState.FAILED]


def test_what_follows_from_new_data_is_not_missing_for_a_quarter_of_an_hour() -> None:
    landed = with_rows(day_at(16), "raw_player_props", as_of=at(15.8))
    without_lines = with_rows(landed, "predictions", line=None)
    assert problems(without_lines) == {}
    assert problems(replace(without_lines, as_of=at(16.1))) == {"lines in predictions": DataState.LATE}


def test_unresolved_names_explain_a_sum_of_points() -> None:
    records = without_rows(day_at(NOON_AFTER), "raw_player_boxscores", CURRY)
    unresolved = rows_of("unresolved_players", [{"game_date": DAY, "game_id": FIRST, "team": "GSW"}])
    assert "box scores" in problems(records)
    assert "box scores" not in problems(with_table(records, "unresolved_players", unresolved))


# ── findings ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_finding_names_the_cause_with_what_it_concerns_and_the_command_that_helps() -> None:
    nothing_computed = replace(day_at(13), as_of=at(20))
    (finding,) = findings(validate(nothing_computed))
    assert finding.dedupe_key == "2024-03-29:validation:team contexts"
    assert (finding.game_date, finding.severity, finding.since) == (DAY, Severity.CRITICAL, at(13.5))
    assert "upcoming_team_game_context" in finding.summary
    assert "predictions per game" in finding.summary
    assert finding.command == "starter.py --date 2024-03-29 --rerun --from-phase context"


def test_a_late_finding_is_a_warning() -> None:
    (finding,) = findings(validate(without_rows(day_at(33.25), "prediction_accuracy")))
    assert finding.severity is Severity.WARNING


def test_contradicting_data_are_a_finding_of_their_own() -> None:
    records = without_rows(day_at(NOON_AFTER), "predictions", FIRST_GAME)
    keys = {each.key for each in findings(validate(with_export(records, PREDICTIONS_EXPORT, game_date="2024-03-28")))}
    assert {"validation:predictions per game", "validation:exported predictions"} <= keys
