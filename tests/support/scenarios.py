"""Days that tests play and whose histories are kept: each is played to its end on a real server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Worker

from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import WORKFLOWS
from tests.support.days import (
    GAMES,
    MORNING,
    Beat,
    Played,
    Stop,
    Trouble,
    World,
    at,
    ended,
    final_beats,
    happy_script,
    play,
    says,
    started,
    virtual,
    working,
)
from tipoff.vocabulary import Outcome, RateLimit
from workflows.contracts import (
    AcquireRequest,
    CommandName,
    CooldownReset,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    rate_limiter_workflow_id,
)
from workflows.rate_limiter import RateLimiterWorkflow


async def happy_day(client: Client) -> Played:
    """Everything comes in the morning, lines at 11:00."""
    return await play(client, World(happy_script(lines_at=at(11))))


async def no_games(client: Client) -> Played:
    """A date without games."""
    return await play(client, World({"nbac_schedule": [Beat(MORNING, games=())]}))


async def late_lines(client: Client) -> Played:
    """Lines come at 15:00, after predictions were due, as on the real date."""
    return await play(client, World())


async def force_continue(client: Client) -> Played:
    """Somebody does not want to wait for lines any longer and says so at 10:10, by a signal with one word."""
    return await play(client, World(), virtual(says(at(10, 10), CommandName.FORCE_CONTINUE, "lines", via="signal")))


async def parked_and_resumed(client: Client) -> Played:
    """Features cannot be built until 12:00 and are retried by a person at 12:30."""
    world = World(
        happy_script(lines_at=at(9)),
        trouble={"ml_feature_store": Trouble(until=at(12))},
    )
    return await play(client, world, virtual(says(at(12, 30), CommandName.RETRY_STEP, "ml_feature_store")))


async def worker_killed(client: Client) -> Played:
    """The worker dies while features are built and another goes on."""
    world = World(happy_script(lines_at=at(11)), stops={"ml_feature_store": Stop()})
    async with started(client) as handle:
        async with working(client, world):
            await world.stops["ml_feature_store"].reached.wait()
        async with working(client, world):
            return await ended(handle)


async def postponed_game(client: Client) -> Played:
    """One of the two games is postponed at 16:30."""
    script = happy_script(lines_at=at(11))
    script["nbac_schedule"] = [Beat(MORNING, games=GAMES), Beat(at(16, 30), games=GAMES[:1])]
    return await play(client, World(script))


async def fallback_sources(client: Client) -> Played:
    """Lines and results are refused all day; another has the lines from 11:00 on, the third of a chain the results.

    Whoever refuses the lines wants to be left alone for hours.
    """
    refused = Beat(MORNING, Outcome.BLOCKED, reason="the address is refused")
    script = happy_script(lines_at=at(9)) | {
        "odds_api_player_points_props": [refused._replace(retry_after=timedelta(hours=2))],
        "bettingpros_player_points_props": [Beat(at(11))],
        "nbac_player_boxscores": [refused],
        "nbac_live_boxscore": [refused],
        "bdl_player_boxscores": final_beats(GAMES),
    }
    return await play(client, World(script))


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


SCENARIOS: Mapping[str, Callable[[Client], Awaitable[Played]]] = {
    play_it.__name__: play_it
    for play_it in (
        *(happy_day, no_games, late_lines, force_continue),
        *(parked_and_resumed, worker_killed, postponed_game, fallback_sources),
    )
}
