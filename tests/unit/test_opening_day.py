"""The first day of a season: no game came before it, so no earlier result is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.rows import rows_of
from tipoff.landing.base import Batch, BatchItem
from tipoff.landing.landing import Landing
from tipoff.processing import process
from tipoff.sources.base import Response, Slate, Source
from tipoff.sources.boxscores import PlayerHistory, TeamHistory
from tipoff.sources.standings import Standings
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome, ProcessReport, SlateGame, eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

OPENING = date(2024, 10, 22)
SECOND_DAY = OPENING + timedelta(days=1)
COUNTS = "FGM FGA FG3M FG3A FTM FTA OREB DREB REB AST STL BLK TOV PF PTS MIN PLUS_MINUS"
HEADERS = f"SEASON_ID PLAYER_ID PLAYER_NAME TEAM_ID GAME_ID GAME_DATE MATCHUP WL {COUNTS}".split()
LOG = {"parameters": {"LeagueID": "00"}, "resultSets": [{"name": "LeagueGameLog", "headers": HEADERS, "rowSet": []}]}
EMPTY: dict[Source, Any] = {PlayerHistory(): LOG, TeamHistory(): LOG, Standings(): {"data": []}}
each_source = pytest.mark.parametrize("source", EMPTY, ids=lambda source: source.name)


def slate_of(game_date: date) -> Slate:
    game = SlateGame(game_id=f"00224{game_date:%m%d}1", away="NYK", home="BOS", tip_off=eastern(game_date, 19, 30))
    return Slate(game_date=game_date, games=(game,))


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """With a preseason game, a postponed game and the games of the first two days of a season."""
    opened = open_warehouse(f"duckdb:///{tmp_path}/warehouse.duckdb")
    season = {"season": "2024-25", "season_type": "regular", "status": "scheduled", "source": "nbac_schedule"}
    rows = [
        {"game_date": OPENING - timedelta(days=3), "game_id": "0012400001", "season_type": "preseason"},
        {"game_date": OPENING - timedelta(days=1), "game_id": "0022400999", "status": "postponed"},
        {"game_date": OPENING, "game_id": "0022410221"},
        {"game_date": SECOND_DAY, "game_id": "0022410231"},
    ]
    opened.append("raw_schedule", rows_of("raw_schedule", [season | row for row in rows]))
    yield opened
    opened.close()


def read_nothing(source: Source, game_date: date, warehouse: Warehouse, folder: Path) -> ProcessReport:
    """Judge and process responses without any result."""
    slate, as_of = slate_of(game_date), eastern(game_date, 7)
    body, landing = json.dumps(EMPTY[source]).encode(), Landing(FolderStore(folder))
    items = [
        BatchItem(key=landing.put(source.name, game_date, body, "json").key, part=request.part, outcome=outcome)
        for request, outcome in zip(source.requests(slate, as_of, {}), judge_nothing(source, game_date), strict=True)
    ]
    batch = Batch(source=source.name, game_date=game_date, items=tuple(items)).model_dump_json().encode()
    key = landing.put(f"{source.name}/batches", game_date, batch, "json").key
    return process(source, key, slate, as_of, landing=landing, warehouse=warehouse)


def judge_nothing(source: Source, game_date: date) -> Sequence[Outcome]:
    slate, as_of = slate_of(game_date), eastern(game_date, 7)
    response = Response(
        status=200,
        headers={"content-type": "application/json"},
        body=json.dumps(EMPTY.get(source, LOG)).encode(),
        url="https://example.org",
        fetched_at=as_of,
    )
    return [source.judge(request, response, slate).outcome for request in source.requests(slate, as_of, {})]


@each_source
def test_no_earlier_result_is_missing_on_the_first_day_of_a_season(
    source: Source, warehouse: Warehouse, tmp_path: Path
) -> None:
    report = read_nothing(source, OPENING, warehouse, tmp_path / "landing")
    assert (report.outcome, report.missing_games) == (Outcome.EMPTY_OK, ())
    assert report.reason == "no game of the season is over yet"


@each_source
def test_earlier_results_are_missing_on_the_second_day(source: Source, warehouse: Warehouse, tmp_path: Path) -> None:
    report = read_nothing(source, SECOND_DAY, warehouse, tmp_path / "landing")
    assert report.missing_games == ("0022410231",)


@each_source
def test_without_the_league_s_schedule_nobody_knows_whether_the_season_begins(
    source: Source, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.replace("raw_schedule", rows_of("raw_schedule", []), {"season": "2024-25"})
    report = read_nothing(source, OPENING, warehouse, tmp_path / "landing")
    assert report.missing_games == ("0022410221",)


def test_an_empty_log_of_the_season_before_is_suspicious_on_the_first_day() -> None:
    assert judge_nothing(PlayerHistory(2), OPENING) == [Outcome.EMPTY_OK, Outcome.SUSPICIOUSLY_EMPTY]
