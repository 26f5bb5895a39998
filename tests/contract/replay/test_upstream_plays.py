"""The plays of 2024-03-29, asked and read as the day does: what the archive counted, no more and no sooner."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import httpx
import polars as pl
import pytest

from devtools.recorded_responses import game, slate, utc
from tipoff.replay.archive import Archive
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Response, Row
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, Outcome

Ask = Callable[..., httpx.Response]

KNICKS_AT_SPURS = game("0022301070", "NYK@SAS", utc(2024, 3, 30, 0, 0))  # 126-130 in overtime, over at 22:32
TONIGHT = slate(utc(2024, 3, 29, 12, 0).date(), KNICKS_AT_SPURS)
NEXT_MORNING = "2024-03-30 09:00"

each_feed = pytest.mark.parametrize("name", ["nbac_play_by_play", "bigdataball_play_by_play"])


def asked(ask: Ask, name: str, at: str) -> Response:
    moment = datetime.fromisoformat(at).replace(tzinfo=EASTERN)
    (request,) = SOURCES[name].requests(TONIGHT, utc(2024, 3, 30, 12, 0), {})
    answer = ask(f"{request.host}{request.path}", at)
    return Response(status=answer.status_code, headers={}, body=answer.content, url=request.url, fetched_at=moment)


def outcome(ask: Ask, name: str, at: str) -> Outcome:
    (request,) = SOURCES[name].requests(TONIGHT, utc(2024, 3, 30, 12, 0), {})
    return SOURCES[name].judge(request, asked(ask, name, at), TONIGHT).outcome


def read(ask: Ask, name: str, at: str, archive: Archive) -> Reading:
    box = archive.player_box.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    players = tuple(
        KnownPlayer(player_id=player_id, player_name=player, team=team)
        for player_id, player, team in box.select("player_id", "player_name", "team").iter_rows()
    )
    context = ReadContext(
        slate=TONIGHT, as_of=utc(2024, 3, 30, 12, 0), game_id=KNICKS_AT_SPURS.game_id, players=players
    )
    return SOURCES[name].read(asked(ask, name, at).body, context)


@each_feed
def test_attempts_and_makes_by_player_and_zone_are_the_archives(ask: Ask, archive: Archive, name: str) -> None:
    rows = read(ask, name, NEXT_MORNING, archive).rows
    wanted = archive.shots_by_zone.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    assert counted(rows) == set(wanted.select("player_id", "team", "zone", "attempts", "made").iter_rows())


def counted(rows: Sequence[Row]) -> set[tuple[object, ...]]:
    tried = Counter((row["player_id"], row["team"], row["zone"]) for row in rows)
    made = Counter((row["player_id"], row["team"], row["zone"]) for row in rows if row["made"])
    return {(*key, attempts, made[key]) for key, attempts in tried.items()}


@each_feed
def test_as_many_makes_are_assisted_as_the_box_score_has_assists(ask: Ask, archive: Archive, name: str) -> None:
    rows = read(ask, name, NEXT_MORNING, archive).rows
    team_box = archive.team_box.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    assisted = Counter(row["team"] for row in rows if row["assisted"])
    assert assisted == dict(team_box.select("team", "ast").iter_rows())


@each_feed
def test_shots_are_spread_over_every_period_of_the_game(ask: Ask, archive: Archive, name: str) -> None:
    rows = read(ask, name, NEXT_MORNING, archive).rows
    by_period = Counter(row["period"] for row in rows)
    assert list(by_period) == [1, 2, 3, 4, 5]
    assert max(by_period[period] for period in range(1, 5)) - min(by_period[period] for period in range(1, 5)) <= 1
    assert [row["shot_number"] for row in rows] == sorted({row["shot_number"] for row in rows})


def test_plays_appear_as_the_game_runs_and_count_only_when_it_is_over(ask: Ask) -> None:
    moments = ("19:59", "20:30", "22:25", "22:31", "22:32")
    seen = [outcome(ask, "nbac_play_by_play", f"2024-03-29 {at}") for at in moments]
    assert seen == [Outcome.NOT_PUBLISHED_YET] * 4 + [Outcome.OK]
    sizes = [len(asked(ask, "nbac_play_by_play", f"2024-03-29 {at}").body) for at in moments]
    assert sizes == sorted(set(sizes))


def test_the_csv_of_a_game_is_there_four_hours_after_its_end(ask: Ask) -> None:
    moments = ("2024-03-29 19:00", "2024-03-29 22:40", "2024-03-30 02:31", "2024-03-30 02:32")
    seen = [outcome(ask, "bigdataball_play_by_play", at) for at in moments]
    assert seen == [Outcome.NOT_PUBLISHED_YET] * 3 + [Outcome.OK]


@pytest.mark.data
def test_the_csv_has_the_recorded_columns_in_their_order(ask: Ask, payloads: Path) -> None:
    recorded = (payloads / "nba_com/bigdataball_pbp_746cfbef.csv").read_bytes()
    replayed = asked(ask, "bigdataball_play_by_play", NEXT_MORNING).body
    assert replayed.splitlines()[0] == recorded.splitlines()[0]


def test_the_plays_of_a_game_nobody_knows_are_gone(ask: Ask) -> None:
    address = "cdn.nba.com/static/json/liveData/playbyplay/playbyplay_{}.json"
    assert ask(address.format("0022399999"), NEXT_MORNING).status_code == 404
    assert ask(address.format("0022301070"), "2024-03-29 12:00").status_code == 403


@each_feed
def test_an_empty_answer_about_a_game_that_is_over_is_suspicious(ask_with: Callable[[str], Ask], name: str) -> None:
    ask = ask_with(f'[[fault]]\nsource = "{name}"\nkind = "empty"\n')
    assert outcome(ask, name, NEXT_MORNING) is Outcome.SUSPICIOUSLY_EMPTY
