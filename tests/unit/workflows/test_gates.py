"""Gates: never open early, always decide by their deadline, and run again for just the games concerned."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.ledgers import (
    DAY,
    DAYS,
    MOMENTS,
    evening_plan,
    no_lines,
    run_ready_steps,
    set_record,
    settled_ledger,
    slate,
    source_record,
    step_of,
    successful_report,
)
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import (
    Cadence,
    Cooldown,
    DayPlan,
    Outcome,
    PlanStep,
    PollWhen,
    Role,
    SourceReport,
    StepKind,
    StepResult,
    StepState,
    eastern,
)
from workflows import gates
from workflows.day_state import DayLedger
from workflows.step_records import AnyRecord, ComputeRecord, Records, SourceRecord

Day = tuple[DayPlan, Records]


def ready_steps(plan: DayPlan, records: Records, now: datetime) -> list[PlanStep]:
    verdicts = gates.decide(plan, records, now)
    return [step for step in plan.steps if isinstance(verdicts[step.name], gates.Ready)]


def is_awaited(step: PlanStep, record: AnyRecord, now: datetime) -> bool:
    """Running, and neither abandoned nor past its deadline."""
    began, deadline = record.last_poll, step.hard_deadline
    overtaken = began is not None and deadline is not None and began < deadline <= now
    return record.running and not record.abandoned and not overtaken


def may_be_ignored(record: AnyRecord, need: PlanStep) -> bool:
    return record.state is StepState.FAILED and not need.critical


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_gate_never_opens_before_its_inputs_are_settled(day: Day, now: datetime) -> None:
    plan, records = day
    for step in ready_steps(plan, records, now):
        for need in step.needs:
            assert records[need].settled or may_be_ignored(records[need], step_of(plan, need)), (
                step.name,
                need,
            )


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_computation_never_starts_while_its_inputs_are_about_to_change(day: Day, now: datetime) -> None:
    plan, records = day
    ready = {step.name for step in ready_steps(plan, records, now)}
    for step in plan.steps:
        if step.name in ready and step.kind is not StepKind.SOURCE:
            assert step.opens_at <= now
            assert not ready.intersection(step.needs), step.name
            assert not any(is_awaited(step_of(plan, need), records[need], now) for need in step.needs), step.name


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_source_is_polled_only_when_a_poll_is_due(day: Day, now: datetime) -> None:
    plan, records = day
    for step in ready_steps(plan, records, now):
        if step.kind is StepKind.SOURCE:
            poll = gates.next_poll(step, source_record(records, step.name))
            assert poll is not None
            assert poll <= now


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_no_running_or_skipped_step_is_started(day: Day, now: datetime) -> None:
    plan, records = day
    for step in ready_steps(plan, records, now):
        assert not records[step.name].running
        assert records[step.name].state is not StepState.SKIPPED


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_gate_always_decides_by_its_hard_deadline(day: Day, now: datetime) -> None:
    plan, records = day
    verdicts = gates.decide(plan, records, now)
    for step in plan.steps:
        record = records[step.name]
        past = step.hard_deadline is not None and now >= step.hard_deadline
        if past and not record.settled and not record.running:
            assert isinstance(verdicts[step.name], gates.Ready | gates.Degraded), (step.name, verdicts[step.name])


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_no_step_is_degraded_or_parked_before_its_deadline_and_last_poll(day: Day, now: datetime) -> None:
    plan, records = day
    verdicts = gates.decide(plan, records, now)
    for step in plan.steps:
        if isinstance(verdicts[step.name], gates.Degraded | gates.Parked):
            late = step.hard_deadline is not None and now >= step.hard_deadline
            assert late or gates.next_poll(step, source_record(records, step.name)) is None, step.name
            assert not records[step.name].settled


@settings(max_examples=200)
@given(DAYS, MOMENTS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(day: Day, now: datetime, dice: random.Random) -> None:
    plan, records = day
    shuffled = list(records.items())
    dice.shuffle(shuffled)
    assert gates.decide(plan, dict(shuffled), now) == gates.decide(plan, records, now)


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_deciding_changes_nothing(day: Day, now: datetime) -> None:
    plan, records = day
    before = dict(records)
    gates.decide(plan, records, now)
    gates.next_due(plan, records, gates.decide(plan, records, now), now)
    assert records == before


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_predictions_do_not_change_after_the_tip_off(day: Day, now: datetime) -> None:
    """A step before the games does not run again for a game that has tipped off."""
    plan, records = day
    verdicts = gates.decide(plan, records, now)
    started = {game.game_id for game in plan.games if game.has_begun(now)}
    for step in ready_steps(plan, records, now):
        verdict = verdicts[step.name]
        record = records[step.name]
        ran_before = isinstance(record, ComputeRecord) and record.has_succeeded
        if ran_before and step.role is Role.PRE and isinstance(verdict, gates.Ready):
            assert not started.intersection(verdict.games), step.name


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_the_next_due_time_is_always_in_the_future(day: Day, now: datetime) -> None:
    plan, records = day
    moment = gates.next_due(plan, records, gates.decide(plan, records, now), now)
    assert moment is None or moment > now
    assert moment is not None or now >= plan.ends_at


# ── which steps wait for which ──────────────────────────────────────────────────────────────────────────────────────

AFTERNOON = eastern(DAY, 16)
EVERY_NEED = [(step.name, need) for step in evening_plan().steps for need in step.needs if step.role is Role.PRE]


@pytest.mark.parametrize(("name", "need"), EVERY_NEED)
def test_a_parked_step_holds_its_dependents_only_if_it_is_critical(name: str, need: str) -> None:
    ledger = settled_ledger(evening_plan(), AFTERNOON)
    step, needed = step_of(ledger.plan, name), step_of(ledger.plan, need)
    set_record(ledger, need, state=StepState.FAILED)
    ledger.retry(name, AFTERNOON)
    verdict = gates.decide(ledger.plan, ledger.records, AFTERNOON)[name]
    assert isinstance(verdict, gates.Ready) is not needed.critical, (step, verdict)


@pytest.mark.parametrize(
    ("blocked_reason", "hour", "holds"), [("", 11, True), ("", 14, False), ("INVALID_KEY", 11, True)]
)
def test_failed_lines_are_awaited_while_a_poll_before_their_deadline_is_left(
    blocked_reason: str, hour: int, holds: bool
) -> None:
    ledger, now = settled_ledger(evening_plan(), eastern(DAY, 10, 50)), eastern(DAY, hour)
    set_record(
        ledger,
        "odds_api_player_points_props",
        state=StepState.FAILED,
        complete=False,
        blocked_reason=blocked_reason,
        last_poll=now,
    )
    ledger.retry("player_prop_lines", now)
    verdict = gates.decide(ledger.plan, ledger.records, now)["player_prop_lines"]
    assert isinstance(verdict, gates.Ready) is not holds


# ── polls ────────────────────────────────────────────────────────────────────────────────────────────────────

START = eastern(DAY, 8)
CADENCES = st.builds(
    lambda start, length, every, only: Cadence(
        start=START + timedelta(minutes=start),
        until=START + timedelta(minutes=start + length),
        every=timedelta(minutes=every),
        only=only,
    ),
    st.integers(0, 300),
    st.integers(0, 900),
    st.integers(1, 180),
    st.sampled_from(PollWhen),
)
MINUTES = st.integers(-60, 1500).map(lambda minutes: START + timedelta(minutes=minutes))


def polled_by(*cadence: Cadence, poll_times: tuple[datetime, ...] = ()) -> PlanStep:
    props = step_of(evening_plan(), "odds_api_player_points_props")
    return props.model_copy(update={"cadence": cadence, "poll_times": poll_times})


@given(st.lists(CADENCES, max_size=3), st.lists(MINUTES, max_size=3), MINUTES, st.booleans())
def test_the_next_poll_is_after_the_last_one(
    cadence: list[Cadence], poll_times: list[datetime], last: datetime, complete: bool
) -> None:
    poll = gates.next_poll(
        polled_by(*cadence, poll_times=tuple(poll_times)), SourceRecord(last_poll=last, complete=complete)
    )
    assert poll is None or poll > last


@given(CADENCES, st.none() | MINUTES, st.booleans())
def test_polls_follow_the_cadence_until_its_end(cadence: Cadence, last: datetime | None, complete: bool) -> None:
    poll = gates.next_poll(polled_by(cadence), SourceRecord(last_poll=last, complete=complete))
    if poll is not None:
        assert cadence.start <= poll <= cadence.until
        assert (poll - cadence.start) % cadence.every == timedelta()


@given(CADENCES, st.none() | MINUTES)
def test_a_cadence_applies_before_or_after_the_source_is_complete(cadence: Cadence, last: datetime | None) -> None:
    before = gates.next_poll(polled_by(cadence), SourceRecord(last_poll=last, complete=False))
    after = gates.next_poll(polled_by(cadence), SourceRecord(last_poll=last, complete=True))
    if cadence.only is PollWhen.UNTIL_COMPLETE:
        assert after is None
    if cadence.only is PollWhen.ONCE_COMPLETE:
        assert before is None
    if cadence.only is PollWhen.ALWAYS:
        assert before == after


@given(st.lists(CADENCES, max_size=2), st.none() | MINUTES, MINUTES)
def test_a_provider_that_names_a_retry_time_is_not_polled_before_it(
    cadence: list[Cadence], last: datetime | None, retry_at: datetime
) -> None:
    assert gates.next_poll(polled_by(*cadence), SourceRecord(last_poll=last, retry_at=retry_at)) == retry_at


@settings(deadline=None)
@given(st.lists(CADENCES, min_size=1, max_size=3), st.booleans())
def test_the_number_of_polls_a_day_is_bounded(cadence: list[Cadence], complete: bool) -> None:
    """On 2026-01-16 a source was polled 7,139 times."""
    step, record, polls = polled_by(*cadence), SourceRecord(complete=complete), 0
    while (poll := gates.next_poll(step, record)) is not None:
        record, polls = replace(record, last_poll=poll), polls + 1
    allowed = sum((every.until - every.start) // every.every + 1 for every in cadence)
    assert polls <= allowed


def cooldown_until(until: datetime) -> Cooldown:
    return Cooldown(until=until, outcome=Outcome.BLOCKED, reason="HTTP 403")


# ── late data ────────────────────────────────────────────────────────────────────────────────────────────────


def test_fallback_sources_are_polled_while_the_primary_source_is_in_cooldown() -> None:
    record = SourceRecord(last_poll=eastern(DAY, 8), cooldown=cooldown_until(eastern(DAY, 23)))
    step = polled_by(Cadence(start=eastern(DAY, 8), until=eastern(DAY, 22), every=timedelta(minutes=30)))
    assert step.fallback_sources
    assert gates.next_poll(step, record) == eastern(DAY, 8, 30)
    assert gates.next_poll(step.model_copy(update={"fallback_sources": ()}), record) is None


def test_after_the_games_fallback_sources_are_polled_in_a_cooldown_only_for_missing_games() -> None:
    record = SourceRecord(last_poll=eastern(DAY, 8), cooldown=cooldown_until(eastern(DAY, 9, 40)))
    before = polled_by(Cadence(start=eastern(DAY, 8), until=eastern(DAY, 22), every=timedelta(minutes=30)))
    results = before.model_copy(update={"role": Role.POST})
    assert gates.next_poll(before, record) == eastern(DAY, 8, 30)
    assert gates.next_poll(results, record) == eastern(DAY, 9, 40)
    record = replace(record, missing_games=("0022301062",))
    assert gates.next_poll(results, record) == eastern(DAY, 8, 30)
    record = replace(record, last_poll=eastern(DAY, 9, 30))
    assert gates.next_poll(results, record) == eastern(DAY, 9, 40), "its own time comes before the cadence's"


def without_lines_until(now: datetime) -> DayLedger:
    """A day at a time without any lines: predicted without them."""
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    run_ready_steps(ledger, eastern(DAY, 13, 15), no_lines)
    for step in plan.steps:
        verdict = gates.decide(plan, ledger.records, eastern(DAY, 13, 15))[step.name]
        if isinstance(verdict, gates.Degraded):
            ledger.degrade(step, verdict.reason, eastern(DAY, 13, 15))
    run_ready_steps(ledger, eastern(DAY, 13, 15), no_lines)
    run_ready_steps(ledger, now, no_lines)
    return ledger


def test_without_lines_predictions_are_published_at_the_deadline() -> None:
    ledger = without_lines_until(eastern(DAY, 13, 15))
    assert ledger.records["export_predictions"].settled
    assert ledger.published == [eastern(DAY, 13, 15)]


LINES_FOLLOWED = {
    *("player_prop_lines", "upcoming_player_game_context", "player_daily_cache", "ml_feature_store"),
    *("player_composite_factors", "export_predictions", "export_tonight", "report_page", *SYSTEMS),
}


@pytest.mark.parametrize("which", [(0,), (2,), (0, 1), (0, 1, 2)])
def test_late_player_lines_rerun_only_the_steps_that_follow_them_for_the_affected_games(
    which: tuple[int, ...],
) -> None:
    ledger = without_lines_until(eastern(DAY, 14, 30))
    late = tuple(ledger.plan.games[number].game_id for number in which)

    def bring(step: PlanStep, games: tuple[str, ...]) -> StepResult:
        if step.name == "odds_api_player_points_props":
            return SourceReport(rows=10, changed_games=late)
        return no_lines(step, games).model_copy(update={"changed": step.kind is not StepKind.SOURCE})

    done = run_ready_steps(ledger, eastern(DAY, 15, 30), bring)
    computed = {name: games for name, games in done.items() if step_of(ledger.plan, name).kind is not StepKind.SOURCE}
    assert computed == dict.fromkeys(LINES_FOLLOWED, late)
    assert ledger.published[-1] == eastern(DAY, 15, 30)


def test_lines_after_a_tip_off_change_only_the_upcoming_games() -> None:
    ledger = without_lines_until(eastern(DAY, 18))
    done = run_ready_steps(ledger, eastern(DAY, 19, 30), successful_report)
    assert done["moving_average"] == (ledger.plan.games[2].game_id,)


def test_unchanged_data_rerun_no_computation() -> None:
    ledger = settled_ledger(evening_plan(), AFTERNOON)
    done = run_ready_steps(ledger, eastern(DAY, 18), lambda step, games: SourceReport(rows=10, changed=False))
    assert {step_of(ledger.plan, name).kind for name in done} == {StepKind.SOURCE}


def test_a_day_that_starts_after_its_first_tip_still_predicts_every_game() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 23))
    assert ledger.records["moving_average"].changed.keys() == {game.game_id for game in ledger.plan.games}


def test_a_poll_that_runs_at_the_deadline_holds_no_other_step() -> None:
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    run_ready_steps(ledger, eastern(DAY, 12), no_lines)
    props, deadline = step_of(plan, "odds_api_player_points_props"), eastern(DAY, 13, 15)
    ledger.start(props, eastern(DAY, 13))
    before = gates.decide(plan, ledger.records, deadline - timedelta(minutes=1))[props.name]
    assert isinstance(before, gates.Waiting)
    assert before.new_data_coming
    run_ready_steps(ledger, deadline, no_lines)
    for name, verdict in gates.decide(plan, ledger.records, deadline).items():
        if isinstance(verdict, gates.Degraded):
            ledger.degrade(step_of(plan, name), verdict.reason, deadline)
    assert ledger.records[props.name].state is StepState.DEGRADED
    assert "export_predictions" in run_ready_steps(ledger, deadline, no_lines)
    ledger.finish(props, SourceReport(rows=300), deadline)
    assert ledger.records[props.name].state is StepState.COMPLETE
    assert "export_predictions" in run_ready_steps(ledger, eastern(DAY, 14))


def test_player_lines_wait_for_the_ids_that_are_being_polled() -> None:
    plan = evening_plan()
    ledger = settled_ledger(plan, eastern(DAY, 12))
    for name in ("odds_api_events", "odds_api_player_points_props"):
        set_record(ledger, name, retry_at=eastern(DAY, 12, 5))
    verdicts = gates.decide(plan, ledger.records, eastern(DAY, 12, 5))
    assert isinstance(verdicts["odds_api_events"], gates.Ready)
    assert verdicts["odds_api_player_points_props"] == gates.Waiting(("odds_api_events",), None)


def test_a_parked_step_keeps_the_day_open_for_an_operator() -> None:
    plan = evening_plan()
    ledger = settled_ledger(plan, eastern(DAY, 12))
    ledger.park(step_of(plan, "report_page"), "the disk is full", eastern(DAY, 12))
    assert not isinstance(gates.decide(plan, ledger.records, eastern(DAY, 12))["report_page"], gates.Done)


def test_following_the_games_continues_after_the_last_of_several_polls() -> None:
    plan = evening_plan()
    board = step_of(plan, "nbac_scoreboard")
    ledger = settled_ledger(plan, eastern(DAY, 12))
    begins = eastern(DAY, 20, 3)
    ledger.start(board, begins)
    again = gates.polls_until(board, begins, eastern(DAY, 20, 33))
    assert (again.until, again.every) == (eastern(DAY, 20, 33), timedelta(minutes=3))
    assert again.first_after(begins) == eastern(DAY, 20, 6)
    missing = tuple(game.game_id for game in plan.games)
    ledger.finish(board, SourceReport(rows=3, missing_games=missing, polled_at=again.until), eastern(DAY, 20, 34))
    assert gates.next_poll(board, ledger.source_record(board)) == eastern(DAY, 20, 36)


def test_following_a_game_without_a_fixed_tip_off_keeps_to_the_cadence_of_the_time() -> None:
    not_fixed = slate(eastern(DAY, 19), eastern(DAY, 20))[1].model_copy(update={"tip_off": None})
    board = step_of(plan_day(DAY, (*slate(eastern(DAY, 19)), not_fixed), SOURCES), "nbac_scoreboard")
    for hour, every in ((13, 15), (19, 3), (24 + 1, 30)):
        time = eastern(DAY, 0) + timedelta(hours=hour)
        assert gates.polls_until(board, time, time + timedelta(minutes=30)).every == timedelta(minutes=every)


def test_following_the_games_ends_when_the_results_are_due() -> None:
    plan = evening_plan()
    board = step_of(plan, "nbac_scoreboard")
    cadence = board.cadence[-1]
    late = cadence.until - timedelta(minutes=5)
    assert gates.polls_until(board, late, late + timedelta(minutes=30)).until == cadence.until


@pytest.mark.parametrize("outage", [(), ("nbac_play_by_play",), ("player_result_details",)])
def test_grades_do_not_wait_for_the_gamebook_and_follow_it(outage: tuple[str, ...]) -> None:
    """It has the minutes of a player who was on court for seconds, whatever becomes of other details."""
    gamebook, night = "nbac_gamebook_player_stats", eastern(DAY + timedelta(days=1), 1)

    def without(*steps: str) -> Callable[[PlanStep, tuple[str, ...]], StepResult]:
        def bring(step: PlanStep, games: tuple[str, ...]) -> StepResult:
            if step.name not in steps:
                return successful_report(step, games)
            if step.kind is StepKind.SOURCE:
                return SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="not published yet", changed=False)
            return "a check failed"

        return bring

    ledger = DayLedger(evening_plan())
    ledger.adopt(ledger.plan)
    run_ready_steps(ledger, eastern(DAY, 13, 20))
    assert run_ready_steps(ledger, night, without(gamebook, *outage))["grade"] == ledger.game_ids
    assert "grade" not in run_ready_steps(ledger, night + timedelta(minutes=1), without(gamebook, *outage))
    assert run_ready_steps(ledger, night + timedelta(hours=1), without(*outage))["grade"] == ledger.game_ids
