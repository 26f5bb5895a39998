"""Several polls of one activity: they end with the first that changes what the day decides by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from activities.follow import poll_until_news
from tests.support.ledgers import DAY, slate
from tipoff.vocabulary import Outcome, SourceReport, eastern
from workflows.contracts.live_scoring import FollowRequest

GAMES = slate(eastern(DAY, 19), eastern(DAY, 19, 30))
UNFINISHED = tuple(game.game_id for game in GAMES)
TIMES = tuple(eastern(DAY, 19, minute) for minute in (3, 6, 9, 12))
REQUEST = FollowRequest(source="nbac_scoreboard", game_date=DAY, games=GAMES, times=TIMES, missing_games=UNFINISHED)
UNCHANGED = SourceReport(missing_games=UNFINISHED)


async def followed(changes: Mapping[datetime, Any], request: FollowRequest = REQUEST) -> SourceReport:
    """Polls of a provider whose responses differ from `UNCHANGED` at these times."""

    async def poll(as_of: datetime) -> SourceReport:
        facts = {"polled_at": as_of, "versions": {"board": {f"{as_of:%M}": 1}}, **changes.get(as_of, {})}
        return UNCHANGED.model_copy(update=facts)

    return await poll_until_news(request, poll)


async def test_polls_without_a_change_go_on_until_the_last_time() -> None:
    report = await followed({})
    assert (report.polls, report.polled_at) == (4, TIMES[-1])


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
    report = await followed({TIMES[1]: change})
    assert (report.polls, report.polled_at) == (2, TIMES[1])
    assert (await followed({TIMES[0]: change})).polls == 1


async def test_games_that_are_all_over_are_not_followed() -> None:
    over = REQUEST.model_copy(update={"missing_games": ()})
    assert (await followed({TIMES[0]: {"missing_games": ()}}, over)).polls == 1


async def test_the_report_has_what_earlier_polls_said() -> None:
    report = await followed({TIMES[0]: {"alerts": {"damaged": "an entry"}}})
    assert report.alerts == {"damaged": "an entry"}
    assert report.versions == {"board": {"12": 1}}
