"""The NBA's box scores of single games: stats.nba.com boxscoretraditionalv3 and cdn.nba.com's live box score.

The archive knows box scores of finished games only: until a game is final its players are nobody, and its totals 0.
"""

from collections.abc import Iterable
from typing import Final

from tipoff.replay.archive.layout import COUNTS
from tipoff.replay.shapes.box_rows import Row, others, player_rows, seconds_played, share, summed, team_row
from tipoff.replay.shapes.game_state import FINAL, GameState, state_of
from tipoff.replay.shapes.nba import first_and_last, team_slug
from tipoff.replay.shapes.nba_game_log import APPEARS_AFTER
from tipoff.replay.shapes.refusals import access_denied, required
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View, json_answer, zulu
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN

_NAMES: Final = {
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
_SHARES: Final = {
    "fieldGoalsPercentage": ("fgm", "fga"),
    "threePointersPercentage": ("fg3m", "fg3a"),
    "freeThrowsPercentage": ("ftm", "fta"),
}
_NOTHING: Final[Row] = {"minutes": 0.0, **dict.fromkeys(COUNTS, 0)}


def traditional(view: View, params: Params) -> UpstreamResponse:
    """boxscoretraditionalv3: totals and players from a few minutes after the end; an unknown game has no sides."""
    if "GameID" not in params:
        return required("GameID")
    game = view.past.by_id.get(params["GameID"])
    return json_answer(
        {
            "meta": {
                "version": 1,
                "request": f"http://nba.cloud/games/{params['GameID']}/boxscoretraditional?Format=json",
                "time": f"{view.as_of:%Y-%m-%dT%H:%M:%S}.0000Z",
            },
            "boxScoreTraditional": _both_sides(game, view) if game else None,
        }
    )


def live(view: View, params: Params) -> UpstreamResponse:
    """The live box score: denied before tip-off, without players until the game is final."""
    game = view.past.by_id.get(params["game_id"])
    if game is None or view.as_of < game.tip_off:
        return access_denied()
    state = state_of(game, view)
    return json_answer(
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


def _both_sides(game: Game, view: View) -> dict[str, object]:
    home, away = TEAMS[game.home], TEAMS[game.away]
    return {
        "gameId": game.game_id,
        "awayTeamId": int(away.nba_id),
        "homeTeamId": int(home.nba_id),
        "homeTeam": _side(game, game.home, view),
        "awayTeam": _side(game, game.away, view),
    }


def _side(game: Game, tricode: str, view: View) -> dict[str, object]:
    team = TEAMS[tricode]
    final = view.is_final(game, APPEARS_AFTER)
    players = player_rows(view, game, tricode) if final else []
    totals = team_row(view, game, tricode) if final else _NOTHING
    return {
        "teamId": int(team.nba_id),
        "teamCity": team.city,
        "teamName": team.name,
        "teamTricode": tricode,
        "teamSlug": team_slug(team),
        "players": [_player(row) for row in players],
        "statistics": {**_statistics(totals), "plusMinusPoints": float(totals["plus_minus"])} if totals else None,
        "starters": _group(row for row in players if row["starter"]),
        "bench": _group(row for row in players if not row["starter"]),
    }


def _group(rows: Iterable[Row]) -> Row | None:
    rows = tuple(rows)
    return _statistics(summed(rows, _NOTHING)) if rows else None


def _player(row: Row) -> dict[str, object]:
    """Without position, comment and number, which the archive does not know."""
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
    minutes, seconds = seconds_played(row["minutes"])
    return {"minutes": f"{minutes}:{seconds:02d}", **_counts(row)}


def _counts(row: Row) -> Row:
    shares = {name: share(row[made], row[tried]) for name, (made, tried) in _SHARES.items()}
    return {**{name: row[column] for name, column in _NAMES.items()}, **shares}


def _times(game: Game) -> dict[str, str]:
    eastern = game.tip_off.astimezone(EASTERN).isoformat()
    return {"gameTimeUTC": zulu(game.tip_off), "gameEt": eastern}


def _live_side(game: Game, tricode: str, points: tuple[int, ...], state: GameState, view: View) -> dict[str, object]:
    team, final = TEAMS[tricode], state.status == FINAL
    played = [_live_player(row, played=True) for row in player_rows(view, game, tricode)] if final else []
    absent = [_live_player({**_NOTHING, **row}, played=False) for row in others(view, game, tricode)] if final else []
    totals = team_row(view, game, tricode) if final else None
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
    minutes, seconds = seconds_played(row["minutes"])
    return {"minutes": f"PT{minutes:02d}M{seconds:02d}.00S", **_counts(row)}
