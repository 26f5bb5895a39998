"""The plays of 2024-03-29, requested and read by the source, equal the archive and appear in time."""

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

Get = Callable[..., httpx.Response]

KNICKS_AT_SPURS = game("0022301070", "NYK@SAS", utc(2024, 3, 30, 0, 0))  # 126-130 in overtime, over at 22:32
SLATE = slate(utc(2024, 3, 29, 12, 0).date(), KNICKS_AT_SPURS)
NEXT_MORNING = "2024-03-30 09:00"

each_feed = pytest.mark.parametrize("name", ["nbac_play_by_play", "bigdataball_play_by_play"])


def fetched(get: Get, name: str, at: str) -> Response:
    fetched_at = datetime.fromisoformat(at).replace(tzinfo=EASTERN)
    (request,) = SOURCES[name].requests(SLATE, utc(2024, 3, 30, 12, 0), {})
    response = get(f"{request.host}{request.path}", at)
    return Response(
        status=response.status_code, headers={}, body=response.content, url=request.url, fetched_at=fetched_at
    )


def outcome(get: Get, name: str, at: str) -> Outcome:
    (request,) = SOURCES[name].requests(SLATE, utc(2024, 3, 30, 12, 0), {})
    return SOURCES[name].judge(request, fetched(get, name, at), SLATE).outcome


def read(get: Get, name: str, at: str, archive: Archive) -> Reading:
    box = archive.player_box.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    players = tuple(
        KnownPlayer(player_id=player_id, player_name=player, team=team)
        for player_id, player, team in box.select("player_id", "player_name", "team").iter_rows()
    )
    context = ReadContext(slate=SLATE, as_of=utc(2024, 3, 30, 12, 0), game_id=KNICKS_AT_SPURS.game_id, players=players)
    return SOURCES[name].read(fetched(get, name, at).body, context)


@each_feed
def test_attempts_and_makes_by_player_and_zone_equal_the_archive(get: Get, archive: Archive, name: str) -> None:
    rows = read(get, name, NEXT_MORNING, archive).rows
    wanted = archive.shots_by_zone.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    assert counts_of(rows) == set(wanted.select("player_id", "team", "zone", "attempts", "made").iter_rows())


def counts_of(rows: Sequence[Row]) -> set[tuple[object, ...]]:
    attempted = Counter((row["player_id"], row["team"], row["zone"]) for row in rows)
    made = Counter((row["player_id"], row["team"], row["zone"]) for row in rows if row["made"])
    return {(*key, attempts, made[key]) for key, attempts in attempted.items()}


@each_feed
def test_assisted_makes_equal_the_assists_of_the_box_score(get: Get, archive: Archive, name: str) -> None:
    rows = read(get, name, NEXT_MORNING, archive).rows
    team_box = archive.team_box.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    assisted = Counter(row["team"] for row in rows if row["assisted"])
    assert assisted == dict(team_box.select("team", "ast").iter_rows())


@each_feed
def test_shots_are_spread_over_every_period_of_the_game(get: Get, archive: Archive, name: str) -> None:
    rows = read(get, name, NEXT_MORNING, archive).rows
    by_period = Counter(row["period"] for row in rows)
    assert list(by_period) == [1, 2, 3, 4, 5]
    assert max(by_period[period] for period in range(1, 5)) - min(by_period[period] for period in range(1, 5)) <= 1
    assert [row["shot_number"] for row in rows] == sorted({row["shot_number"] for row in rows})


def test_plays_appear_during_the_game_and_are_complete_when_it_is_final(get: Get) -> None:
    times = ("19:59", "20:30", "22:25", "22:31", "22:32")
    outcomes = [outcome(get, "nbac_play_by_play", f"2024-03-29 {at}") for at in times]
    assert outcomes == [Outcome.NOT_PUBLISHED_YET] * 4 + [Outcome.OK]
    sizes = [len(fetched(get, "nbac_play_by_play", f"2024-03-29 {at}").body) for at in times]
    assert sizes == sorted(set(sizes))


def test_the_csv_of_a_game_appears_four_hours_after_its_end(get: Get) -> None:
    times = ("2024-03-29 19:00", "2024-03-29 22:40", "2024-03-30 02:31", "2024-03-30 02:32")
    outcomes = [outcome(get, "bigdataball_play_by_play", at) for at in times]
    assert outcomes == [Outcome.NOT_PUBLISHED_YET] * 3 + [Outcome.OK]


@pytest.mark.data
def test_the_csv_has_the_recorded_columns_in_their_order(get: Get, payloads: Path) -> None:
    recorded = (payloads / "nba_com/bigdataball_pbp_746cfbef.csv").read_bytes()
    replayed = fetched(get, "bigdataball_play_by_play", NEXT_MORNING).body
    assert replayed.splitlines()[0] == recorded.splitlines()[0]


def test_the_plays_of_an_unknown_game_are_a_404(get: Get) -> None:
    address = "cdn.nba.com/static/json/liveData/playbyplay/playbyplay_{}.json"
    assert get(address.format("0022399999"), NEXT_MORNING).status_code == 404
    assert get(address.format("0022301070"), "2024-03-29 12:00").status_code == 403


@each_feed
def test_an_empty_response_for_a_final_game_is_suspicious(get_with: Callable[[str], Get], name: str) -> None:
    get = get_with(f'[[fault]]\nsource = "{name}"\nkind = "empty"\n')
    assert outcome(get, name, NEXT_MORNING) is Outcome.SUSPICIOUSLY_EMPTY
