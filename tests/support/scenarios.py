"""Days that tests play and whose histories are kept: each is played to its end on a real server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from temporalio.client import Client

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
    happy_script,
    play,
    says,
    started,
    virtual,
    working,
)
from workflows.contracts import Message


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
    return await play(client, World(), virtual(says(at(10, 10), Message.FORCE_CONTINUE, "lines", via="signal")))


async def parked_and_resumed(client: Client) -> Played:
    """Features cannot be built until 12:00 and are retried by a person at 12:30."""
    world = World(
        happy_script(lines_at=at(9)),
        trouble={"ml_feature_store": Trouble(until=at(12))},
    )
    return await play(client, world, virtual(says(at(12, 30), Message.RETRY_STEP, "ml_feature_store")))


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


SCENARIOS: Mapping[str, Callable[[Client], Awaitable[Played]]] = {
    play_it.__name__: play_it
    for play_it in (
        *(happy_day, no_games, late_lines, force_continue),
        *(parked_and_resumed, worker_killed, postponed_game),
    )
}
