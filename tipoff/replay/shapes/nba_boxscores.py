"""The NBA's box scores of single games: stats.nba.com boxscoretraditionalv3 and cdn.nba.com's live box score.

The archive has box scores of finished games only. Until a game is final, boxscoretraditionalv3 has empty lists of
players and totals of 0; the live box score has each count in proportion to the time played, rounded down.
"""

from collections.abc import Iterable
from typing import Final

from tipoff.replay.archive.layout import COUNTS
from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.box_rows import (
    Row,
    absent_rows,
    column_sums,
    fraction,
    minutes_and_seconds,
    player_rows,
    requested_games,
    team_row,
)
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import access_denied, missing_parameter
from tipoff.replay.shapes.game_state import FINAL, IN_PLAY, GameState, state_of
from tipoff.replay.shapes.nba import first_and_last, team_slug
from tipoff.replay.shapes.nba_game_log import APPEARS_AFTER
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, iso_z, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN

_COUNT_COLUMNS: Final = {
    "fieldGoalsMade": "fgm",
    "fieldGoalsAttempted": "fga",
    "threePointersMade": "fg3m",
    "threePointersAttempted": "fg3a",
    "freeThrowsMade": "ftm",
    "freeThrowsAttempted": "fta",
    "reboundsOffensive": "oreb",
    "reboundsDefensive": "dreb",
    "reboundsTotal": "reb",
    "assists": "ast",
    "steals": "stl",
    "blocks": "blk",
    "turnovers": "tov",
    "foulsPersonal": "pf",
    "points": "points",
}
_PERCENTAGES: Final = {
    "fieldGoalsPercentage": ("fgm", "fga"),
    "threePointersPercentage": ("fg3m", "fg3a"),
    "freeThrowsPercentage": ("ftm", "fta"),
}
_ROUNDING: Final = 1e-9
_NO_COUNTS: Final[Row] = {"minutes": 0.0, **dict.fromkeys(COUNTS, 0)}


def traditional(view: ArchiveView, params: Params) -> UpstreamResponse:
    """boxscoretraditionalv3: totals and players from a few minutes after the end; null for an unknown game."""
    if "GameID" not in params:
        return missing_parameter("GameID")
    game = view.index.by_id.get(params["GameID"])
    return json_response(
        {
            "meta": {
                "version": 1,
                "request": f"http://nba.cloud/games/{params['GameID']}/boxscoretraditional?Format=json",
                "time": f"{view.as_of:%Y-%m-%dT%H:%M:%S}.0000Z",
            },
            "boxScoreTraditional": _both_sides(game, view) if game else None,
        }
    )


def live(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The live box score: 403 before tip-off."""
    game = view.index.by_id.get(params["game_id"])
    if game is None or not view.has_begun(game):
        return access_denied()
    state = state_of(game, view)
    return json_response(
        {
            "meta": {
                "version": 1,
                "code": 200,
                "request": f"http://nba.cloud/games/{game.game_id}/boxscore?Format=json",
                "time": f"{view.as_of:%Y-%m-%d %H:%M:%S}.000000",
            },
            "game": {
                "gameId": game.game_id,
                **_times(game),
                "gameCode": f"{game.game_date:%Y%m%d}/{game.away}{game.home}",
                "gameStatusText": state.text,
                "gameStatus": state.status,
                "regulationPeriods": 4,
                "period": state.period,
                "gameClock": state.clock or "PT00M00.00S",
                "homeTeam": _live_side(game, game.home, state.home_periods, state, view),
                "awayTeam": _live_side(game, game.away, state.away_periods, state, view),
            },
        }
    )


def _both_sides(game: Game, view: ArchiveView) -> dict[str, object]:
    home, away = TEAMS[game.home], TEAMS[game.away]
    return {
        "gameId": game.game_id,
        "awayTeamId": int(away.nba_id),
        "homeTeamId": int(home.nba_id),
        "homeTeam": _side(game, game.home, view),
        "awayTeam": _side(game, game.away, view),
    }


def _side(game: Game, tricode: str, view: ArchiveView) -> dict[str, object]:
    team = TEAMS[tricode]
    final = view.is_final(game, APPEARS_AFTER)
    players = player_rows(view, game, tricode) if final else []
    totals = team_row(view, game, tricode) if final else _NO_COUNTS
    return {
        "teamId": int(team.nba_id),
        "teamCity": team.city,
        "teamName": team.name,
        "teamTricode": tricode,
        "teamSlug": team_slug(team),
        "players": [_player(row) for row in players],
        "statistics": {**_statistics(totals), "plusMinusPoints": float(totals["plus_minus"])} if totals else None,
        "starters": _group_statistics(row for row in players if row["starter"]),
        "bench": _group_statistics(row for row in players if not row["starter"]),
    }


def _group_statistics(rows: Iterable[Row]) -> Row | None:
    rows = tuple(rows)
    return _statistics(column_sums(rows, _NO_COUNTS)) if rows else None


def _player(row: Row) -> dict[str, object]:
    """A player; position, comment and jersey number are blank, because the archive does not have them."""
    return {
        **_names(row),
        "playerSlug": row["player_name"].lower().replace(" ", "-").replace(".", ""),
        "position": "",
        "comment": "",
        "jerseyNum": "",
        "statistics": {**_statistics(row), "plusMinusPoints": float(row["plus_minus"])},
    }


def _names(row: Row) -> dict[str, object]:
    first, last = first_and_last(row["player_name"])
    return {
        "personId": int(row["player_id"]),
        "firstName": first,
        "familyName": last,
        "nameI": f"{first[:1]}. {last}" if first else last,
    }


def _statistics(row: Row) -> Row:
    minutes, seconds = minutes_and_seconds(row["minutes"])
    return {"minutes": f"{minutes}:{seconds:02d}", **_counts(row)}


def _counts(row: Row) -> Row:
    percentages = {name: fraction(row[made], row[attempted]) for name, (made, attempted) in _PERCENTAGES.items()}
    return {**{name: row[column] for name, column in _COUNT_COLUMNS.items()}, **percentages}


def _times(game: Game) -> dict[str, str]:
    eastern = game.tip_off.astimezone(EASTERN).isoformat()
    return {"gameTimeUTC": iso_z(game.tip_off), "gameEt": eastern}


def _live_side(
    game: Game, tricode: str, points: tuple[int, ...], state: GameState, view: ArchiveView
) -> dict[str, object]:
    team, begun = TEAMS[tricode], state.status in (IN_PLAY, FINAL)
    rows = [_so_far(row, state.share_played) for row in player_rows(view, game, tricode)] if begun else []
    played = [_live_player(row, played=row["minutes"] > 0) for row in rows]
    absent = (
        [_live_player({**_NO_COUNTS, **row}, played=False) for row in absent_rows(view, game, tricode)] if begun else []
    )
    totals = team_row(view, game, tricode) if state.status == FINAL else None
    return {
        "teamId": int(team.nba_id),
        "teamName": team.name,
        "teamCity": team.city,
        "teamTricode": tricode,
        "score": sum(points),
        "timeoutsRemaining": 0,
        "periods": [
            {"period": number, "periodType": "REGULAR" if number <= 4 else "OVERTIME", "score": scored}
            for number, scored in enumerate(points, start=1)
        ],
        "players": [{**player, "order": order} for order, player in enumerate([*played, *absent], start=1)],
        "statistics": _live_statistics(totals) if totals else {},
    }


def _so_far(row: Row, share: float) -> Row:
    """A player's row when a share of the game is played."""
    counts = {name: int(row[name] * share + _ROUNDING) for name in COUNTS}
    return {**row, **counts, "minutes": row["minutes"] * share, "plus_minus": int(row["plus_minus"] * share)}


def _live_player(row: Row, *, played: bool) -> dict[str, object]:
    return {
        "status": "INACTIVE" if row.get("status") == "INACTIVE" else "ACTIVE",
        "jerseyNum": "",
        "starter": str(int(row.get("starter", False))),
        "oncourt": "0",
        "played": str(int(played)),
        "statistics": {**_live_statistics(row), "plusMinusPoints": float(row["plus_minus"])},
        "name": row["player_name"],
        **_names(row),
    }


def _live_statistics(row: Row) -> Row:
    minutes, seconds = minutes_and_seconds(row["minutes"])
    return {"minutes": f"PT{minutes:02d}M{seconds:02d}.00S", **_counts(row)}


ENDPOINTS = (
    Endpoint(
        "nbac_team_boxscore",
        "stats.nba.com",
        r"stats/boxscoretraditionalv3",
        traditional,
        requested_games=requested_games,
        special_faults=frozenset({FaultKind.PARTIAL_TOTALS}),
    ),
    Endpoint(
        "nbac_live_boxscore",
        "cdn.nba.com",
        r"static/json/liveData/boxscore/boxscore_(?P<game_id>\d+)\.json",
        live,
        requested_games=requested_games,
    ),
)
