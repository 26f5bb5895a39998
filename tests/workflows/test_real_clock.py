"""A day by the real clock, with polls a second apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from tests.support.days import (
    GAME_DATE,
    DayRun,
    Pause,
    ScriptedResponse,
    World,
    command,
    game,
    runs_of,
    serving,
    started_day,
    step,
    wait_for_end,
    wait_until,
)
from tests.support.ledgers import evening_plan, step_of
from tipoff.vocabulary import Cadence, DayPlan, Phase, PlanStep, PollWhen, RunState, SlateGame
from workflows.contracts import ClockSpec, CommandName, PlanRequest
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.event_count import Course, DryRun

REAL = ClockSpec()
SECOND = timedelta(seconds=1)
LINES = "odds_api_player_points_props"
KEPT = (LINES, "player_prop_lines", "moving_average", "export_predictions")


def short_day(
    start: datetime, *, every: timedelta = SECOND, gives_up: timedelta = 60 * SECOND, ends: timedelta = 120 * SECOND
) -> Callable[[PlanRequest], DayPlan]:
    """Schedule, lines, one transform, one system and one export, starting now."""

    def timed(step: PlanStep, games: tuple[SlateGame, ...]) -> PlanStep:
        kept = tuple(need for need in step.needs if need in KEPT) or ("nbac_schedule",)
        needs = ("player_prop_lines",) if step.name == "moving_average" else kept
        common = {"opens_at": start, "needs": needs, "follows": needs, "soft_deadline": None, "hard_deadline": None}
        if step.name != LINES:
            return step.model_copy(update=common)
        polls = Cadence(start=start, until=start + 120 * SECOND, every=every, only=PollWhen.UNTIL_COMPLETE)
        return step.model_copy(
            update={**common, "cadence": (polls,), "poll_times": (), "hard_deadline": start + gives_up}
        )

    def plan(request: PlanRequest) -> DayPlan:
        games = request.games or ()
        steps = [timed(step_of(evening_plan(), name), games) for name in KEPT] if games else []
        return DayPlan(
            game_date=request.game_date, games=games, steps=(_schedule(start, games), *steps), ends_at=start + ends
        )

    return plan


def _schedule(start: datetime, games: tuple[SlateGame, ...]) -> PlanStep:
    """Polled until complete, and once more two seconds later."""
    polls = Cadence(start=start, until=start + 2 * SECOND, every=2 * SECOND, only=PollWhen.ALWAYS)
    schedule = step_of(evening_plan(), "nbac_schedule")
    return schedule.model_copy(update={"opens_at": start, "cadence": (polls,) if games else (), "soft_deadline": None})


def slate_day(start: datetime) -> Callable[[PlanRequest], DayPlan]:
    def plan(request: PlanRequest) -> DayPlan:
        tonight = (game(1, start + 3600 * SECOND),)
        steps = (_schedule(start, tonight),)
        return DayPlan(
            game_date=request.game_date, games=(), steps=steps, slate_known=False, ends_at=start + 120 * SECOND
        )

    return plan


def world(start: datetime, *, lines_after: timedelta, **timing: timedelta) -> World:
    games = (game(1, start + 3600 * SECOND),)
    return World(
        {"nbac_schedule": [ScriptedResponse(start, games=games)], LINES: [ScriptedResponse(start + lines_after)]},
        plan=short_day(start, **timing),
        slate_plan=slate_day(start),
    )


async def real_day(client: Client, scripted: World) -> DayRun:
    async with serving(client, scripted), started_day(client, REAL) as handle:
        return await wait_for_end(handle)


def timers(run: DayRun) -> list[str]:
    """The summaries of the timers of a day."""
    started_timers = [event for event in run.history.events if event.HasField("timer_started_event_attributes")]
    return [event.user_metadata.summary.data.decode() for event in started_timers]


async def test_lines_are_polled_by_the_real_clock_until_they_come(client: Client) -> None:
    start = datetime.now(UTC)
    run = await real_day(client, world(start, lines_after=3 * SECOND))
    assert run.result.state is RunState.COMPLETE
    assert run.result.first_published_at is not None
    assert run.result.first_published_at >= start + 3 * SECOND
    assert 2 <= step(run.status, LINES).polls <= 8
    assert not run.status.virtual
    assert timers(run)
    assert all("until " in summary for summary in timers(run))


async def test_the_day_degrades_at_the_deadline_and_refreshes_when_lines_come(client: Client) -> None:
    start = datetime.now(UTC)
    run = await real_day(client, world(start, lines_after=6 * SECOND, gives_up=2 * SECOND))
    assert run.result.state is RunState.COMPLETE
    published, refreshed = run.result.first_published_at, run.result.refreshed_at
    assert published is not None
    assert start + 2 * SECOND <= published < start + 6 * SECOND
    assert len(refreshed) == 1
    assert refreshed[0] >= start + 6 * SECOND
    assert len(runs_of(run, "moving_average")) == 2


async def test_lines_available_ends_a_long_wait_at_once(client: Client) -> None:
    start = datetime.now(UTC)
    scripted = world(start, lines_after=3600 * SECOND, every=100 * SECOND, gives_up=110 * SECOND)
    async with serving(client, scripted), started_day(client, REAL) as handle:
        await wait_until(handle, lambda status: any(each.name == LINES and each.polls for each in status.steps))
        scripted.script = {**scripted.script, LINES: [ScriptedResponse(start)]}
        await handle.execute_update(DailyPipelineWorkflow.lines_available, command(CommandName.LINES_AVAILABLE))
        run = await wait_for_end(handle)
    assert step(run.status, LINES).polls == 2
    assert run.result.first_published_at is not None
    assert run.result.first_published_at < start + 60 * SECOND


async def test_a_slate_called_off_while_a_step_runs_does_not_block_the_day(client: Client) -> None:
    start = datetime.now(UTC)
    scripted = world(start, lines_after=timedelta())
    first = scripted.script["nbac_schedule"][0]
    pause = Pause()
    scripted.pauses = {"player_prop_lines": pause}
    async with serving(client, scripted), started_day(client, REAL) as handle:
        await pause.reached.wait()
        scripted.script = {**scripted.script, "nbac_schedule": [first, ScriptedResponse(start, games=())]}
        read_again = command(CommandName.RETRY_STEP, "nbac_schedule")
        await handle.execute_update(DailyPipelineWorkflow.retry_step, read_again)
        await wait_until(handle, lambda status: not status.games)
        pause.released.set()
        run = await wait_for_end(handle)
    assert run.result.state is RunState.COMPLETE
    assert [each.phase for each in run.status.steps] == [Phase.SLATE]
    assert run.result.game_date == GAME_DATE


async def test_a_slow_poll_delays_nothing_past_its_deadline_and_is_used_when_done(
    client: Client,
) -> None:
    start = datetime.now(UTC)
    scripted = world(start, lines_after=timedelta(), gives_up=6 * SECOND)
    scripted.pauses = {LINES: Pause()}
    async with serving(client, scripted), started_day(client, REAL) as handle:
        await scripted.pauses[LINES].reached.wait()
        await wait_until(handle, lambda status: status.first_published_at is not None)
        scripted.pauses[LINES].released.set()
        run = await wait_for_end(handle)
    assert run.result.state is RunState.COMPLETE
    assert len(run.result.refreshed_at) == 1


async def test_a_day_ends_on_time_even_if_steps_are_running(client: Client) -> None:
    start = datetime.now(UTC)
    scripted = world(start, lines_after=timedelta(), ends=4 * SECOND)
    scripted.pauses = {"player_prop_lines": Pause()}
    async with serving(client, scripted), started_day(client, REAL) as handle:
        run = await wait_for_end(handle)
    assert run.result.state is RunState.FAILED
    assert "player_prop_lines" in {item.step for item in run.result.attention}


async def test_a_time_waited_for_through_many_decisions_has_one_timer(client: Client) -> None:
    start = datetime.now(UTC)
    scripted = world(start, lines_after=3 * SECOND, every=5 * SECOND)
    run = await real_day(client, scripted)
    waited_for = timers(run)
    assert len(waited_for) <= len(set(waited_for)) + 6, waited_for
    plan = scripted.plan(PlanRequest(game_date=GAME_DATE, games=run.result.slate))
    counted = DryRun(plan, Course(lines_at=start + 3 * SECOND, new_batches=frozenset())).run()
    at_most = sum(times * events.number for events, times in counted.items())  # decisions may share a workflow task
    at_most += 6  # the gamebook may come after the box scores of the same time: one more activity for grades
    assert 0.7 * at_most <= len(run.history.events) <= at_most, counted
