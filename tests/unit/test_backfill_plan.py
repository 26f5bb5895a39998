"""The plan of a run that starts after the games: what is requested, what is read from landing, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest

from tests.support.ledgers import DAY, Bring, evening_plan, no_lines, run_ready_steps, slate, step_of, successful_report
from tipoff.plan import BACKFILL_ENDS_AFTER, plan_day, plan_slate
from tipoff.sources.registry import SOURCES
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import (
    DayPlan,
    Outcome,
    PlanStep,
    Role,
    RunState,
    SlateGame,
    SourceReport,
    StepKind,
    StepResult,
    StepState,
    eastern,
)
from workflows import gates
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.step_records import SourceRecord

GAMES = slate(eastern(DAY, 19), eastern(DAY, 19, 30), eastern(DAY, 22))
NEXT_MORNING = eastern(DAY + timedelta(days=1), 10)
YEARS_LATER = eastern(date(2026, 11, 29), 23)
LANDED_ONLY = {
    *("nbac_player_list_current", "espn_team_rosters", "nbac_injury_report", "nbac_standings", "nbac_player_movement"),
    *("odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"),
}


def plan(started_at: datetime, games: tuple[SlateGame, ...] = GAMES) -> DayPlan:
    return plan_day(DAY, games, SOURCES, started_at=started_at)


def names(steps: Iterable[PlanStep]) -> set[str]:
    return {step.name for step in steps}


def nothing_landed(step: PlanStep, games: tuple[str, ...]) -> StepResult:
    """Providers have what they still have; nothing was landed before the games."""
    if step.landed_only:
        return SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="nothing was landed", changed=False)
    return successful_report(step, games)


def backfilled(started_at: datetime, bring: Bring = nothing_landed) -> DayLedger:
    """The ledger once everything that is due at the start has run and was decided."""
    ledger = DayLedger(plan_slate(DAY, SOURCES, started_at))
    ledger.adopt(ledger.plan)
    ledger.adopt(plan(started_at))
    while True:
        done = run_ready_steps(ledger, started_at, bring)
        verdicts = gates.decide(ledger.plan, ledger.records, started_at)
        decided = [step for step in ledger.plan.steps if isinstance(verdicts[step.name], gates.Degraded)]
        for step in decided:
            ledger.degrade(step, "nothing was landed", started_at)
        if not (done or decided):
            return ledger


@pytest.mark.parametrize("started_at", [NEXT_MORNING, YEARS_LATER])
def test_a_date_that_is_over_is_planned_from_the_start_of_the_run_on(started_at: datetime) -> None:
    late = plan(started_at)
    assert late.is_backfill
    assert late.predictions_due is None
    assert late.ends_at == started_at + BACKFILL_ENDS_AFTER
    assert {step.opens_at for step in late.steps} == {started_at}
    times = [time for step in late.steps for time in (step.soft_deadline, step.hard_deadline) if time]
    assert all(started_at < time <= late.ends_at for time in times)


def test_until_the_slate_is_known_a_past_date_polls_the_schedule_from_the_start_of_the_run_on() -> None:
    (schedule,) = plan_slate(DAY, SOURCES, YEARS_LATER).steps
    (cadence,) = schedule.cadence
    assert (cadence.start, cadence.every) == (YEARS_LATER, timedelta(minutes=10))
    assert cadence.until <= YEARS_LATER + timedelta(hours=3)


def test_what_speaks_about_a_later_time_is_not_requested_and_nothing_follows_the_games() -> None:
    late = plan(YEARS_LATER)
    assert names(step for step in late.steps if step.landed_only) == LANDED_ONLY
    assert names(step for step in late.steps if step.role is Role.LIVE) == set()
    assert names(evening_plan().steps) - names(late.steps) == {"announce_day", "nbac_scoreboard"}
    assert not any(step.poll_times for step in late.steps)
    for step in late.steps:
        if step.landed_only:
            assert [cadence.start for cadence in step.cadence] == [cadence.until for cadence in step.cadence]


def test_a_source_that_answers_for_a_past_date_is_no_fallback_of_one_that_does_not() -> None:
    """A fallback source of a step that requests nothing is not requested either."""
    for step in plan(YEARS_LATER).steps:
        if step.kind is StepKind.SOURCE:
            chain = [SOURCES[fallback.source] for fallback in step.fallback_sources]
            assert {source.answers_for_past for source in chain} <= {not step.landed_only}


@pytest.mark.parametrize("started_at", [NEXT_MORNING, YEARS_LATER, eastern(DAY, 22)])
def test_a_step_stands_after_all_it_needs(started_at: datetime) -> None:
    steps = plan(started_at).steps
    for number, step in enumerate(steps):
        assert set(step.needs) <= names(steps[:number])


def test_inputs_are_those_known_a_second_before_the_first_tip_off() -> None:
    assert plan(YEARS_LATER).known_by == eastern(DAY, 19) - timedelta(seconds=1)
    not_fixed = (GAMES[0].model_copy(update={"tip_off": None}),)
    assert plan(YEARS_LATER, not_fixed).known_by == eastern(DAY, 12) - timedelta(seconds=1)


def test_results_with_names_wait_for_the_players_that_the_names_resolve_to() -> None:
    late = plan(YEARS_LATER)
    assert "nbac_player_list_current" in step_of(late, "nbac_gamebook_player_stats").needs
    assert "nbac_player_history" in step_of(late, "nbac_player_list_current").needs


def test_players_of_the_last_games_replace_list_and_rosters() -> None:
    """So no message claims that no player is predicted."""
    late = plan(YEARS_LATER)
    for name in ("nbac_player_list_current", "espn_team_rosters"):
        assert "nbac_player_history" in step_of(late, name).replaced_by


def test_the_systems_wait_for_their_models() -> None:
    late = plan(YEARS_LATER)
    training = step_of(late, "train_systems")
    assert (training.kind, training.needs) == (StepKind.TRAIN, ("feature_history",))
    assert not training.critical
    assert step_of(late, "catboost_v8").needs == ("ml_feature_store", "feature_history", "train_systems")
    assert {*SYSTEMS, "train_systems"} - {"ensemble_v1"} <= {*step_of(late, "ensemble_v1").needs}
    assert StepKind.TRAIN not in {step.kind for step in evening_plan().steps}


@pytest.mark.parametrize("started_at", [eastern(DAY, 5), eastern(DAY, 21, 59)])
def test_a_run_that_starts_before_the_last_tip_off_has_the_usual_plan(started_at: datetime) -> None:
    assert plan(started_at).steps == evening_plan().steps
    assert (plan(started_at).known_by, plan(started_at).is_backfill) == (None, False)


def test_a_run_that_starts_during_the_last_game_follows_it_and_requests_nothing_about_now() -> None:
    late, usual = plan(eastern(DAY, 22)), evening_plan()
    assert late.known_by == eastern(DAY, 19) - timedelta(seconds=1)
    assert not late.is_backfill
    assert late.ends_at == usual.ends_at
    assert names(step for step in late.steps if step.landed_only) == LANDED_ONLY
    no_deadlines = {"soft_deadline": None, "hard_deadline": None}
    undated = [step.model_copy(update=no_deadlines) for step in usual.steps]
    changed = names(step for step in late.steps if step.model_copy(update=no_deadlines) not in undated)
    trained = {*SYSTEMS, "train_systems"}
    from_the_start = {"nbac_player_history", "nbac_team_history", "espn_scoreboard", "nbac_referee_assignments"}
    assert changed == {*LANDED_ONLY, *trained, *from_the_start, "nbac_gamebook_player_stats"}, (
        "the gamebook needs names"
    )


def test_a_run_that_starts_during_the_last_game_retries_the_results_that_its_predictions_need() -> None:
    started_at = eastern(DAY, 22)
    history = step_of(plan(started_at), "nbac_player_history")
    failed = SourceRecord(last_poll=started_at)
    assert gates.next_poll(history, SourceRecord()) == started_at
    assert gates.next_poll(history, failed) == history.hard_deadline == started_at + timedelta(minutes=10)


@pytest.mark.parametrize(("after_last_tip", "is_over"), [(timedelta(hours=3.9), False), (timedelta(hours=4), True)])
def test_a_run_is_a_backfill_from_four_hours_after_the_last_tip_off_on(
    after_last_tip: timedelta, is_over: bool
) -> None:
    started_at = eastern(DAY, 22) + after_last_tip
    late = plan(started_at)
    assert late.is_backfill is is_over
    assert late.ends_at > started_at + timedelta(hours=3.9), "there is time for a retry"


@pytest.mark.parametrize(
    ("started_at", "is_past"), [(eastern(DAY, 23, 59), False), (eastern(DAY + timedelta(days=1), 0), True)]
)
def test_while_the_slate_is_unknown_a_date_is_past_from_midnight_on(started_at: datetime, is_past: bool) -> None:
    assert plan_slate(DAY, SOURCES, started_at).is_backfill is is_past
    assert plan(started_at, ()).is_backfill is is_past


def test_a_run_that_starts_during_the_last_game_is_not_late_from_the_start() -> None:
    started_at = eastern(DAY, 22, 5)
    late = plan(started_at)
    deadlines = [(step.soft_deadline, step.hard_deadline) for step in late.steps if step.role is Role.PRE]
    assert all(time > started_at for times in deadlines for time in times if time)
    after = {step.name: step for step in evening_plan().steps if step.role is not Role.PRE}
    for step in late.steps:
        if step.name in after:
            usual = after[step.name]
            assert (step.soft_deadline, step.hard_deadline) == (usual.soft_deadline, usual.hard_deadline)


def test_a_run_that_starts_during_the_last_game_degrades_nothing_before_it_was_tried() -> None:
    started_at = eastern(DAY, 22, 5)
    ledger = DayLedger(plan(started_at))
    ledger.adopt(ledger.plan)
    verdicts = gates.decide(ledger.plan, ledger.records, started_at)
    assert not any(isinstance(verdict, gates.Degraded | gates.Parked) for verdict in verdicts.values())
    assert gates.overdue(ledger.plan, ledger.records, started_at) == ()


def test_a_run_that_starts_after_a_soft_deadline_has_time_for_its_first_poll_before_that_is_late() -> None:
    started_at = eastern(DAY, 14)
    first_plan = plan_slate(DAY, SOURCES, started_at)
    ledger = DayLedger(first_plan)
    ledger.adopt(first_plan)
    assert gates.overdue(first_plan, ledger.records, started_at) == ()
    verdicts = gates.decide(first_plan, ledger.records, started_at)
    due = gates.next_due(first_plan, ledger.records, verdicts, started_at)
    assert due == started_at + gates.START_TAKES
    assert [step.name for step in gates.overdue(first_plan, ledger.records, due)] == ["nbac_schedule"]
    status = day_status(ledger, started_at, virtual=False, held=False)
    assert [step.soft_deadline for step in status.steps if step.name == "nbac_schedule"] == [due]


@pytest.mark.parametrize("started_at", [None, eastern(DAY, 5), eastern(DAY, 7, 51)])
def test_a_run_that_starts_in_time_counts_a_step_as_late_at_its_soft_deadline(started_at: datetime | None) -> None:
    first_plan = plan_slate(DAY, SOURCES, started_at)
    ledger = DayLedger(first_plan)
    ledger.adopt(first_plan)
    deadline = eastern(DAY, 8)
    assert gates.overdue(first_plan, ledger.records, deadline - timedelta(seconds=1)) == ()
    assert [step.name for step in gates.overdue(first_plan, ledger.records, deadline)] == ["nbac_schedule"]


def test_a_game_without_a_fixed_tip_off_may_still_be_played_until_the_date_is_over() -> None:
    games = (*GAMES[:2], GAMES[2].model_copy(update={"tip_off": None}))
    assert plan(eastern(DAY, 23), games).known_by is None
    assert plan(NEXT_MORNING, games).known_by == eastern(DAY, 19) - timedelta(seconds=1)


def test_a_past_date_without_games_is_published_at_once() -> None:
    late = plan(YEARS_LATER, ())
    assert (late.is_backfill, late.known_by) == (True, None)
    assert not late.backfilled, "nothing was predicted after its games"
    assert (plan_slate(DAY, SOURCES, YEARS_LATER).backfilled, plan(YEARS_LATER).backfilled) == (True, True)
    assert names(late.steps) == {"nbac_schedule", "export_predictions", "export_tonight", "report_page"}


def test_a_backfill_ends_complete_as_soon_as_everything_is_there() -> None:
    ledger = backfilled(YEARS_LATER)
    verdicts = gates.decide(ledger.plan, ledger.records, YEARS_LATER)
    assert {type(verdict) for verdict in verdicts.values()} == {gates.Done}
    ledger.end()
    assert ledger.ended is RunState.COMPLETE
    assert {item.step for item in ledger.degradations} == LANDED_ONLY


def test_an_outage_is_polled_again_every_ten_minutes_until_the_deadline() -> None:
    def outage(step: PlanStep, games: tuple[str, ...]) -> StepResult:
        if step.name in {"nbac_player_boxscores", "nbac_gamebook_player_stats"}:
            return "no response"
        return nothing_landed(step, games)

    ledger = backfilled(YEARS_LATER, outage)
    after = {minutes: YEARS_LATER + timedelta(minutes=minutes) for minutes in (10, 31, 179, 181)}
    verdicts = gates.decide(ledger.plan, ledger.records, YEARS_LATER)
    boxes = verdicts["nbac_player_boxscores"]
    assert isinstance(boxes, gates.Waiting)
    assert boxes.next_poll == after[10]
    run_ready_steps(ledger, after[31], outage)
    assert isinstance(
        gates.decide(ledger.plan, ledger.records, after[31])["nbac_gamebook_player_stats"], gates.Degraded
    )
    run_ready_steps(ledger, after[179], outage)
    assert isinstance(gates.decide(ledger.plan, ledger.records, after[179])["nbac_player_boxscores"], gates.Waiting)
    run_ready_steps(ledger, after[181], outage)
    assert isinstance(gates.decide(ledger.plan, ledger.records, after[181])["nbac_player_boxscores"], gates.Degraded)


def test_results_of_fallback_sources_end_a_backfill_without_further_polls() -> None:
    def from_fallback(step: PlanStep, games: tuple[str, ...]) -> StepResult:
        if step.name == "nbac_player_boxscores":
            had = {"ESPN box scores": ledger_games}
            return SourceReport(outcome=Outcome.OK, rows=60, reason="blocked; games from ESPN", fallback_games=had)
        return nothing_landed(step, games)

    ledger_games = tuple(game.game_id for game in GAMES)
    ledger = backfilled(YEARS_LATER, from_fallback)
    assert ledger.records["nbac_player_boxscores"].state is StepState.DEGRADED
    verdicts = gates.decide(ledger.plan, ledger.records, YEARS_LATER)
    assert isinstance(verdicts["nbac_player_boxscores"], gates.Done)


def test_an_optional_computation_that_fails_in_a_backfill_is_done_without_at_once() -> None:
    def no_model(step: PlanStep, games: tuple[str, ...]) -> StepResult:
        fails = step.name in ("catboost_v8", "train_systems")
        return "too few games" if fails else nothing_landed(step, games)

    ledger = backfilled(YEARS_LATER, no_model)
    assert {"catboost_v8", "train_systems"} <= {item.step for item in ledger.degradations}
    assert all(isinstance(v, gates.Done) for v in gates.decide(ledger.plan, ledger.records, YEARS_LATER).values())
    ledger.end()
    assert ledger.ended is RunState.COMPLETE


def test_lines_that_were_landed_before_the_games_are_used() -> None:
    ledger = backfilled(YEARS_LATER, successful_report)
    assert ledger.degradations == []
    assert ledger.records["odds_api_player_points_props"].state is StepState.COMPLETE


def test_late_lines_of_a_day_in_time_are_still_awaited() -> None:
    """The counterpart: without lines such a day waits."""
    ledger = DayLedger(evening_plan())
    ledger.adopt(ledger.plan)
    run_ready_steps(ledger, eastern(DAY, 12), no_lines)
    assert ledger.records["odds_api_player_points_props"].state is StepState.LATE
