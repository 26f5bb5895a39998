"""Several polls of one activity: they end with the first that changes what the day decides by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.follow import FollowActivities, next_virtual_poll, poll_until_change
from activities.heartbeats import Progress
from activities.resources import Resources
from tests.support.ledgers import DAY, slate
from tipoff.settings import Settings
from tipoff.vocabulary import Cadence, Outcome, SourceReport, eastern
from workflows.contracts import CollectRequest

GAMES = slate(eastern(DAY, 19), eastern(DAY, 19, 30))
UNFINISHED = tuple(game.game_id for game in GAMES)
FIRST, LAST = eastern(DAY, 19, 3), eastern(DAY, 19, 14)
POLLS = Cadence(start=eastern(DAY, 19), until=LAST, every=timedelta(minutes=3))
REQUEST = CollectRequest(
    source="nbac_scoreboard",
    game_date=DAY,
    games=GAMES,
    as_of=FIRST,
    again=POLLS,
    virtual=True,
    missing_games=UNFINISHED,
)
UNCHANGED = SourceReport(missing_games=UNFINISHED)


async def followed(changes: Mapping[datetime, Any], request: CollectRequest = REQUEST) -> SourceReport:
    """Polls of a provider whose responses differ from `UNCHANGED` at these times."""

    async def poll(as_of: datetime) -> SourceReport:
        facts = {"polled_at": as_of, "versions": {"board": {f"{as_of:%M}": 1}}, **changes.get(as_of, {})}
        return UNCHANGED.model_copy(update=facts)

    return await poll_until_change(request, FIRST, poll, next_virtual_poll(POLLS))


async def test_polls_without_a_change_go_on_until_the_cadence_ends() -> None:
    report = await followed({})
    assert (report.polls, report.polled_at) == (4, eastern(DAY, 19, 12))


@pytest.mark.parametrize(
    "change",
    [
        {"missing_games": UNFINISHED[:1]},
        {"games": GAMES},
        {"outcome": Outcome.BLOCKED},
        {"retry_at": eastern(DAY, 20)},
        {"parks": True},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_change_ends_the_polls(change: dict[str, Any]) -> None:
    report = await followed({eastern(DAY, 19, 6): change})
    assert (report.polls, report.polled_at) == (2, eastern(DAY, 19, 6))
    assert (await followed({FIRST: change})).polls == 1


async def test_games_that_are_all_over_are_not_followed() -> None:
    over = REQUEST.model_copy(update={"missing_games": ()})
    assert (await followed({FIRST: {"missing_games": ()}}, over)).polls == 1


async def test_the_report_has_what_earlier_polls_said() -> None:
    report = await followed({FIRST: {"alerts": {"damaged": "an entry"}}})
    assert report.alerts == {"damaged": "an entry"}
    assert report.versions == {"board": {"12": 1}}


async def test_a_poll_between_two_of_the_cadence_is_followed_by_the_next_of_the_cadence() -> None:
    assert await next_virtual_poll(POLLS)(eastern(DAY, 19, 4)) == eastern(DAY, 19, 6)
    assert await next_virtual_poll(POLLS)(eastern(DAY, 19, 12)) is None
    assert await next_virtual_poll(POLLS)(eastern(DAY, 19, 9)) == eastern(DAY, 19, 12)


async def test_the_last_poll_is_at_the_end_of_the_cadence() -> None:
    until = POLLS.model_copy(update={"until": eastern(DAY, 19, 12)})
    assert await next_virtual_poll(until)(eastern(DAY, 19, 9)) == eastern(DAY, 19, 12)


class Scripted(FollowActivities):
    """Follows by a scripted clock. Each poll takes the clock to the next poll time, or for `delay` longer."""

    def __init__(self, begins: datetime, delay: timedelta = timedelta()) -> None:
        super().__init__(Resources(Settings(), now=lambda: self.time))
        self.time, self.delay, self.polled = begins, delay, list[datetime]()

    async def _poll(self, request: CollectRequest, progress: Progress, as_of: datetime) -> SourceReport:
        self.polled.append(as_of)
        self.time = max(self.time, as_of + POLLS.every) + self.delay
        return UNCHANGED

    async def minutes(self, until: datetime = LAST) -> list[int]:
        """The minutes after 19:00 at which it polls."""
        again = POLLS.model_copy(update={"until": until})
        request = REQUEST.model_copy(update={"as_of": POLLS.start, "again": again, "virtual": False})
        await ActivityEnvironment().run(self.follow, request)
        return [time.minute for time in self.polled]


@pytest.mark.parametrize(("until", "last"), [(11, 9), (12, 12), (13, 12)])
async def test_by_the_real_clock_the_last_poll_is_the_last_one_of_the_cadence(until: int, last: int) -> None:
    assert (await Scripted(POLLS.start).minutes(eastern(DAY, 19, until)))[-1] == last


@pytest.mark.parametrize(("begins", "first"), [(1, 0), (7, 6), (9, 9), (59, 12)])
async def test_a_late_worker_makes_the_latest_poll_that_is_due(begins: int, first: int) -> None:
    assert (await Scripted(eastern(DAY, 19, begins)).minutes())[0] == first


async def test_missed_polls_are_not_made_up_for() -> None:
    assert await Scripted(POLLS.start, delay=timedelta(minutes=4)).minutes() == [0, 6, 12]
