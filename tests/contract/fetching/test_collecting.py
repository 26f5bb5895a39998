"""A look at a source, whole: real sources ask a real server, and a real landing keeps what came."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from devtools.handmade_responses import injury_report
from tests.support.local_provider import LocalProvider, Reply, hang, http_reply, running
from tipoff.collecting import EVIDENCE_CAP_BYTES, collect, land_batch
from tipoff.errors import TransportFault
from tipoff.landing.base import Batch
from tipoff.landing.landing import Landing
from tipoff.settings import load_settings
from tipoff.sources.base import Judgement, Request, Slate
from tipoff.sources.budget import Budget
from tipoff.sources.fetcher import Fetcher, Timeouts
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.providers import NBA_CDN
from tipoff.sources.rate_limits import RateLimiter, Unlimited
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.teams import TEAMS
from tipoff.vocabulary import CollectReport, Outcome, Route, SlateGame
from workflows.day_state import REASON_LENGTH

AS_OF = datetime(2024, 3, 29, 19, 5, tzinfo=UTC)
TIP_OFF = datetime(2024, 3, 29, 23, 0, tzinfo=UTC)
GAMES = (
    SlateGame(game_id="0022301084", away="GSW", home="CHA", tip_off=TIP_OFF),
    SlateGame(game_id="0022301085", away="LAL", home="IND", tip_off=TIP_OFF),
    SlateGame(game_id="0022301086", away="LAC", home="ORL", tip_off=TIP_OFF),
)
SLATE = Slate(game_date=date(2024, 3, 29), games=GAMES)
IDS = {game.game_id: f"event-{game.label}" for game in GAMES}
NAMES = {
    "GSW": "Golden State Warriors",
    "CHA": "Charlotte Hornets",
    "LAL": "Los Angeles Lakers",
    "IND": "Indiana Pacers",
    "LAC": "Los Angeles Clippers",
    "ORL": "Orlando Magic",
}
PROPS, INJURIES, LINES, ROSTERS, PLAYS = (
    SOURCES[name]
    for name in (
        "odds_api_player_points_props",
        "nbac_injury_report",
        "odds_api_game_lines",
        "espn_team_rosters",
        "nbac_play_by_play",
    )
)
ALL_OVER = datetime(2024, 3, 30, 12, 5, tzinfo=UTC)
NOT_FOUND = http_reply(b'{"error_code": "EVENT_NOT_FOUND"}', "404 Not Found")
DENIED = http_reply(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "403 Forbidden")
ERROR = http_reply(b"oops", "500 Internal Server Error")


def report_of(time: str) -> Reply:
    """An injury report of the slate's date."""
    row = ("03/29/2024", "07:00 (ET)", "GSW@CHA", "Golden State Warriors", "", "", "NOT YET SUBMITTED")
    return http_reply(injury_report([row], f"03/29/24 {time}"))


def quoted(game: SlateGame, players: int = 7, **headers: str) -> Reply:
    """An answer with a line of one book on each player."""
    sides = [
        {"name": side, "description": f"Player {number}", "price": -110, "point": 20.5}
        for number in range(players)
        for side in ("Over", "Under")
    ]
    market = {"key": "player_points", "last_update": "2024-03-29T19:00:00Z", "outcomes": sides}
    event = {
        "id": IDS[game.game_id],
        "sport_key": "basketball_nba",
        "commence_time": "2024-03-29T23:10:00Z",
        "home_team": NAMES[game.home],
        "away_team": NAMES[game.away],
        "bookmakers": [{"key": "draftkings", "title": "DraftKings", "markets": [market]}],
    }
    return http_reply(json.dumps(event).encode(), **headers)


def props(*replies: Reply) -> dict[str, Reply]:
    """What is answered about each game's event, in the slate's order."""
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/events/{}/odds"
    return {path.format(IDS[game.game_id]): reply for game, reply in zip(GAMES, replies, strict=True)}


class Closed(Unlimited):
    """Slots of a host that is left alone."""

    def __init__(self, host: str) -> None:
        self._host = host

    async def acquire(
        self, request: Request, as_of: datetime, routes: Sequence[Route], avoid: Route | None = None
    ) -> Route | Judgement:
        if request.host == self._host:
            return Judgement(outcome=Outcome.BLOCKED, reason="left alone")
        return await super().acquire(request, as_of, routes, avoid)


class Day:
    """A server, a landing and a fetcher between them."""

    def __init__(self, provider: LocalProvider, root: Path) -> None:
        self.provider = provider
        self.root = root
        self.landing = Landing(FolderStore(root))
        self.progress: list[tuple[int, int]] = []

    async def poll(
        self,
        name: str,
        as_of: datetime = AS_OF,
        slate: Slate = SLATE,
        rate_limiter: RateLimiter | None = None,
        force: bool = False,
    ) -> CollectReport:
        settings = load_settings(environ={"TIPOFF_UPSTREAM": self.provider.url, "TIPOFF_BODY_CAP_BYTES": "3000000"})
        self.progress.clear()
        async with Fetcher(settings, timeouts=Timeouts(read=1)) as fetcher:
            return await collect(
                SOURCES[name],
                slate,
                as_of,
                IDS,
                fetcher=fetcher,
                landing=self.landing,
                rate_limiter=rate_limiter or Unlimited(),
                progress=lambda done, of: self.progress.append((done, of)),
                force=force,
            )

    def batch(self, collected: CollectReport) -> Batch:
        assert collected.batch_key is not None
        return Batch.model_validate_json(self.landing.get(collected.batch_key))

    def outcomes(self, name: str) -> list[tuple[str, Outcome]]:
        return [(record.part, record.outcome) for record in self.landing.records(name, SLATE.game_date)]

    def files(self) -> set[str]:
        stored = (file for file in self.root.rglob("*") if file.is_file() and file.name != ".lock")
        return {str(file.relative_to(self.root)) for file in stored}


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    async with running(LocalProvider()) as provider:
        yield Day(provider, tmp_path)


async def test_a_whole_look_lands_every_answer_and_one_batch_that_lists_them(day: Day) -> None:
    day.provider.replies = props(
        *(quoted(game, X_Requests_Remaining=str(left)) for game, left in zip(GAMES, (40, 39, 38), strict=True))
    )
    collected = await day.poll(PROPS.name)
    assert (collected.outcome, collected.reason) == (Outcome.OK, "3 of 3 responses usable")
    assert (collected.requests, collected.new_objects, collected.missing_games) == (3, 3, ())
    assert collected.credits_remaining == 38
    items = day.batch(collected).items
    assert [(item.game_id, item.part) for item in items] == [(game.game_id, game.label) for game in GAMES]
    assert all(day.landing.get(item.key) for item in items)
    assert day.progress == [(1, 3), (2, 3), (3, 3)]


async def test_games_that_fail_are_named_and_the_others_kept(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), NOT_FOUND, ERROR)
    collected = await day.poll(PROPS.name)
    assert collected.outcome is Outcome.PARTIAL
    assert collected.missing_games == (GAMES[1].game_id, GAMES[2].game_id)
    assert collected.reason == (
        "1 of 3 responses usable; not published yet: LAL@IND; provider error: LAC@ORL (HTTP 500)"
    )
    assert [item.game_id for item in day.batch(collected).items] == [GAMES[0].game_id]


async def test_lines_of_no_game_are_one_short_reason(day: Day) -> None:
    day.provider.replies = props(NOT_FOUND, NOT_FOUND, NOT_FOUND)
    collected = await day.poll(PROPS.name)
    assert (collected.outcome, collected.reason) == (
        Outcome.NOT_PUBLISHED_YET,
        "not published yet for any of 3 games",
    )


OFFERS = "bettingpros_player_points_props"


def offers(number: int, page: int, pages: int, event_id: str = "") -> tuple[str, Reply]:
    """The address of a page of a game's offers, and an answer with one player."""
    event = IDS[GAMES[number].game_id]
    query = f"sport=NBA&market_id=156&event_id={quote_plus(event)}&limit=10&page={page}"
    lines = [{"line": 20.5, "cost": -110, "updated": "2024-03-29 19:00:00"}]
    over = {"selection": "over", "books": [{"id": 10, "lines": lines}]}
    player = {"participants": [{"name": f"Player {page}"}], "selections": [over]}
    offer = {"market_id": 156, "event_id": event_id or event, **player}
    body = {"offers": [offer], "_pagination": {"page": page, "total_pages": pages}}
    return f"/api.bettingpros.com/v3/offers?{query}", http_reply(json.dumps(body).encode())


async def test_further_pages_are_asked_for_where_there_are_any(day: Day) -> None:
    day.provider.replies = dict([offers(0, 1, 2), offers(0, 2, 2), offers(1, 1, 1), offers(2, 1, 1)])
    collected = await day.poll(OFFERS)
    assert (collected.outcome, collected.requests, len(day.provider.received)) == (Outcome.OK, 4, 4)
    parts = ["GSW@CHA page 1", "GSW@CHA page 2", "LAL@IND page 1", "LAC@ORL page 1"]
    assert [item.part for item in day.batch(collected).items] == parts
    assert day.progress[-1] == (4, 4)
    again = await day.poll(OFFERS)
    assert (again.batch_key, len(day.provider.received)) == (collected.batch_key, 4), "a second try goes on from page 1"


async def test_a_game_of_which_one_page_is_lacking_is_not_had(day: Day) -> None:
    (page_2, _), unreadable = offers(0, 2, 2), http_reply(b"{}")
    day.provider.replies = dict([offers(0, 1, 2), (page_2, unreadable), offers(1, 1, 1), offers(2, 1, 1, "another")])
    collected = await day.poll(OFFERS)
    assert (collected.outcome, collected.refused) == (Outcome.PARTIAL, Outcome.WRONG_TYPE)
    assert collected.missing_games == (GAMES[0].game_id, GAMES[2].game_id)
    assert [item.part for item in day.batch(collected).items] == ["LAL@IND page 1"]


async def test_a_hang_on_one_game_costs_that_game_only(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), hang, quoted(GAMES[2]))
    collected = await day.poll(PROPS.name)
    assert (collected.outcome, collected.missing_games) == (Outcome.PARTIAL, (GAMES[1].game_id,))
    assert "no data for 1 s" in collected.reason


@pytest.mark.parametrize("replies", [[ERROR] * 3, [hang, ERROR, hang]])
async def test_no_proper_answer_at_all_is_a_fault_to_try_again(day: Day, replies: Sequence[Reply]) -> None:
    day.provider.replies = props(*replies)
    with pytest.raises(TransportFault, match=r"^no usable response"):
        await day.poll(PROPS.name)
    assert {outcome for _, outcome in day.outcomes(PROPS.name)} == {Outcome.PROVIDER_ERROR}


async def test_a_silent_provider_is_not_asked_for_the_whole_slate(day: Day) -> None:
    day.provider.replies = props(hang, hang, hang)
    with pytest.raises(TransportFault):
        await day.poll(PROPS.name)
    assert len(day.provider.received) == 2


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (http_reply(b'{"error_code": "OUT_OF_USAGE_CREDITS"}', "401 Unauthorized"), Outcome.QUOTA_SPENT),
        (http_reply(b'{"error_code": "INVALID_KEY"}', "401 Unauthorized"), Outcome.BAD_KEY),
        (DENIED, Outcome.BLOCKED),
        (http_reply(b"", "429 Too Many Requests", Retry_After="90"), Outcome.THROTTLED),
    ],
)
async def test_a_refusal_that_stays_ends_the_asking(day: Day, reply: Reply, outcome: Outcome) -> None:
    day.provider.replies = props(reply, quoted(GAMES[1]), quoted(GAMES[2]))
    collected = await day.poll(PROPS.name)
    assert len(day.provider.received) == 1
    assert (collected.outcome, collected.batch_key) == (outcome, None)
    assert collected.missing_games == tuple(IDS)
    assert collected.reason.endswith(OUTCOME_POLICIES[outcome].advice)
    assert day.outcomes(PROPS.name) == [("GSW@CHA", outcome)]


def plays(*replies: Reply | None) -> dict[str, Reply]:
    """What is answered about each game's plays, in the slate's order; None: that it is over."""
    end = {"actionType": "period", "subType": "end", "period": 4, "scoreHome": "1", "scoreAway": "2", "isFieldGoal": 0}
    return {
        f"/{request.host}{request.path}": reply
        or http_reply(json.dumps({"game": {"gameId": request.game_id, "actions": [end]}}).encode())
        for request, reply in zip(PLAYS.requests(SLATE, ALL_OVER, {}), replies, strict=True)
    }


@pytest.mark.parametrize("index", range(3))
async def test_a_finished_game_denied_alone_is_not_there_and_the_others_are_asked_for(day: Day, index: int) -> None:
    day.provider.replies = plays(*(DENIED if game is GAMES[index] else None for game in GAMES))
    collected = await day.poll(PLAYS.name, ALL_OVER)
    expected = [Outcome.NOT_PUBLISHED_YET if game is GAMES[index] else Outcome.OK for game in GAMES]
    assert [outcome for _, outcome in day.outcomes(PLAYS.name)] == expected
    assert (collected.outcome, collected.retry_at) == (Outcome.PARTIAL, None)
    assert collected.missing_games == (GAMES[index].game_id,)


async def test_the_last_game_that_is_missing_denied_again_closes_nothing(day: Day) -> None:
    day.provider.replies = plays(DENIED, None, None)
    only = SLATE.model_copy(update={"games": GAMES[:1]})
    collected = await day.poll(PLAYS.name, ALL_OVER, only)
    assert (collected.outcome, collected.retry_at) == (Outcome.NOT_PUBLISHED_YET, None)


async def test_the_file_of_a_finished_game_that_was_not_there_is_asked_for_again(day: Day) -> None:
    day.provider.replies = plays(http_reply(b"", "404 Not Found"), None, None)
    assert (await day.poll(PLAYS.name, ALL_OVER)).missing_games == (GAMES[0].game_id,)
    day.provider.replies = plays(None, None, None)
    assert (await day.poll(PLAYS.name, ALL_OVER + timedelta(minutes=30))).missing_games == ()


async def test_finished_games_denied_in_a_row_are_a_blocked_address(day: Day) -> None:
    day.provider.replies = plays(None, DENIED, DENIED)
    collected = await day.poll(PLAYS.name, ALL_OVER)
    judged = [outcome for _, outcome in day.outcomes(PLAYS.name)]
    assert judged == [Outcome.OK, Outcome.NOT_PUBLISHED_YET, Outcome.BLOCKED]
    assert (collected.refused, collected.retry_at) == (Outcome.BLOCKED, ALL_OVER + NBA_CDN.rate_limit.cooldown)
    day.provider.replies = plays(DENIED, DENIED, DENIED)
    day.provider.received.clear()
    assert (await day.poll(PLAYS.name, ALL_OVER + timedelta(hours=2))).outcome is Outcome.BLOCKED
    assert len(day.provider.received) == 2


async def test_a_quota_spent_in_the_middle_of_a_look_is_told_and_parks_beside_what_came(day: Day) -> None:
    spent = http_reply(b'{"error_code": "OUT_OF_USAGE_CREDITS"}', "401 Unauthorized")
    day.provider.replies = props(quoted(GAMES[0]), spent, quoted(GAMES[2]))
    collected = await day.poll(PROPS.name)
    assert (collected.outcome, collected.refused) == (Outcome.PARTIAL, Outcome.QUOTA_SPENT)
    assert (collected.alert, collected.parks) == (True, True)
    assert collected.reason == (
        "1 of 3 responses usable; quota spent: LAL@IND, LAC@ORL (HTTP 401: OUT_OF_USAGE_CREDITS); "
        "the month's credits are used up: buy credits or wait for the new month, then retry the step"
    )
    assert [item.game_id for item in day.batch(collected).items] == [GAMES[0].game_id]


async def test_one_question_that_is_not_understood_is_told_and_the_others_are_asked_again(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), http_reply(b"{}", "422 Unprocessable Entity"), quoted(GAMES[2]))
    collected = await day.poll(PROPS.name)
    assert (collected.refused, collected.alert, collected.parks) == (Outcome.BAD_REQUEST, True, False)
    day.provider.replies = props(*[http_reply(b"{}", "422 Unprocessable Entity")] * 3)
    assert (await day.poll(PROPS.name, AS_OF + timedelta(minutes=30))).parks


async def test_a_game_that_has_gone_is_asked_about_no_more_unless_a_person_wants_it(day: Day) -> None:
    (page_1, _), *others = offers(0, 1, 1), offers(1, 1, 1), offers(2, 1, 1)
    day.provider.replies = dict([(page_1, http_reply(b"{}", "404 Not Found")), *others])
    first = await day.poll(OFFERS)
    again = [await day.poll(OFFERS, AS_OF + timedelta(minutes=minutes)) for minutes in (30, 60)]
    names = ("outcome", "refused", "use_fallback", "missing_games")
    assert [getattr(first, of) for of in names] == [Outcome.PARTIAL, Outcome.GONE, True, (GAMES[0].game_id,)]
    assert [[getattr(poll, of) for of in names] for poll in again] == [[getattr(first, of) for of in names]] * 2
    assert len([asked for asked in day.provider.received if asked.target == page_1]) == 1
    day.provider.replies |= dict([offers(0, 1, 1)])
    assert (await day.poll(OFFERS, AS_OF + timedelta(minutes=90), force=True)).missing_games == ()


async def test_a_list_of_two_teams_that_was_not_found_is_asked_for_again(day: Day) -> None:
    """Only an event has an end: injuries are asked for by no id that could have gone."""
    day.provider.replies = {"/api.balldontlie.io/v1/player_injuries": NOT_FOUND}
    assert (await day.poll("bdl_injuries")).outcome is Outcome.GONE
    day.provider.received.clear()
    await day.poll("bdl_injuries", AS_OF + timedelta(hours=1))
    assert len(day.provider.received) == len(GAMES)


async def test_a_provider_that_blocks_is_left_alone_as_long_as_its_network_is_known_to_be_cross(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: DENIED}
    assert (await day.poll("nbac_scoreboard")).retry_at == AS_OF + NBA_CDN.rate_limit.cooldown


@pytest.mark.parametrize(
    ("reply", "cooldown"),
    [
        (DENIED, timedelta(minutes=30)),
        (http_reply(b"", "429 Too Many Requests"), timedelta(minutes=5)),
        (http_reply(b"", "429 Too Many Requests", Retry_After="90"), timedelta(seconds=90)),
        (http_reply(b"", "403 Forbidden", Retry_After="7200"), timedelta(hours=2)),
    ],
)
async def test_a_provider_that_wants_to_be_left_alone_is_for_as_long_as_it_says_or_as_is_usual(
    day: Day, reply: Reply, cooldown: timedelta
) -> None:
    day.provider.replies = props(quoted(GAMES[0]), reply, quoted(GAMES[2]))
    assert (await day.poll(PROPS.name)).retry_at == AS_OF + cooldown


@pytest.mark.parametrize(("seconds", "at_once"), [(90, False), (7200, True)])
async def test_who_stands_in_is_asked_at_once_where_a_provider_wants_a_long_rest(
    day: Day, seconds: int, at_once: bool
) -> None:
    throttled = http_reply(b"", "429 Too Many Requests", Retry_After=str(seconds))
    day.provider.replies = props(throttled, throttled, throttled)
    assert (await day.poll(PROPS.name)).use_fallback is at_once


async def test_the_same_answers_make_the_same_batch_when_a_day_is_done_again(day: Day) -> None:
    backwards = SLATE.model_copy(update={"games": tuple(reversed(GAMES))})
    day.provider.replies = props(*(quoted(game) for game in GAMES))
    collected = await day.poll(PROPS.name, slate=backwards)
    records = day.landing.records(PROPS.name, SLATE.game_date)
    assert land_batch(day.landing, PROPS.name, SLATE.game_date, records) == collected.batch_key


async def test_the_manifest_of_another_look_is_not_read(day: Day) -> None:
    """Where no answer of it may serve again."""
    (request,) = LINES.requests(SLATE, AS_OF, {})
    day.provider.replies = {f"/{request.host}{request.path}": http_reply(b"[]")}
    await day.poll(LINES.name)
    (damaged,) = (day.root / "manifest").rglob("*.json")
    damaged.write_text("{")
    later = await day.poll(LINES.name, AS_OF + timedelta(minutes=30))
    assert later.outcome is Outcome.NOT_PUBLISHED_YET


async def test_however_much_a_provider_says_a_reason_stays_short(day: Day) -> None:
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/odds"
    endless = [{"id": "1", "sport_key": "x" * 1_000_000}]
    day.provider.replies = {path: http_reply(json.dumps(endless).encode())}
    collected = await day.poll(LINES.name)
    assert collected.outcome is Outcome.WRONG_TYPE
    assert len(collected.reason) < 700


async def test_a_second_try_at_the_same_moment_asks_only_for_what_is_not_there(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), ERROR, quoted(GAMES[2]))
    first = await day.poll(PROPS.name)
    day.provider.replies = props(quoted(GAMES[0]), quoted(GAMES[1]), quoted(GAMES[2]))
    day.provider.received.clear()
    second = await day.poll(PROPS.name)
    assert [asked.target.split("/")[6] for asked in day.provider.received] == ["event-LAL@IND"]
    assert (first.outcome, second.outcome) == (Outcome.PARTIAL, Outcome.OK)
    assert (second.requests, second.new_objects) == (3, 1)
    assert [item.game_id for item in day.batch(second).items] == list(IDS)


async def test_a_later_look_at_unchanged_answers_lands_nothing_and_has_the_same_batch(day: Day) -> None:
    day.provider.replies = props(*(quoted(game) for game in GAMES))
    first = await day.poll(PROPS.name)
    objects = {file for file in day.files() if file.startswith("raw/")}
    later = await day.poll(PROPS.name, AS_OF + timedelta(minutes=30))
    assert len(day.provider.received) == 6
    assert (later.new_objects, later.batch_key) == (0, first.batch_key)
    assert {file for file in day.files() if file.startswith("raw/")} == objects
    assert len(day.landing.records(PROPS.name, SLATE.game_date)) == 6


async def test_the_second_choice_is_asked_only_when_the_first_is_not_there(day: Day) -> None:
    newest, before = (f"/{INJURIES.provider.host}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = {newest: DENIED, before: report_of("01:30 PM")}
    collected = await day.poll(INJURIES.name)
    assert (collected.outcome, collected.requests) == (Outcome.OK, 1)
    assert [asked.target.rpartition("_")[2] for asked in day.provider.received] == ["02PM.pdf", "01PM.pdf"]
    day.provider.replies[newest] = report_of("02:30 PM")
    day.provider.received.clear()
    later = await day.poll(INJURIES.name, AS_OF + timedelta(minutes=1))
    assert len(day.provider.received) == 1
    assert day.batch(later).items[0].part == "2024-03-29_02PM"


@pytest.mark.parametrize(
    "reply",
    [DENIED, http_reply(b"", "429 Too Many Requests", Retry_After="7200")],
    ids=["blocked", "throttled"],
)
async def test_a_host_that_refuses_does_not_keep_another_hosts_choice_from_being_asked(day: Day, reply: Reply) -> None:
    schedule = SOURCES["nbac_schedule"]
    first, second = (f"/{request.host}{request.path}" for request in schedule.requests(SLATE, AS_OF, {}))
    league = {"leagueId": "00", "seasonYear": "2023-24", "gameDates": [{"games": []}]}
    day.provider.replies = {first: reply, second: http_reply(json.dumps({"leagueSchedule": league}).encode())}
    assert (await day.poll(schedule.name)).outcome is Outcome.OK
    in_cooldown = await day.poll(schedule.name, AS_OF + timedelta(minutes=30), rate_limiter=Closed("cdn.nba.com"))
    assert in_cooldown.outcome is Outcome.OK
    assert [asked.target.split("/")[1] for asked in day.provider.received] == [
        "cdn.nba.com",
        "stats.nba.com",
        "stats.nba.com",
    ]


def schedule_of(*times: str) -> Reply:
    """A season's schedule with tonight's games at these times."""
    games = [
        {
            "gameId": game.game_id,
            "gameStatus": 1,
            "gameStatusText": "7:00 pm ET",
            "gameDateTimeUTC": time,
            "homeTeam": {"teamId": int(TEAMS[game.home].nba_id)},
            "awayTeam": {"teamId": int(TEAMS[game.away].nba_id)},
        }
        for game, time in zip(GAMES, times, strict=True)
    ]
    dates = [{"gameDate": "03/29/2024 00:00:00", "games": games}]
    league = {"leagueId": "00", "seasonYear": "2023-24", "gameDates": dates}
    return http_reply(json.dumps({"leagueSchedule": league}).encode())


GOOD_TIME, NO_TIME = "2024-03-29T23:00:00Z", ""
WHOLE, PARTIAL, UNREADABLE = (schedule_of(*[NO_TIME] * odd, *[GOOD_TIME] * (3 - odd)) for odd in (0, 1, 2))


@pytest.mark.parametrize(
    ("first", "second", "outcome", "read"),
    [
        (WHOLE, WHOLE, Outcome.OK, 1),
        (UNREADABLE, WHOLE, Outcome.OK, 2),
        (PARTIAL, WHOLE, Outcome.OK, 2),
        (PARTIAL, UNREADABLE, Outcome.PARTIAL, 1),
        (UNREADABLE, PARTIAL, Outcome.PARTIAL, 2),
        (PARTIAL, ERROR, Outcome.PARTIAL, 1),
        (UNREADABLE, UNREADABLE, Outcome.WRONG_TYPE, None),
    ],
)
async def test_the_other_address_is_polled_at_once_when_games_of_tonight_are_unreadable(
    day: Day, first: Reply, second: Reply, outcome: Outcome, read: int | None
) -> None:
    schedule = SOURCES["nbac_schedule"]
    requests = schedule.requests(SLATE, AS_OF, {})
    replies = zip(requests, (first, second), strict=True)
    day.provider.replies = {f"/{request.host}{request.path}": reply for request, reply in replies}
    collected = await day.poll(schedule.name)
    assert collected.outcome is outcome
    assert len(day.provider.received) == (1 if first is WHOLE else 2)
    assert collected.use_fallback is (read is None)
    if read:
        assert [item.part for item in day.batch(collected).items] == [requests[read - 1].part]


async def test_neither_choice_there_is_a_wait(day: Day) -> None:
    paths = (f"/ak-static.cms.nba.com{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = dict(zip(paths, (DENIED, http_reply(b"", "404 Not Found")), strict=True))
    collected = await day.poll(INJURIES.name)
    assert (collected.outcome, collected.batch_key) == (Outcome.NOT_PUBLISHED_YET, None)


async def test_the_second_choice_denied_too_which_was_out_is_a_block(day: Day) -> None:
    paths = (f"/{INJURIES.provider.host}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = dict.fromkeys(paths, DENIED)
    assert (await day.poll(INJURIES.name)).outcome is Outcome.BLOCKED


@pytest.mark.parametrize("broken", [http_reply(b"%PDF-1.4 nonsense %%EOF"), report_of("12:30 PM")])
async def test_the_second_choice_is_asked_when_the_first_is_broken_or_old(day: Day, broken: Reply) -> None:
    newest, before = (f"/{INJURIES.provider.host}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = {newest: broken, before: report_of("01:30 PM")}
    collected = await day.poll(INJURIES.name)
    assert (collected.outcome, day.batch(collected).items[0].part) == (Outcome.OK, "2024-03-29_01PM")


async def test_the_newest_injury_report_is_read_although_a_row_of_it_is_unreadable(day: Day) -> None:
    game = ("03/29/2024", "07:00 (ET)", "GSW@CHA")
    rows = [(*game, team, "Vale, Orin", "Out", "Illness") for team in ("Golden State Warriors", "Wanderers")]
    newest, before = (f"/{INJURIES.provider.host}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    partial = http_reply(injury_report(rows, "03/29/24 02:30 PM"))
    day.provider.replies = {newest: partial, before: report_of("01:30 PM")}
    collected = await day.poll(INJURIES.name)
    assert (collected.outcome, day.batch(collected).items[0].part) == (Outcome.PARTIAL, "2024-03-29_02PM")
    assert len(day.provider.received) == 1


async def test_a_refused_answer_is_kept_as_evidence_unless_it_is_large(day: Day) -> None:
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/odds"
    page = b"<html>who are you?</html>"
    for body, kept in ((page, True), (page.ljust(EVIDENCE_CAP_BYTES + 1), False)):
        day.provider.replies = {path: http_reply(body)}
        collected = await day.poll(LINES.name, AS_OF + timedelta(minutes=kept))
        assert (collected.outcome, collected.batch_key) == (Outcome.WRONG_TYPE, None)
    large, small = sorted(day.landing.records(LINES.name, SLATE.game_date), key=lambda record: -record.bytes)
    assert (large.key, large.bytes) == (None, EVIDENCE_CAP_BYTES + 1)
    assert small.key is not None
    assert small.key.endswith(".html")
    assert day.landing.get(small.key) == page


async def test_a_needed_field_of_another_type_is_told_with_its_path_and_the_landed_file_however_large(day: Day) -> None:
    season = {"leagueSchedule": {"leagueId": "00", "seasonYear": 2023, "weeks": "x" * EVIDENCE_CAP_BYTES}}
    body = json.dumps(season).encode()
    paths = ("/cdn.nba.com/static/json/staticData/scheduleLeagueV2.json", "/stats.nba.com/stats/scheduleleaguev2int")
    day.provider.replies = {path: http_reply(body) for path in paths}
    collected = await day.poll("nbac_schedule")
    (first, _) = sorted(day.landing.records("nbac_schedule", SLATE.game_date), key=lambda record: record.url)
    assert first.key is not None
    assert day.landing.get(first.key) == body
    assert (collected.outcome, collected.batch_key) == (Outcome.WRONG_TYPE, None)
    assert (
        "nbac_schedule: $.leagueSchedule.seasonYear: is an integer, expected text" in collected.reason[:REASON_LENGTH]
    )
    assert first.key in collected.reason[:REASON_LENGTH]


async def test_a_body_over_the_cap_is_no_answer_and_is_not_kept(day: Day) -> None:
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/odds"
    day.provider.replies = {path: http_reply(b"[" + b" " * 3_000_000 + b"]")}
    collected = await day.poll(LINES.name)
    assert collected.outcome is Outcome.WRONG_TYPE
    assert "more than 3,000,000 bytes, the cap" in collected.reason
    assert not any(file.startswith("raw/") for file in day.files())


async def test_bodies_over_the_cap_one_after_the_other_are_not_taken_for_silence(day: Day) -> None:
    endless = http_reply(b"[" + b" " * 3_000_000 + b"]")
    day.provider.replies = props(endless, endless, endless)
    collected = await day.poll(PROPS.name)
    assert (collected.outcome, len(day.provider.received)) == (Outcome.WRONG_TYPE, 2)
    assert "the response is of an unexpected kind" in collected.reason


async def test_the_manifest_names_the_question_and_the_answer(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0], ETag='"7"'), NOT_FOUND, hang)
    await day.poll(PROPS.name)
    usable, missing, silent = sorted(
        day.landing.records(PROPS.name, SLATE.game_date), key=lambda record: record.game_id or ""
    )
    assert usable.url == (
        "https://api.the-odds-api.com/v4/sports/basketball_nba/events/event-GSW@CHA/odds"
        "?regions=us&oddsFormat=american&dateFormat=iso&markets=player_points"
    )
    assert (usable.status, usable.etag, usable.fetched_at) == (200, '"7"', AS_OF)
    assert usable.key == f"raw/{PROPS.name}/2024-03-29/{usable.sha256}.json"
    assert (missing.status, missing.outcome) == (404, Outcome.NOT_PUBLISHED_YET)
    assert (silent.status, silent.key, silent.outcome) == (None, None, Outcome.PROVIDER_ERROR)


async def test_without_games_or_ids_nothing_is_asked(day: Day) -> None:
    no_games = await day.poll(ROSTERS.name, slate=Slate(game_date=SLATE.game_date))
    assert (no_games.outcome, no_games.requests) == (Outcome.EMPTY_OK, 0)
    unnamed = SLATE.model_copy(update={"games": (GAMES[0].model_copy(update={"game_id": "0022309999"}),)})
    no_ids = await day.poll(PROPS.name, slate=unnamed)
    assert no_ids.outcome is Outcome.NOT_PUBLISHED_YET
    assert no_ids.reason == "not polled yet: odds_api_events has no id of GSW@CHA"
    assert (await day.poll(PROPS.name, TIP_OFF)).outcome is Outcome.EMPTY_OK
    results = await day.poll("espn_boxscores", TIP_OFF + timedelta(hours=4), slate=unnamed)
    assert results.outcome is Outcome.NOT_PUBLISHED_YET
    assert results.reason == "not polled yet: espn_scoreboard has no id of GSW@CHA"
    assert day.provider.received == []


KILLED_BETWEEN = """
import asyncio, os, signal, sys
from tests.contract.fetching import test_collecting as here

class Dying(here.Landing):
    def record(self, record):
        if record.game_id == here.GAMES[1].game_id:
            os.kill(os.getpid(), signal.SIGKILL)
        super().record(record)

async def main():
    async with here.running(here.LocalProvider()) as provider:
        provider.replies = here.props(*(here.quoted(game) for game in here.GAMES))
        day = here.Day(provider, here.Path(sys.argv[1]))
        day.landing = Dying(here.FolderStore(day.root))
        await day.poll(here.PROPS.name)

asyncio.run(main())
"""


async def test_a_worker_killed_between_body_and_manifest_line_goes_on_where_it_was(
    day: Day, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = Path(__file__).parents[3]
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_BETWEEN, str(day.root), cwd=project, env={**os.environ, "PYTHONPATH": str(project)}
    )
    assert await doomed.wait() == -signal.SIGKILL
    assert day.outcomes(PROPS.name) == [("GSW@CHA", Outcome.OK)]
    day.provider.replies = props(*(quoted(game) for game in GAMES))
    resumed = await day.poll(PROPS.name)
    assert [asked.target.split("/")[6] for asked in day.provider.received] == ["event-LAL@IND", "event-LAC@ORL"]
    assert resumed.new_objects == 1
    undisturbed = Day(day.provider, tmp_path_factory.mktemp("undisturbed"))
    assert (await undisturbed.poll(PROPS.name)).batch_key == resumed.batch_key
    assert undisturbed.files() == day.files()


class Purse(Unlimited):
    """Slots at a provider that is paid."""

    def __init__(self, spare: int) -> None:
        self._budget = Budget(credits_left=50 + spare, monthly_credits=500, days_left=4, days=30)

    async def budget(self, host: str) -> Budget | None:
        return self._budget


NEAR_TIP = TIP_OFF - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("spare", "as_of", "force", "asked"),
    [
        (50, AS_OF + timedelta(minutes=30), False, 0),
        (2, NEAR_TIP, False, 2),
        (0, NEAR_TIP, False, 0),
        (0, AS_OF + timedelta(minutes=30), True, 3),
    ],
    ids=["not near the tip", "as far as the credits go", "not without credits", "whenever a person wants it"],
)
async def test_paid_answers_stand_until_asking_again_is_worth_its_price(
    day: Day, spare: int, as_of: datetime, force: bool, asked: int
) -> None:
    day.provider.replies = props(*map(quoted, GAMES))
    first = await day.poll(PROPS.name, rate_limiter=Purse(0))
    assert len(day.provider.received) == 3, "what was not had yet is asked whatever other days may want"
    day.provider.received.clear()
    again = await day.poll(PROPS.name, as_of, rate_limiter=Purse(spare), force=force)
    assert len(day.provider.received) == asked
    assert (again.outcome, again.missing_games) == (Outcome.OK, ())
    assert (again.batch_key == first.batch_key) is (not asked), "a batch says when each of its answers came"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (http_reply(b'{"events": "elsewhere"}'), Outcome.WRONG_TYPE),
        (http_reply(b"[" + b" " * 3_000_000 + b"]"), Outcome.WRONG_TYPE),
        (quoted(GAMES[0].model_copy(update={"home": "LAL", "away": "IND"})), Outcome.WRONG_TYPE),
    ],
    ids=["a field less", "over the cap", "of another game"],
)
async def test_a_paid_answer_that_cannot_be_used_is_not_bought_again_at_every_look(
    day: Day, reply: Reply, outcome: Outcome
) -> None:
    day.provider.replies = props(quoted(GAMES[0]), quoted(GAMES[1]), reply)
    first = await day.poll(PROPS.name, rate_limiter=Purse(0))
    day.provider.received.clear()
    later = await day.poll(PROPS.name, AS_OF + timedelta(minutes=30), rate_limiter=Purse(0))
    assert day.provider.received == []
    names = ("outcome", "refused", "reason", "alert", "use_fallback", "missing_games", "batch_key")
    assert [getattr(later, of) for of in names] == [getattr(first, of) for of in names]
    assert (later.refused, later.missing_games) == (outcome, (GAMES[2].game_id,))


async def test_a_game_with_few_players_quoted_is_told_and_asked_again_once_that_can_be_paid(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), quoted(GAMES[1], players=3), quoted(GAMES[2]))
    first = await day.poll(PROPS.name, rate_limiter=Purse(0))
    assert (first.outcome, first.missing_games) == (Outcome.PARTIAL, ())
    assert "partial: LAL@IND (LAL@IND: lines for 3 players)" in first.reason
    day.provider.received.clear()
    await day.poll(PROPS.name, AS_OF + timedelta(hours=2), rate_limiter=Purse(4))
    assert [IDS[GAMES[1].game_id] in asked.target for asked in day.provider.received] == [True]


async def test_a_game_whose_lines_were_not_out_is_asked_alone(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), NOT_FOUND, quoted(GAMES[2]))
    await day.poll(PROPS.name, rate_limiter=Purse(0))
    day.provider.received.clear()
    day.provider.replies = props(*map(quoted, GAMES))
    half_past = AS_OF + timedelta(minutes=30)
    later = await day.poll(PROPS.name, half_past, rate_limiter=Purse(0))
    assert [IDS[GAMES[1].game_id] in asked.target for asked in day.provider.received] == [True]
    assert later.outcome is Outcome.OK
    assert [item.fetched_at for item in day.batch(later).items] == [AS_OF, half_past, AS_OF]
    last = await day.poll(PROPS.name, AS_OF + timedelta(hours=1), rate_limiter=Purse(0))
    assert last.batch_key == later.batch_key, "what nothing was added to is not read again"


async def test_people_are_warned_before_the_months_credits_are_spent(day: Day) -> None:
    day.provider.replies = props(*map(quoted, GAMES))
    collected = await day.poll(PROPS.name, rate_limiter=Purse(0))
    assert collected.credits_warning == "450 of the month's 500 credits used, 4 days left"
    assert (await day.poll(PROPS.name)).credits_warning == "", "where nothing is counted nobody is warned"


SCOREBOARD = "/cdn.nba.com/static/json/liveData/scoreboard/todaysScoreboard_00.json"
SCORES = json.dumps({"scoreboard": {"gameDate": "2024-03-29", "leagueId": "00", "games": []}}).encode()


async def test_an_answer_that_has_not_changed_is_not_sent_again_and_the_landed_one_stands(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: http_reply(SCORES, ETag='"one"')}
    first = await day.poll("nbac_scoreboard")
    day.provider.replies = {SCOREBOARD: http_reply(b"", "304 Not Modified", Content_Encoding="gzip")}
    polls = [await day.poll("nbac_scoreboard", AS_OF + timedelta(minutes=minutes)) for minutes in (3, 6)]
    assert [asked.headers.get("if-none-match") for asked in day.provider.received] == [None, '"one"', '"one"']
    names = ("outcome", "reason", "batch_key")
    assert [[getattr(poll, of) for of in names] for poll in polls] == [[getattr(first, of) for of in names]] * 2
    assert [poll.new_objects for poll in polls] == [0, 0]
    records = day.landing.records("nbac_scoreboard", SLATE.game_date)
    assert [record.status for record in records] == [200, 304, 304]
    assert len({record.key for record in records}) == 1


async def test_only_a_whole_answer_of_a_provider_that_honours_it_is_named_as_known(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: http_reply(b"busy", "503 Service Unavailable", ETag='"busy"', Retry_After="60")}
    await day.poll("nbac_scoreboard")
    day.provider.replies |= props(*(quoted(game, ETag='"odds"') for game in GAMES))
    for minutes in (3, 6):
        await day.poll(PROPS.name, AS_OF + timedelta(minutes=minutes), rate_limiter=Purse(0), force=True)
        await day.poll("nbac_scoreboard", AS_OF + timedelta(minutes=minutes))
    assert not any("if-none-match" in asked.headers for asked in day.provider.received)


ODD_ETAGS = ["é", '"é"', "unquoted", '"a"b"', 'w/"1"', '"', '"' + "x" * 300 + '"', '"a b"', '"1", "2"']


@pytest.mark.parametrize("etag", ODD_ETAGS)
async def test_an_ill_formed_etag_is_not_kept_and_the_host_is_polled_on(day: Day, etag: str) -> None:
    day.provider.replies = {SCOREBOARD: http_reply(SCORES, ETag=etag)}
    polls = [await day.poll("nbac_scoreboard", AS_OF + timedelta(minutes=minutes)) for minutes in (0, 3)]
    entries = (day.root / "manifest" / "nbac_scoreboard").rglob("*.json")
    assert [json.loads(entry.read_bytes())["etag"] for entry in entries] == [None, None]
    assert ["if-none-match" in asked.headers for asked in day.provider.received] == [False, False]
    assert polls[0].outcome is polls[1].outcome


async def test_an_ill_formed_etag_of_an_earlier_manifest_is_ignored(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: http_reply(SCORES, ETag='"one"')}
    first = await day.poll("nbac_scoreboard")
    (entry,) = (day.root / "manifest" / "nbac_scoreboard").rglob("*.json")
    entry.write_text(entry.read_text().replace('\\"one\\"', "ü"))
    assert "ü" in entry.read_text()
    later = await day.poll("nbac_scoreboard", AS_OF + timedelta(minutes=3))
    assert later.outcome is first.outcome
    assert "if-none-match" not in day.provider.received[-1].headers


@pytest.mark.parametrize("etag", ['"one"', 'W/"one"', '""', '"5f-\\!#~"'])
async def test_a_well_formed_etag_is_sent_back(day: Day, etag: str) -> None:
    day.provider.replies = {SCOREBOARD: http_reply(SCORES, ETag=etag)}
    for minutes in (0, 3):
        await day.poll("nbac_scoreboard", AS_OF + timedelta(minutes=minutes))
    assert day.provider.received[-1].headers["if-none-match"] == etag


async def test_not_modified_is_no_answer_for_whoever_has_none(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: http_reply(b"", "304 Not Modified")}
    assert (await day.poll("nbac_scoreboard")).outcome is Outcome.WRONG_TYPE


async def test_a_refused_answer_too_large_to_be_kept_is_not_named_as_known(day: Day) -> None:
    page = b"<html>" + b" " * EVIDENCE_CAP_BYTES
    day.provider.replies = {SCOREBOARD: http_reply(page, ETag='"large"')}
    polls = [await day.poll("nbac_scoreboard", AS_OF + timedelta(minutes=minutes)) for minutes in (0, 3)]
    assert ["if-none-match" in asked.headers for asked in day.provider.received] == [False, False]
    assert [poll.outcome for poll in polls] == [Outcome.WRONG_TYPE, Outcome.WRONG_TYPE]


async def test_a_question_answered_at_a_second_try_is_had_when_the_day_is_done_again(day: Day) -> None:
    day.provider.replies = props(ERROR, ERROR, ERROR)
    with pytest.raises(TransportFault):
        await day.poll(PROPS.name)
    day.provider.replies = props(*map(quoted, GAMES))
    collected = await day.poll(PROPS.name)
    records = day.landing.records(PROPS.name, SLATE.game_date)
    assert land_batch(day.landing, PROPS.name, SLATE.game_date, records) == collected.batch_key


@pytest.mark.parametrize("odd", ["a\nb", "../../account", "é", ""])
async def test_an_odd_id_costs_its_game_only(day: Day, monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    day.provider.replies = props(*map(quoted, GAMES))
    monkeypatch.setitem(IDS, GAMES[1].game_id, odd)
    collected = await day.poll(PROPS.name)
    assert [item.game_id for item in day.batch(collected).items] == [GAMES[0].game_id, GAMES[2].game_id]
    assert len(day.provider.received) == 2


async def test_requests_that_cannot_be_sent_are_bad_requests_and_not_silence(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ["/v4/../a", "/v4/../b", "/fine"]
    requests = tuple(
        Request(host=PROPS.provider.host, path=path, game_id=game.game_id, part=game.label)
        for game, path in zip(GAMES, paths, strict=True)
    )
    monkeypatch.setattr(type(PROPS), "requests", lambda *_: requests)
    day.provider.replies = {"/api.the-odds-api.com/fine": quoted(GAMES[2])}
    collected = await day.poll(PROPS.name)
    assert (collected.outcome, collected.refused, collected.parks) == (Outcome.PARTIAL, Outcome.BAD_REQUEST, False)
    assert collected.missing_games == (GAMES[0].game_id, GAMES[1].game_id)
