"""Every rule at its threshold and beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tipoff.alerting.facts import DateFacts, InputAge, InstallationFacts, PickRecord, ProviderFacts, RowCount
from tipoff.alerting.rules import DAY_RULES, INSTALLATION_RULES, findings_of_day, findings_of_installation
from tipoff.vocabulary import Severity, eastern

DAY = date(2026, 11, 30)
AFTERNOON = eastern(DAY, 13, 30)


def keys_of_day(**facts: Any) -> list[str]:
    return [each.key for each in findings_of_day(DateFacts(game_date=DAY, **{"as_of": AFTERNOON, "games": 8} | facts))]


def keys_of_installation(**facts: Any) -> list[str]:
    return [each.key for each in findings_of_installation(InstallationFacts(as_of=AFTERNOON, **facts))]


@pytest.mark.parametrize(("complete", "alert"), [(39, True), (40, False), (50, False)])
def test_completion_under_80_percent(complete: int, alert: bool) -> None:
    assert keys_of_day(steps_due=50, steps_complete=complete) == ["completion"] * alert


def test_a_date_without_a_due_step_has_no_completion() -> None:
    assert keys_of_day(steps_due=0, steps_complete=0) == []


@pytest.mark.parametrize(("rows", "alert"), [(67, True), (68, False), (136, False), (0, True)])
def test_rows_under_half_of_what_is_expected(rows: int, alert: bool) -> None:
    count = RowCount(step="upcoming_player_game_context", rows=rows, expected=136)
    assert keys_of_day(rows=(count,)) == ["rows:upcoming_player_game_context"] * alert


@pytest.mark.parametrize(
    ("minutes", "needed", "alert"), [(120, True, False), (121, True, True), (300, False, False), (None, True, True)]
)
def test_an_input_older_than_two_hours_when_it_is_needed(minutes: int | None, needed: bool, alert: bool) -> None:
    last = None if minutes is None else AFTERNOON - timedelta(minutes=minutes)
    age = InputAge(source="nbac_injury_report", last_success=last, needed=needed)
    assert keys_of_day(inputs=(age,)) == ["old_input:nbac_injury_report"] * alert


@pytest.mark.parametrize(
    ("hour", "minute", "games", "out", "alert"),
    [(13, 59, 8, False, False), (14, 0, 8, False, True), (14, 0, 8, True, False), (14, 0, 0, False, False)],
)
def test_no_predictions_at_14_on_a_date_with_games(hour: int, minute: int, games: int, out: bool, alert: bool) -> None:
    as_of = eastern(DAY, hour, minute)
    assert keys_of_day(as_of=as_of, games=games, predictions_out=out) == ["no_predictions"] * alert


@pytest.mark.parametrize(("minute", "alert"), [(29, False), (30, True)])
def test_no_predictions_of_a_matinee_are_late_before_14(minute: int, alert: bool) -> None:
    due = eastern(DAY, 11, 30)
    assert keys_of_day(as_of=eastern(DAY, 11, minute), predictions_due=due) == ["no_predictions"] * alert


@pytest.mark.parametrize(
    ("games", "players", "alert"), [(13, 199, True), (13, 200, False), (12, 199, False), (15, None, False)]
)
def test_fewer_than_200_players_on_a_full_slate(games: int, players: int | None, alert: bool) -> None:
    assert keys_of_day(games=games, players_predicted=players) == ["few_predictions"] * alert


@pytest.mark.parametrize(
    ("wins", "graded", "alert"), [(11, 40, True), (12, 40, False), (0, 39, False), (29, 100, True), (30, 100, False)]
)
def test_a_hit_rate_under_30_percent_on_at_least_40_picks(wins: int, graded: int, alert: bool) -> None:
    record = PickRecord(system_id="ensemble_v1", view="market", wins=wins, graded=graded)
    assert keys_of_day(picks=(record,)) == ["hit-rate:ensemble_v1:market"] * alert


@pytest.mark.parametrize(
    ("graded", "predictions", "alert"), [(94, 100, True), (95, 100, False), (0, 0, False), (None, 100, False)]
)
def test_grading_coverage_under_95_percent(graded: int | None, predictions: int, alert: bool) -> None:
    assert keys_of_day(graded=graded, predictions=predictions) == ["grading-coverage"] * alert


@pytest.mark.parametrize(("errors", "alert"), [(5, False), (6, True)])
def test_more_than_5_worker_errors_in_5_minutes(errors: int, alert: bool) -> None:
    assert keys_of_installation(worker_errors=errors) == ["worker_errors"] * alert


@pytest.mark.parametrize(
    ("usable", "failed", "alert"), [(7, 3, True), (8, 2, False), (0, 9, False), (0, 10, True), (0, 0, False)]
)
def test_a_provider_with_under_80_percent_usable_responses(usable: int, failed: int, alert: bool) -> None:
    provider = ProviderFacts(host="cdn.nba.com", usable=usable, failed=failed)
    assert keys_of_installation(providers=(provider,)) == ["provider_success:cdn.nba.com"] * alert


@pytest.mark.parametrize(("minutes", "alert"), [(1, True), (0, False), (-5, False), (None, False)])
def test_a_provider_that_blocks_our_address(minutes: int | None, alert: bool) -> None:
    until = None if minutes is None else AFTERNOON + timedelta(minutes=minutes)
    provider = ProviderFacts(host="cdn.nba.com", usable=1, failed=0, blocked_until=until)
    assert keys_of_installation(providers=(provider,)) == ["blocked:cdn.nba.com"] * alert


def test_every_rule_has_a_test_above_and_findings_have_date_severity_and_command() -> None:
    facts = DateFacts(
        game_date=DAY,
        as_of=eastern(DAY, 14),
        games=13,
        steps_due=10,
        rows=(RowCount(step="predictions", rows=0, expected=221),),
        inputs=(InputAge(source="nbac_injury_report", last_success=None, needed=True),),
        players_predicted=3,
        picks=(PickRecord(system_id="ensemble_v1", view="market", wins=0, graded=40),),
        predictions=100,
        graded=0,
    )
    of_day = findings_of_day(facts)
    provider = ProviderFacts(host="cdn.nba.com", usable=0, failed=10, blocked_until=facts.as_of + timedelta(hours=1))
    of_installation = findings_of_installation(
        InstallationFacts(as_of=facts.as_of, worker_errors=6, providers=(provider,))
    )
    assert [each.key.split(":")[0] for each in of_day] == [rule.name for rule in DAY_RULES]
    assert [each.key.split(":")[0] for each in of_installation] == [rule.name for rule in INSTALLATION_RULES]
    assert {each.game_date for each in of_day} == {DAY}
    assert all(each.command.startswith("starter.py ") and "{" not in each.command for each in of_day)
    assert [each.key for each in of_day if each.severity is Severity.CRITICAL] == ["no_predictions"]
