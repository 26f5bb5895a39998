"""cdn.nba.com scheduleLeagueV2.json, and stats.nba.com scheduleleaguev2int in the same format.

The season of the as-of date, or the one that the request names, with the results known by then.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.game_state import Record, add_result, listed_time, state_of
from tipoff.replay.shapes.nba import team_slug
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, iso_z, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN, season_of

_ZONES = {
    "America/Chicago": ("CHI", "DAL", "HOU", "MEM", "MIL", "MIN", "NOP", "OKC", "SAS"),
    "America/Denver": ("DEN", "UTA"),
    "America/Phoenix": ("PHX",),
    "America/Los_Angeles": ("GSW", "LAC", "LAL", "POR", "SAC"),
}
_ZONE_OF = {team: ZoneInfo(name) for name, teams in _ZONES.items() for team in teams}

_BROADCASTERS: dict[str, list[object]] = {
    f"{scope}{medium}Broadcasters": []
    for scope, media in {
        "national": ("Tv", "Radio", "Ott"),
        "home": ("Tv", "Radio", "Ott"),
        "away": ("Tv", "Radio", "Ott"),
        "intl": ("Radio", "Tv", "Ott"),
    }.items()
    for medium in media
}

_DAMAGE: dict[str, object] = {"gameDateTimeUTC": "", "gameStatusText": None}
"""What an unreadable entry has instead."""

_POSTPONED_BY = timedelta(days=7)
"""A postponed game moves to this many days later and is marked PPD."""


def schedule(view: ArchiveView, params: Params) -> UpstreamResponse:
    """All games of `Season`, by default today's. Fields named "Est" are Eastern wall-clock times with a wrong Z."""
    season = params.get("Season", season_of(view.today))
    games = sorted((_as_listed(game, view) for game in view.games_of(season)), key=_sort_key)
    return json_response(
        {
            "meta": {
                "version": 1,
                "request": f"http://nba.cloud/league/00/{season}/scheduleleaguev2?Format=json",
                "time": f"{view.as_of:%Y-%m-%dT%H:%M:%S}.000Z",
            },
            "leagueSchedule": {
                "seasonYear": season,
                "leagueId": "00",
                "gameDates": _game_dates(games, view),
                "weeks": [],
                "broadcasterList": [],
            },
        }
    )


def _sort_key(game: Game) -> tuple[date, datetime, str]:
    return game.game_date, game.tip_off, game.game_id


def _as_listed(game: Game, view: ArchiveView) -> Game:
    if game.game_id not in view.postponed_games:
        return replace(game, tip_off=listed_time(game, view))
    return replace(game, game_date=game.game_date + _POSTPONED_BY, tip_off=game.tip_off + _POSTPONED_BY)


def _game_dates(games: list[Game], view: ArchiveView) -> list[dict[str, object]]:
    record: Record = Counter()
    return [
        {
            "gameDate": f"{game_date:%m/%d/%Y} 00:00:00",
            "games": [
                _game(game, number, view, record, games[0].game_date) for number, game in enumerate(slate, start=1)
            ],
        }
        for game_date, slate in groupby(games, key=lambda game: game.game_date)
    ]


def _game(game: Game, number: int, view: ArchiveView, record: Record, season_start: date) -> dict[str, object]:
    state = state_of(game, view)
    if view.is_final(game):
        add_result(record, game)
    return {
        "gameId": game.game_id,
        "gameCode": f"{game.game_date:%Y%m%d}/{game.away}{game.home}",
        "gameStatus": state.status,
        "gameStatusText": state.text,
        "gameSequence": number,
        **_times(game),
        "day": f"{game.game_date:%a}",
        "monthNum": game.game_date.month,
        **_week(game.game_date, season_start),
        "ifNecessary": False,
        "seriesGameNumber": "",
        "gameLabel": "",
        "gameSubLabel": "",
        "seriesText": "Neutral Site" if game.neutral_site else "",
        **_arena(game),
        "postponedStatus": "Y" if game.game_id in view.postponed_games else "N",
        "branchLink": "",
        "gameSubtype": "",
        "isNeutral": game.neutral_site,
        "broadcasters": _BROADCASTERS,
        "homeTeam": _team(game.home, sum(state.home_periods), record),
        "awayTeam": _team(game.away, sum(state.away_periods), record),
        "pointsLeaders": [],
        **(_DAMAGE if game.game_id in view.damaged_games else {}),
    }


def _times(game: Game) -> dict[str, str]:
    local = game.tip_off.astimezone(EASTERN)
    midnight = datetime.combine(game.game_date, datetime.min.time(), EASTERN).astimezone(UTC)
    return {
        "gameDateEst": f"{game.game_date}T00:00:00Z",
        "gameTimeEst": f"1900-01-01T{local:%H:%M:%S}Z",
        "gameDateTimeEst": iso_z(local),
        "gameDateUTC": iso_z(midnight),
        "gameTimeUTC": f"1900-01-01T{game.tip_off:%H:%M:%S}Z",
        "gameDateTimeUTC": iso_z(game.tip_off),
        "awayTeamTime": iso_z(game.tip_off.astimezone(_ZONE_OF.get(game.away, EASTERN))),
        "homeTeamTime": iso_z(game.tip_off.astimezone(_ZONE_OF.get(game.home, EASTERN))),
    }


def _arena(game: Game) -> dict[str, str]:
    """Arena and city of "Spectrum Center, Charlotte, North Carolina"; the NBA abbreviates states, so it is omitted."""
    name, city, *_ = [*(game.arena or "").split(", "), ""]
    return {"arenaName": name, "arenaState": "", "arenaCity": city}


def _week(game_date: date, season_start: date) -> dict[str, object]:
    first_monday = season_start - timedelta(days=season_start.weekday())
    number = (game_date - first_monday).days // 7 + 1
    return {"weekNumber": number, "weekName": f"Week {number}"}


def _team(tricode: str, points: int, record: Record) -> dict[str, object]:
    team = TEAMS[tricode]
    return {
        "teamId": int(team.nba_id),
        "teamName": team.name,
        "teamCity": team.city,
        "teamTricode": tricode,
        "teamSlug": team_slug(team),
        "wins": record[tricode, True],
        "losses": record[tricode, False],
        "score": points,
        "seed": 0,
    }


_SPECIAL_FAULTS = frozenset({FaultKind.POSTPONED, FaultKind.TIP_OFF_TBD, FaultKind.DAMAGED_ENTRY})

ENDPOINTS = (
    Endpoint(
        "nbac_schedule",
        "cdn.nba.com",
        r"static/json/staticData/scheduleLeagueV2\.json",
        schedule,
        special_faults=_SPECIAL_FAULTS,
    ),
    Endpoint(
        "nbac_schedule",
        "stats.nba.com",
        r"stats/scheduleleaguev2int",
        schedule,
        special_faults=_SPECIAL_FAULTS,
    ),
)
