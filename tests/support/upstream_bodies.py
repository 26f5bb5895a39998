"""One response of the replay upstream for each address, and a recorded checksum of each at several times of a day.

`python -m tests.support.upstream_bodies` records the checksums again, after a change of a response on purpose.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import unquote

import pdfplumber

from devtools.sources_page import first_request
from runtime import PROJECT
from tipoff.replay.archive import Archive
from tipoff.replay.shapes.nba_injury_report import report
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.replay.upstream.endpoints import SERVED_SOURCES, find_endpoint
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, eastern

RECORDED = PROJECT / "tests" / "contract" / "replay" / "upstream_bodies.json"
DAY = date(2024, 3, 29)
TIMES = (eastern(DAY, 13), eastern(DAY, 19, 40), eastern(DAY, 23, 50), eastern(DAY + timedelta(days=1), 9))

HORNETS = "ee8cfaef963aea9276e133873f77c26a"
GAME_ID = "0022301062"

ODDS_QUERY = {"apiKey": "any", "regions": "us", "oddsFormat": "american"}
ADDRESSES = {
    "moves": ("stats.nba.com", "js/data/playermovement/NBA_Player_Movement.json", {}),
    "schedule": ("cdn.nba.com", "static/json/staticData/scheduleLeagueV2.json", {}),
    "scoreboard": ("cdn.nba.com", "static/json/liveData/scoreboard/todaysScoreboard_00.json", {}),
    "espn scoreboard": ("site.api.espn.com", "apis/site/v2/sports/basketball/nba/scoreboard", {}),
    "players": ("stats.nba.com", "stats/playerindex", {"Season": "2023-24"}),
    "espn box": ("site.api.espn.com", "apis/site/v2/sports/basketball/nba/summary", {"event": f"4{GAME_ID[2:]}"}),
    "roster": ("site.api.espn.com", "apis/site/v2/sports/basketball/nba/teams/30/roster", {}),
    "player rows": ("stats.nba.com", "stats/leaguegamelog", {"Season": "2023-24", "PlayerOrTeam": "P"}),
    "team rows": ("stats.nba.com", "stats/leaguegamelog", {"Season": "2023-24", "PlayerOrTeam": "T"}),
    "team box": ("stats.nba.com", "stats/boxscoretraditionalv3", {"GameID": GAME_ID}),
    "live box": ("cdn.nba.com", f"static/json/liveData/boxscore/boxscore_{GAME_ID}.json", {}),
    "bdl box scores": ("api.balldontlie.io", "v1/box_scores", {"date": "2024-03-29"}),
    "bdl injuries": ("api.balldontlie.io", "v1/player_injuries", {"per_page": "100"}),
    "referees": ("official.nba.com", "wp-json/api/v1/get-game-officials", {"date": "2024-03-29"}),
    "standings": ("api.balldontlie.io", "v1/standings", {"season": "2023"}),
    "bettingpros events": ("api.bettingpros.com", "v3/events", {}),
    "bettingpros props": ("api.bettingpros.com", "v3/offers", {"market_id": "156", "event_id": "22301062"}),
    "events": ("api.the-odds-api.com", "v4/sports/basketball_nba/events", ODDS_QUERY),
    "game lines": (
        "api.the-odds-api.com",
        "v4/sports/basketball_nba/odds",
        {**ODDS_QUERY, "markets": "h2h,spreads,totals"},
    ),
    "props": (
        "api.the-odds-api.com",
        f"v4/sports/basketball_nba/events/{HORNETS}/odds",
        {**ODDS_QUERY, "markets": "player_points"},
    ),
    "plays": ("cdn.nba.com", "static/json/liveData/playbyplay/playbyplay_0022301062.json", {}),
    "plays of yesterday": ("cdn.nba.com", "static/json/liveData/playbyplay/playbyplay_0022301060.json", {}),
    "gamebook": ("statsdmz.nba.com", "pdfs/20240329/20240329_GSWCHA.pdf", {}),
    "gamebook of yesterday": ("statsdmz.nba.com", "pdfs/20240328/20240328_BOSATL.pdf", {}),
    "plays in CSV": ("bigdataball", "[2024-03-28]-0022301060-BOS@ATL.csv", {}),
}


def add_other_sources() -> None:
    """Add the first request of every source that no address above belongs to."""
    covered = {match[0].source for match in (find_endpoint(*address) for address in ADDRESSES.values()) if match}
    for name in sorted(SERVED_SOURCES - covered - {"nbac_injury_report"}):
        request = first_request(SOURCES[name])
        params = {key: value if isinstance(value, str) else ",".join(value) for key, value in request.params.items()}
        ADDRESSES[name] = (request.host, unquote(request.path).lstrip("/"), params)


add_other_sources()


def body_of(index: ArchiveIndex, as_of: datetime, name: str) -> bytes:
    host, path, query = ADDRESSES[name]
    match = find_endpoint(host, path, query)
    assert match is not None
    endpoint, params = match
    return endpoint.respond(ArchiveView(index, as_of), params).body


def last_injury_report(index: ArchiveIndex, as_of: datetime) -> bytes:
    stamp = f"{as_of.astimezone(EASTERN) - timedelta(minutes=30):%Y-%m-%d_%I%p}"
    return report(ArchiveView(index, as_of), {"stamp": stamp}).body


def checksums(archive: Archive) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """Of each address the size and a checksum of its response, at every time at which it has one."""
    index = ArchiveIndex(archive)
    for name in ADDRESSES:
        yield name, {f"{time:%d %H:%M}": _checksum(body_of(index, time, name)) for time in TIMES}
    yield "injury report", {f"{time:%d %H:%M}": _checksum(last_injury_report(index, time)) for time in TIMES}


def _checksum(body: bytes) -> list[int]:
    content = _words(body) if body.startswith(b"%PDF") else body
    return [len(content), zlib.crc32(content)]


def _words(pdf: bytes) -> bytes:
    """The words of a PDF with their positions, as the compression of its bytes differs between machines."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        words = [word for page in document.pages for word in page.extract_words()]
    return "\n".join(f"{word['text']} {word['x0']:.1f} {word['top']:.1f}" for word in words).encode()


def recorded() -> dict[str, dict[str, list[int]]]:
    """The recorded checksums."""
    content: dict[str, dict[str, list[int]]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(sums)}" for name, sums in checksums(Archive(PROJECT / "sample")))
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
