"""Several polls of one activity: they end with the first that changes what the day decides by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.follow import next_virtual_poll, poll_until_change
from tests.support.ledgers import DAY, slate
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
