"""The days whose histories are kept: each runs to its end on a real server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Worker

from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import WORKFLOWS
from tests.support.days import (
    GAME_DATE,
    GAMES,
    MORNING,
    DayRun,
    Pause,
    ScriptedFailure,
    ScriptedResponse,
    World,
    at,
    final_responses,
    happy_script,
    partial_response,
    run_day,
    scheduled_command,
    serving,
    started_day,
    virtual,
    wait_for_end,
)
from tipoff.vocabulary import Cadence, Outcome, PredictionRun, RateLimit, RecordedBatch, RecordedDay
from workflows.contracts import (
    AcquireRequest,
    ClockSpec,
    CommandName,
    CooldownReset,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    Rerun,
    rate_limiter_workflow_id,
)
from workflows.contracts.live_scoring import LiveScoringInput, live_scoring_workflow_id
from workflows.live_scoring import LiveScoringWorkflow
from workflows.rate_limiter import RateLimiterWorkflow


async def happy_day(client: Client) -> DayRun:
    """Everything comes in the morning, the lines at 11:00."""
    return await run_day(client, World(happy_script(lines_at=at(11))))


async def no_games(client: Client) -> DayRun:
    """A date without games."""
    return await run_day(client, World({"nbac_schedule": [ScriptedResponse(MORNING, games=())]}))


async def late_lines(client: Client) -> DayRun:
    """Lines come at 15:00, after predictions were due, as on the real date."""
    return await run_day(client, World())


async def force_continue(client: Client) -> DayRun:
    """An operator forces the day on without lines at 10:10, by a signal with one word."""
    return await run_day(
        client, World(), virtual(scheduled_command(at(10, 10), CommandName.FORCE_CONTINUE, "lines", via="signal"))
    )


async def parked_and_resumed(client: Client) -> DayRun:
    """Features cannot be built until 12:00; an operator retries the step at 12:30."""
    world = World(
        happy_script(lines_at=at(9)),
        failures={"ml_feature_store": ScriptedFailure(until=at(12))},
    )
    return await run_day(
        client, world, virtual(scheduled_command(at(12, 30), CommandName.RETRY_STEP, "ml_feature_store"))
    )


async def worker_killed(client: Client) -> DayRun:
    """The worker dies while features are built, and another continues."""
    world = World(happy_script(lines_at=at(11)), pauses={"ml_feature_store": Pause()})
    async with started_day(client) as handle:
        async with serving(client, world):
            await world.pauses["ml_feature_store"].reached.wait()
        async with serving(client, world):
            return await wait_for_end(handle)


async def postponed_game(client: Client) -> DayRun:
    """One of the two games is postponed at 16:30."""
    script = happy_script(lines_at=at(11))
    script["nbac_schedule"] = [ScriptedResponse(MORNING, games=GAMES), ScriptedResponse(at(16, 30), games=GAMES[:1])]
    return await run_day(client, World(script))


async def fallback_sources(client: Client) -> DayRun:
    """Lines and results are refused all day, the lines with a cooldown of two hours.

    A fallback source has the lines from 11:00 on, the third source of a chain has the results.
    """
    refused = ScriptedResponse(MORNING, Outcome.BLOCKED, reason="the address is refused")
    script = happy_script(lines_at=at(9)) | {
        "odds_api_player_points_props": [refused._replace(retry_after=timedelta(hours=2))],
        "bettingpros_player_points_props": [ScriptedResponse(at(11))],
        "nbac_player_boxscores": [refused],
        "nbac_live_boxscore": [refused],
        "bdl_player_boxscores": final_responses(GAMES),
    }
    return await run_day(client, World(script))


async def backfill(client: Client) -> DayRun:
    """The day starts on the next evening: only lines were landed before the games, and box scores come back late."""
    start = at(24 + 20)
    script = {**happy_script(), "nbac_player_boxscores": [ScriptedResponse(start + timedelta(minutes=5))]}
    world = World(script, landed=frozenset({"odds_api_player_points_props"}))
    return await run_day(client, world, ClockSpec(starts_at=start))


async def backfill_rerun(client: Client) -> DayRun:
    """One step of a backfilled day is re-run; its systems had predicted at different times."""
    start = at(24 + 20)
    games = tuple(game.game_id for game in GAMES)
    recorded = RecordedDay(
        games=GAMES,
        batches=(RecordedBatch(source="nbac_player_boxscores", batch_key="nbac_player_boxscores/0", as_of=start),),
        prediction_runs=(
            PredictionRun(as_of=start, game_ids=games, systems=("moving_average",)),
            PredictionRun(as_of=start + timedelta(minutes=1), game_ids=games, systems=("catboost_v8",)),
        ),
        backfilled=True,
    )
    night = ClockSpec(starts_at=start + timedelta(hours=1))
    return await run_day(client, World(recorded=recorded), night, Rerun(step="nbac_player_boxscores"))


async def rate_limiter(client: Client) -> WorkflowHistory:
    """Slots, a block, a cooldown reset by an operator, paid requests, and the run continued as new."""
    host = "api.example.org"
    rate_limit = RateLimit(gap=timedelta(seconds=1), spacing=timedelta(seconds=1), monthly_credits=500)
    request = AcquireRequest(host=host, rate_limit=rate_limit, deadline=datetime.now(UTC) + timedelta(hours=1))
    blocked = ProviderFeedback(
        slot=datetime.now(UTC),
        cooldown_for=timedelta(hours=2),
        outcome=Outcome.BLOCKED,
        reason="HTTP 403: access denied",
    )
    async with Worker(client, task_queue=Queue.DAY, workflows=WORKFLOWS, workflow_runner=WORKFLOW_RUNNER):
        handle = await client.start_workflow(
            RateLimiterWorkflow.run,
            RateLimiterInput(host=host, continue_as_new_after=40),
            id=rate_limiter_workflow_id(host),
            task_queue=Queue.DAY,
        )
        first = client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
        await handle.execute_update(RateLimiterWorkflow.acquire, request)
        await handle.signal(RateLimiterWorkflow.handle_report, blocked)
        await handle.execute_update(RateLimiterWorkflow.acquire, request)
        await handle.execute_update(
            RateLimiterWorkflow.reset_cooldown, CooldownReset(host=host, who="ann", why="new proxy")
        )
        for price in (1, 3):
            paid = request.model_copy(update={"credits": price})
            await handle.execute_update(RateLimiterWorkflow.acquire, paid)
        feedback = ProviderFeedback(slot=datetime.now(UTC), credits_used=4, credits_remaining=496)
        await handle.signal(RateLimiterWorkflow.handle_report, feedback)
        while (await first.describe()).status is WorkflowExecutionStatus.RUNNING:
            await handle.execute_update(RateLimiterWorkflow.acquire, request)
        history = await first.fetch_history()
        await handle.terminate()
    return history


LIVE_POLLS = 3


async def live_scoring(client: Client) -> WorkflowHistory:
    """Scores are polled every second by the real clock; a game is over at the last of three polls."""
    start = datetime.now(UTC)
    over = start + (LIVE_POLLS - 1) * timedelta(seconds=1)
    script = {
        "nbac_scoreboard": [
            partial_response(GAMES, start - timedelta(hours=1), set()),
            partial_response(GAMES, over, {GAMES[0].game_id}),
        ]
    }
    every = Cadence(start=start, until=start + timedelta(minutes=1), every=timedelta(seconds=1))
    window = LiveScoringInput(
        game_date=GAME_DATE,
        games=GAMES,
        source="nbac_scoreboard",
        as_of=start,
        again=every,
        missing_games=tuple(game.game_id for game in GAMES),
    )
    async with serving(client, World(script)):
        handle = await client.start_workflow(
            LiveScoringWorkflow.run, window, id=live_scoring_workflow_id("recorded"), task_queue=Queue.DAY
        )
        report = await handle.result()
        assert report.missing_games == (GAMES[1].game_id,)
        return await handle.fetch_history()


SCENARIOS: Mapping[str, Callable[[Client], Awaitable[DayRun]]] = {
    scenario.__name__: scenario
    for scenario in (
        *(happy_day, no_games, late_lines, force_continue),
        *(parked_and_resumed, worker_killed, postponed_game, fallback_sources),
        *(backfill, backfill_rerun),
    )
}
