"""What the NBA's own payloads share: ids, game statuses, and the refusal of other leagues' payloads."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from tipoff.sources import game_status
from tipoff.sources.game_status import (
    FINAL,
    LIVE,
    POSTPONED,
    SCHEDULED,
    GameStatus,
    flag_means_postponed,
    unknown_status,
)
from tipoff.sources.json_payload import Fields, JsonPayload, ResultSet, readable
from tipoff.sources.tip_off import is_placeholder
from tipoff.teams import find_team

LEAGUE_ID = "00"
_GAME_ID = re.compile(r"00[1-6][0-9]{7}")

SEASON_TYPES: Mapping[str, str] = {
    "001": "preseason",
    "002": "regular",
    "003": "all_star",
    "004": "playoffs",
    "005": "play_in",
    "006": "cup_final",
}
"""By the first three digits of a game id."""

_STATUSES: Mapping[int, str] = {1: SCHEDULED, 2: LIVE, 3: FINAL}
"""By `gameStatus`."""

OUTSIDE = "team or game outside the NBA"


def require_nba(fields: Fields, name: str) -> None:
    """Raise ContractError unless the league id under a name is the NBA's."""
    league = fields.text(name)
    if league != LEAGUE_ID:
        raise fields.problem(name, f"is league {league!r}, the NBA is {LEAGUE_ID!r}")


def is_nba_game(game_id: str) -> bool:
    """Whether this is a game id of the NBA: ten digits that begin with 00."""
    return _GAME_ID.fullmatch(game_id) is not None


def season_type_of(game_id: str) -> str:
    """The season type of an NBA game."""
    return SEASON_TYPES[game_id[:3]]


def tricode_of(team: Fields) -> str | None:
    """The tricode of the `teamId` of an object; None when it is no NBA team."""
    known = find_team(team.identifier("teamId"))
    return known.tricode if known else None


def status_of(game: Fields, points: Callable[[], Iterable[int]]) -> GameStatus:
    """The status of a game by its `gameStatus`, `gameStatusText` and, where it is present, `postponedStatus`.

    `points`: of both sides, called for a final game only.
    """
    number, text = game.integer("gameStatus"), game.text("gameStatusText")
    flag = game.text("postponedStatus") if game.has("postponedStatus") else ""
    status, not_played = game_status.status_of(_STATUSES.get(number), [text], points), flag_means_postponed(flag)
    if not_played or status.is_postponed:
        return GameStatus(POSTPONED)
    if number not in _STATUSES:
        return unknown_status(number, text)
    return unknown_status("postponedStatus", flag) if not_played is None else status


def tip_off_of(game: Fields, name: str) -> datetime | None:
    """The tip-off under a name; None while it is not fixed."""
    texts, if_necessary = [game.text("gameStatusText")], readable(game.flag, "ifNecessary") is True
    untimed = is_placeholder(readable(game.time, name), texts, if_necessary=if_necessary)
    return None if untimed else game.time(name)


def first_result_set(payload: JsonPayload) -> ResultSet:
    """The only result set of a stats.nba.com payload about the NBA."""
    top = payload.top()
    require_nba(top.fields("parameters"), "LeagueID")
    tables = top.each("resultSets")
    if not tables:
        raise top.problem("resultSets", "is empty")
    return ResultSet(tables[0])
