"""Gates: never open early, always decide by their deadline, and run again for just the games concerned."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.ledgers import (
    DAY,
    DAYS,
    MOMENTS,
    all_it_wants,
    carry_on,
    evening_plan,
    no_lines,
    set_record,
    settled_ledger,
    source_record,
    step_of,
)
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
    """At work, and neither given up nor overtaken by its deadline."""
    began, deadline = record.last_poll, step.hard_deadline
    overtaken = began is not None and deadline is not None and began < deadline <= now
    return record.running and not record.abandoned and not overtaken


def standing_aside(record: AnyRecord, need: PlanStep) -> bool:
    return record.state is StepState.FAILED and not need.critical


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_gate_never_opens_before_what_it_needs_is_settled(day: Day, now: datetime) -> None:
    plan, records = day
    for step in ready_steps(plan, records, now):
        for need in step.needs:
            assert records[need].settled or standing_aside(records[need], step_of(plan, need)), (step.name, need)


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_computing_step_never_starts_while_new_data_are_on_their_way_to_it(day: Day, now: datetime) -> None:
    plan, records = day
    ready = {step.name for step in ready_steps(plan, records, now)}
    for step in plan.steps:
        if step.name in ready and step.kind is not StepKind.SOURCE:
            assert step.opens_at <= now
            assert not ready.intersection(step.needs), step.name
            assert not any(is_awaited(step_of(plan, need), records[need], now) for need in step.needs), step.name


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_a_source_is_asked_only_when_a_look_is_due(day: Day, now: datetime) -> None:
    plan, records = day
    for step in ready_steps(plan, records, now):
        if step.kind is StepKind.SOURCE:
            poll = gates.next_poll(step, source_record(records, step.name))
            assert poll is not None
            assert poll <= now


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_nothing_that_runs_or_was_skipped_is_started(day: Day, now: datetime) -> None:
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
def test_nothing_is_given_up_while_there_is_time_and_a_look_to_come(day: Day, now: datetime) -> None:
    plan, records = day
    verdicts = gates.decide(plan, records, now)
    for step in plan.steps:
        if isinstance(verdicts[step.name], gates.Degraded | gates.Parked):
            late = step.hard_deadline is not None and now >= step.hard_deadline
            assert late or gates.next_poll(step, source_record(records, step.name)) is None, step.name
            assert not records[step.name].settled


@settings(max_examples=200)
@given(DAYS, MOMENTS, st.randoms(use_true_random=False))
def test_the_same_day_is_decided_the_same_whatever_the_order_of_its_memory(
    day: Day, now: datetime, dice: random.Random
) -> None:
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
def test_what_was_said_before_a_tip_stands_after_it(day: Day, now: datetime) -> None:
    """A step that has run is not run again for a game that has tipped off, unless it is about what came after."""
    plan, records = day
    verdicts = gates.decide(plan, records, now)
    started = {game.game_id for game in plan.games if game.tip_off <= now}
    for step in ready_steps(plan, records, now):
        verdict = verdicts[step.name]
        record = records[step.name]
        ran_before = isinstance(record, ComputeRecord) and record.has_succeeded
        if ran_before and step.role is Role.PRE and isinstance(verdict, gates.Ready):
            assert not started.intersection(verdict.games), step.name


@settings(max_examples=200)
@given(DAYS, MOMENTS)
def test_time_always_goes_on(day: Day, now: datetime) -> None:
    plan, records = day
    moment = gates.next_due(plan, records, gates.decide(plan, records, now), now)
    assert moment is None or moment > now
    assert moment is not None or now >= plan.ends_at


# ── who holds whom ───────────────────────────────────────────────────────────────────────────────────────────

AFTERNOON = eastern(DAY, 16)
EVERY_NEED = [(step.name, need) for step in evening_plan().steps for need in step.needs if step.role is Role.PRE]


@pytest.mark.parametrize(("name", "need"), EVERY_NEED)
def test_a_parked_step_holds_those_who_need_it_only_when_it_is_critical(name: str, need: str) -> None:
    ledger = settled_ledger(evening_plan(), AFTERNOON)
    step, needed = step_of(ledger.plan, name), step_of(ledger.plan, need)
    set_record(ledger, need, state=StepState.FAILED)
    ledger.retry(name, AFTERNOON)
    verdict = gates.decide(ledger.plan, ledger.records, AFTERNOON)[name]
    assert isinstance(verdict, gates.Ready) is not needed.critical, (step, verdict)


@pytest.mark.parametrize(
    ("blocked_reason", "hour", "holds"), [("", 11, True), ("", 14, False), ("INVALID_KEY", 11, True)]
)
def test_lines_that_failed_are_waited_for_as_long_as_they_are_looked_for_before_their_deadline(
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


# ── looks ────────────────────────────────────────────────────────────────────────────────────────────────────

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


def looking(*cadence: Cadence, poll_times: tuple[datetime, ...] = ()) -> PlanStep:
    props = step_of(evening_plan(), "odds_api_player_points_props")
    return props.model_copy(update={"cadence": cadence, "poll_times": poll_times})


@given(st.lists(CADENCES, max_size=3), st.lists(MINUTES, max_size=3), MINUTES, st.booleans())
def test_the_next_look_is_after_the_last_one(
    cadence: list[Cadence], poll_times: list[datetime], last: datetime, complete: bool
) -> None:
    poll = gates.next_poll(
        looking(*cadence, poll_times=tuple(poll_times)), SourceRecord(last_poll=last, complete=complete)
    )
    assert poll is None or poll > last


@given(CADENCES, st.none() | MINUTES, st.booleans())
def test_a_cadence_is_kept_to_and_ends_when_it_says(cadence: Cadence, last: datetime | None, complete: bool) -> None:
    poll = gates.next_poll(looking(cadence), SourceRecord(last_poll=last, complete=complete))
    if poll is not None:
        assert cadence.start <= poll <= cadence.until
        assert (poll - cadence.start) % cadence.every == timedelta()


@given(CADENCES, st.none() | MINUTES)
def test_what_was_found_is_looked_at_by_the_cadence_for_what_was_found(cadence: Cadence, last: datetime | None) -> None:
    before = gates.next_poll(looking(cadence), SourceRecord(last_poll=last, complete=False))
    after = gates.next_poll(looking(cadence), SourceRecord(last_poll=last, complete=True))
    if cadence.only is PollWhen.UNTIL_COMPLETE:
        assert after is None
    if cadence.only is PollWhen.ONCE_COMPLETE:
        assert before is None
    if cadence.only is PollWhen.ALWAYS:
        assert before == after


@given(st.lists(CADENCES, max_size=2), st.none() | MINUTES, MINUTES)
def test_a_provider_that_says_when_to_come_again_is_left_alone_until_then(
    cadence: list[Cadence], last: datetime | None, retry_at: datetime
) -> None:
    assert gates.next_poll(looking(*cadence), SourceRecord(last_poll=last, retry_at=retry_at)) == retry_at


@given(st.lists(CADENCES, min_size=1, max_size=3), st.booleans())
def test_a_source_is_asked_a_bounded_number_of_times_a_day(cadence: list[Cadence], complete: bool) -> None:
    """On 2026-01-16 one was asked 7,139 times."""
    step, record, polls = looking(*cadence), SourceRecord(complete=complete), 0
    while (poll := gates.next_poll(step, record)) is not None:
        record, polls = replace(record, last_poll=poll), polls + 1
    allowed = sum((every.until - every.start) // every.every + 1 for every in cadence)
    assert polls <= allowed


def cooldown_until(until: datetime) -> Cooldown:
    return Cooldown(until=until, outcome=Outcome.BLOCKED, reason="HTTP 403")


# ── late data ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_provider_that_wants_no_more_looks_today_leaves_those_who_stand_in_for_it_to_be_asked() -> None:
    record = SourceRecord(last_poll=eastern(DAY, 8), cooldown=cooldown_until(eastern(DAY, 23)))
    step = looking(Cadence(start=eastern(DAY, 8), until=eastern(DAY, 22), every=timedelta(minutes=30)))
    assert step.fallback_sources
    assert gates.next_poll(step, record) == eastern(DAY, 8, 30)
    assert gates.next_poll(step.model_copy(update={"fallback_sources": ()}), record) is None


def test_while_a_provider_rests_others_are_asked_after_the_games_only_for_what_is_missing() -> None:
    record = SourceRecord(last_poll=eastern(DAY, 8), cooldown=cooldown_until(eastern(DAY, 9, 40)))
    before = looking(Cadence(start=eastern(DAY, 8), until=eastern(DAY, 22), every=timedelta(minutes=30)))
    results = before.model_copy(update={"role": Role.POST})
    assert gates.next_poll(before, record) == eastern(DAY, 8, 30)
    assert gates.next_poll(results, record) == eastern(DAY, 9, 40)
    record = replace(record, missing_games=("0022301062",))
    assert gates.next_poll(results, record) == eastern(DAY, 8, 30)
    record = replace(record, last_poll=eastern(DAY, 9, 30))
    assert gates.next_poll(results, record) == eastern(DAY, 9, 40), "its own time comes before the cadence's"


def without_lines_until(now: datetime) -> DayLedger:
    """The day as it stands at a moment when no lines have come: predicted without them."""
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    carry_on(ledger, eastern(DAY, 13, 15), no_lines)
    for step in plan.steps:
        verdict = gates.decide(plan, ledger.records, eastern(DAY, 13, 15))[step.name]
        if isinstance(verdict, gates.Degraded):
            ledger.degrade(step, verdict.reason, eastern(DAY, 13, 15))
    carry_on(ledger, eastern(DAY, 13, 15), no_lines)
    carry_on(ledger, now, no_lines)
    return ledger


def test_without_lines_predictions_are_out_at_the_deadline() -> None:
    ledger = without_lines_until(eastern(DAY, 13, 15))
    assert ledger.records["export_predictions"].settled
    assert ledger.published == [eastern(DAY, 13, 15)]


LINES_FOLLOWED = {
    *("player_prop_lines", "upcoming_player_game_context", "player_daily_cache", "ml_feature_store"),
    *("moving_average", "catboost_v8", "export_predictions", "report_page"),
}


@pytest.mark.parametrize("which", [(0,), (2,), (0, 1), (0, 1, 2)])
def test_late_player_lines_reach_just_the_steps_that_follow_them_for_just_the_games_concerned(
    which: tuple[int, ...],
) -> None:
    ledger = without_lines_until(eastern(DAY, 14, 30))
    late = tuple(ledger.plan.games[number].game_id for number in which)

    def bring(step: PlanStep, games: tuple[str, ...]) -> StepResult:
        if step.name == "odds_api_player_points_props":
            return SourceReport(rows=10, changed_games=late)
        return no_lines(step, games).model_copy(update={"changed": step.kind is not StepKind.SOURCE})

    done = carry_on(ledger, eastern(DAY, 15, 30), bring)
    computed = {name: games for name, games in done.items() if step_of(ledger.plan, name).kind is not StepKind.SOURCE}
    assert computed == dict.fromkeys(LINES_FOLLOWED, late)
    assert ledger.published[-1] == eastern(DAY, 15, 30)


def test_lines_that_come_after_a_tip_change_only_the_games_still_to_come() -> None:
    ledger = without_lines_until(eastern(DAY, 18))
    done = carry_on(ledger, eastern(DAY, 19, 30), all_it_wants)
    assert done["moving_average"] == (ledger.plan.games[2].game_id,)


def test_when_nothing_changed_nothing_runs_again() -> None:
    ledger = settled_ledger(evening_plan(), AFTERNOON)
    done = carry_on(ledger, eastern(DAY, 18), lambda step, games: SourceReport(rows=10, changed=False))
    assert {step_of(ledger.plan, name).kind for name in done} == {StepKind.SOURCE}


def test_a_day_that_starts_after_its_first_tip_still_predicts_every_game() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 23))
    assert ledger.records["moving_average"].changed.keys() == {game.game_id for game in ledger.plan.games}


def test_an_answer_that_is_on_its_way_at_the_deadline_holds_nobody() -> None:
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    carry_on(ledger, eastern(DAY, 12), no_lines)
    props, deadline = step_of(plan, "odds_api_player_points_props"), eastern(DAY, 13, 15)
    ledger.start(props, eastern(DAY, 13))
    before = gates.decide(plan, ledger.records, deadline - timedelta(minutes=1))[props.name]
    assert isinstance(before, gates.Waiting)
    assert before.new_data_coming
    carry_on(ledger, deadline, no_lines)
    for name, verdict in gates.decide(plan, ledger.records, deadline).items():
        if isinstance(verdict, gates.Degraded):
            ledger.degrade(step_of(plan, name), verdict.reason, deadline)
    assert ledger.records[props.name].state is StepState.DEGRADED
    assert "export_predictions" in carry_on(ledger, deadline, no_lines)
    ledger.finish(props, SourceReport(rows=300), deadline)
    assert ledger.records[props.name].state is StepState.COMPLETE
    assert "export_predictions" in carry_on(ledger, eastern(DAY, 14))


def test_player_lines_are_asked_for_only_with_the_ids_that_are_just_being_fetched() -> None:
    plan = evening_plan()
    ledger = settled_ledger(plan, eastern(DAY, 12))
    for name in ("odds_api_events", "odds_api_player_points_props"):
        set_record(ledger, name, retry_at=eastern(DAY, 12, 5))
    verdicts = gates.decide(plan, ledger.records, eastern(DAY, 12, 5))
    assert isinstance(verdicts["odds_api_events"], gates.Ready)
    assert verdicts["odds_api_player_points_props"] == gates.Waiting(("odds_api_events",), None)


def test_a_parked_step_keeps_the_day_open_for_a_person() -> None:
    plan = evening_plan()
    ledger = settled_ledger(plan, eastern(DAY, 12))
    ledger.park(step_of(plan, "report_page"), "the disk is full", eastern(DAY, 12))
    assert not isinstance(gates.decide(plan, ledger.records, eastern(DAY, 12))["report_page"], gates.Done)


def test_games_are_followed_from_the_last_of_several_looks_on() -> None:
    plan = evening_plan()
    board = step_of(plan, "nbac_scoreboard")
    ledger = settled_ledger(plan, eastern(DAY, 12))
    begins = eastern(DAY, 20, 3)
    ledger.start(board, begins)
    again = gates.polls_within(board, begins, timedelta(minutes=30))
    assert (again.start, again.until, again.every) == (begins, eastern(DAY, 20, 33), timedelta(minutes=3))
    missing = tuple(game.game_id for game in plan.games)
    ledger.finish(board, SourceReport(rows=3, missing_games=missing, polled_at=again.until), eastern(DAY, 20, 34))
    assert gates.next_poll(board, ledger.source_record(board)) == eastern(DAY, 20, 36)


def test_following_does_not_reach_beyond_the_time_that_results_are_due() -> None:
    plan = evening_plan()
    board = step_of(plan, "nbac_scoreboard")
    (cadence,) = board.cadence
    late = cadence.until - timedelta(minutes=5)
    assert gates.polls_within(board, late, timedelta(minutes=30)).until == cadence.until
