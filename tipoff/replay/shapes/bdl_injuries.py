"""api.balldontlie.io /v1/player_injuries: who is reported out of tonight's games, in pages.

The archive knows neither the provider's player ids nor bodies, origins and return dates: those fields are left out.
"""

from collections.abc import Iterator

from tipoff.replay.archive.rosters import injury_report
from tipoff.replay.shapes.espn_roster import plain
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View, json_answer
from tipoff.teams import TEAMS

_OF_ID = {team.bdl_id: team.tricode for team in TEAMS.values()}
_PER_PAGE = 25
"""Entries of a page when the request does not say."""


def injuries(view: View, params: Params) -> UpstreamResponse:
    """The entries of the teams asked for, or of all, from the cursor on; `next_cursor` where more are left."""
    entries = list(_entries(view, _teams(params)))
    start, length = int(params.get("cursor", 0)), int(params.get("per_page", _PER_PAGE))
    meta = {"per_page": length}
    if start + length < len(entries):
        meta["next_cursor"] = start + length
    return json_answer({"data": entries[start : start + length], "meta": meta})


def games_of_teams(view: View, params: Params) -> list[Game]:
    """Tonight's games of the teams asked for."""
    teams = _teams(params)
    return [game for game in view.past.by_date.get(view.today, ()) if teams & {game.home, game.away}]


def _teams(params: Params) -> set[str]:
    asked = params.get("team_ids[]")
    ids = asked.split(",") if asked else _OF_ID
    return {_OF_ID[team_id] for team_id in ids if team_id in _OF_ID}


def _entries(view: View, teams: set[str]) -> Iterator[dict[str, object]]:
    """By team and name; a player leaves the list as his game tips off."""
    shown = {game.game_id for game in view.games_on(view.today)}
    report = injury_report(view.past.archive, view.today, view.as_of).sort("team", "player_name")
    for row in report.iter_rows(named=True):
        if row["game_id"] in shown and row["team"] in teams:
            first, last = first_and_last(plain(row["player_name"]))
            yield {
                "player": {"first_name": first, "last_name": last, "team_id": int(TEAMS[row["team"]].bdl_id)},
                "description": row["reason"],
                "status": row["status"],
            }
