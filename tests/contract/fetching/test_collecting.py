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

import pytest

from tests.support.local_provider import LocalProvider, Reply, answer, hang, running
from tests.support.made_answers import injury_report
from tipoff.collecting import EVIDENCE_CAP_BYTES, Collected, collect, land_batch
from tipoff.errors import TransportFault
from tipoff.landing.base import Batch
from tipoff.landing.local import LocalLanding
from tipoff.settings import load_settings
from tipoff.sources.base import Slate
from tipoff.sources.budget import Budget
from tipoff.sources.fetcher import Fetcher, TimeOuts
from tipoff.sources.manners import Free, Slots
from tipoff.sources.outcomes import DECISIONS
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame

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
NOT_FOUND = answer(b'{"error_code": "EVENT_NOT_FOUND"}', "404 Not Found")
DENIED = answer(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "403 Forbidden")
ERROR = answer(b"oops", "500 Internal Server Error")


def report_of(time: str) -> Reply:
    """An injury report of the slate's date."""
    row = ("03/29/2024", "07:00 (ET)", "GSW@CHA", "Golden State Warriors", "", "", "NOT YET SUBMITTED")
    return answer(injury_report([row], f"03/29/24 {time}"))


def quoted(game: SlateGame, **headers: str) -> Reply:
    """An answer with one line of one book."""
    sides = [{"name": side, "description": "A Player", "price": -110, "point": 20.5} for side in ("Over", "Under")]
    market = {"key": "player_points", "last_update": "2024-03-29T19:00:00Z", "outcomes": sides}
    event = {
        "id": IDS[game.game_id],
        "sport_key": "basketball_nba",
        "commence_time": "2024-03-29T23:10:00Z",
        "home_team": NAMES[game.home],
        "away_team": NAMES[game.away],
        "bookmakers": [{"key": "draftkings", "title": "DraftKings", "markets": [market]}],
    }
    return answer(json.dumps(event).encode(), **headers)


def props(*replies: Reply) -> dict[str, Reply]:
    """What is answered about each game's event, in the slate's order."""
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/events/{}/odds"
    return {path.format(IDS[game.game_id]): reply for game, reply in zip(GAMES, replies, strict=True)}


class Day:
    """A server, a landing and a fetcher between them."""

    def __init__(self, provider: LocalProvider, root: Path) -> None:
        self.provider = provider
        self.root = root
        self.landing = LocalLanding(root)
        self.told: list[tuple[int, int]] = []

    async def look(
        self, name: str, as_of: datetime = AS_OF, slate: Slate = SLATE, slots: Slots | None = None, anew: bool = False
    ) -> Collected:
        settings = load_settings(environ={"TIPOFF_UPSTREAM": self.provider.url, "TIPOFF_BODY_CAP_BYTES": "3000000"})
        self.told.clear()
        async with Fetcher(settings, time_outs=TimeOuts(connect=1, read=0.3, total=2)) as fetcher:
            return await collect(
                SOURCES[name],
                slate,
                as_of,
                IDS,
                fetcher=fetcher,
                landing=self.landing,
                slots=slots or Free(),
                progress=lambda done, of: self.told.append((done, of)),
                anew=anew,
            )

    def batch(self, collected: Collected) -> Batch:
        assert collected.batch_key is not None
        return Batch.model_validate_json(self.landing.get(collected.batch_key))

    def outcomes(self, name: str) -> list[tuple[str, Outcome]]:
        return [(record.part, record.outcome) for record in self.landing.records(name, SLATE.game_date)]

    def files(self) -> set[str]:
        return {str(file.relative_to(self.root)) for file in self.root.rglob("*") if file.is_file()}


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    async with running(LocalProvider()) as provider:
        yield Day(provider, tmp_path)


async def test_a_whole_look_lands_every_answer_and_one_batch_that_lists_them(day: Day) -> None:
    day.provider.replies = props(
        *(quoted(game, X_Requests_Remaining=str(left)) for game, left in zip(GAMES, (40, 39, 38), strict=True))
    )
    collected = await day.look(PROPS.name)
    assert (collected.outcome, collected.reason) == (Outcome.OK, "3 of 3 answers usable")
    assert (collected.requests, collected.new_objects, collected.missing_games) == (3, 3, ())
    assert collected.credits_remaining == 38
    items = day.batch(collected).items
    assert [(item.game_id, item.part) for item in items] == [(game.game_id, game.label) for game in GAMES]
    assert all(day.landing.get(item.key) for item in items)
    assert day.told == [(1, 3), (2, 3), (3, 3)]


async def test_games_that_fail_are_named_and_the_others_kept(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), NOT_FOUND, ERROR)
    collected = await day.look(PROPS.name)
    assert collected.outcome is Outcome.PARTIAL
    assert collected.missing_games == (GAMES[1].game_id, GAMES[2].game_id)
    assert collected.reason == ("1 of 3 answers usable; not published yet: LAL@IND; provider error: LAC@ORL (HTTP 500)")
    assert [item.game_id for item in day.batch(collected).items] == [GAMES[0].game_id]


async def test_a_hang_on_one_game_costs_that_game_only(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), hang, quoted(GAMES[2]))
    collected = await day.look(PROPS.name)
    assert (collected.outcome, collected.missing_games) == (Outcome.PARTIAL, (GAMES[1].game_id,))
    assert "nothing came for 0.3 s" in collected.reason


@pytest.mark.parametrize("replies", [[ERROR] * 3, [hang, ERROR, hang]])
async def test_no_proper_answer_at_all_is_a_fault_to_try_again(day: Day, replies: Sequence[Reply]) -> None:
    day.provider.replies = props(*replies)
    with pytest.raises(TransportFault, match="odds_api_player_points_props 2024-03-29: no proper answer"):
        await day.look(PROPS.name)
    assert {outcome for _, outcome in day.outcomes(PROPS.name)} == {Outcome.PROVIDER_ERROR}


async def test_a_silent_provider_is_not_asked_for_the_whole_slate(day: Day) -> None:
    day.provider.replies = props(hang, hang, hang)
    with pytest.raises(TransportFault):
        await day.look(PROPS.name)
    assert len(day.provider.asked) == 2


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(b'{"error_code": "OUT_OF_USAGE_CREDITS"}', "401 Unauthorized"), Outcome.QUOTA_SPENT),
        (answer(b'{"error_code": "INVALID_KEY"}', "401 Unauthorized"), Outcome.BAD_KEY),
        (DENIED, Outcome.BLOCKED),
        (answer(b"", "429 Too Many Requests", Retry_After="90"), Outcome.THROTTLED),
    ],
)
async def test_a_refusal_that_stays_ends_the_asking(day: Day, reply: Reply, outcome: Outcome) -> None:
    day.provider.replies = props(reply, quoted(GAMES[1]), quoted(GAMES[2]))
    collected = await day.look(PROPS.name)
    assert len(day.provider.asked) == 1
    assert (collected.outcome, collected.batch_key) == (outcome, None)
    assert collected.missing_games == tuple(IDS)
    assert collected.reason.endswith(DECISIONS[outcome].advice)
    assert day.outcomes(PROPS.name) == [("GSW@CHA", outcome)]


def plays(*replies: Reply | None) -> dict[str, Reply]:
    """What is answered about each game's plays, in the slate's order; None: that it is over."""
    end = {"actionType": "period", "subType": "end", "period": 4, "scoreHome": "1", "scoreAway": "2", "isFieldGoal": 0}
    return {
        f"/{request.host}{request.path}": reply
        or answer(json.dumps({"game": {"gameId": request.game_id, "actions": [end]}}).encode())
        for request, reply in zip(PLAYS.requests(SLATE, ALL_OVER, {}), replies, strict=True)
    }


@pytest.mark.parametrize("place", range(3))
async def test_a_finished_game_denied_alone_is_not_there_and_the_others_are_asked_for(day: Day, place: int) -> None:
    day.provider.replies = plays(*(DENIED if game is GAMES[place] else None for game in GAMES))
    collected = await day.look(PLAYS.name, ALL_OVER)
    told = [Outcome.NOT_PUBLISHED_YET if game is GAMES[place] else Outcome.OK for game in GAMES]
    assert [outcome for _, outcome in day.outcomes(PLAYS.name)] == told
    assert (collected.outcome, collected.retry_at) == (Outcome.PARTIAL, None)
    assert collected.missing_games == (GAMES[place].game_id,)


async def test_the_last_game_that_is_missing_denied_again_closes_nothing(day: Day) -> None:
    day.provider.replies = plays(DENIED, None, None)
    only = SLATE.model_copy(update={"games": GAMES[:1]})
    collected = await day.look(PLAYS.name, ALL_OVER, only)
    assert (collected.outcome, collected.retry_at) == (Outcome.NOT_PUBLISHED_YET, None)


async def test_finished_games_denied_in_a_row_are_a_blocked_address(day: Day) -> None:
    day.provider.replies = plays(None, DENIED, DENIED)
    collected = await day.look(PLAYS.name, ALL_OVER)
    judged = [outcome for _, outcome in day.outcomes(PLAYS.name)]
    assert judged == [Outcome.OK, Outcome.NOT_PUBLISHED_YET, Outcome.BLOCKED]
    assert collected.refused is Outcome.BLOCKED
    assert collected.retry_at is not None
    day.provider.replies = plays(DENIED, DENIED, DENIED)
    day.provider.asked.clear()
    assert (await day.look(PLAYS.name, ALL_OVER + timedelta(hours=2))).outcome is Outcome.BLOCKED
    assert len(day.provider.asked) == 2


async def test_a_quota_spent_in_the_middle_of_a_look_is_told_and_parks_beside_what_came(day: Day) -> None:
    spent = answer(b'{"error_code": "OUT_OF_USAGE_CREDITS"}', "401 Unauthorized")
    day.provider.replies = props(quoted(GAMES[0]), spent, quoted(GAMES[2]))
    collected = await day.look(PROPS.name)
    assert (collected.outcome, collected.refused) == (Outcome.PARTIAL, Outcome.QUOTA_SPENT)
    assert (collected.alert, collected.parks) == (True, True)
    assert collected.reason == (
        "1 of 3 answers usable; quota spent: LAL@IND, LAC@ORL (HTTP 401: OUT_OF_USAGE_CREDITS); "
        "the month's credits are used up: buy credits or wait for the new month, then retry the step"
    )
    assert [item.game_id for item in day.batch(collected).items] == [GAMES[0].game_id]


async def test_one_question_that_is_not_understood_is_told_and_the_others_are_asked_again(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), answer(b"{}", "422 Unprocessable Entity"), quoted(GAMES[2]))
    collected = await day.look(PROPS.name)
    assert (collected.refused, collected.alert, collected.parks) == (Outcome.BAD_REQUEST, True, False)
    day.provider.replies = props(*[answer(b"{}", "422 Unprocessable Entity")] * 3)
    assert (await day.look(PROPS.name, AS_OF + timedelta(minutes=30))).parks


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        (DENIED, timedelta(minutes=30)),
        (answer(b"", "429 Too Many Requests"), timedelta(minutes=5)),
        (answer(b"", "429 Too Many Requests", Retry_After="90"), timedelta(seconds=90)),
        (answer(b"", "403 Forbidden", Retry_After="7200"), timedelta(hours=2)),
    ],
)
async def test_a_provider_that_wants_to_be_left_alone_is_for_as_long_as_it_says_or_as_is_usual(
    day: Day, reply: Reply, rest: timedelta
) -> None:
    day.provider.replies = props(quoted(GAMES[0]), reply, quoted(GAMES[2]))
    assert (await day.look(PROPS.name)).retry_at == AS_OF + rest


async def test_the_same_answers_make_the_same_batch_when_a_day_is_done_again(day: Day) -> None:
    backwards = SLATE.model_copy(update={"games": tuple(reversed(GAMES))})
    day.provider.replies = props(*(quoted(game) for game in GAMES))
    collected = await day.look(PROPS.name, slate=backwards)
    records = day.landing.records(PROPS.name, SLATE.game_date)
    assert land_batch(day.landing, PROPS.name, SLATE.game_date, records) == collected.batch_key


async def test_the_manifest_of_another_look_is_not_read(day: Day) -> None:
    day.provider.replies = props(*(quoted(game) for game in GAMES))
    await day.look(PROPS.name)
    (damaged, *_) = (day.root / "manifest").rglob("*.json")
    damaged.write_text("{")
    later = await day.look(PROPS.name, AS_OF + timedelta(minutes=30))
    assert later.outcome is Outcome.OK


async def test_however_much_a_provider_says_a_reason_stays_short(day: Day) -> None:
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/odds"
    endless = [{"id": "1", "sport_key": "x" * 1_000_000}]
    day.provider.replies = {path: answer(json.dumps(endless).encode())}
    collected = await day.look(LINES.name)
    assert collected.outcome is Outcome.WRONG_TYPE
    assert len(collected.reason) < 700


async def test_a_second_try_at_the_same_moment_asks_only_for_what_is_not_there(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), ERROR, quoted(GAMES[2]))
    first = await day.look(PROPS.name)
    day.provider.replies = props(quoted(GAMES[0]), quoted(GAMES[1]), quoted(GAMES[2]))
    day.provider.asked.clear()
    second = await day.look(PROPS.name)
    assert [asked.target.split("/")[6] for asked in day.provider.asked] == ["event-LAL@IND"]
    assert (first.outcome, second.outcome) == (Outcome.PARTIAL, Outcome.OK)
    assert (second.requests, second.new_objects) == (3, 1)
    assert [item.game_id for item in day.batch(second).items] == list(IDS)


async def test_a_later_look_at_unchanged_answers_lands_nothing_and_has_the_same_batch(day: Day) -> None:
    day.provider.replies = props(*(quoted(game) for game in GAMES))
    first = await day.look(PROPS.name)
    objects = {file for file in day.files() if file.startswith("raw/")}
    later = await day.look(PROPS.name, AS_OF + timedelta(minutes=30))
    assert len(day.provider.asked) == 6
    assert (later.new_objects, later.batch_key) == (0, first.batch_key)
    assert {file for file in day.files() if file.startswith("raw/")} == objects
    assert len(day.landing.records(PROPS.name, SLATE.game_date)) == 6


async def test_the_second_choice_is_asked_only_when_the_first_is_not_there(day: Day) -> None:
    newest, before = (f"/{INJURIES.provider}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = {newest: DENIED, before: report_of("01:30 PM")}
    collected = await day.look(INJURIES.name)
    assert (collected.outcome, collected.requests) == (Outcome.OK, 1)
    assert [asked.target.rpartition("_")[2] for asked in day.provider.asked] == ["02PM.pdf", "01PM.pdf"]
    day.provider.replies[newest] = report_of("02:30 PM")
    day.provider.asked.clear()
    later = await day.look(INJURIES.name, AS_OF + timedelta(minutes=1))
    assert len(day.provider.asked) == 1
    assert day.batch(later).items[0].part == "2024-03-29_02PM"


async def test_neither_choice_there_is_a_wait(day: Day) -> None:
    paths = (f"/ak-static.cms.nba.com{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = dict(zip(paths, (DENIED, answer(b"", "404 Not Found")), strict=True))
    collected = await day.look(INJURIES.name)
    assert (collected.outcome, collected.batch_key) == (Outcome.NOT_PUBLISHED_YET, None)


async def test_the_second_choice_denied_too_which_was_out_is_a_block(day: Day) -> None:
    paths = (f"/{INJURIES.provider}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = dict.fromkeys(paths, DENIED)
    assert (await day.look(INJURIES.name)).outcome is Outcome.BLOCKED


@pytest.mark.parametrize("broken", [answer(b"%PDF-1.4 nonsense %%EOF"), report_of("12:30 PM")])
async def test_the_second_choice_is_asked_when_the_first_is_broken_or_old(day: Day, broken: Reply) -> None:
    newest, before = (f"/{INJURIES.provider}{request.path}" for request in INJURIES.requests(SLATE, AS_OF, {}))
    day.provider.replies = {newest: broken, before: report_of("01:30 PM")}
    collected = await day.look(INJURIES.name)
    assert (collected.outcome, day.batch(collected).items[0].part) == (Outcome.OK, "2024-03-29_01PM")


async def test_a_refused_answer_is_kept_as_evidence_unless_it_is_large(day: Day) -> None:
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/odds"
    page = b"<html>who are you?</html>"
    for body, kept in ((page, True), (page.ljust(EVIDENCE_CAP_BYTES + 1), False)):
        day.provider.replies = {path: answer(body)}
        collected = await day.look(LINES.name, AS_OF + timedelta(minutes=kept))
        assert (collected.outcome, collected.batch_key) == (Outcome.WRONG_TYPE, None)
    large, small = sorted(day.landing.records(LINES.name, SLATE.game_date), key=lambda record: -record.bytes)
    assert (large.key, large.bytes) == (None, EVIDENCE_CAP_BYTES + 1)
    assert small.key is not None
    assert small.key.endswith(".html")
    assert day.landing.get(small.key) == page


async def test_a_body_over_the_cap_is_no_answer_and_is_not_kept(day: Day) -> None:
    path = "/api.the-odds-api.com/v4/sports/basketball_nba/odds"
    day.provider.replies = {path: answer(b"[" + b" " * 3_000_000 + b"]")}
    collected = await day.look(LINES.name)
    assert collected.outcome is Outcome.WRONG_TYPE
    assert "more than the cap of 3000000 bytes" in collected.reason
    assert not any(file.startswith("raw/") for file in day.files())


async def test_bodies_over_the_cap_one_after_the_other_are_not_taken_for_silence(day: Day) -> None:
    endless = answer(b"[" + b" " * 3_000_000 + b"]")
    day.provider.replies = props(endless, endless, endless)
    collected = await day.look(PROPS.name)
    assert (collected.outcome, len(day.provider.asked)) == (Outcome.WRONG_TYPE, 2)
    assert "not the kind of answer that is due" in collected.reason


async def test_the_manifest_names_the_question_and_the_answer(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0], ETag='"7"'), NOT_FOUND, hang)
    await day.look(PROPS.name)
    found, missing, silent = sorted(
        day.landing.records(PROPS.name, SLATE.game_date), key=lambda record: record.game_id or ""
    )
    assert found.url == (
        "https://api.the-odds-api.com/v4/sports/basketball_nba/events/event-GSW@CHA/odds"
        "?regions=us&oddsFormat=american&dateFormat=iso&markets=player_points"
    )
    assert (found.status, found.etag, found.fetched_at) == (200, '"7"', AS_OF)
    assert found.key == f"raw/{PROPS.name}/2024-03-29/{found.sha256}.json"
    assert (missing.status, missing.outcome) == (404, Outcome.NOT_PUBLISHED_YET)
    assert (silent.status, silent.key, silent.outcome) == (None, None, Outcome.PROVIDER_ERROR)


async def test_without_games_or_ids_nothing_is_asked(day: Day) -> None:
    no_games = await day.look(ROSTERS.name, slate=Slate(game_date=SLATE.game_date))
    assert (no_games.outcome, no_games.requests) == (Outcome.EMPTY_OK, 0)
    unnamed = SLATE.model_copy(update={"games": (GAMES[0].model_copy(update={"game_id": "0022309999"}),)})
    no_ids = await day.look(PROPS.name, slate=unnamed)
    assert no_ids.outcome is Outcome.NOT_PUBLISHED_YET
    assert no_ids.reason == "nothing to ask yet: odds_api_events has not named GSW@CHA"
    assert (await day.look(PROPS.name, TIP_OFF)).outcome is Outcome.EMPTY_OK
    assert day.provider.asked == []


KILLED_BETWEEN = """
import asyncio, os, signal, sys
from tests.contract.fetching import test_collecting as here

class Dying(here.LocalLanding):
    def record(self, record):
        if record.game_id == here.GAMES[1].game_id:
            os.kill(os.getpid(), signal.SIGKILL)
        super().record(record)

async def main():
    async with here.running(here.LocalProvider()) as provider:
        provider.replies = here.props(*(here.quoted(game) for game in here.GAMES))
        day = here.Day(provider, here.Path(sys.argv[1]))
        day.landing = Dying(day.root)
        await day.look(here.PROPS.name)

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
    resumed = await day.look(PROPS.name)
    assert [asked.target.split("/")[6] for asked in day.provider.asked] == ["event-LAL@IND", "event-LAC@ORL"]
    assert resumed.new_objects == 1
    undisturbed = Day(day.provider, tmp_path_factory.mktemp("undisturbed"))
    assert (await undisturbed.look(PROPS.name)).batch_key == resumed.batch_key
    assert undisturbed.files() == day.files()


class Purse(Free):
    """Slots at a provider that is paid."""

    def __init__(self, spare: int) -> None:
        self._budget = Budget(credits_left=50 + spare, monthly_credits=500, days_left=4, days=30)

    async def budget(self, host: str) -> Budget | None:
        return self._budget


NEAR_TIP = TIP_OFF - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("spare", "as_of", "anew", "asked"),
    [
        (50, AS_OF + timedelta(minutes=30), False, 0),
        (2, NEAR_TIP, False, 2),
        (0, NEAR_TIP, False, 0),
        (0, AS_OF + timedelta(minutes=30), True, 3),
    ],
    ids=["not near the tip", "as far as the credits go", "not without credits", "whenever a person wants it"],
)
async def test_paid_answers_stand_until_asking_again_is_worth_its_price(
    day: Day, spare: int, as_of: datetime, anew: bool, asked: int
) -> None:
    day.provider.replies = props(*map(quoted, GAMES))
    first = await day.look(PROPS.name, slots=Purse(0))
    assert len(day.provider.asked) == 3, "what was not had yet is asked whatever other days may want"
    day.provider.asked.clear()
    again = await day.look(PROPS.name, as_of, slots=Purse(spare), anew=anew)
    assert len(day.provider.asked) == asked
    assert (again.outcome, again.missing_games, again.batch_key) == (Outcome.OK, (), first.batch_key)


async def test_a_game_whose_lines_were_not_out_is_asked_alone(day: Day) -> None:
    day.provider.replies = props(quoted(GAMES[0]), NOT_FOUND, quoted(GAMES[2]))
    await day.look(PROPS.name, slots=Purse(0))
    day.provider.asked.clear()
    day.provider.replies = props(*map(quoted, GAMES))
    later = await day.look(PROPS.name, AS_OF + timedelta(minutes=30), slots=Purse(0))
    assert [IDS[GAMES[1].game_id] in asked.target for asked in day.provider.asked] == [True]
    assert (later.outcome, len(day.batch(later).items)) == (Outcome.OK, 3)


async def test_people_are_warned_before_the_months_credits_are_spent(day: Day) -> None:
    day.provider.replies = props(*map(quoted, GAMES))
    collected = await day.look(PROPS.name, slots=Purse(0))
    assert collected.warning == "450 of the month's 500 credits are used, 4 days left"
    assert (await day.look(PROPS.name)).warning == "", "where nothing is counted nobody is warned"


SCOREBOARD = "/cdn.nba.com/static/json/liveData/scoreboard/todaysScoreboard_00.json"
SCORES = json.dumps({"scoreboard": {"gameDate": "2024-03-29", "leagueId": "00", "games": []}}).encode()


async def test_an_answer_that_has_not_changed_is_not_sent_again_and_the_landed_one_stands(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: answer(SCORES, ETag='"one"')}
    first = await day.look("nbac_scoreboard")
    day.provider.replies = {SCOREBOARD: answer(b"", "304 Not Modified", Content_Encoding="gzip")}
    looks = [await day.look("nbac_scoreboard", AS_OF + timedelta(minutes=minutes)) for minutes in (3, 6)]
    assert [asked.headers.get("if-none-match") for asked in day.provider.asked] == [None, '"one"', '"one"']
    told = ("outcome", "reason", "batch_key")
    assert [[getattr(look, of) for of in told] for look in looks] == [[getattr(first, of) for of in told]] * 2
    assert [look.new_objects for look in looks] == [0, 0]
    records = day.landing.records("nbac_scoreboard", SLATE.game_date)
    assert [record.status for record in records] == [200, 304, 304]
    assert len({record.key for record in records}) == 1


async def test_only_a_whole_answer_of_a_provider_that_honours_it_is_named_as_known(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: answer(b"busy", "503 Service Unavailable", ETag='"busy"', Retry_After="60")}
    await day.look("nbac_scoreboard")
    day.provider.replies |= props(*(quoted(game, ETag='"odds"') for game in GAMES))
    for minutes in (3, 6):
        await day.look(PROPS.name, AS_OF + timedelta(minutes=minutes), slots=Purse(0), anew=True)
        await day.look("nbac_scoreboard", AS_OF + timedelta(minutes=minutes))
    assert not any("if-none-match" in asked.headers for asked in day.provider.asked)


async def test_not_modified_is_no_answer_for_whoever_has_none(day: Day) -> None:
    day.provider.replies = {SCOREBOARD: answer(b"", "304 Not Modified")}
    assert (await day.look("nbac_scoreboard")).outcome is Outcome.WRONG_TYPE
