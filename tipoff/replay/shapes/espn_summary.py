"""site.api.espn.com summary: the box score of one event, without players until the game is final.

Team statistics, records, venues, broadcasts and articles are omitted.
"""

from tipoff.replay.shapes.box_rows import Row, absent_rows, column_sums, player_rows
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.espn_roster import without_accents
from tipoff.replay.shapes.espn_scoreboard import event_id, game_by_event_id, status_type
from tipoff.replay.shapes.game_state import FINAL, GameState, state_of
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import TEAMS, Team

_LEAGUE = "s:40~l:46"
_KEYS = (
    *("minutes", "points", "fieldGoalsMade-fieldGoalsAttempted"),
    *("threePointFieldGoalsMade-threePointFieldGoalsAttempted", "freeThrowsMade-freeThrowsAttempted", "rebounds"),
    *("assists", "turnovers", "steals", "blocks", "offensiveRebounds", "defensiveRebounds", "fouls", "plusMinus"),
)
_LABELS = ("MIN", "PTS", "FG", "3PT", "FT", "REB", "AST", "TO", "STL", "BLK", "OREB", "DREB", "PF", "+/-")
_SUMS = (
    *("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta"),
    *("reb", "ast", "tov", "stl", "blk", "oreb", "dreb", "pf"),
)


def summary(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The summary of `event`; 404 when it does not exist."""
    game = game_by_event_id(view, params.get("event", ""))
    if game is None:
        return json_response({"code": 404, "message": "Failed to get event"}, 404)
    state = state_of(game, view)
    return json_response({"boxscore": _box(game, state, view), "header": _header(game, state)})


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The game of `event`."""
    game = game_by_event_id(view, params.get("event", ""))
    return [game] if game else []


def _header(game: Game, state: GameState) -> dict[str, object]:
    number = event_id(game)
    return {
        "id": number,
        "uid": f"{_LEAGUE}~e:{number}",
        "season": {"year": int(game.season[:4]) + 1},
        "timeValid": True,
        "competitions": [
            {
                "id": number,
                "uid": f"{_LEAGUE}~e:{number}~c:{number}",
                "date": f"{game.tip_off:%Y-%m-%dT%H:%MZ}",
                "neutralSite": game.neutral_site,
                "competitors": [
                    _competitor(game.home, "home", 0, sum(state.home_periods)),
                    _competitor(game.away, "away", 1, sum(state.away_periods)),
                ],
                "status": {"type": status_type(state)},
            }
        ],
        "league": {
            "id": "46",
            "uid": _LEAGUE,
            "name": "National Basketball Association",
            "abbreviation": "NBA",
            "shortName": "NBA",
            "slug": "nba",
            "isTournament": False,
        },
    }


def _competitor(tricode: str, side: str, order: int, points: int) -> dict[str, object]:
    team = TEAMS[tricode]
    return {
        "id": team.espn_id,
        "uid": f"{_LEAGUE}~t:{team.espn_id}",
        "order": order,
        "homeAway": side,
        "team": _team(team),
        "score": str(points),
    }


def _team(team: Team) -> dict[str, object]:
    return {
        "id": team.espn_id,
        "uid": f"{_LEAGUE}~t:{team.espn_id}",
        "location": team.city,
        "name": team.name,
        "abbreviation": team.espn_tricode,
        "displayName": f"{team.city} {team.name}",
    }


def _box(game: Game, state: GameState, view: ArchiveView) -> dict[str, object]:
    sides = ((game.away, "away"), (game.home, "home"))
    box: dict[str, object] = {
        "teams": [
            {"team": _team(TEAMS[tricode]), "displayOrder": order, "homeAway": side}
            for order, (tricode, side) in enumerate(sides, start=1)
        ]
    }
    if state.status == FINAL:
        box["players"] = [
            {
                "team": _team(TEAMS[tricode]),
                "statistics": [_box_table(game, tricode, view)],
                "displayOrder": order,
            }
            for order, (tricode, _) in enumerate(sides, start=1)
        ]
    return box


def _box_table(game: Game, tricode: str, view: ArchiveView) -> dict[str, object]:
    played = player_rows(view, game, tricode)
    sums = _statistics(column_sums(played, _SUMS))
    return {
        "names": list(_LABELS),
        "keys": list(_KEYS),
        "labels": list(_LABELS),
        "athletes": [*map(_active_athlete, played), *map(_inactive_athlete, absent_rows(view, game, tricode))],
        "totals": ["", *sums, ""],
    }


def _active_athlete(row: Row) -> dict[str, object]:
    stats = [str(round(row["minutes"])), *_statistics(row), f"{row['plus_minus']:+d}" if row["plus_minus"] else "0"]
    return {**_athlete(row), "starter": row["starter"], "didNotPlay": False, "stats": stats}


def _inactive_athlete(row: Row) -> dict[str, object]:
    return {**_athlete(row), "starter": False, "didNotPlay": True, "stats": []}


def _athlete(row: Row) -> dict[str, object]:
    return {"athlete": {"displayName": without_accents(row["player_name"])}, "ejected": False}


def _statistics(row: Row) -> list[str]:
    """All statistics but minutes and plus-minus, in the order of the keys."""
    made_attempted = [f"{row[f'{shot}m']}-{row[f'{shot}a']}" for shot in ("fg", "fg3", "ft")]
    counts = [str(row[name]) for name in ("reb", "ast", "tov", "stl", "blk", "oreb", "dreb", "pf")]
    return [str(row["points"]), *made_attempted, *counts]


ENDPOINTS = (
    Endpoint(
        "espn_boxscores",
        "site.api.espn.com",
        r"apis/site/v2/sports/basketball/nba/summary",
        summary,
        requested_games=requested_games,
    ),
)
