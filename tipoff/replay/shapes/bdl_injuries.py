"""api.balldontlie.io /v1/player_injuries: the players reported out of today's games, in pages.

The archive has no player ids, physical or origin data of the provider and no return dates; those fields are omitted.
"""

from collections.abc import Iterator

from tipoff.replay.archive.rosters import injury_report
from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.espn_roster import without_accents
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import TEAMS

_TEAM_BY_ID = {team.bdl_id: team.tricode for team in TEAMS.values()}
_PER_PAGE = 25
"""Entries per page by default."""


def injuries(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The entries of the requested teams (by default all) from the cursor; `next_cursor` when more are left."""
    entries = list(_entries(view, _teams(params)))
    start, length = int(params.get("cursor", 0)), int(params.get("per_page", _PER_PAGE))
    meta = {"per_page": length}
    if start + length < len(entries):
        meta["next_cursor"] = start + length
    return json_response({"data": entries[start : start + length], "meta": meta})


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """Today's games of the requested teams."""
    teams = _teams(params)
    return [game for game in view.index.by_date.get(view.today, ()) if teams & {game.home, game.away}]


def _teams(params: Params) -> set[str]:
    requested = params.get("team_ids[]")
    ids = requested.split(",") if requested else _TEAM_BY_ID
    return {_TEAM_BY_ID[team_id] for team_id in ids if team_id in _TEAM_BY_ID}


def _entries(view: ArchiveView, teams: set[str]) -> Iterator[dict[str, object]]:
    """Entries by team and name; a player is listed until his game tips off."""
    visible = {game.game_id for game in view.games_on(view.today)}
    report = injury_report(view.index.archive, view.today, view.as_of).sort("team", "player_name")
    for row in report.iter_rows(named=True):
        if row["game_id"] in visible and row["team"] in teams:
            first, last = first_and_last(without_accents(row["player_name"]))
            yield {
                "player": {"first_name": first, "last_name": last, "team_id": int(TEAMS[row["team"]].bdl_id)},
                "description": row["reason"],
                "status": row["status"],
            }


ENDPOINTS = (
    Endpoint(
        "bdl_injuries",
        "api.balldontlie.io",
        r"v1/player_injuries",
        injuries,
        requested_games=requested_games,
        special_faults=frozenset({FaultKind.BAD_KEY}),
    ),
)
