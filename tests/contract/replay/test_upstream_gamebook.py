"""The gamebooks of 2024-03-29, requested and read by the source, equal the archive."""

from collections.abc import Callable
from datetime import datetime

import httpx
import polars as pl
import pytest

from devtools.recorded_responses import game, slate, utc
from tipoff.replay.archive import Archive
from tipoff.sources.base import Judgement, KnownPlayer, ReadContext, Reading, Response
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, Outcome

Get = Callable[..., httpx.Response]

SOURCE = SOURCES["nbac_gamebook_player_stats"]
KNICKS_AT_SPURS = game("0022301070", "NYK@SAS", utc(2024, 3, 30, 0, 0))  # 126-130 in overtime, over at 22:32
SLATE = slate(utc(2024, 3, 29, 12, 0).date(), KNICKS_AT_SPURS)
NEXT_MORNING = "2024-03-30 09:00"
_STATUSES = {"PLAYED": "played", "DNP": "dnp", "DID_NOT_DRESS": "dnp", "NOT_WITH_TEAM": "not_with_team"}


def fetched(get: Get, at: str) -> Response:
    (request,) = SOURCE.requests(SLATE, utc(2024, 3, 30, 12, 0), {})
    response = get(f"{request.host}{request.path}", at)
    fetched_at = datetime.fromisoformat(at).replace(tzinfo=EASTERN)
    return Response(
        status=response.status_code, headers={}, body=response.content, url=request.url, fetched_at=fetched_at
    )


def judged(get: Get, at: str) -> Judgement:
    (request,) = SOURCE.requests(SLATE, utc(2024, 3, 30, 12, 0), {})
    return SOURCE.judge(request, fetched(get, at), SLATE)


@pytest.fixture(scope="module")
def listed(archive: Archive) -> pl.DataFrame:
    return archive.availability.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)


@pytest.fixture(scope="module")
def reading(get: Get, listed: pl.DataFrame) -> Reading:
    players = tuple(
        KnownPlayer(player_id=player_id, player_name=name, team=team)
        for player_id, name, team in listed.select("player_id", "player_name", "team").iter_rows()
    )
    context = ReadContext(slate=SLATE, as_of=utc(2024, 3, 30, 13, 0), game_id=KNICKS_AT_SPURS.game_id, players=players)
    return SOURCE.read(fetched(get, NEXT_MORNING).body, context)


def test_minutes_points_and_starters_are_those_of_the_box_score(reading: Reading, archive: Archive) -> None:
    box = archive.player_box.filter(pl.col("game_id") == KNICKS_AT_SPURS.game_id)
    wanted = {
        player_id: (minutes, points, starter)
        for player_id, minutes, points, starter in box["player_id", "minutes", "points", "starter"].rows()
    }
    played = {row["player_id"]: row for row in reading.rows if row["status"] == "played"}
    assert played.keys() == wanted.keys()
    for player_id, (minutes, points, starter) in wanted.items():
        assert played[player_id]["minutes"] == pytest.approx(minutes, abs=1 / 60)
        assert (played[player_id]["points"], played[player_id]["starter"]) == (points, starter)


def test_every_listed_player_has_a_row_with_his_status(reading: Reading, listed: pl.DataFrame) -> None:
    assert {(row["player_id"], row["team"], row["status"]) for row in reading.rows} == {
        (player_id, team, _STATUSES.get(status, "inactive"))
        for player_id, team, status in listed["player_id", "team", "status"].rows()
    }
    assert (reading.unresolved, reading.rejected) == ((), {})


def test_the_gamebook_appears_half_an_hour_after_the_end(get: Get) -> None:
    times = ("2024-03-29 19:00", "2024-03-29 22:32", "2024-03-29 23:01", "2024-03-29 23:02")
    assert [judged(get, at).outcome for at in times] == [Outcome.NOT_PUBLISHED_YET] * 3 + [Outcome.OK]


@pytest.mark.parametrize(
    "address", ["20240329/20240329_SASNYK", "20240328/20240328_NYKSAS", "20241399/20241399_NYKSAS"]
)
def test_an_unknown_game_has_no_gamebook(get: Get, address: str) -> None:
    assert get(f"statsdmz.nba.com/pdfs/{address}.pdf", NEXT_MORNING).status_code == 404


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ('kind = "empty"', Outcome.SUSPICIOUSLY_EMPTY),
        ('kind = "partial_slate"\ngames = ["NYK@SAS"]', Outcome.NOT_PUBLISHED_YET),
        ('kind = "html_page"', Outcome.WRONG_TYPE),
        ('kind = "stale"', Outcome.NOT_PUBLISHED_YET),
    ],
)
def test_faults_lead_to_the_expected_outcomes(get_with: Callable[[str], Get], fault: str, outcome: Outcome) -> None:
    get = get_with(f'[[fault]]\nsource = "nbac_gamebook_player_stats"\n{fault}\n')
    assert judged(get, NEXT_MORNING).outcome is outcome
