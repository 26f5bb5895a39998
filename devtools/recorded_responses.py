"""Recorded responses of the providers, each with the slate and time of its request."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from devtools.handmade_responses import MADE
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Request, Response, Slate, Source
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import SlateGame, season_of


def utc(*parts: int) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def game(game_id: str, label: str, tip_off: datetime) -> SlateGame:
    away, home = label.split("@")
    return SlateGame(game_id=game_id, away=away, home=home, tip_off=tip_off)


@dataclass(frozen=True)
class Case:
    """A recorded or handmade response, with its source, slate, time and request."""

    source_name: str
    file: str
    slate: Slate
    as_of: datetime
    part: str = ""
    game_id: str | None = None
    params: tuple[tuple[str, str], ...] = (("SeasonType", "Regular Season"),)
    """Of the request."""
    turned: Callable[[Any], Any] | None = None
    """Turns the recorded document into one of a shape or league that was not recorded."""

    @property
    def source(self) -> Source:
        return SOURCES[self.source_name]


def slate(game_date: date, *games: SlateGame) -> Slate:
    return Slate(game_date=game_date, games=games)


MARCH_15 = slate(
    date(2025, 3, 15),
    game("0022400968", "IND@MIL", utc(2025, 3, 15, 19, 0)),
    game("0022400974", "NYK@GSW", utc(2025, 3, 16, 0, 30)),
)
FEBRUARY_22 = slate(date(2024, 2, 22), game("0022300792", "ORL@CLE", utc(2024, 2, 23, 0, 0)))
JANUARY_4 = slate(
    date(2024, 1, 4),
    game("0022300477", "MIL@SAS", utc(2024, 1, 5, 0, 30)),
    game("0022300478", "DEN@GSW", utc(2024, 1, 5, 3, 0)),
)
JANUARY_24 = slate(date(2024, 1, 24), game("0022300623", "ATL@GSW", utc(2024, 1, 25, 3, 0)))
APRIL_20 = slate(
    date(2023, 4, 20),
    game("0042200123", "PHI@BKN", utc(2023, 4, 20, 23, 30)),
    game("0042200163", "SAC@GSW", utc(2023, 4, 21, 2, 0)),
    game("0042200173", "PHX@LAC", utc(2023, 4, 21, 2, 30)),
)
MARCH_29 = slate(
    date(2024, 3, 29),
    game("0022301062", "GSW@CHA", utc(2024, 3, 29, 23, 0)),
    game("0022301072", "MIN@DEN", utc(2024, 3, 30, 1, 0)),
)
APRIL_10 = slate(date(2024, 4, 10), game("0022301158", "MEM@CLE", utc(2024, 4, 10, 23, 0)))
NOVEMBER_4 = slate(date(2025, 11, 4), game("0022500165", "MIL@TOR", utc(2025, 11, 5, 0, 30)))
JANUARY_15_2025 = slate(date(2025, 1, 15), game("0022400561", "NYK@PHI", utc(2025, 1, 16, 0, 30)))

ALL_OF_JANUARY_15 = slate(
    date(2024, 1, 15),
    *(
        game(f"0022300{number}", label, utc(2024, 1, 15, 20, 0))
        for number, label in enumerate(
            (
                *("HOU@PHI", "NOP@DAL", "ORL@NYK", "DET@WAS", "SAS@ATL", "GSW@MEM"),
                *("CHI@CLE", "MIA@BKN", "BOS@TOR", "IND@UTA", "OKC@LAL"),
            ),
            start=555,
        )
    ),
)
JANUARY_6 = slate(date(2025, 1, 6), game("0022400500", "LAC@MIN", utc(2025, 1, 7, 1, 0)))
NOVEMBER_12 = slate(date(2024, 11, 12), game("0022400001", "ATL@BOS", utc(2024, 11, 13, 0, 0)))
JUNE_22 = slate(date(2025, 6, 22), game("0042400407", "IND@OKC", utc(2025, 6, 23, 0, 0)))
JUNE_30 = slate(date(2025, 6, 30), game("0022401300", "ATL@BOS", utc(2025, 6, 30, 23, 0)))
"""No such game was played: a slate for the lists of injuries of that summer."""
JANUARY_8 = slate(
    date(2025, 1, 8),
    game("0022400509", "OKC@CLE", utc(2025, 1, 9, 0, 0)),
    game("0022400510", "CHI@IND", utc(2025, 1, 9, 0, 0)),
)
JULY_17 = slate(date(2025, 7, 17), game("0022500001", "ATL@BOS", utc(2025, 7, 17, 23, 0)))
"""No such game was played: a slate for the list of moves of that summer."""
OCTOBER_21 = slate(
    date(2021, 10, 21),
    game("0022100014", "DAL@ATL", utc(2021, 10, 21, 23, 30)),
    game("0022100015", "MIL@MIA", utc(2021, 10, 22, 0, 0)),
    game("0022100016", "LAC@GSW", utc(2021, 10, 22, 2, 0)),
)
JANUARY_15 = slate(
    date(2024, 1, 15),
    game("0022300555", "HOU@PHI", utc(2024, 1, 15, 18, 0)),
    game("0022300558", "DET@WAS", utc(2024, 1, 15, 20, 0)),
    game("0022300562", "MIA@BKN", utc(2024, 1, 16, 0, 30)),
    game("0022300565", "OKC@LAL", utc(2024, 1, 16, 3, 30)),
)


def as_of_2026(document: Any) -> Any:
    """balldontlie's box scores of 2024 with the fields that its responses have since then."""
    sides = ("home", "visitor")
    periods = {f"{side}_{period}": None for side in sides for period in ("q1", "q2", "q3", "q4", "ot1", "ot2", "ot3")}
    bonus = {f"{side}_{name}": None for side in sides for name in ("timeouts_remaining", "in_bonus")}
    for number, box in enumerate(document["data"], start=18447316):
        box |= {"id": number, "datetime": f"{box['date']}T20:00:00.000Z", "postponed": False, "ist_stage": None}
        box |= {**periods, **bonus}
        for side in sides:
            for player in box[f"{side}_team"]["players"]:
                player["min"] = None if player["min"] == "00" else f"{player['min']}:30"
                player["plus_minus"] = 3
                player["player"]["team_id"] = box[f"{side}_team"]["id"]
    return document | {"meta": {"per_page": 100}}


_HAWKS = (
    *("Trae Young", "Dyson Daniels", "Zaccharie Risacher", "Jalen Johnson", "Clint Capela", "Onyeka Okongwu"),
    *("De'Andre Hunter", "Garrison Mathews", "Keaton Wallace", "Larry Nance Jr.", "David Roddy", "Bogdan Bogdanovic"),
)
_CELTICS = (
    *("Jayson Tatum", "Jaylen Brown", "Derrick White", "Jrue Holiday", "Al Horford", "Payton Pritchard"),
    *("Sam Hauser", "Luke Kornet", "Neemias Queta", "Jordan Walsh", "Xavier Tillman", "Kristaps Porzingis"),
)
_OF_SUMMARY = {"20": ("1", _HAWKS), "18": ("2", _CELTICS)}


def of_the_nba(document: Any) -> Any:
    """ESPN's summary of a game of the WNBA turned into a game of Hawks and Celtics with the same figures."""
    header, box = document["header"], document["boxscore"]
    competition = header["competitions"][0]
    competition["date"] = "2024-11-13T00:00Z"
    header["uid"] = header["uid"].replace("~l:59~", "~l:46~")
    for block in box["players"]:
        for listed, name in zip(block["statistics"][0]["athletes"], _OF_SUMMARY[block["team"]["id"]][1], strict=True):
            listed["athlete"]["displayName"] = name
    for side in (*competition["competitors"], *box["players"], *box["teams"]):
        side["team"]["id"] = _OF_SUMMARY[side["team"]["id"]][0]
    return document


SCHEDULE = Case(
    "nbac_schedule",
    "stats_nba/scheduleleaguev2int_full_season.json.gz",
    slate(date(2025, 3, 15)),
    utc(2025, 3, 15, 10, 0),
)
PRESEASON = Case(
    "nbac_schedule", "cdn_nba/scheduleLeagueV2_subset_cdn.json", slate(date(2025, 10, 3)), utc(2025, 10, 3, 10, 0)
)
PLAYER_LIST = Case(
    "nbac_player_list_current", "stats_nba/playerindex.json", slate(date(2025, 10, 3)), utc(2025, 10, 3, 10, 0)
)
ROSTER = Case(
    "espn_team_rosters", "espn/team_2_roster.json", slate(date(2025, 10, 3)), utc(2025, 7, 4, 10, 0), part="BOS"
)
INJURIES = Case(
    "nbac_injury_report",
    "nba_com/injury_report_20240104.pdf",
    JANUARY_4,
    utc(2024, 1, 4, 17, 35),
    part="2024-01-04_12PM",
)
BDL_INJURIES = Case(
    "bdl_injuries", "balldontlie/injuries_49fd60fb.json", JUNE_30, utc(2025, 6, 30, 18, 0), part="ATL@BOS"
)
BDL_INJURIES_OF_A_TEAM = Case(
    "bdl_injuries",
    "balldontlie/injuries_d45e630e.json",
    JUNE_30,
    utc(2025, 6, 30, 18, 0),
    part="ATL@BOS",
    game_id="0022401300",
)
REFEREES = Case("nbac_referee_assignments", "nba_com/referee_assignments.json", JANUARY_8, utc(2025, 1, 8, 14, 30))
STANDINGS = Case("nbac_standings", "balldontlie/standings_395a0451.json", MARCH_15, utc(2025, 3, 15, 10, 0))
MOVEMENT = Case("nbac_player_movement", "nba_com/player_movement.json.gz", JULY_17, utc(2025, 7, 17, 10, 0))
EVENTS = Case("odds_api_events", "odds_api/historical_events_20240329.json", MARCH_29, utc(2024, 3, 29, 15, 0))
GAME_LINES = Case(
    "odds_api_game_lines",
    "odds_api/historical_odds_20240329_h2h_spreads_totals.json",
    MARCH_29,
    utc(2024, 3, 29, 15, 0),
)
PROPS = Case(
    "odds_api_player_points_props",
    "odds_api/event_odds_mockOrlandoVsCleveland.json",
    FEBRUARY_22,
    utc(2024, 2, 22, 23, 58),
    game_id="0022300792",
)
BETTINGPROS_EVENTS = Case("bettingpros_events", "bettingpros/events.json", OCTOBER_21, utc(2021, 10, 21, 15, 0))
BETTINGPROS_POINTS = Case(
    "bettingpros_player_points_props",
    "made/bettingpros_offers",
    FEBRUARY_22,
    utc(2024, 2, 22, 20, 0),
    part="ORL@CLE page 1",
    game_id="0022300792",
    params=(("event_id", "23814"), ("page", "1")),
)
ESPN_SCOREBOARD = Case("espn_scoreboard", "espn/scoreboard_11games.json", JANUARY_15, utc(2024, 1, 16, 9, 0))
ESPN_SCHEDULE = Case("espn_schedule", "espn/scoreboard_11games.json", JANUARY_15, utc(2024, 1, 15, 10, 0))
SCOREBOARD = Case("nbac_scoreboard", "cdn_nba/todaysScoreboard_00.json", APRIL_20, utc(2023, 4, 21, 3, 0))
BOX_SCORES = Case(
    "nbac_player_boxscores",
    "stats_nba/leaguegamelog_playerbox_oneday.json",
    MARCH_15,
    utc(2025, 3, 16, 8, 0),
    part="Regular Season",
)
TEAM_BOX = Case(
    "nbac_team_boxscore",
    "stats_nba/nba_api_docs_boxscoretraditionalv3.json",
    NOVEMBER_4,
    utc(2025, 11, 5, 8, 0),
    part="MIL@TOR",
    game_id="0022500165",
)
TEAM_BOX_V2 = Case(
    "nbac_team_boxscore",
    "stats_nba/boxscoretraditionalv2_team.json",
    JANUARY_15_2025,
    utc(2025, 1, 16, 8, 0),
    part="NYK@PHI",
    game_id="0022400561",
)
LIVE_BOX = Case(
    "nbac_live_boxscore",
    "cdn_nba/boxscore_0042200123.json",
    APRIL_20,
    utc(2023, 4, 21, 4, 0),
    part="PHI@BKN",
    game_id="0042200123",
)
BDL_BOX = Case(
    "bdl_player_boxscores", "balldontlie/box_scores_7a649e12.json", ALL_OF_JANUARY_15, utc(2024, 1, 16, 9, 0)
)
BDL_BOX_2026 = replace(BDL_BOX, turned=as_of_2026)
ESPN_BOX = Case(
    "espn_boxscores",
    "wnba_same_schema/espn_summary_with_game_info.json",
    NOVEMBER_12,
    utc(2024, 11, 13, 9, 0),
    part="ATL@BOS",
    game_id="0022400001",
    turned=of_the_nba,
)
HISTORY = Case(
    "nbac_player_history",
    "stats_nba/leaguegamelog_playerbox_oneday.json",
    slate(date(2025, 3, 16)),
    utc(2025, 3, 16, 8, 0),
    part="2024-25 Regular Season",
)
PLAY_BY_PLAY = Case(
    "nbac_play_by_play",
    "cdn_nba/playbyplay_14ecf360.json.gz",
    JANUARY_6,
    utc(2025, 1, 7, 4, 0),
    part="LAC@MIN",
    game_id="0022400500",
)
PLAY_BY_PLAY_V3 = Case(
    "nbac_play_by_play",
    "stats_nba/nba_api_docs_playbyplayv3.json",
    NOVEMBER_12,
    utc(2024, 11, 13, 4, 0),
    part="ATL@BOS",
    game_id="0022400001",
)
BIGDATABALL = Case(
    "bigdataball_play_by_play",
    "nba_com/bigdataball_pbp_746cfbef.csv",
    JUNE_22,
    utc(2025, 6, 23, 12, 0),
    part="IND@OKC",
    game_id="0042400407",
)
GAMEBOOK, GAMEBOOK_BOOK = (
    Case(
        "nbac_gamebook_player_stats",
        f"made/{file}.pdf",
        APRIL_10,
        utc(2024, 4, 11, 4, 0),
        part="MEM@CLE",
        game_id="0022301158",
    )
    for file in ("gamebook", "gamebook_book")
)

CASES = (
    SCHEDULE,
    PRESEASON,
    PLAYER_LIST,
    ROSTER,
    INJURIES,
    BDL_INJURIES,
    BDL_INJURIES_OF_A_TEAM,
    REFEREES,
    STANDINGS,
    MOVEMENT,
    EVENTS,
    GAME_LINES,
    PROPS,
    BETTINGPROS_EVENTS,
    BETTINGPROS_POINTS,
    ESPN_SCOREBOARD,
    ESPN_SCHEDULE,
    SCOREBOARD,
    BOX_SCORES,
    HISTORY,
    TEAM_BOX,
    TEAM_BOX_V2,
    LIVE_BOX,
    BDL_BOX,
    BDL_BOX_2026,
    ESPN_BOX,
    PLAY_BY_PLAY,
    PLAY_BY_PLAY_V3,
    BIGDATABALL,
    GAMEBOOK,
    GAMEBOOK_BOOK,
)


@dataclass(frozen=True)
class Recordings:
    """The recorded responses, and the readings of them that a day makes."""

    folder: Path
    """The folder of recorded data."""

    def body(self, case: Case) -> bytes:
        recorded = MADE[case.file] if case.file in MADE else _body(self.folder / "payloads" / case.file)
        return json.dumps(case.turned(json.loads(recorded))).encode() if case.turned else recorded

    def document(self, case: Case) -> Any:
        return json.loads(self.body(case))

    def context(self, case: Case) -> ReadContext:
        return ReadContext(
            slate=case.slate,
            as_of=case.as_of,
            game_id=case.game_id,
            part=case.part,
            players=self.players(case) if case.source.needs_players else (),
        )

    def read(self, case: Case, content: object = None) -> Reading:
        """The reading of the recorded response, or of `content` instead."""
        body = self.body(case) if content is None else json.dumps(content).encode()
        return case.source.read(body, self.context(case))

    def response(self, case: Case, status: int = 200, body: bytes | None = None) -> Response:
        content = self.body(case) if body is None else body
        return Response(status=status, headers={}, body=content, url="https://provider", fetched_at=case.as_of)

    def request(self, case: Case) -> Request:
        return Request(
            host=case.source.provider.host,
            path="/",
            params={"Season": season_of(case.slate.game_date), **dict(case.params)},
            game_id=case.game_id,
            part=case.part,
        )

    def players(self, case: Case) -> tuple[KnownPlayer, ...]:
        if case.source.table == "raw_rosters":
            return _league(self)
        year = timedelta(days=365)
        return tuple(
            player
            for game_date in (case.slate.game_date - year, case.slate.game_date)
            for player in players_of_season(self.folder, season_of(game_date))
        )


@cache
def _body(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


@cache
def _league(recordings: Recordings) -> tuple[KnownPlayer, ...]:
    """The players of the recorded list."""
    return tuple(
        KnownPlayer(player_id=row["player_id"], player_name=row["player_name"], team=row["team"])
        for row in recordings.read(PLAYER_LIST).rows
    )


@cache
def players_of_season(folder: Path, season: str) -> tuple[KnownPlayer, ...]:
    """Everyone who played for a team in a season."""
    log = pl.read_parquet(folder / "player_games" / f"player_game_logs_{season}.parquet")
    rows = log.select("PLAYER_ID", "PLAYER_NAME", "TEAM_ABBREVIATION").unique().sort("PLAYER_ID", "TEAM_ABBREVIATION")
    return tuple(
        KnownPlayer(player_id=str(player_id), player_name=name, team=team) for player_id, name, team in rows.iter_rows()
    )
