"""The state of a day: how the records of its steps change, and what it reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.ledgers import (
    DAY,
    Bring,
    evening_plan,
    report_of,
    run_ready_steps,
    set_record,
    settled_ledger,
    slate,
    step_of,
    successful_report,
)
from tests.support.slates import tip
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import (
    ALL_DATA,
    AuditEntry,
    CollectReport,
    ComputeReport,
    DataQuality,
    Outcome,
    Phase,
    PlanStep,
    RunState,
    SourceReport,
    StepState,
    eastern,
)
from workflows import fallbacks, gates, operator_commands
from workflows.contracts import CommandName, OperatorCommand
from workflows.day_state import AUDIT_KEPT, REASON_LENGTH, DayLedger

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
    """One poll with this report."""
    now = eastern(DAY, 11)
    ledger.start(step, now)
    ledger.finish(step, report_of(step, **report), now)


def not_yet(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.NOT_PUBLISHED_YET, reason="no lines yet", changed=False)


def test_a_change_whose_report_was_lost_is_in_the_next_report(ledger: DayLedger) -> None:
    """The workers died after the write; the next poll finds the rows stored and writes nothing."""
    written = {PROPS.subject: {ALL_DATA: 1, GAMES[0]: 1}}
    poll(ledger, rows=100, versions=written)
    lost = {PROPS.subject: {ALL_DATA: 2, GAMES[0]: 1, GAMES[1]: 1}}
    again = SourceReport(rows=200, changed=False, versions=lost).changed_since(ledger.consumed)
    assert (again.changed, again.changed_games) == (True, (GAMES[1],))
    poll(ledger, **dict(again))
    unchanged = SourceReport(rows=200, versions=lost).changed_since(ledger.consumed)
    assert (unchanged.changed, unchanged.changed_games) == (False, ())


def test_an_alert_of_a_computation_is_raised_once(ledger: DayLedger) -> None:
    for _ in range(2):
        ledger.start(MOVING_AVERAGE, NOON)
        report = ComputeReport(rows=20, alerts={"damaged_model": "model b is damaged; model a predicts"})
        ledger.finish(MOVING_AVERAGE, report, NOON)
    (alert,) = ledger.alerts.values()
    assert alert.text == f"{MOVING_AVERAGE.label}: model b is damaged; model a predicts"


def test_the_rows_of_a_step_never_fall(ledger: DayLedger) -> None:
    """After the first tip-off each run is about fewer games."""
    for rows in (300, 20):
        poll(ledger, GAME_LINES, outcome=Outcome.PARTIAL, rows=rows, missing_games=GAMES[2:])
        ledger.start(MOVING_AVERAGE, NOON)
        ledger.finish(MOVING_AVERAGE, ComputeReport(rows=rows), NOON)
    assert [ledger.records[step.name].rows for step in (GAME_LINES, MOVING_AVERAGE)] == [300, 300]


def test_a_failed_step_consumes_no_change(ledger: DayLedger) -> None:
    ledger.start(PROPS, NOON)
    ledger.finish(PROPS, "the warehouse is full", NOON)
    report = SourceReport(rows=100, versions={PROPS.subject: {ALL_DATA: 1}})
    assert report.changed_since(ledger.consumed).changed


def test_a_source_without_published_data_is_late_not_failed(ledger: DayLedger) -> None:
    not_yet(ledger)
    assert ledger.records[PROPS.name].state is StepState.LATE
    assert ledger.attention() == ()
    assert ledger.run_state(NOON) is RunState.WAITING


def test_a_day_does_not_wait_while_a_step_runs_and_needs_an_operator_first(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.start(PROPS, NOON)
    assert (ledger.run_state(NOON), ledger.only_polls_again) == (RunState.RUNNING, True)
    ledger.start(FEATURES, NOON)
    assert (ledger.run_state(NOON), ledger.only_polls_again) == (RunState.RUNNING, False)
    ledger.park(FEATURES, "the file is corrupt", NOON)
    assert ledger.run_state(NOON) is RunState.NEEDS_ATTENTION


def test_a_degradation_is_resolved_when_the_data_arrive(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predictions are published without betting lines", NOON)
    assert ledger.records[PROPS.name].state is StepState.DEGRADED
    assert ledger.data_quality() is DataQuality.DEGRADED
    poll(ledger, rows=300)
    assert ledger.records[PROPS.name].state is StepState.COMPLETE
    (degradation,) = ledger.degradations
    assert degradation.since == NOON
    assert degradation.resolved_at == eastern(DAY, 11)


def test_a_complete_source_stays_complete_when_a_later_poll_brings_nothing(ledger: DayLedger) -> None:
    poll(ledger, rows=300)
    not_yet(ledger)
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.rows) == (StepState.COMPLETE, True, 300)


def test_partial_data_are_used_and_the_missing_games_awaited(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], rows=200)
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.missing_games) == (StepState.LATE, False, GAMES[2:])
    assert record.changed_since(0) == set(GAMES[:2])


def test_degrading_partial_data_names_the_missing_games(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], rows=200)
    ledger.degrade(PROPS, "one game is missing", NOON)
    assert ledger.degradations[0].games == GAMES[2:]


def test_partial_data_after_the_deadline_leave_only_missing_games_degraded(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predictions are published without betting lines", NOON)
    poll(
        ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], reason="one game is missing"
    )
    (degradation,) = ledger.degradations
    assert degradation.missing_games == GAMES[2:]
    assert degradation.resolved_at is None


def test_a_degradation_keeps_every_game_that_was_affected(ledger: DayLedger) -> None:
    ledger.degrade(PROPS, "no lines yet", NOON)
    for hour, missing in ((14, GAMES[1:]), (15, GAMES[2:]), (16, GAMES[1:2])):
        ledger.start(PROPS, eastern(DAY, hour))
        report = SourceReport(outcome=Outcome.PARTIAL, missing_games=missing, changed=False)
        ledger.finish(PROPS, report, eastern(DAY, hour))
    (degradation,) = ledger.degradations
    assert (degradation.games, degradation.missing_games) == (GAMES, GAMES[1:2]), "a game may lack lines again"
    assert degradation.resolved_games == {GAMES[0]: eastern(DAY, 14), GAMES[2]: eastern(DAY, 16)}
    missing_at = [degradation.games_missing_at(eastern(DAY, hour)) for hour in (9, 13, 14, 17)]
    assert missing_at == [(), GAMES, GAMES[1:], GAMES[1:2]]
    ledger.start(PROPS, eastern(DAY, 18))
    ledger.finish(PROPS, SourceReport(rows=300), eastern(DAY, 18))
    (degradation,) = ledger.degradations
    assert (degradation.games, degradation.missing_games) == (GAMES, ())
    assert degradation.games_missing_at(eastern(DAY, 17)) == GAMES[1:2]
    assert degradation.games_missing_at(eastern(DAY, 18)) == ()


def test_a_refusal_that_names_no_game_resolves_none(ledger: DayLedger) -> None:
    box_scores = step_of(PLAN, "nbac_player_boxscores")
    refused = SourceReport(outcome=Outcome.BLOCKED, reason="HTTP 403", changed=False)
    ledger.start(box_scores, LATER)
    ledger.finish(box_scores, refused.model_copy(update={"missing_games": GAMES}), LATER)
    ledger.degrade(box_scores, "HTTP 403", LATER)
    ledger.start(box_scores, LATER)
    ledger.finish(box_scores, refused, LATER)
    assert ledger.degradations[0].missing_games == GAMES


def test_skipping_a_source_with_fallback_data_keeps_their_games_degraded(ledger: DayLedger) -> None:
    fallback = {"BettingPros": GAMES[:2]}
    poll(ledger, outcome=Outcome.PARTIAL, reason="blocked", fallback_games=fallback, missing_games=GAMES[2:])
    ledger.degrade(PROPS, "skipped by Ada", NOON, StepState.SKIPPED)
    assert ledger.degradations[-1].missing_games == GAMES


def test_degrading_without_any_data_names_every_game(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.NOT_PUBLISHED_YET, missing_games=GAMES, changed=False)
    ledger.degrade(PROPS, "no lines yet; predictions are published without betting lines", NOON)
    assert ledger.degradations[0].games == GAMES


@pytest.mark.parametrize("outcome", [Outcome.BAD_KEY, Outcome.BAD_REQUEST, Outcome.QUOTA_SPENT])
def test_a_refusal_that_only_an_operator_can_fix_parks_the_step(ledger: DayLedger, outcome: Outcome) -> None:
    poll(ledger, outcome=outcome, reason="the provider does not know the key", changed=False, parks=True)
    (attention,) = ledger.attention()
    assert attention.step == PROPS.name
    assert attention.reason == "the provider does not know the key"
    assert ledger.run_state(NOON) is RunState.NEEDS_ATTENTION


def interrupted_poll(reason: str, **fields: Any) -> CollectReport:
    """A poll during which the provider refused."""
    usual = {"outcome": Outcome.PARTIAL, "alert": True, "batch_key": "raw/a.json", "requests": 3, "new_objects": 1}
    return CollectReport.model_validate({"reason": reason, **usual, **fields})


def test_a_refusal_during_a_poll_parks_the_step_and_keeps_the_data_before_it(ledger: DayLedger) -> None:
    collected = interrupted_poll("2 of 3 responses usable; quota spent", refused=Outcome.QUOTA_SPENT, parks=True)
    read = SourceReport(outcome=Outcome.PARTIAL, reason="200 rows", rows=200, changed_games=GAMES[:2])
    poll(ledger, **dict(collected.with_batch(read)))
    record = ledger.source_record(PROPS)
    assert (record.state, record.rows, record.changed_since(0)) == (StepState.FAILED, 200, set(GAMES[:2]))
    assert [item.reason for item in ledger.attention()] == ["200 rows; 2 of 3 responses usable; quota spent"]
    assert [alert.key for alert in ledger.alerts.values()] == [f"{PROPS.name}:parked"]


def test_a_block_during_a_poll_raises_an_alert_and_is_respected_until_its_end(ledger: DayLedger) -> None:
    collected = interrupted_poll("1 of 3 responses usable; blocked", refused=Outcome.BLOCKED, retry_at=NOON)
    read = SourceReport(outcome=Outcome.PARTIAL, rows=100, changed_games=GAMES[:1], missing_games=GAMES[1:])
    poll(ledger, **dict(collected.with_batch(read)))
    assert ledger.records[PROPS.name].state is StepState.LATE
    assert gates.next_poll(PROPS, ledger.source_record(PROPS)) == NOON
    (alert,) = ledger.alerts.values()
    assert (alert.key, "1 of 3 responses usable" in alert.text) == (f"{PROPS.name}:blocked", True)


def test_a_degradation_keeps_its_reason_when_a_later_poll_requests_fewer_games(
    ledger: DayLedger,
) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predictions are published without betting lines", NOON)
    poll(ledger, outcome=Outcome.PARTIAL, rows=20, reason="1 of 3 games", missing_games=GAMES[2:])
    (degradation,) = ledger.degradations
    assert (degradation.reason, degradation.missing_games) == (
        "no lines yet; predictions are published without betting lines",
        GAMES[2:],
    )


def test_a_partial_poll_with_fewer_rows_gives_its_reason_and_keeps_the_count(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, rows=300, reason="300 rows", missing_games=GAMES[2:])
    poll(ledger, outcome=Outcome.PARTIAL, rows=280, reason="280 rows", missing_games=GAMES[2:])
    record = ledger.source_record(PROPS)
    assert (record.rows, record.reason) == (300, "280 rows")


def test_an_empty_poll_keeps_the_reason_of_the_rows_before_it(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, rows=300, reason="300 rows", missing_games=GAMES[2:])
    poll(ledger, outcome=Outcome.EMPTY_OK, rows=0, reason="nothing new")
    record = ledger.source_record(PROPS)
    assert (record.rows, record.reason) == (300, "300 rows")


def test_fallback_data_settle_a_step_until_the_primary_source_is_complete(ledger: DayLedger) -> None:
    poll(
        ledger,
        rows=300,
        reason="blocked; games from BettingPros",
        fallback_games={"BettingPros": GAMES},
        use_fallback=True,
    )
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.fallback_games) == (StepState.DEGRADED, False, GAMES)
    assert ledger.data_quality() is DataQuality.DEGRADED
    (degradation,) = ledger.degradations
    assert (degradation.reason, degradation.games) == ("blocked; games from BettingPros", GAMES)
    assert gates.next_poll(PROPS, record) is not None
    poll(ledger, rows=310)
    record = ledger.source_record(PROPS)
    assert (record.state, record.complete, record.fallback_games) == (StepState.COMPLETE, True, ())
    assert ledger.degradations[0].resolved_at is not None


def test_fallback_games_are_named_even_if_only_the_last_games_are_still_polled(ledger: DayLedger) -> None:
    poll(ledger, rows=300, reason="blocked", fallback_games={"BettingPros": GAMES})
    for hour, to_come in ((20, GAMES[2:]), (22, ())):
        report = SourceReport(rows=300, changed=False, reason="blocked", fallback_games={"BettingPros": to_come})
        nothing = SourceReport(outcome=Outcome.EMPTY_OK, reason="every game has begun", changed=False)
        ledger.start(PROPS, eastern(DAY, hour))
        ledger.finish(PROPS, report if to_come else nothing, eastern(DAY, hour))
    (degradation,) = ledger.degradations
    assert degradation.games == GAMES
    assert degradation.resolved_at is None, "no data expected does not resolve a degradation"
    assert ledger.data_quality() is DataQuality.DEGRADED


def test_a_poll_with_no_data_expected_after_the_first_tip_resolves_no_degradation(ledger: DayLedger) -> None:
    standings = step_of(PLAN, "nbac_standings")
    ledger.degrade(standings, "HTTP 403; no prediction stands on it", LATER)
    ledger.start(standings, eastern(DAY, 19))
    ledger.finish(standings, SourceReport(outcome=Outcome.EMPTY_OK, changed=False), eastern(DAY, 19))
    assert ledger.degradations[0].resolved_at is None


def test_a_source_in_cooldown_beyond_its_last_poll_is_polled_again_only_by_an_operator(ledger: DayLedger) -> None:
    after = PROPS.polls_end + timedelta(minutes=5)
    poll(ledger, outcome=Outcome.BLOCKED, reason="HTTP 403", changed=False, retry_at=after)
    alone = PROPS.model_copy(update={"fallback_sources": ()})
    assert gates.next_poll(alone, ledger.source_record(PROPS)) is None
    ledger.retry(PROPS.name, LATER)
    assert gates.next_poll(alone, ledger.source_record(PROPS)) == LATER
    poll(ledger, rows=300)
    assert gates.next_poll(alone, ledger.source_record(PROPS)) == NOON


def test_games_that_no_fallback_source_has_are_awaited(ledger: DayLedger) -> None:
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


def test_a_refused_key_raises_one_alert_while_a_fallback_source_is_polled_repeatedly(ledger: DayLedger) -> None:
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
    assert gates.next_poll(PROPS, record) is not None, "the fallback source is still polled"


def refused_at(ledger: DayLedger, step: PlanStep, hour: int, *, failed: bool = False, **report: object) -> None:
    """A poll at this hour that the primary source refuses or fails."""
    now, refusal = eastern(DAY, hour), {"outcome": Outcome.BLOCKED, "reason": "HTTP 403", "changed": False}
    ledger.start(step, now)
    ledger.finish(step, "no answer within 45 s" if failed else SourceReport.model_validate(refusal | report), now)


@pytest.mark.parametrize("failed", [False, True])
def test_a_source_that_fails_after_its_first_success_is_degraded_once_its_data_are_outdated(
    ledger: DayLedger, failed: bool
) -> None:
    poll(ledger, GAME_LINES, rows=3)  # at 11:00
    refused_at(ledger, GAME_LINES, 13, failed=failed)
    assert ledger.degradations == []
    refused_at(ledger, GAME_LINES, 14, failed=failed)
    (degradation,) = ledger.degradations
    assert degradation.games == GAMES
    assert degradation.reason.endswith("; using the data of 11:00 ET")
    assert f"{GAME_LINES.name}:outdated" in ledger.alerts
    record = ledger.source_record(GAME_LINES)
    assert (record.state, record.rows) == (StepState.DEGRADED, 3)
    refused_at(ledger, GAME_LINES, 20, failed=failed)
    assert ledger.degradations[0].games == GAMES, "games without data at their tip-off stay degraded"
    poll(ledger, GAME_LINES, rows=3)
    record = ledger.source_record(GAME_LINES)
    assert (record.state, record.missing_games) == (StepState.COMPLETE, ())


def test_games_without_fallback_data_are_degraded_when_the_primary_source_is_outdated(
    ledger: DayLedger,
) -> None:
    poll(ledger, PROPS, rows=300, reason="300 rows")
    some = {"Another": GAMES[:1]}
    refused_at(ledger, PROPS, 15, outcome=Outcome.PARTIAL, rows=100, missing_games=GAMES[1:], fallback_games=some)
    (degradation,) = ledger.degradations
    assert (degradation.games, ledger.records[PROPS.name].reason) == (GAMES, "HTTP 403")
    refused_at(ledger, PROPS, 16, rows=300, outcome=Outcome.OK, fallback_games={"Another": GAMES})
    assert [item.games for item in ledger.degradations] == [GAMES]
    assert ledger.source_record(PROPS).complete is False, "the primary source is still polled"


def test_a_long_failure_reason_is_shortened(ledger: DayLedger) -> None:
    ledger.start(FEATURES, NOON)
    ledger.finish(FEATURES, "column usage_rate: " + "x" * 10_000, NOON)
    (attention,) = ledger.attention()
    assert attention.reason.startswith("column usage_rate: ")
    assert len(attention.reason) <= 300


def test_long_reasons_of_operators_and_rules_are_shortened(ledger: DayLedger) -> None:
    reason = f"the file is corrupt: {'x' * 10_000}; predictions are published without it"
    ledger.park(FEATURES, reason, NOON)
    ledger.degrade(PROPS, reason, NOON)
    for kept in (ledger.attention()[0].reason, ledger.degradations[0].reason, ledger.records[PROPS.name].reason):
        assert len(kept) <= REASON_LENGTH
        assert kept.startswith("the file is corrupt: ")
        assert kept.endswith("; predictions are published without it")


def test_partial_data_are_kept_when_the_provider_refuses_later(ledger: DayLedger) -> None:
    poll(ledger, outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed_games=GAMES[:2], rows=200)
    poll(ledger, outcome=Outcome.THROTTLED, missing_games=GAMES, changed=False, reason="HTTP 429")
    ledger.degrade(PROPS, "HTTP 429; predictions are published without betting lines", NOON)
    assert ledger.degradations[0].games == GAMES[2:]


def test_a_step_is_parked_since_its_first_failure(ledger: DayLedger) -> None:
    ledger.park(FEATURES, "the file is corrupt", NOON)
    ledger.park(FEATURES, "the file is still corrupt", LATER)
    (attention,) = ledger.attention()
    assert (attention.since, attention.reason) == (NOON, "the file is still corrupt")


def test_a_failed_recomputation_is_parked_and_keeps_its_earlier_result(ledger: DayLedger) -> None:
    poll(ledger, FEATURES, rows=300)
    ledger.start(FEATURES, LATER)
    ledger.finish(FEATURES, "the file is corrupt", LATER)
    assert ledger.records[FEATURES.name].state is StepState.COMPLETE
    assert [item.step for item in ledger.attention()] == [FEATURES.name]
    assert ledger.run_state(NOON) is RunState.NEEDS_ATTENTION
    assert f"{FEATURES.name}:parked" in ledger.alerts


def test_a_complete_source_that_fails_later_needs_no_operator(ledger: DayLedger) -> None:
    poll(ledger, PROPS, rows=300)
    ledger.start(PROPS, LATER)
    ledger.finish(PROPS, "no answer within 45 s", LATER)
    assert ledger.attention() == ()
    assert f"{PROPS.name}:refresh_failed" in ledger.alerts


def test_a_key_refused_after_a_success_needs_an_operator_and_stops_polling(
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


def test_a_provider_is_polled_once_at_the_end_of_its_cooldown_even_if_that_fails(ledger: DayLedger) -> None:
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


def test_a_step_that_is_parked_again_raises_another_alert(ledger: DayLedger) -> None:
    ledger.park(FEATURES, "the disk is full", NOON)
    poll(ledger, FEATURES, rows=300)
    ledger.park(FEATURES, "the disk is full", LATER)
    assert [key for key in ledger.alerts if "parked" in key] == ["ml_feature_store:parked", "ml_feature_store:parked:2"]


def fails(*names: str) -> Bring:
    """These steps fail, the others succeed."""
    return lambda step, games: "it broke" if step.name in names else successful_report(step, games)


def lines_change(
    ledger: DayLedger, games: tuple[str, ...], now: datetime, bring: Bring = successful_report
) -> dict[str, tuple[str, ...]]:
    """New lines for some games; returns what runs then."""
    ledger.start(PROPS, now)
    ledger.finish(PROPS, SourceReport(rows=300, changed_games=games), now)
    return run_ready_steps(ledger, now, bring)


def test_a_failed_refresh_is_repeated_with_the_next_change_for_every_game_it_missed() -> None:
    ledger = settled_ledger(PLAN, LATER)
    ran = lines_change(ledger, GAMES[:1], LATER, fails(FEATURES.name))
    assert MOVING_AVERAGE.name not in ran
    assert run_ready_steps(ledger, LATER + timedelta(minutes=1)) == {}, "it is not tried again on what it failed on"
    ran = lines_change(ledger, GAMES[1:2], LATER + timedelta(minutes=2))
    assert set(ran[FEATURES.name]) == set(GAMES[:2])
    assert ledger.attention() == ()


def test_a_failed_first_run_is_repeated_for_the_whole_slate() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    run_ready_steps(ledger, NOON, fails(FEATURES.name))
    ran = lines_change(ledger, GAMES[:1], LATER)
    assert ran[FEATURES.name] == ran[MOVING_AVERAGE.name] == GAMES


def test_a_degraded_system_predicts_the_whole_slate_when_it_works_again() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    run_ready_steps(ledger, NOON, fails(MOVING_AVERAGE.name))
    ledger.degrade(MOVING_AVERAGE, "it broke; the other systems stand", eastern(DAY, 13, 30))
    assert lines_change(ledger, GAMES[:1], LATER)[MOVING_AVERAGE.name] == GAMES


def test_a_game_that_joins_during_a_poll_is_polled_at_once() -> None:
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


def test_forcing_and_then_skipping_a_step_is_one_degradation(ledger: DayLedger) -> None:
    ledger.degrade(PROPS, "forced by Ada", NOON)
    ledger.degrade(PROPS, "skipped by Ada", LATER, StepState.SKIPPED)
    assert [(item.since, item.reason) for item in ledger.degradations] == [(NOON, "skipped by Ada")]


def test_resolved_names_are_no_longer_counted(ledger: DayLedger) -> None:
    poll(ledger, rows=300, unresolved=2, unresolved_names=("Nobody", "No One"))
    poll(ledger, rows=300)
    assert ledger.counts[f"unresolved:{PROPS.name}"] == 0


def test_suspiciously_few_rows_after_the_deadline_still_count_as_new_data(ledger: DayLedger) -> None:
    not_yet(ledger)
    ledger.degrade(PROPS, "no lines yet; predictions are published without betting lines", NOON)
    poll(ledger, rows=3, outcome=Outcome.SUSPICIOUSLY_EMPTY, changed_games=GAMES[:1], reason="3 rows")
    assert ledger.records[PROPS.name].changed_since(0) == {GAMES[0]}


def test_the_audit_trail_keeps_the_last_commands_and_counts_the_older_ones(ledger: DayLedger) -> None:
    for number in range(AUDIT_KEPT + 5):
        ledger.add_audit_entry(
            AuditEntry(
                at=NOON, via="signal", command="x", target=str(number), who="", why="", accepted=False, result=""
            )
        )
    assert [entry.target for entry in ledger.audit] == [str(number) for number in range(5, AUDIT_KEPT + 5)]
    assert ledger.counts["audit:older"] == 5


def test_the_audit_trail_keeps_the_end_of_a_long_refusal(ledger: DayLedger) -> None:
    command = OperatorCommand(name=CommandName.RETRY_STEP, target="ml_feature_stroe")
    refused = operator_commands.validate(command, ledger, NOON, held=False).text
    assert len(refused) > REASON_LENGTH
    ledger.add_audit_entry(
        AuditEntry(
            at=NOON,
            via="update",
            command=command.name,
            target=f"{'x' * 5000} target",
            who="Ada",
            why=f"{'x' * 5000} why",
            accepted=False,
            result=refused,
        )
    )
    (entry,) = ledger.audit
    assert entry.result.startswith("no step 'ml_feature_stroe'; the steps are ")
    assert "(did you mean ml_feature_store" in entry.result
    assert entry.result.endswith("?); nothing was changed")
    assert (entry.target[-6:], entry.why[-3:]) == ("target", "why")
    assert len(entry.model_dump_json()) < 2000


def test_a_slate_that_loses_all_games_after_publication_is_published_and_graded_again() -> None:
    ledger = settled_ledger(PLAN, NOON)
    ledger.adopt(plan_day(DAY, (), SOURCES, published=bool(ledger.published)))
    ran = run_ready_steps(ledger, LATER)
    assert {"export_predictions", "grade", "export_results", "export_summary"} <= ran.keys()
    assert ledger.postponed == GAMES


def test_an_unchanged_slate_is_not_published_again() -> None:
    ledger = settled_ledger(PLAN, NOON)
    published = ledger.compute_record("export_predictions")
    ledger.adopt(plan_day(DAY, PLAN.games, SOURCES, published=True))
    assert ledger.compute_record("export_predictions") == published
    assert not isinstance(gates.decide(ledger.plan, ledger.records, NOON)["export_predictions"], gates.Ready)


def test_a_postponed_game_causes_another_publication() -> None:
    ledger = settled_ledger(PLAN, NOON)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    assert "export_predictions" in run_ready_steps(ledger, LATER)


def test_a_parked_step_that_succeeds_needs_no_attention(ledger: DayLedger) -> None:
    ledger.park(FEATURES, "the file is corrupt", NOON)
    ledger.retry(FEATURES.name, LATER)
    poll(ledger, FEATURES, rows=300)
    assert ledger.attention() == ()
    assert ledger.records[FEATURES.name].state is StepState.COMPLETE


def test_an_alert_of_a_kind_is_raised_once(ledger: DayLedger) -> None:
    for now in (NOON, LATER):
        ledger.alert(PROPS, "overdue", "lines are late", now)
    (alert,) = ledger.alerts.values()
    assert (alert.at, alert.severity) == (NOON, "warning")


def test_unresolved_names_are_counted_and_raise_an_alert(ledger: DayLedger) -> None:
    poll(ledger, rows=300, unresolved=2, unresolved_names=("Nikola Jokicc", "LeBron Jamess"))
    assert ledger.counts == {"unresolved:odds_api_player_points_props": 2}
    assert "Nikola Jokicc, LeBron Jamess" in next(iter(ledger.alerts.values())).text


def test_a_poll_requested_by_an_operator_during_a_poll_still_happens(ledger: DayLedger) -> None:
    """The running poll started before the lines were published."""
    ledger.start(PROPS, NOON)
    set_record(ledger, PROPS.name, retry_at=NOON + timedelta(seconds=5))
    ledger.finish(PROPS, SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, changed=False), NOON + timedelta(seconds=9))
    assert gates.next_poll(PROPS, ledger.source_record(PROPS)) == NOON + timedelta(seconds=5)


@pytest.mark.parametrize("retry_after", [timedelta(hours=-1), timedelta(), timedelta(milliseconds=1)])
def test_a_provider_that_says_retry_at_once_is_not_polled_without_pause(
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


def test_a_postponed_game_is_named_and_the_other_games_keep_their_data() -> None:
    ledger = settled_ledger(PLAN, LATER)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    assert ledger.postponed == (GAMES[0],)
    assert ledger.records["moving_average"].state is StepState.COMPLETE
    assert ledger.game_ids == GAMES[1:]


def test_a_postponed_game_lacks_nothing_and_nothing_arrived_for_it(ledger: DayLedger) -> None:
    ledger.degrade(PROPS, "no lines yet", NOON)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    ledger.start(PROPS, LATER)
    ledger.finish(PROPS, SourceReport(outcome=Outcome.PARTIAL, missing_games=GAMES[2:], changed=False), LATER)
    (degradation,) = ledger.degradations
    assert (degradation.games, degradation.missing_games) == (GAMES[1:], GAMES[2:])
    assert degradation.resolved_games == {GAMES[1]: LATER}


def test_lines_that_arrived_before_a_game_was_postponed_stay_in_the_record(ledger: DayLedger) -> None:
    ledger.degrade(PROPS, "no lines yet", NOON)
    ledger.start(PROPS, LATER)
    ledger.finish(PROPS, SourceReport(outcome=Outcome.PARTIAL, missing_games=GAMES[1:], changed=False), LATER)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    (degradation,) = ledger.degradations
    assert (degradation.games, degradation.resolved_games) == (GAMES, {GAMES[0]: LATER})


def test_a_game_that_returns_to_the_slate_is_no_longer_postponed() -> None:
    ledger = settled_ledger(PLAN, LATER)
    ledger.adopt(plan_day(DAY, PLAN.games[1:], SOURCES))
    ledger.adopt(PLAN)
    assert ledger.postponed == ()


def test_a_game_that_joins_is_polled_and_predicted_like_the_others() -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 11))
    joined = slate(*(tip(game) for game in PLAN.games), eastern(DAY, 21))
    ledger.adopt(plan_day(DAY, joined, SOURCES))
    done = run_ready_steps(ledger, LATER, successful_report)
    new = joined[3].game_id
    assert new in done["moving_average"]
    for source in ("espn_team_rosters", "nbac_injury_report", "odds_api_events", "odds_api_player_points_props"):
        assert source in done, source
    assert new in ledger.records["ml_feature_store"].changed


def test_the_first_slate_of_the_day_postpones_nothing() -> None:
    ledger = DayLedger(plan_day(DAY, (), SOURCES))
    ledger.adopt(PLAN)
    assert ledger.postponed == ()


# ── the day as a whole ─────────────────────────────────────────────────────────────────────────────────────


def test_a_day_is_complete_when_only_optional_steps_failed(ledger: DayLedger) -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 23))
    set_record(ledger, "moving_average", state=StepState.FAILED)
    ledger.end()
    assert ledger.run_state(NOON) is RunState.COMPLETE


def test_a_day_is_failed_when_a_game_was_neither_final_nor_postponed_at_its_grading() -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 23))
    grading = step_of(PLAN, "grade")
    for unfinished, state in (((PLAN.games[1].game_id,), RunState.FAILED), ((), RunState.COMPLETE)):
        ledger.start(grading, eastern(DAY, 23))
        ledger.finish(grading, ComputeReport(unfinished_games=unfinished, predictions=8), eastern(DAY, 23))
        ledger.end()
        assert ledger.run_state(NOON) is state


def test_a_day_is_failed_when_a_critical_step_was_never_settled(ledger: DayLedger) -> None:
    ledger = settled_ledger(PLAN, eastern(DAY, 23))
    set_record(ledger, "grade", state=StepState.FAILED)
    ledger.end()
    assert ledger.run_state(NOON) is RunState.FAILED


def test_the_phase_is_the_first_with_an_open_step_and_the_last_when_all_are_done(ledger: DayLedger) -> None:
    assert ledger.phase(NOON) is Phase.SLATE
    night = eastern(DAY + timedelta(days=1), 3)
    assert settled_ledger(PLAN, night).phase(night) is Phase.GRADE


def test_the_quality_of_a_day_without_games_is_empty() -> None:
    empty = plan_day(DAY, (), SOURCES)
    assert settled_ledger(empty, NOON).data_quality() is DataQuality.EMPTY
