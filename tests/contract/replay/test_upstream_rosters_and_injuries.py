"""ESPN's rosters and the NBA's injury reports of 2024-03-29 have the format of the recorded ones."""

from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import httpx
import pdfplumber
import polars as pl
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.shapes.nba_injury_report import report
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.vocabulary import eastern

Get = Callable[..., httpx.Response]

REPORT = "ak-static.cms.nba.com/referee/injury/Injury-Report_{}.pdf"
ROSTER = "site.api.espn.com/apis/site/v2/sports/basketball/nba/teams/{}/roster"

LEFT_EDGES = {"date": 19.0, "time": 115.5, "matchup": 195.9, "team": 260.2, "player": 420.9, "status": 581.7}
REASONS_FROM = 662.0


def lines(pdf: bytes) -> Iterator[dict[str, str]]:
    """Report lines by column, from the positions of the words, for recorded and replayed reports alike."""
    with pdfplumber.open(BytesIO(pdf)) as document:
        for page in document.pages:
            words = [word for word in page.extract_words(x_tolerance=1) if 76 < word["top"] < 530]
            for top in sorted({round(word["top"]) for word in words if word["x0"] < REASONS_FROM}):
                line: dict[str, str] = {}
                for word in sorted(words, key=lambda word: word["x0"]):
                    column = [name for name, left in LEFT_EDGES.items() if left <= word["x0"]][-1]
                    if round(word["top"]) == top and word["x0"] < REASONS_FROM:
                        line[column] = f"{line.get(column, '')} {word['text']}".strip()
                yield line


def players_out(response: httpx.Response) -> set[str]:
    return {line["player"] for line in lines(response.content) if line.get("status") == "Out"}


@pytest.mark.data
def test_the_test_reader_reads_the_recorded_report(payloads: Path) -> None:
    recorded = list(lines((payloads / "nba_com" / "injury_report_20240104.pdf").read_bytes()))
    assert recorded[1] == {
        "date": "01/04/2024",
        "time": "07:30 (ET)",
        "matchup": "MIL@SAS",
        "team": "Milwaukee Bucks",
    }
    assert {"player": "McDermott, Doug", "status": "Out"} in recorded


def test_the_report_has_the_lines_of_the_recorded_one(get: Get) -> None:
    listed = list(lines(get(REPORT.format("2024-03-29_12PM"), "2024-03-29 12:30").content))
    assert listed[0] == {
        "date": "Game Date",
        "time": "Game Time",
        "matchup": "Matchup",
        "team": "Team",
        "player": "Player Name",
        "status": "Current Status",
    }
    assert listed[1] == {
        "date": "03/29/2024",
        "time": "07:00 (ET)",
        "matchup": "GSW@CHA",
        "team": "Golden State Warriors",
        "player": "Garuba, Usman",
        "status": "Out",
    }
    assert {"team": "Charlotte Hornets", "player": "Ball, LaMelo", "status": "Out"} in listed


def test_every_page_repeats_the_stamp_and_counts_the_pages(get: Get) -> None:
    response = get(REPORT.format("2024-03-29_12PM"), "2024-03-29 13:15")
    with pdfplumber.open(BytesIO(response.content)) as document:
        texts = [page.extract_text(x_tolerance=1) for page in document.pages]
    assert len(texts) > 1
    for number, text in enumerate(texts, start=1):
        assert text.startswith("Injury Report: 03/29/24 12:30 PM")
        assert text.endswith(f"Page {number} of {len(texts)}")


def test_a_late_scratch_is_only_in_the_last_report_before_tip_off(get: Get) -> None:
    at_noon = players_out(get(REPORT.format("2024-03-29_12PM"), "2024-03-29 18:59"))
    last = players_out(get(REPORT.format("2024-03-29_06PM"), "2024-03-29 18:59"))
    assert "Ball, LaMelo" in at_noon & last
    assert "Thompson, Klay" in last - at_noon


def test_a_game_that_has_begun_leaves_the_report(get: Get) -> None:
    still_open = lines(get(REPORT.format("2024-03-29_07PM"), "2024-03-29 19:30").content)
    matchups = {line["matchup"] for line in still_open if "matchup" in line}
    assert "GSW@CHA" not in matchups
    assert "DAL@SAC" in matchups


def test_teams_report_on_tomorrow_only_in_the_evening(get: Get) -> None:
    with pdfplumber.open(BytesIO(get(REPORT.format("2024-03-29_12PM"), "2024-03-29 13:00").content)) as document:
        text = "\n".join(page.extract_text(x_tolerance=1) for page in document.pages)
    assert "03/30/2024" in text
    assert "Boston Celtics NOT YET SUBMITTED" in text


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("2024-03-29_12PM", "2024-03-29 12:29"),  # not yet published
        ("2024-03-29_12_30PM", "2024-03-29 18:00"),  # quarter-hourly reports begin in December 2025
        ("2024-03-29_13PM", "2024-03-29 18:00"),
        ("2024-02-31_01PM", "2024-03-29 18:00"),
        ("2023-08-01_01PM", "2024-03-29 18:00"),  # no games
    ],
)
def test_a_missing_report_is_a_403_in_xml(get: Get, stamp: str, at: str) -> None:
    response = get(REPORT.format(stamp), at)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/xml"
    assert b"<Code>AccessDenied</Code>" in response.content


def test_quarter_hourly_reports_replace_the_hourly_ones(archive: Archive, altered: Callable[..., Archive]) -> None:
    later = pl.lit(date(2025, 12, 22)) - pl.lit(date(2024, 3, 29))
    moved = archive.games.with_columns(pl.col("game_date") + later, pl.col("tip_off") + later)
    view = ArchiveView(ArchiveIndex(altered(games=moved)), eastern(date(2025, 12, 23), 12))
    status = {
        stamp: report(view, {"stamp": stamp}).status
        for stamp in ("2025-12-21_05PM", "2025-12-21_05_15PM", "2025-12-22_05PM", "2025-12-22_05_15PM")
    }
    assert list(status.values()) == [200, 403, 403, 200]
    assert report(view, {"stamp": "2025-12-22_05_20PM"}).status == 403


def test_espn_lists_a_team_under_its_own_ids_and_without_accents(get: Get) -> None:
    team = get(ROSTER.format(7), "2024-03-29 06:00").json()["team"]
    names = {athlete["displayName"] for athlete in team["athletes"]}
    assert team["displayName"] == "Denver Nuggets"
    assert {"Nikola Jokic", "Jamal Murray", "Vlatko Cancar"} <= names
    assert "203999" not in {athlete["id"] for athlete in team["athletes"]}  # the NBA's id of Jokić


def test_no_two_players_share_an_espn_id(get: Get) -> None:
    athletes = [
        athlete["id"]
        for team in range(1, 31)
        for athlete in get(ROSTER.format(team), "2024-03-29 06:00").json()["team"]["athletes"]
    ]
    assert len(set(athletes)) == len(athletes) > 450


def test_an_unknown_espn_team_is_a_404(get: Get) -> None:
    assert get(ROSTER.format(31), "2024-03-29 06:00").status_code == 404
