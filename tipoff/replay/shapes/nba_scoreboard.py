"""cdn.nba.com todaysScoreboard_00.json: the live scores of one date, which changes at 10:00 Eastern time.

Leaders are blank, as before a tip-off, because the archive has box scores of finished games only.
"""

from collections import Counter
from datetime import date, timedelta

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.game_state import Record, add_result, listed_time, state_of
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, iso_z, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN, season_of

_CHANGES_AFTER_MIDNIGHT = timedelta(hours=10)
_REQUEST = "https://nba-prod-us-east-1-mediaops-stats.s3.amazonaws.com/NBA/liveData/scoreboard/todaysScoreboard_00.json"
_NO_LEADER = {
    "personId": 0,
    "name": "",
    "jerseyNum": "",
    "position": "",
    "teamTricode": "",
    "playerSlug": None,
    "points": 0,
    "rebounds": 0,
    "assists": 0,
}


def scoreboard(view: ArchiveView, params: Params) -> UpstreamResponse:
    """Yesterday's games until 10:00 ET, then today's."""
    local = view.as_of.astimezone(EASTERN)
    game_date = (local.replace(tzinfo=None) - _CHANGES_AFTER_MIDNIGHT).date()
    return json_response(
        {
            "meta": {
                "version": 1,
                "request": _REQUEST,
                "time": f"{local:%Y-%m-%d %I:%M:%S}.0000",
                "code": 200,
            },
            "scoreboard": {
                "gameDate": f"{game_date}",
                "leagueId": "00",
                "leagueName": "National Basketball Association",
                "games": _games(game_date, view),
            },
        }
    )


def _games(game_date: date, view: ArchiveView) -> list[dict[str, object]]:
    record: Record = Counter()
    for game in view.games_of(season_of(game_date)):
        if view.is_final(game):
            add_result(record, game)
    return [_game(game, view, record) for game in view.games_on(game_date)]


def _game(game: Game, view: ArchiveView, record: Record) -> dict[str, object]:
    state, time = state_of(game, view), listed_time(game, view)
    return {
        "gameId": game.game_id,
        "gameCode": f"{game.game_date:%Y%m%d}/{game.away}{game.home}",
        "gameStatus": state.status,
        "gameStatusText": state.text,
        "period": state.period,
        "gameClock": state.clock,
        "gameTimeUTC": iso_z(time),
        "gameEt": time.astimezone(EASTERN).isoformat(),
        "regulationPeriods": 4,
        "ifNecessary": False,
        "seriesGameNumber": "",
        "seriesText": "",
        "seriesConference": "",
        "poRoundDesc": "",
        "gameSubtype": "",
        "homeTeam": _team(game.home, state.home_periods, record),
        "awayTeam": _team(game.away, state.away_periods, record),
        "gameLeaders": {"homeLeaders": _NO_LEADER, "awayLeaders": _NO_LEADER},
        "pbOdds": {"team": None, "odds": 0.0, "suspended": 0},
    }


def _team(tricode: str, points: tuple[int, ...], record: Record) -> dict[str, object]:
    team = TEAMS[tricode]
    return {
        "teamId": int(team.nba_id),
        "teamName": team.name,
        "teamCity": team.city,
        "teamTricode": tricode,
        "wins": record[tricode, True],
        "losses": record[tricode, False],
        "score": sum(points),
        "seed": 0,
        "inBonus": None,
        "timeoutsRemaining": 0,
        "periods": [_period(number, scored) for number, scored in enumerate(points, start=1)],
    }


def _period(number: int, scored: int) -> dict[str, object]:
    kind = "REGULAR" if number <= 4 else "OVERTIME"
    return {"period": number, "periodType": kind, "score": scored}


ENDPOINTS = (
    Endpoint(
        "nbac_scoreboard",
        "cdn.nba.com",
        r"static/json/liveData/scoreboard/todaysScoreboard_00\.json",
        scoreboard,
        special_faults=frozenset({FaultKind.POSTPONED, FaultKind.TIP_OFF_TBD}),
    ),
)
