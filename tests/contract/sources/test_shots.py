"""Field-goal attempts read from each play-by-play shape, compared with the shots that the NBA published later."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from devtools.recorded_responses import PLAY_BY_PLAY, PLAY_BY_PLAY_V3, Case, Recordings, utc
from tipoff.errors import ContractError
from tipoff.replay.archive import results
from tipoff.replay.archive.folder_reader import read_files
from tipoff.shot_zones import zone_of_shot
from tipoff.sources.base import Request, Slate
from tipoff.sources.boxscore_rules import RESULT_DUE_AFTER
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame, season_of

pytestmark = pytest.mark.data

AREAS = {
    ("Restricted Area", 2): "restricted_area",
    ("In The Paint (Non-RA)", 2): "paint",
    ("Mid-Range", 2): "mid_range",
    ("Above the Break 3", 2): "mid_range",
    ("Mid-Range", 3): "corner_three",
    ("Left Corner 3", 3): "corner_three",
    ("Right Corner 3", 3): "corner_three",
    ("Above the Break 3", 3): "above_break_three",
    ("Backcourt", 3): "backcourt",
}
BASKET_FROM_BASELINE = 5.25
"""Feet, in the coordinates of the published shots."""

each_case = pytest.mark.parametrize("case", [PLAY_BY_PLAY, PLAY_BY_PLAY_V3], ids=lambda case: case.file)


@pytest.fixture(scope="session")
def published(shared_data: Path) -> pl.DataFrame:
    """Attempts and makes by player and zone of the two recorded games."""
    games = pl.DataFrame(
        {
            "game_id": [PLAY_BY_PLAY.game_id, PLAY_BY_PLAY_V3.game_id],
            "game_date": [date(2025, 1, 6), date(2024, 11, 12)],
        }
    )
    return results.shots_by_zone(results.shots(read_files(shared_data, "shots"), games).rows)


@each_case
def test_attempts_and_makes_by_zone_equal_the_published_ones(
    recordings: Recordings, case: Case, published: pl.DataFrame
) -> None:
    rows = recordings.read(case).rows
    attempts = Counter((row["player_id"], row["team"], row["zone"]) for row in rows)
    made = Counter((row["player_id"], row["team"], row["zone"]) for row in rows if row["made"])
    wanted = published.filter(pl.col("game_id") == case.game_id).select("player_id", "team", "zone", "attempts", "made")
    assert {(*key, count, made[key]) for key, count in attempts.items()} == set(wanted.iter_rows())


def test_zones_of_a_whole_season_follow_from_coordinates(shared_data: Path) -> None:
    shots = pl.read_parquet(shared_data / "shots/shots_2024-25.parquet").select(
        x=pl.col("LOC_X"),
        y=(pl.col("LOC_Y") - BASKET_FROM_BASELINE).round(2),
        area=pl.col("BASIC_ZONE").cast(pl.String),
        worth=pl.col("SHOT_TYPE").cast(pl.String).str.head(1).cast(pl.Int64),
    )
    wrong = [
        (area, worth) for x, y, area, worth in shots.iter_rows() if AREAS[area, worth] != zone_of_shot(x, y, worth)
    ]
    assert len(shots) == 219_527
    assert wrong == []


@each_case
def test_the_shots_of_a_player_equal_the_field_goals_in_the_box_score(
    recordings: Recordings, case: Case, shared_data: Path
) -> None:
    rows = recordings.read(case).rows
    log = pl.read_parquet(shared_data / f"player_games/player_game_logs_{season_of(case.slate.game_date)}.parquet")
    box = log.filter(pl.col("GAME_ID").str.zfill(10) == case.game_id, pl.col("FGA") > 0)
    wanted = box.select(
        pl.col("PLAYER_ID").cast(pl.String), *(pl.col(c).cast(pl.Int64) for c in ("FGA", "FGM", "FG3A"))
    )
    attempted = Counter(row["player_id"] for row in rows)
    made = Counter(row["player_id"] for row in rows if row["made"])
    threes = Counter(row["player_id"] for row in rows if row["worth"] == 3)
    assert {(player, n, made[player], threes[player]) for player, n in attempted.items()} == set(wanted.iter_rows())


def test_assists_are_read_from_both_shapes(recordings: Recordings) -> None:
    live, later = recordings.read(PLAY_BY_PLAY).rows, recordings.read(PLAY_BY_PLAY_V3).rows
    assert [sum(row["assisted"] for row in rows) for rows in (live, later)] == [47, 63]
    assert all(row["made"] for row in (*live, *later) if row["assisted"])
    (gobert,) = (row for row in live if row["shot_number"] == 38)
    assert (gobert["player_name"], gobert["team"], gobert["zone"], gobert["made"], gobert["assisted"]) == (
        *("Gobert", "MIN", "restricted_area"),
        *(True, True),
    )


def judged(recordings: Recordings, case: Case, document: Any, fetched_at: datetime | None = None) -> Outcome:
    response = recordings.response(case, body=json.dumps(document).encode())
    response = response.model_copy(update={"fetched_at": fetched_at or response.fetched_at})
    return case.source.judge(recordings.request(case), response, case.slate).outcome


def test_a_game_in_play_or_level_after_four_periods_is_not_published_yet(recordings: Recordings) -> None:
    document = recordings.document(PLAY_BY_PLAY)
    actions = document["game"]["actions"]
    assert judged(recordings, PLAY_BY_PLAY, document) is Outcome.OK
    document["game"]["actions"] = actions[:400]
    assert judged(recordings, PLAY_BY_PLAY, document) is Outcome.NOT_PUBLISHED_YET
    level = [action | {"scoreHome": action["scoreAway"]} for action in actions if action["actionType"] != "game"]
    document["game"]["actions"] = level
    assert judged(recordings, PLAY_BY_PLAY, document) is Outcome.NOT_PUBLISHED_YET


def test_the_plays_of_another_game_are_refused(recordings: Recordings) -> None:
    document = recordings.document(PLAY_BY_PLAY)
    document["game"]["gameId"] = "0022400499"
    assert judged(recordings, PLAY_BY_PLAY, document) is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"\$\.game\.gameId: is '0022400499', requested 0022400500"):
        recordings.read(PLAY_BY_PLAY, document)


def test_shots_of_a_third_team_are_rejected_and_counted(recordings: Recordings) -> None:
    document = recordings.document(PLAY_BY_PLAY)
    shot = next(action for action in document["game"]["actions"] if action["isFieldGoal"])
    shot["teamId"] = 1611661313
    reading = recordings.read(PLAY_BY_PLAY, document)
    assert len(reading.rows) == 180
    assert reading.rejected == {"team or game outside the NBA": 1}


RESULT_DUE = utc(2025, 1, 7, 1, 0) + RESULT_DUE_AFTER
XML = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"


@pytest.mark.parametrize(
    ("status", "body", "fetched_at", "outcome"),
    [
        (403, b"Forbidden", RESULT_DUE, Outcome.NOT_PUBLISHED_YET),
        (403, XML, RESULT_DUE - timedelta(minutes=1), Outcome.NOT_PUBLISHED_YET),
        (403, XML, RESULT_DUE, Outcome.BLOCKED),
        (404, b"", RESULT_DUE, Outcome.GONE),
        (200, b"<html>", RESULT_DUE, Outcome.WRONG_TYPE),
        (503, b"", RESULT_DUE, Outcome.PROVIDER_ERROR),
    ],
)
def test_a_denied_game_that_is_over_means_a_blocked_address(
    recordings: Recordings, status: int, body: bytes, fetched_at: datetime, outcome: Outcome
) -> None:
    response = recordings.response(PLAY_BY_PLAY, status, body).model_copy(update={"fetched_at": fetched_at})
    assert PLAY_BY_PLAY.source.judge(recordings.request(PLAY_BY_PLAY), response, PLAY_BY_PLAY.slate).outcome is outcome


def requests_at(as_of: datetime) -> tuple[Request, ...]:
    games = tuple(
        SlateGame(game_id=f"002230106{number}", away="GSW", home="CHA", tip_off=datetime(2024, 3, 29, hour, tzinfo=UTC))
        for number, hour in enumerate((17, 19, 23))
    )
    return SOURCES["nbac_play_by_play"].requests(Slate(game_date=date(2024, 3, 29), games=games), as_of, {})


def test_only_games_that_should_be_over_are_requested() -> None:
    (request,) = requests_at(datetime(2024, 3, 29, 21, 14, tzinfo=UTC))
    assert request.path == "/static/json/liveData/playbyplay/playbyplay_0022301060.json"
    assert (request.game_id, request.part) == ("0022301060", "GSW@CHA")
    assert len(requests_at(datetime(2024, 3, 29, 21, 15, tzinfo=UTC))) == 2
