"""No response contains facts from after its as-of time."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from urllib.parse import unquote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.sources_page import first_request
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.shapes.nba_injury_report import report
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.replay.upstream.endpoints import SERVED_SOURCES, find_endpoint
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, eastern

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


def minutes_after(start: datetime, minutes: int) -> st.SearchStrategy[datetime]:
    return st.integers(0, minutes).map(lambda minute: start + timedelta(minutes=minute))


THE_DAY = eastern(date(2024, 3, 29), 6)

while_no_game_runs = minutes_after(THE_DAY, 12 * 60) | st.builds(
    lambda day, minute: eastern(date(2024, 3, 29) - timedelta(days=day), 2) + timedelta(minutes=minute),
    st.integers(0, 150),
    st.integers(0, 9 * 60),
)


def test_every_endpoint_except_the_injury_report_is_covered() -> None:
    matches = [find_endpoint(*address) for address in ADDRESSES.values()]
    assert {endpoint.source for endpoint, _ in filter(None, matches)} == SERVED_SOURCES - {"nbac_injury_report"}


@pytest.fixture(scope="module")
def index(archive: Archive) -> ArchiveIndex:
    return ArchiveIndex(archive)


def body_of(index: ArchiveIndex, as_of: datetime, name: str) -> bytes:
    host, path, query = ADDRESSES[name]
    match = find_endpoint(host, path, query)
    assert match is not None
    endpoint, params = match
    return endpoint.respond(ArchiveView(index, as_of), params).body


def last_injury_report(index: ArchiveIndex, as_of: datetime) -> bytes:
    stamp = f"{as_of.astimezone(EASTERN) - timedelta(minutes=30):%Y-%m-%d_%I%p}"
    return report(ArchiveView(index, as_of), {"stamp": stamp}).body


def with_another_future(archive: Archive, as_of: datetime) -> dict[str, pl.DataFrame]:
    """The tables with everything changed that becomes known after `as_of`."""
    unplayed = archive.games.filter(pl.col("tip_off") > as_of)["game_id"].implode()
    is_unplayed = pl.col("game_id").is_in(unplayed)
    dates = archive.games.select("game_id", "game_date").iter_rows()
    without_crew = [game_id for game_id, game_date in dates if eastern(game_date, 9, 15) > as_of]
    later = pl.col("snapshot_at") > as_of

    def changed(frame: pl.DataFrame, which: pl.Expr, **changes: pl.Expr) -> pl.DataFrame:
        return frame.with_columns(
            pl.when(which).then(change.cast(frame.schema[name])).otherwise(pl.col(name)).alias(name)
            for name, change in changes.items()
        )

    more_points = pl.col("points") + 7
    return {
        "games": changed(
            archive.games,
            is_unplayed,
            home_points=pl.col("away_points"),
            away_points=pl.col("home_points") + 9,
            overtime_periods=pl.col("overtime_periods") + 1,
        ),
        "player_box": changed(archive.player_box, is_unplayed, points=more_points, fgm=pl.lit(0)),
        "team_box": changed(archive.team_box, is_unplayed, points=more_points, win=~pl.col("win")),
        "game_lines": changed(archive.game_lines, later, total=pl.col("total") + 5),
        "prop_lines": changed(archive.prop_lines, later, line=pl.col("line") + 5, player_name=pl.lit("X")),
        "closing_lines": changed(archive.closing_lines, is_unplayed, total=pl.lit(0)),
        "availability": changed(
            archive.availability,
            is_unplayed & (pl.col("status") == "PLAYED"),
            status=pl.lit("DNP"),
        ),
        "shots_by_zone": archive.shots_by_zone.filter(~is_unplayed),
        "officials": archive.officials.filter(~pl.col("game_id").is_in(without_crew)),
    }


def test_every_table_except_players_has_an_altered_future(archive: Archive) -> None:
    assert with_another_future(archive, THE_DAY).keys() == TABLES.keys() - {"players"}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(as_of=while_no_game_runs)
def test_responses_do_not_depend_on_later_facts(
    as_of: datetime, index: ArchiveIndex, archive: Archive, altered: Callable[..., Archive]
) -> None:
    other = ArchiveIndex(altered(**with_another_future(archive, as_of)))
    for name in ADDRESSES:
        assert body_of(index, as_of, name) == body_of(other, as_of, name), name
    assert last_injury_report(index, as_of) == last_injury_report(other, as_of)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(as_of=minutes_after(THE_DAY - timedelta(days=150), 151 * 24 * 60))
def test_log_rows_and_final_statuses_are_of_finished_games_only(
    as_of: datetime, index: ArchiveIndex, archive: Archive
) -> None:
    ends = pl.col("tip_off") + pl.duration(minutes=140) + pl.duration(minutes=12) * pl.col("overtime_periods")
    logged = archive.games.filter(ends + pl.duration(minutes=5) <= as_of)
    rows = re.findall(rb'"(00223\d{5})"', body_of(index, as_of, "player rows"))
    assert {game_id.decode() for game_id in rows} == set(logged["game_id"])
    finals = body_of(index, as_of, "schedule").count(b'"gameStatus":3')
    assert finals == archive.games.filter(ends <= as_of).height


@settings(max_examples=25, deadline=None, derandomize=True)
@given(as_of=minutes_after(THE_DAY, 18 * 60))
def test_no_quote_is_newer_than_the_request(as_of: datetime, index: ArchiveIndex) -> None:
    texts = body_of(index, as_of, "game lines"), body_of(index, as_of, "props")
    assert all(time <= as_of for text in texts for time in update_times(text))


def update_times(text: bytes) -> list[datetime]:
    return [datetime.fromisoformat(part[:20].decode()) for part in text.split(b'"last_update":"')[1:]]
