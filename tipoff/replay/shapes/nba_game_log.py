"""stats.nba.com leaguegamelog: rows of all finished games of a season or of a range of its dates."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

import polars as pl

from tipoff.ordered_sum import ordered_sum
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import bad_request, missing_parameter
from tipoff.replay.shapes.nba import result_sets
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView, Params, UpstreamResponse
from tipoff.teams import TEAMS

APPEARS_AFTER = timedelta(minutes=5)
"""Time from the end of a game to its rows."""

_REGULAR = "Regular Season"
_ID_PREFIXES: Mapping[str, str] = {
    "Pre Season": "001",
    _REGULAR: "002",
    "All Star": "003",
    "Playoffs": "004",
    "PlayIn": "005",
    "IST": "006",
}
"""Type of the season -> how the ids of its games begin."""

_STATISTICS = (
    *("FGM", "FGA", "FG_PCT", "FG3M", "FG3A", "FG3_PCT", "FTM", "FTA", "FT_PCT"),
    *("OREB", "DREB", "REB", "AST", "STL", "BLK", "TOV", "PF", "PTS", "PLUS_MINUS"),
)
_TEAM = ("TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME", "GAME_ID", "GAME_DATE", "MATCHUP", "WL", "MIN")
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "P": (
        *("SEASON_ID", "PLAYER_ID", "PLAYER_NAME"),
        *(*_TEAM, *_STATISTICS, "FANTASY_PTS", "VIDEO_AVAILABLE"),
    ),
    "T": ("SEASON_ID", *_TEAM, *_STATISTICS, "VIDEO_AVAILABLE"),
}


def game_log(view: ArchiveView, params: Params) -> UpstreamResponse:
    """Rows of players (`PlayerOrTeam` P) or teams (T); without a range, the season to date."""
    if "Season" not in params:
        return missing_parameter("Season")
    try:
        first = _day(params.get("DateFrom")) or date.min
        last = _day(params.get("DateTo")) or date.max
    except ValueError:
        return bad_request("DateFrom and DateTo are MM/DD/YYYY")
    season, kind = params["Season"], params["PlayerOrTeam"]
    prefix = _ID_PREFIXES.get(params.get("SeasonType", _REGULAR), "")
    games = [
        game.game_id
        for game in view.games_of(season)
        if game.game_id[:3] == prefix and first <= game.game_date <= last and view.is_final(game, APPEARS_AFTER)
    ]
    if params.get("Direction") == "DESC":
        games.reverse()
    rows = _rows_by_game(view.index, season, kind)
    empty = result_sets("leaguegamelog", _parameters(params), "LeagueGameLog", _HEADERS[kind], [])
    listed = ",".join(rows[game_id] for game_id in games if game_id in rows)
    body = empty.body.replace(b'"rowSet":[]', f'"rowSet":[{listed}]'.encode())
    return UpstreamResponse(200, body)


def _parameters(params: Params) -> dict[str, object]:
    return {
        "LeagueID": params.get("LeagueID", "00"),
        "Season": params["Season"],
        "SeasonType": params.get("SeasonType", _REGULAR),
        "PlayerOrTeam": params["PlayerOrTeam"],
        "Counter": 1000,
        "Sorter": "DATE",
        "Direction": params.get("Direction", "ASC"),
        "DateFrom": params.get("DateFrom") or None,
        "DateTo": params.get("DateTo") or None,
    }


def _day(text: str | None) -> date | None:
    return datetime.strptime(text, "%m/%d/%Y").date() if text else None  # noqa: DTZ007 - a date has no zone


@lru_cache(maxsize=32)
def _rows_by_game(index: ArchiveIndex, season: str, kind: str) -> Mapping[str, str]:
    """The rows of each game as JSON, cached because serialising a season takes too long for one request."""
    box = index.archive.player_box if kind == "P" else index.archive.team_box
    of_season = box.filter(pl.col("season") == season)
    frame = _with_log_columns(of_season, index.archive.games).select("game_id", *_HEADERS[kind])
    rows: dict[str, list[str]] = {}
    for game_id, *row in frame.iter_rows():
        rows.setdefault(game_id, []).append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    return {game_id: ",".join(listed) for game_id, listed in rows.items()}


def _with_log_columns(box: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    results = games.select("game_id", "neutral_site", home_won=pl.col("home_points") > pl.col("away_points"))
    team = pl.col("team")
    return box.join(results, on="game_id").with_columns(
        SEASON_ID="2" + pl.col("season").str.head(4),
        TEAM_ID=team.replace_strict({team.tricode: int(team.nba_id) for team in TEAMS.values()}),
        TEAM_ABBREVIATION=team,
        TEAM_NAME=team.replace_strict({code: f"{team.city} {team.name}" for code, team in TEAMS.items()}),
        GAME_ID=pl.col("game_id"),
        GAME_DATE=pl.col("game_date").dt.to_string(),
        MATCHUP=_matchup(),
        WL=pl.when(pl.col("home") == pl.col("home_won")).then(pl.lit("W")).otherwise(pl.lit("L")),
        MIN=pl.col("minutes").round().cast(pl.Int64),
        FG_PCT=_fraction("fgm", "fga"),
        FG3_PCT=_fraction("fg3m", "fg3a"),
        FT_PCT=_fraction("ftm", "fta"),
        PTS=pl.col("points"),
        FANTASY_PTS=_fantasy_points(),
        VIDEO_AVAILABLE=1,
        **{name: pl.col(name.lower()) for name in _STATISTICS if name.lower() in box.columns},
        **({"PLAYER_ID": pl.col("player_id").cast(pl.Int64)} if "player_id" in box.columns else {}),
        **({"PLAYER_NAME": pl.col("player_name")} if "player_name" in box.columns else {}),
    )


def _matchup() -> pl.Expr:
    """The matchup; at a neutral site the provider writes "@" for both teams."""
    at_home = pl.col("home") & ~pl.col("neutral_site")
    between = pl.when(at_home).then(pl.lit(" vs. ")).otherwise(pl.lit(" @ "))
    return pl.col("team") + between + pl.col("opponent")


def _fraction(made: str, attempted: str) -> pl.Expr:
    return pl.when(pl.col(attempted) > 0).then((pl.col(made) / pl.col(attempted)).round(3))


def _fantasy_points() -> pl.Expr:
    """The formula of stats.nba.com: points + 1.2 rebounds + 1.5 assists + 3 steals + 3 blocks - turnovers."""
    weights = {"points": 1.0, "reb": 1.2, "ast": 1.5, "stl": 3.0, "blk": 3.0, "tov": -1.0}
    return ordered_sum(weight * pl.col(count) for count, weight in weights.items()).round(1)


ENDPOINTS = (
    Endpoint(
        "nbac_player_boxscores",
        "stats.nba.com",
        r"stats/leaguegamelog",
        game_log,
        query={"PlayerOrTeam": "P"},
    ),
    Endpoint(
        "nbac_team_history",
        "stats.nba.com",
        r"stats/leaguegamelog",
        game_log,
        query={"PlayerOrTeam": "T"},
    ),
)
