"""stats.nba.com playerindex: the players on all rosters on the as-of date.

The archive has no jersey numbers, positions, physical or origin data; those cells are null.
"""

from collections.abc import Sequence

from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import missing_parameter
from tipoff.replay.shapes.nba import first_and_last, result_sets, team_slug
from tipoff.replay.shapes.view import ArchiveView, Params, UpstreamResponse
from tipoff.teams import Team

_HEADERS = (
    *("PERSON_ID", "PLAYER_LAST_NAME", "PLAYER_FIRST_NAME", "PLAYER_SLUG"),
    *("TEAM_ID", "TEAM_SLUG", "IS_DEFUNCT", "TEAM_CITY", "TEAM_NAME", "TEAM_ABBREVIATION"),
    *("JERSEY_NUMBER", "POSITION", "HEIGHT", "WEIGHT", "COLLEGE", "COUNTRY"),
    *("DRAFT_YEAR", "DRAFT_ROUND", "DRAFT_NUMBER", "ROSTER_STATUS", "FROM_YEAR", "TO_YEAR"),
    *("PTS", "REB", "AST", "STATS_TIMEFRAME"),
)
_FILTERS = ("Country", "College", "DraftYear", "DraftPick", "PlayerPosition", "Height", "Weight")
_UNKNOWN_CELLS = (None,) * 9  # jersey number to draft number


def player_index(view: ArchiveView, params: Params) -> UpstreamResponse:
    """About 500 players by last name; 400 without `Season`."""
    if "Season" not in params:
        return missing_parameter("Season")
    season = params["Season"]
    parameters: dict[str, object] = {"LeagueID": "00", "Season": season, "Historical": 0, "TeamID": 0}
    parameters |= dict.fromkeys((*_FILTERS, "Active", "AllStar"))
    rows = [row for team in view.teams() for row in _rows(view, team, season)]
    rows.sort(key=lambda row: (str(row[1]), str(row[2]), str(row[0])))
    return result_sets("playerindex", parameters, "PlayerIndex", _HEADERS, rows)


def _rows(view: ArchiveView, team: Team, season: str) -> list[Sequence[object]]:
    team_cells = (int(team.nba_id), team_slug(team), 0, team.city, team.name, team.tricode)
    status = (1.0, None, season[:4], None, None, None, "Season")
    return [
        (int(player_id), last, first, _slug(name), *team_cells, *_UNKNOWN_CELLS, *status)
        for player_id, name in view.index.roster(view.today, team.tricode)
        for first, last in [first_and_last(name)]
    ]


def _slug(name: str) -> str:
    return name.lower().replace(".", "").replace("'", "").replace(" ", "-")


ENDPOINTS = (
    Endpoint(
        "nbac_player_list_current",
        "stats.nba.com",
        r"stats/playerindex",
        player_index,
    ),
)
