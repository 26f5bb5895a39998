"""Who is asked in whose place, for which games, and what the two looks come to."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise, permutations

import pytest

from tests.support.ledgers import DAY, evening_plan, step_of, successful_report
from tests.support.slates import tip
from tipoff.vocabulary import Outcome, PlanStep, SlateGame, SourceReport, StepState, eastern
from workflows import fallbacks, gates
from workflows.day_state import DayLedger
from workflows.step_records import SourceRecord

PLAN = evening_plan()
PROPS = step_of(PLAN, "odds_api_player_points_props")
BOXSCORES = step_of(PLAN, "nbac_player_boxscores")
PLAYS = step_of(PLAN, "nbac_play_by_play")
GAMES = PLAN.games
IDS = tuple(game.game_id for game in GAMES)
NOON, NIGHT = eastern(DAY, 12), eastern(DAY + timedelta(days=1), 1)
BLOCKED = SourceReport(outcome=Outcome.BLOCKED, reason="blocked", changed=False, use_fallback=True)
NOT_YET = SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="no lines yet", changed=False)


def test_the_fallback_chains_and_their_order() -> None:
    chained = {
        step.name: [fallback.source for fallback in step.fallback_sources]
        for step in PLAN.steps
        if step.fallback_sources
    }
    assert chained == {
        "nbac_schedule": ["espn_schedule"],
        "nbac_injury_report": ["bdl_injuries"],
        "odds_api_player_points_props": ["bettingpros_player_points_props"],
        "nbac_player_boxscores": ["nbac_live_boxscore", "bdl_player_boxscores", "espn_boxscores"],
        "nbac_play_by_play": ["bigdataball_play_by_play"],
    }


def test_the_other_sources_of_a_chain_write_the_same_rows() -> None:
    assert fallbacks.others_in_chain("espn_schedule", PLAN) == {"nbac_schedule"}
    assert fallbacks.others_in_chain(BOXSCORES.subject, PLAN) == {
        fallback.source for fallback in BOXSCORES.fallback_sources
    }
    assert fallbacks.others_in_chain("nbac_standings", PLAN) == set()


@pytest.mark.parametrize(
    ("report", "early", "late"),
    [
        (BLOCKED, True, True),
        (NOT_YET, False, True),
        (SourceReport(outcome=Outcome.PARTIAL, missing_games=IDS[:1]), False, True),
        (SourceReport(outcome=Outcome.PARTIAL, missing_games=IDS[:1], use_fallback=True), True, True),
        (SourceReport(rows=300), False, False),
        (SourceReport(outcome=Outcome.EMPTY_OK), False, False),
    ],
)
def test_a_fallback_source_is_polled_at_once_after_a_refusal_and_else_from_the_soft_deadline_on(
    report: SourceReport, early: bool, late: bool
) -> None:
    assert PROPS.soft_deadline is not None
    before, after = PROPS.soft_deadline - timedelta(minutes=1), PROPS.soft_deadline
    assert [fallbacks.needs_fallback(PROPS, report, PLAN, moment) for moment in (before, after)] == [early, late]


def test_a_fallback_source_is_polled_only_for_missing_games() -> None:
    partial = SourceReport(outcome=Outcome.PARTIAL, missing_games=IDS[1:])
    assert fallbacks.lacking_games(PROPS, SourceRecord(), partial, PLAN, NOON) == GAMES[1:]
    had_before = SourceRecord(rows=200, missing_games=IDS[2:])
    assert fallbacks.lacking_games(PROPS, had_before, BLOCKED, PLAN, NOON) == GAMES[2:]
    assert fallbacks.lacking_games(PROPS, SourceRecord(), BLOCKED, PLAN, NOON) == GAMES


def test_before_the_games_no_game_that_has_begun_is_polled() -> None:
    begun = tip(GAMES[0])
    assert fallbacks.lacking_games(PROPS, SourceRecord(), BLOCKED, PLAN, begun) == tuple(
        game for game in GAMES if not game.has_begun(begun)
    )
    assert fallbacks.lacking_games(BOXSCORES, SourceRecord(), BLOCKED, PLAN, NIGHT) == GAMES


def test_fallback_lines_are_polled_again_and_fallback_results_are_not() -> None:
    fallback_games = SourceRecord(rows=300, fallback_games=IDS)
    assert fallbacks.lacking_games(PROPS, fallback_games, BLOCKED, PLAN, NOON) == GAMES
    assert fallbacks.lacking_games(BOXSCORES, fallback_games, BLOCKED, PLAN, NIGHT) == ()


def test_games_that_the_primary_source_has_again_need_no_fallback() -> None:
    some_again = SourceReport(outcome=Outcome.PARTIAL, missing_games=IDS[2:], use_fallback=True)
    assert (
        fallbacks.lacking_games(PROPS, SourceRecord(rows=300, fallback_games=IDS[1:]), some_again, PLAN, NOON)
        == GAMES[2:]
    )


def test_an_operator_can_force_another_poll_of_fallback_results() -> None:
    fallback_games = SourceRecord(rows=300, fallback_games=IDS[1:])
    assert fallbacks.lacking_games(BOXSCORES, fallback_games, BLOCKED, PLAN, NIGHT, force=True) == GAMES[1:]
    assert fallbacks.wanted_games(PLAYS, SourceRecord(rows=200), PLAN) == ()
    assert fallbacks.wanted_games(PLAYS, SourceRecord(rows=200), PLAN, force=True) == GAMES


@pytest.mark.parametrize(("hours", "asked"), [(2, ()), (2.5, GAMES)])
def test_all_games_of_an_outdated_source_are_polled_from_the_fallback_source(
    hours: float, asked: tuple[SlateGame, ...]
) -> None:
    had = SourceRecord(rows=300, last_usable_poll=NOON - timedelta(hours=hours))
    for step in (PROPS, step_of(PLAN, "nbac_injury_report"), step_of(PLAN, "nbac_schedule")):
        assert fallbacks.lacking_games(step, had, BLOCKED, PLAN, NOON) == asked


def test_data_that_are_polled_once_are_never_outdated() -> None:
    had = SourceRecord(rows=300, missing_games=IDS[2:], last_usable_poll=NOON - timedelta(hours=5))
    assert fallbacks.lacking_games(step_of(PLAN, "espn_team_rosters"), had, BLOCKED, PLAN, NOON) == GAMES[2:]
    assert fallbacks.lacking_games(BOXSCORES, had, BLOCKED, PLAN, NOON) == GAMES[2:]


def test_a_source_with_a_request_per_game_polls_a_finished_game_once() -> None:
    assert fallbacks.wanted_games(PLAYS, SourceRecord(), PLAN) == GAMES
    assert fallbacks.wanted_games(PLAYS, SourceRecord(rows=200, missing_games=IDS[1:]), PLAN) == GAMES[1:]
    assert fallbacks.wanted_games(PLAYS, SourceRecord(rows=200, fallback_games=IDS[:1]), PLAN) == GAMES[:1]
    assert fallbacks.wanted_games(PROPS, SourceRecord(rows=200, missing_games=IDS[1:]), PLAN) == GAMES


def test_the_reports_of_a_chain_add_up_and_name_the_games_of_each_source() -> None:
    report = SourceReport(
        outcome=Outcome.PARTIAL, rows=20, changed_games=IDS[:1], missing_games=IDS[1:], reason="1 of 3"
    )
    asked = GAMES[1:]
    for fallback, (had, left) in zip(BOXSCORES.fallback_sources, pairwise((IDS[1:], IDS[2:], ())), strict=False):
        news = tuple(game for game in had if game not in left)
        brought = SourceReport(
            outcome=Outcome.PARTIAL if left else Outcome.OK, rows=10, changed_games=news, missing_games=left
        )
        report = fallbacks.merge_fallback(report, fallback, brought, asked)
        asked = tuple(game for game in GAMES if game.game_id in left)
    assert (report.outcome, report.rows, report.missing_games) == (Outcome.OK, 40, ())
    assert report.changed_games == IDS
    assert list(report.fallback_games.values()) == [IDS[1:2], IDS[2:]]
    assert report.reason == (
        "1 of 3; 1 of 2 games from NBA live box scores (nbac_live_boxscore); "
        "games from balldontlie player box scores (bdl_player_boxscores)"
    )


def test_a_fallback_slate_with_an_unknown_game_is_partial() -> None:
    schedule = step_of(PLAN, "nbac_schedule")
    part = SourceReport(outcome=Outcome.PARTIAL, rows=3, games=GAMES, reason="left out: NYK@BOS", alerts={"x": "y"})
    report = fallbacks.merge_fallback(BLOCKED, schedule.fallback_sources[0], part, ())
    assert (report.outcome, report.games, report.alerts) == (Outcome.PARTIAL, GAMES, {"x": "y"})
    assert report.reason == "blocked; games from ESPN schedule (espn_schedule) (left out: NYK@BOS)"


def test_a_fallback_schedule_removes_only_postponed_games() -> None:
    schedule = SourceReport(games=GAMES[:1], postponed=IDS[1:2])
    from_espn = schedule.model_copy(update={"fallback_games": {"ESPN schedule": IDS[:1]}})
    assert fallbacks.reported_slate(from_espn, GAMES[:1], PLAN, NOON) == (GAMES[0], GAMES[2])
    assert fallbacks.reported_slate(schedule, GAMES[:1], PLAN, NOON) == GAMES[:1]


def test_a_game_that_has_begun_keeps_its_tip_off_and_another_loses_it_when_the_schedule_has_none() -> None:
    not_fixed = tuple(game.model_copy(update={"tip_off": None}) for game in GAMES)
    report = SourceReport(games=not_fixed)
    assert fallbacks.reported_slate(report, not_fixed, PLAN, tip(GAMES[0])) == (GAMES[0], *not_fixed[1:])
    assert fallbacks.reported_slate(report, not_fixed, PLAN, NOON) == not_fixed


def test_a_fallback_source_without_data_changes_only_the_reason() -> None:
    (fallback,) = PROPS.fallback_sources
    report = fallbacks.merge_fallback(BLOCKED, fallback, NOT_YET, GAMES)
    expected = {"reason": f"blocked; {fallback.label}: no lines yet", "primary_reason": "blocked"}
    assert report == BLOCKED.model_copy(update=expected)


def test_rows_before_a_failed_poll_count_together_with_the_fallback_rows() -> None:
    brought = SourceReport(rows=40, changed_games=IDS[2:])
    report = fallbacks.merge_fallback(BLOCKED, BOXSCORES.fallback_sources[0], brought, GAMES[2:], rows_before=80)
    assert (report.outcome, report.rows, report.changed) == (Outcome.OK, 120, True)


def test_earlier_fallback_games_stay_after_a_poll_of_the_remaining_games() -> None:
    report = fallbacks.merge_fallback(
        BLOCKED, BOXSCORES.fallback_sources[0], SourceReport(rows=40), GAMES[2:], had_before=IDS[:2]
    )
    assert sorted(*report.fallback_games.values()) == sorted(IDS)
    again = fallbacks.merge_fallback(
        BLOCKED, BOXSCORES.fallback_sources[0], SourceReport(missing_games=IDS[1:]), GAMES, had_before=IDS
    )
    assert (*again.fallback_games.values(), again.missing_games) == (IDS[:1], IDS[1:]), (
        "games that are polled again count as missing"
    )
    primary = SourceReport(outcome=Outcome.PARTIAL, missing_games=IDS[2:])
    back = fallbacks.merge_fallback(
        primary, BOXSCORES.fallback_sources[0], SourceReport(rows=40), GAMES[2:], had_before=IDS
    )
    assert list(back.fallback_games.values()) == [IDS[2:]], "the first choice has the others again"


def degraded_by_deadline(*steps: PlanStep) -> DayLedger:
    """A day whose other steps have run, after these steps have had no data by their deadlines."""
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    for step in steps:
        message = fallbacks.degraded_message(step, PLAN, ledger.records)
        ledger.degrade(step, f"no data by 13:15 ET; {message}", NOON)
    return ledger


def message_of(ledger: DayLedger, step: PlanStep) -> str:
    """What the open degradation of a step says about how the day goes on; its record says the same."""
    (degradation,) = (item for item in ledger.degradations if item.step == step.name)
    assert ledger.records[step.name].reason == degradation.reason
    return degradation.reason.removeprefix("no data by 13:15 ET; ")


def test_what_replaces_a_step_is_a_step_of_the_plan_and_its_lack_has_a_consequence() -> None:
    names = {step.name for step in PLAN.steps}
    for step in PLAN.steps:
        assert set(step.replaced_by) <= names - {step.name}
        assert bool(step.replaced_by) is bool(step.without_replacement), step.name


def test_a_step_is_said_to_be_replaced_only_while_another_has_data() -> None:
    for first, second in permutations(PLAN.steps, 2):
        ledger = degraded_by_deadline(first, second)
        for step in (first, second):
            expected = f"has data: {step.without_replacement}" if step.replaced_by else step.degraded_message
            assert message_of(ledger, step).endswith(expected)
        ledger.start(second, NOON)
        ledger.finish(second, successful_report(second, IDS), NOON)
        if second.name in first.replaced_by:
            assert message_of(ledger, first) == first.degraded_message


def test_neither_of_two_missing_inputs_is_named_in_the_place_of_the_other() -> None:
    player_list, rosters = (step_of(PLAN, name) for name in ("nbac_player_list_current", "espn_team_rosters"))
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    for step in PLAN.steps:
        if step not in (player_list, rosters):
            ledger.degrade(step, "skipped", NOON, StepState.SKIPPED)
    for step in (player_list, rosters):
        assert step.hard_deadline is not None
        ledger.start(step, step.hard_deadline)
        ledger.finish(step, BLOCKED, step.hard_deadline)
        verdict = gates.decide(PLAN, ledger.records, step.hard_deadline)[step.name]
        assert isinstance(verdict, gates.Degraded)
        ledger.degrade(step, verdict.reason, step.hard_deadline)
    reasons = {item.step: item.reason for item in ledger.degradations if item.step in (player_list.name, rosters.name)}
    assert reasons == {
        "nbac_player_list_current": "no data by 11:15 ET (blocked); "
        "neither it nor ESPN team rosters (espn_team_rosters) has data: no player is predicted",
        "espn_team_rosters": "no data by 12:15 ET (blocked); "
        "neither it nor NBA player list (nbac_player_list_current) has data: no player is predicted",
    }


def test_a_reason_in_other_words_is_kept() -> None:
    rosters = step_of(PLAN, "espn_team_rosters")
    records = degraded_by_deadline(rosters).records
    assert fallbacks.with_current_message("forced by Ada", rosters, PLAN, records) == "forced by Ada"
