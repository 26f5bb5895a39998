"""site.api.espn.com teams/{id}/roster: a team's players on the as-of date, in ESPN's ids and spelling."""

import unicodedata

from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import TEAMS

_BY_ID = {team.espn_id: team for team in TEAMS.values()}
_ACTIVE = {"id": "1", "name": "Active", "type": "active", "abbreviation": "Active"}
_ID_STEP, _ID_MODULUS = 7919, 9_999_991  # both prime, so that ids are unique


def team_roster(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The team with its athletes; 404 for an unknown team id."""
    team = _BY_ID.get(params["espn_id"])
    if team is None:
        return json_response({"code": 404, "message": "Failed to get league teams"}, 404)
    players = view.index.roster(view.today, team.tricode) if team in view.teams() else []
    full_name = f"{team.city} {team.name}"
    return json_response(
        {
            "team": {
                "id": team.espn_id,
                "uid": f"s:40~l:46~t:{team.espn_id}",
                "slug": full_name.lower().replace(" ", "-"),
                "location": team.city,
                "name": team.name,
                "abbreviation": team.espn_tricode,
                "displayName": full_name,
                "shortDisplayName": team.name,
                "isActive": True,
                "athletes": [_athlete(player_id, name) for player_id, name in players],
            }
        }
    )


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The team's games on the as-of date."""
    team = _BY_ID.get(params["espn_id"])
    slate = view.index.by_date.get(view.today, ())
    return [game for game in slate if team and team.tricode in (game.home, game.away)]


def _athlete(player_id: str, player_name: str) -> dict[str, object]:
    espn_id = str(int(player_id) * _ID_STEP % _ID_MODULUS)
    name = without_accents(player_name)
    first, last = first_and_last(name)
    return {
        "id": espn_id,
        "uid": f"s:40~l:46~a:{espn_id}",
        "type": "basketball",
        "alternateIds": {"sdr": espn_id},
        "firstName": first,
        "lastName": last,
        "fullName": name,
        "displayName": name,
        "shortName": f"{first[:1]}. {last}" if first else last,
        "slug": name.lower().replace(" ", "-").replace(".", "").replace("'", ""),
        "injuries": [],
        "linked": True,
        "active": True,
        "status": _ACTIVE,
    }


def without_accents(name: str) -> str:
    """The name without accents, as ESPN and the injury report spell it."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


ENDPOINTS = (
    Endpoint(
        "espn_team_rosters",
        "site.api.espn.com",
        r"apis/site/v2/sports/basketball/nba/teams/(?P<espn_id>\d+)/roster",
        team_roster,
        requested_games=requested_games,
    ),
)
