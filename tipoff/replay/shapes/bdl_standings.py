"""api.balldontlie.io /v1/standings: the records of a season from the games that are final at the as-of time.

Regular-season games count, the Cup final does not; a neutral site is neither home nor road. Teams rank by winning
percentage, then wins, then name; the league's tie-breakers are not replayed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import bad_request
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import Team

_REGULAR_SEASON = "002"
_DIVISIONS = {
    "Atlantic": "BOS BKN NYK PHI TOR",
    "Central": "CHI CLE DET IND MIL",
    "Southeast": "ATL CHA MIA ORL WAS",
    "Northwest": "DEN MIN OKC POR UTA",
    "Pacific": "GSW LAC LAL PHX SAC",
    "Southwest": "DAL HOU MEM NOP SAS",
}
_DIVISION = {tricode: division for division, teams in _DIVISIONS.items() for tricode in teams.split()}
_EASTERN_DIVISIONS = frozenset({"Atlantic", "Central", "Southeast"})


def standings(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The standings of the season that starts in the year `season`; 400 when that is not a year."""
    started = params.get("season", "")
    if not (started.isascii() and started.isdigit()):
        return bad_request("season must be a year")
    season = f"{started}-{(int(started) + 1) % 100:02d}"
    games = view.games_of(season)
    records = _records(game for game in games if game.game_id.startswith(_REGULAR_SEASON) and view.is_final(game))
    teams = sorted(view.teams() if games else [], key=lambda team: _rank_key(team, records))
    return json_response({"data": [_entry(team, records, teams, int(started)) for team in teams]})


@dataclass(frozen=True)
class _Records:
    """Wins and losses by team and kind of game (all, home, road, conference, division)."""

    won: Counter[tuple[str, str]]
    lost: Counter[tuple[str, str]]

    def text(self, team: Team, kind: str) -> str:
        key = (team.tricode, kind)
        return f"{self.won[key]}-{self.lost[key]}"


def _records(finals: Iterable[Game]) -> _Records:
    records = _Records(Counter(), Counter())
    for game in finals:
        home_won = (game.home_points or 0) > (game.away_points or 0)
        for team, won in ((game.home, home_won), (game.away, not home_won)):
            (records.won if won else records.lost).update((team, kind) for kind in _kinds(game, team))
    return records


def _kinds(game: Game, team: str) -> Iterator[str]:
    yield "all"
    if not game.neutral_site:
        yield "home" if team == game.home else "road"
    if _conference(game.home) == _conference(game.away):
        yield "conference"
    if _DIVISION[game.home] == _DIVISION[game.away]:
        yield "division"


def _conference(tricode: str) -> str:
    return "East" if _DIVISION[tricode] in _EASTERN_DIVISIONS else "West"


def _rank_key(team: Team, records: _Records) -> tuple[float, int, str]:
    won, lost = (side[team.tricode, "all"] for side in (records.won, records.lost))
    return -won / max(won + lost, 1), -won, team.name


def _entry(team: Team, records: _Records, teams: Iterable[Team], started: int) -> dict[str, object]:
    """The entry of one team; `teams` are all teams, best first."""
    ranked = [other.tricode for other in teams]
    conference, division = _conference(team.tricode), _DIVISION[team.tricode]
    return {
        "team": {
            "id": int(team.bdl_id),
            "conference": conference,
            "division": division,
            "city": team.city,
            "name": team.name,
            "full_name": f"{team.city} {team.name}",
            "abbreviation": team.tricode,
        },
        "conference_record": records.text(team, "conference"),
        "conference_rank": [code for code in ranked if _conference(code) == conference].index(team.tricode) + 1,
        "division_record": records.text(team, "division"),
        "division_rank": [code for code in ranked if _DIVISION[code] == division].index(team.tricode) + 1,
        "wins": records.won[team.tricode, "all"],
        "losses": records.lost[team.tricode, "all"],
        "home_record": records.text(team, "home"),
        "road_record": records.text(team, "road"),
        "season": started,
    }


ENDPOINTS = (
    Endpoint(
        "nbac_standings",
        "api.balldontlie.io",
        r"v1/standings",
        standings,
        special_faults=frozenset({FaultKind.BAD_KEY}),
    ),
)
