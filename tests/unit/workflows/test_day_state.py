"""What a day remembers: how a step's state moves, and what of it people are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.ledgers import (
    DAY,
    Bring,
    all_it_wants,
    carry_on,
    evening_plan,
    report_of,
    set_record,
    settled_ledger,
    slate,
    step_of,
)
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import (
    AuditEntry,
    CollectReport,
    DataQuality,
    Outcome,
    Phase,
    PlanStep,
    RunState,
    SourceReport,
    StepState,
    eastern,
)
from workflows import fallbacks, gates
from workflows.day_state import AUDIT_KEPT, DayLedger

PLAN = evening_plan()
PROPS = step_of(PLAN, "odds_api_player_points_props")
GAME_LINES = step_of(PLAN, "odds_api_game_lines")
FEATURES = step_of(PLAN, "ml_feature_store")
MOVING_AVERAGE = step_of(PLAN, "moving_average")
GAMES = tuple(game.game_id for game in PLAN.games)
NOON, LATER = eastern(DAY, 12), eastern(DAY, 15)


@pytest.fixture
def ledger() -> DayLedger:
    fresh = DayLedger(PLAN)
    fresh.adopt(PLAN)
    return fresh


def poll(ledger: DayLedger, step: PlanStep = PROPS, **report: object) -> None:
    """One look that brings this report."""
    now = eastern(DAY, 11)
    ledger.start(step, now)
    ledger.finish(step, report_of(step, **report), now)


def not_yet(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.NOT_PUBLISHED_YET, reason="no lines yet", changed=False)


def test_what_is_not_published_is_late_not_failed(ledger: DayLedger) -> None:
    not_yet(ledger)
    assert ledger.records[PROPS.name].state is StepState.LATE
    assert ledger.attention() == ()
    assert ledger.run_state() is RunState.WAITING


def test_what_was_gone_without_is_resolved_when_it_comes_after_all(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predicting without lines", NOON)
    assert ledger.records[PROPS.name].state is StepState.DEGRADED
    assert ledger.data_quality() is DataQuality.DEGRADED
    poll(ledger, rows=300)
    assert ledger.records[PROPS.name].state is StepState.COMPLETE
    (degradation,) = ledger.degradations
    assert degradation.since == NOON
    assert degradation.resolved_at == eastern(DAY, 11)


def test_what_was_found_stays_found_when_a_later_look_brings_nothing(ledger: DayLedger) -> None:
    poll(ledger, rows=300)
    not_yet(ledger)
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.rows) == (StepState.COMPLETE, True, 300)


def test_a_part_is_used_and_the_missing_games_are_waited_for(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], rows=200)
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.missing_games) == (StepState.LATE, False, GAMES[2:])
    assert record.changed_since(0) == set(GAMES[:2])


def test_going_on_with_a_part_names_the_missing_games(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], rows=200)
    ledger.degrade(PROPS, "one game lacks", NOON)
    assert ledger.degradations[0].games == GAMES[2:]


def test_a_part_that_comes_after_the_deadline_leaves_just_the_missing_games_named(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predicting without lines", NOON)
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], reason="one game lacks")
    (degradation,) = ledger.degradations
    assert degradation.games == GAMES[2:]
    assert degradation.resolved_at is None


def test_going_on_without_anything_names_every_game(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.NOT_PUBLISHED_YET, missing_games=GAMES, changed=False)
    ledger.degrade(PROPS, "no lines yet; predicting without lines", NOON)
    assert ledger.degradations[0].games == GAMES


@pytest.mark.parametrize("outcome", [Outcome.BAD_KEY, Outcome.BAD_REQUEST, Outcome.QUOTA_SPENT])
def test_an_answer_that_only_a_person_can_change_parks_the_step(ledger: DayLedger, outcome: Outcome) -> None:
    poll(ledger, outcome=outcome, reason="the provider does not know the key", changed=False, parks=True)
    (attention,) = ledger.attention()
    assert attention.step == PROPS.name
    assert attention.reason == "the provider does not know the key"
    assert attention.options == (
        "retry_step odds_api_player_points_props",
        "skip_step odds_api_player_points_props",
        "force_continue lines",
    )
    assert ledger.run_state() is RunState.NEEDS_ATTENTION


def broken_off(reason: str, **said: Any) -> CollectReport:
    """A look in the middle of which the provider refused."""
    usual = {"outcome": Outcome.PARTIAL, "alert": True, "batch_key": "raw/a.json", "requests": 3, "new_objects": 1}
    return CollectReport.model_validate({"reason": reason, **usual, **said})


def test_a_refusal_in_the_middle_of_a_look_parks_the_step_once_what_came_is_taken_in(ledger: DayLedger) -> None:
    collected = broken_off("2 of 3 responses usable; quota spent", refused=Outcome.QUOTA_SPENT, parks=True)
    read = SourceReport(outcome=Outcome.PARTIAL, reason="200 rows", rows=200, changed_games=GAMES[:2])
    poll(ledger, **dict(collected.with_batch(read)))
    record = ledger.source_record(PROPS)
    assert (record.state, record.rows, record.changed_since(0)) == (StepState.FAILED, 200, set(GAMES[:2]))
    assert [item.reason for item in ledger.attention()] == ["200 rows; 2 of 3 responses usable; quota spent"]
    assert [alert.key for alert in ledger.alerts.values()] == [f"{PROPS.name}:parked"]


def test_a_block_in_the_middle_of_a_look_is_alerted_and_left_alone_as_long_as_it_says(ledger: DayLedger) -> None:
    collected = broken_off("1 of 3 responses usable; blocked", refused=Outcome.BLOCKED, retry_at=NOON)
    read = SourceReport(outcome=Outcome.PARTIAL, rows=100, changed_games=GAMES[:1], missing_games=GAMES[1:])
    poll(ledger, **dict(collected.with_batch(read)))
    assert ledger.records[PROPS.name].state is StepState.LATE
    assert gates.next_poll(PROPS, ledger.source_record(PROPS)) == NOON
    (alert,) = ledger.alerts.values()
    assert (alert.key, "1 of 3 responses usable" in alert.text) == (f"{PROPS.name}:blocked", True)


def test_why_a_day_went_without_is_what_was_said_then_whatever_a_later_look_at_fewer_games_says(
    ledger: DayLedger,
) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predicting without lines", NOON)
    poll(ledger, outcome=Outcome.PARTIAL, rows=20, reason="1 of 3 games", missing_games=GAMES[2:])
    (gone_without,) = ledger.degradations
    assert (gone_without.reason, gone_without.games) == ("no lines yet; predicting without lines", GAMES[2:])


def test_what_another_had_in_its_place_settles_a_step_until_the_first_choice_comes(ledger: DayLedger) -> None:
    poll(
        ledger,
        rows=300,
        reason="blocked; BettingPros stands in",
        fallback_games={"BettingPros": GAMES},
        use_fallback=True,
    )
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.fallback_games) == (StepState.DEGRADED, False, GAMES)
    assert ledger.data_quality() is DataQuality.DEGRADED
    (gone_without,) = ledger.degradations
    assert (gone_without.reason, gone_without.games) == ("blocked; BettingPros stands in", GAMES)
    assert gates.next_poll(PROPS, record) is not None
    poll(ledger, rows=310)
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.fallback_games) == (StepState.COMPLETE, True, ())
    assert ledger.degradations[0].resolved_at is not None


def test_what_others_had_is_named_of_every_game_though_only_the_last_is_asked_for_still(ledger: DayLedger) -> None:
    poll(ledger, rows=300, reason="blocked", fallback_games={"BettingPros": GAMES})
    for hour, to_come in ((20, GAMES[2:]), (22, ())):
        report = SourceReport(rows=300, changed=False, reason="blocked", fallback_games={"BettingPros": to_come})
        nothing = SourceReport(outcome=Outcome.EMPTY_OK, reason="every game has begun", changed=False)
        ledger.start(PROPS, eastern(DAY, hour))
        ledger.finish(PROPS, report if to_come else nothing, eastern(DAY, hour))
    (gone_without,) = ledger.degradations
    assert gone_without.games == GAMES
    assert gone_without.resolved_at is None, "nothing to ask is not the first choice coming back"
    assert ledger.data_quality() is DataQuality.DEGRADED


def test_standings_that_nobody_asks_for_after_the_first_tip_did_not_come(ledger: DayLedger) -> None:
    standings = step_of(PLAN, "nbac_standings")
    ledger.degrade(standings, "HTTP 403; no prediction stands on it", LATER)
    ledger.start(standings, eastern(DAY, 19))
    ledger.finish(standings, SourceReport(outcome=Outcome.EMPTY_OK, changed=False), eastern(DAY, 19))
    assert ledger.degradations[0].resolved_at is None


def test_a_provider_that_is_closed_until_after_the_last_look_is_asked_again_only_by_a_person(ledger: DayLedger) -> None:
    after = PROPS.polls_end + timedelta(minutes=5)
    poll(ledger, outcome=Outcome.BLOCKED, reason="HTTP 403", changed=False, retry_at=after)
    alone = PROPS.model_copy(update={"fallback_sources": ()})
    assert gates.next_poll(alone, ledger.source_record(PROPS)) is None
    ledger.retry(PROPS.name, LATER)
    assert gates.next_poll(alone, ledger.source_record(PROPS)) == LATER
    poll(ledger, rows=300)
    assert gates.next_poll(alone, ledger.source_record(PROPS)) == NOON


def test_where_others_have_only_a_part_the_rest_is_waited_for(ledger: DayLedger) -> None:
    poll(
        ledger,
        outcome=Outcome.PARTIAL,
        rows=100,
        changed_games=GAMES[:1],
        missing_games=GAMES[1:],
        fallback_games={"BettingPros": GAMES[:1]},
    )
    record = ledger.source_record(PROPS)
    assert (record.state, record.missing_games, record.fallback_games) == (StepState.LATE, GAMES[1:], GAMES[:1])


def test_a_refused_key_calls_a_person_once_while_another_stands_in_look_after_look(ledger: DayLedger) -> None:
    for _ in range(3):
        poll(
            ledger,
            rows=300,
            reason="bad key; games from BettingPros",
            primary_reason="bad key",
            parks=True,
            use_fallback=True,
            fallback_games={"BettingPros": GAMES},
        )
    record = ledger.source_record(PROPS)
    assert (record.state, record.blocked_reason) == (StepState.DEGRADED, "bad key")
    assert [item.step for item in ledger.attention()] == [PROPS.name]
    assert [key for key in ledger.alerts if "parked" in key] == [f"{PROPS.name}:parked"]
    assert gates.next_poll(PROPS, record) is not None, "the other is looked at on"


def refused_at(ledger: DayLedger, step: PlanStep, hour: int, *, failed: bool = False, **report: object) -> None:
    """A look at this hour that the first choice refuses, or fails."""
    now, refusal = eastern(DAY, hour), {"outcome": Outcome.BLOCKED, "reason": "HTTP 403", "changed": False}
    ledger.start(step, now)
    ledger.finish(step, "no answer within 45 s" if failed else SourceReport.model_validate(refusal | report), now)


@pytest.mark.parametrize("failed", [False, True])
def test_a_source_that_dies_after_its_first_success_is_gone_without_once_what_it_had_is_out_of_date(
    ledger: DayLedger, failed: bool
) -> None:
    poll(ledger, GAME_LINES, rows=3)  # at 11:00
    refused_at(ledger, GAME_LINES, 13, failed=failed)
    assert ledger.degradations == []
    refused_at(ledger, GAME_LINES, 14, failed=failed)
    (gone_without,) = ledger.degradations
    assert gone_without.games == GAMES
    assert gone_without.reason.endswith("; using the data of 11:00 ET")
    assert f"{GAME_LINES.name}:outdated" in ledger.alerts
    record = ledger.source_record(GAME_LINES)
    assert (record.state, record.rows) == (StepState.DEGRADED, 3)
    refused_at(ledger, GAME_LINES, 20, failed=failed)
    assert ledger.degradations[0].games == GAMES, "what it lacked when they began is not had by their beginning"
    poll(ledger, GAME_LINES, rows=3)
    record = ledger.source_record(GAME_LINES)
    assert (record.state, record.missing_games) == (StepState.COMPLETE, ())


def test_what_a_stand_in_has_not_is_gone_without_when_the_first_choice_died_after_its_success(
    ledger: DayLedger,
) -> None:
    poll(ledger, PROPS, rows=300, reason="300 rows")
    some = {"Another": GAMES[:1]}
    refused_at(ledger, PROPS, 15, outcome=Outcome.PARTIAL, rows=100, missing_games=GAMES[1:], fallback_games=some)
    (gone_without,) = ledger.degradations
    assert (gone_without.games, ledger.records[PROPS.name].reason) == (GAMES, "HTTP 403")
    refused_at(ledger, PROPS, 16, rows=300, outcome=Outcome.OK, fallback_games={"Another": GAMES})
    assert [item.games for item in ledger.degradations] == [GAMES]
    assert ledger.source_record(PROPS).complete is False, "the first choice is looked for on"


def test_however_long_the_reason_of_a_failure_is_the_status_stays_small(ledger: DayLedger) -> None:
    ledger.start(FEATURES, NOON)
    ledger.finish(FEATURES, "column usage_rate: " + "x" * 10_000, NOON)
    (attention,) = ledger.attention()
    assert attention.reason.startswith("column usage_rate: ")
    assert len(attention.reason) <= 300


def test_a_part_that_came_is_not_forgotten_when_the_provider_then_refuses(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], rows=200)
    poll(ledger, outcome=Outcome.THROTTLED, missing_games=GAMES, changed=False, reason="HTTP 429")
    ledger.degrade(PROPS, "HTTP 429; predicting without lines", NOON)
    assert ledger.degradations[0].games == GAMES[2:]


def test_a_parked_step_is_parked_since_it_first_failed(ledger: DayLedger) -> None:
    ledger.park(FEATURES, "the file is corrupt", NOON)
    ledger.park(FEATURES, "the file is still corrupt", LATER)
    (attention,) = ledger.attention()
    assert (attention.since, attention.reason) == (NOON, "the file is still corrupt")


def test_what_stood_stands_while_a_failed_refresh_calls_a_person(ledger: DayLedger) -> None:
    poll(ledger, FEATURES, rows=300)
    ledger.start(FEATURES, LATER)
    ledger.finish(FEATURES, "the file is corrupt", LATER)
    assert ledger.records[FEATURES.name].state is StepState.COMPLETE
    assert [item.step for item in ledger.attention()] == [FEATURES.name]
    assert ledger.run_state() is RunState.NEEDS_ATTENTION
    assert f"{FEATURES.name}:parked" in ledger.alerts


def test_a_source_that_has_what_it_wants_and_fails_to_look_again_calls_nobody(ledger: DayLedger) -> None:
    poll(ledger, PROPS, rows=300)
    ledger.start(PROPS, LATER)
    ledger.finish(PROPS, "no answer within 45 s", LATER)
    assert ledger.attention() == ()
    assert f"{PROPS.name}:refresh_failed" in ledger.alerts


def test_a_key_that_is_refused_after_the_morning_calls_a_person_and_the_provider_is_left_alone(
    ledger: DayLedger,
) -> None:
    poll(ledger, GAME_LINES, rows=300)
    poll(ledger, GAME_LINES, outcome=Outcome.BAD_KEY, reason="HTTP 401: INVALID_KEY", changed=False, parks=True)
    record = ledger.source_record(GAME_LINES)
    assert record.state is StepState.COMPLETE
    assert [item.reason for item in ledger.attention()] == ["HTTP 401: INVALID_KEY"]
    assert gates.next_poll(GAME_LINES, record) is None
    ledger.retry(GAME_LINES.name, LATER)
    assert gates.next_poll(GAME_LINES, ledger.source_record(GAME_LINES)) == LATER
    poll(ledger, PROPS, rows=300)
    assert ledger.attention() == ()


def test_a_provider_is_asked_at_the_end_of_its_rest_once_whatever_becomes_of_that(ledger: DayLedger) -> None:
    poll(
        ledger,
        rows=300,
        reason="blocked; games from BettingPros",
        primary_reason="blocked",
        use_fallback=True,
        fallback_games={"BettingPros": GAMES},
        retry_at=NOON,
    )
    in_cooldown = fallbacks.report_without_poll(ledger.source_record(PROPS))
    assert in_cooldown is not None
    assert (in_cooldown.reason, in_cooldown.retry_at) == ("blocked", NOON)
    ledger.start(PROPS, NOON)
    assert fallbacks.report_without_poll(ledger.source_record(PROPS)) is None
    ledger.finish(PROPS, "no answer within 45 s", NOON)
    again = gates.next_poll(PROPS, ledger.source_record(PROPS))
    assert again is not None
    assert again > NOON


def test_a_step_that_is_parked_again_is_told_again(ledger: DayLedger) -> None:
    ledger.park(FEATURES, "the disk is full", NOON)
    poll(ledger, FEATURES, rows=300)
    ledger.park(FEATURES, "the disk is full", LATER)
    assert [key for key in ledger.alerts if "parked" in key] == ["ml_feature_store:parked", "ml_feature_store:parked:2"]


def fails(*names: str) -> Bring:
    """These steps fail, the others bring all they want."""
    return lambda step, games: "it broke" if step.name in names else all_it_wants(step, games)


def lines_change(
    ledger: DayLedger, games: tuple[str, ...], now: datetime, bring: Bring = all_it_wants
) -> dict[str, tuple[str, ...]]:
    """New lines for some games, and what then runs."""
    ledger.start(PROPS, now)
    ledger.finish(PROPS, SourceReport(rows=300, changed_games=games), now)
    return carry_on(ledger, now, bring)


def test_a_refresh_that_failed_is_made_up_for_with_the_next_news_for_every_game_it_missed() -> None:
    ledger = settled_ledger(PLAN, LATER)
    ran = lines_change(ledger, GAMES[:1], LATER, fails(FEATURES.name))
    assert MOVING_AVERAGE.name not in ran
    assert carry_on(ledger, LATER + timedelta(minutes=1)) == {}, "it is not tried again on what it failed on"
    ran = lines_change(ledger, GAMES[1:2], LATER + timedelta(minutes=2))
    assert set(ran[FEATURES.name]) == set(GAMES[:2])
    assert ledger.attention() == ()


def test_a_first_run_that_failed_is_made_up_for_for_the_whole_slate() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    carry_on(ledger, NOON, fails(FEATURES.name))
    ran = lines_change(ledger, GAMES[:1], LATER)
    assert ran[FEATURES.name] == ran[MOVING_AVERAGE.name] == GAMES


def test_a_system_that_was_done_without_predicts_the_whole_slate_when_it_works_again() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    carry_on(ledger, NOON, fails(MOVING_AVERAGE.name))
    ledger.degrade(MOVING_AVERAGE, "it broke; the other systems stand", eastern(DAY, 13, 30))
    assert lines_change(ledger, GAMES[:1], LATER)[MOVING_AVERAGE.name] == GAMES


def test_a_game_that_joins_while_an_answer_is_on_its_way_is_asked_about_at_once() -> None:
    three = slate(eastern(DAY, 19), eastern(DAY, 19, 30), eastern(DAY, 22))
    two = plan_day(DAY, three[:2], SOURCES)
    ledger = DayLedger(two)
    ledger.adopt(two)
    rosters = step_of(two, "espn_team_rosters")
    ledger.start(rosters, NOON)
    ledger.adopt(plan_day(DAY, three, SOURCES))
    ledger.finish(rosters, SourceReport(rows=26), NOON)
    assert gates.next_poll(rosters, ledger.source_record(rosters)) == NOON
    poll(ledger, rosters, rows=39)
    assert ledger.source_record(rosters).complete


def test_forcing_on_and_then_skipping_a_step_is_one_thing_gone_without(ledger: DayLedger) -> None:
    ledger.degrade(PROPS, "forced on by Ada", NOON)
    ledger.degrade(PROPS, "skipped by Ada", LATER, StepState.SKIPPED)
    assert [(item.since, item.reason) for item in ledger.degradations] == [(NOON, "skipped by Ada")]


def test_names_that_are_known_at_last_are_counted_no_more(ledger: DayLedger) -> None:
    poll(ledger, rows=300, unresolved=2, unresolved_names=("Nobody", "No One"))
    poll(ledger, rows=300)
    assert ledger.counts[f"unresolved:{PROPS.name}"] == 0


def test_few_rows_after_the_deadline_are_passed_on_as_far_as_they_go(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predicting without lines", NOON)
    poll(ledger, rows=3, outcome=Outcome.SUSPICIOUSLY_EMPTY, changed_games=GAMES[:1], reason="3 rows")
    assert ledger.records[PROPS.name].changed_since(0) == {GAMES[0]}


def test_of_many_messages_the_last_are_told_and_the_others_counted(ledger: DayLedger) -> None:
    for number in range(AUDIT_KEPT + 5):
        ledger.add_audit_entry(
            AuditEntry(
                at=NOON, via="signal", command="x", target=str(number), who="", why="", accepted=False, result=""
            )
        )
    assert [entry.target for entry in ledger.audit] == [str(number) for number in range(5, AUDIT_KEPT + 5)]
    assert ledger.counts["audit:older"] == 5


def test_a_slate_that_loses_its_games_after_publication_is_published_and_graded_again() -> None:
    ledger = settled_ledger(PLAN, NOON)
    ledger.adopt(plan_day(DAY, (), SOURCES, published=bool(ledger.published)))
    ran = carry_on(ledger, LATER)
    assert {"export_predictions", "grade", "export_results", "export_summary"} <= ran.keys()
    assert ledger.postponed == GAMES


def test_a_postponed_game_is_taken_out_of_what_was_published() -> None:
    ledger = settled_ledger(PLAN, NOON)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    assert "export_predictions" in carry_on(ledger, LATER)


def test_a_parked_step_that_succeeds_needs_nobody_any_more(ledger: DayLedger) -> None:
    ledger.park(FEATURES, "the file is corrupt", NOON)
    ledger.retry(FEATURES.name, LATER)
    poll(ledger, FEATURES, rows=300)
    assert ledger.attention() == ()
    assert ledger.records[FEATURES.name].state is StepState.COMPLETE


def test_an_alert_is_said_once_however_often_it_is_true(ledger: DayLedger) -> None:
    for now in (NOON, LATER):
        ledger.alert(PROPS, "overdue", "lines are late", now)
    (alert,) = ledger.alerts.values()
    assert (alert.at, alert.severity) == (NOON, "warning")


def test_names_on_no_roster_are_counted_and_alerted(ledger: DayLedger) -> None:
    poll(ledger, rows=300, unresolved=2, unresolved_names=("Nikola Jokicc", "LeBron Jamess"))
    assert ledger.counts == {"unresolved:odds_api_player_points_props": 2}
    assert "Nikola Jokicc, LeBron Jamess" in next(iter(ledger.alerts.values())).text


def test_a_person_who_asks_for_lines_while_they_are_being_fetched_is_not_forgotten(ledger: DayLedger) -> None:
    """What is under way was asked before the lines were out; the person knows better."""
    ledger.start(PROPS, NOON)
    set_record(ledger, PROPS.name, retry_at=NOON + timedelta(seconds=5))
    ledger.finish(PROPS, SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, changed=False), NOON + timedelta(seconds=9))
    assert gates.next_poll(PROPS, ledger.source_record(PROPS)) == NOON + timedelta(seconds=5)


@pytest.mark.parametrize("retry_after", [timedelta(hours=-1), timedelta(), timedelta(milliseconds=1)])
def test_a_provider_that_says_come_again_at_once_is_not_asked_without_pause(
    ledger: DayLedger, retry_after: timedelta
) -> None:
    """Retry-After: 0, or a date that is past, would stop virtual time and flood the provider in real time."""
    ledger.start(PROPS, NOON)
    report = SourceReport(outcome=Outcome.THROTTLED, changed=False, retry_at=NOON + retry_after)
    ledger.finish(PROPS, report, NOON)
    coming = gates.next_poll(PROPS, ledger.source_record(PROPS))
    assert coming is not None
    assert coming >= NOON + timedelta(minutes=1)


# ── the slate changes ────────────────────────────────────────────────────────────────────────────────────────


def test_a_postponed_game_is_named_and_the_others_keep_what_they_have() -> None:
    ledger = settled_ledger(PLAN, LATER)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    assert ledger.postponed == (GAMES[0],)
    assert ledger.records["moving_average"].state is StepState.COMPLETE
    assert ledger.game_ids == GAMES[1:]


def test_a_game_that_was_postponed_and_is_on_again_is_no_longer_postponed() -> None:
    ledger = settled_ledger(PLAN, LATER)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    ledger.adopt(PLAN)
    assert ledger.postponed == ()


def test_a_game_that_joins_is_fetched_and_predicted_like_the_others() -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 11))
    joined = slate(*(game.tip_off for game in PLAN.games), eastern(DAY, 21))
    ledger.adopt(plan_day(DAY, joined, SOURCES))
    done = carry_on(ledger, LATER, all_it_wants)
    new = joined[3].game_id
    assert new in done["moving_average"]
    for source in ("espn_team_rosters", "nbac_injury_report", "odds_api_events", "odds_api_player_points_props"):
        assert source in done, source
    assert new in ledger.records["ml_feature_store"].changed


def test_learning_the_slate_of_the_morning_postpones_nothing() -> None:
    ledger = DayLedger(plan_day(DAY, (), SOURCES))
    ledger.adopt(PLAN)
    assert ledger.postponed == ()


# ── what it all comes to ─────────────────────────────────────────────────────────────────────────────────────


def test_a_day_ends_complete_when_only_optional_steps_were_lost(ledger: DayLedger) -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 23))
    set_record(ledger, "moving_average", state=StepState.FAILED)
    ledger.end()
    assert ledger.run_state() is RunState.COMPLETE


def test_a_day_ends_failed_when_a_critical_step_was_never_settled(ledger: DayLedger) -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 23))
    set_record(ledger, "grade", state=StepState.FAILED)
    ledger.end()
    assert ledger.run_state() is RunState.FAILED


def test_the_phase_is_the_first_with_something_open_and_the_last_when_all_is_done(ledger: DayLedger) -> None:
    assert ledger.phase(NOON) is Phase.SLATE
    night = eastern(DAY + timedelta(days=1), 3)
    assert settled_ledger(PLAN, night).phase(night) is Phase.GRADE


def test_the_quality_of_a_day_without_games_is_empty() -> None:
    empty = plan_day(DAY, (), SOURCES)
    assert settled_ledger(empty, NOON).data_quality() is DataQuality.EMPTY
