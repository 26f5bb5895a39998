"""What ESPN's payloads share: the ids of the league and its teams, and the status of an event."""

from collections.abc import Callable, Iterable, Mapping

from tipoff.sources import game_status
from tipoff.sources.game_status import FINAL, LIVE, POSTPONED, SCHEDULED, GameStatus, meaning_of
from tipoff.sources.json_payload import Fields
from tipoff.teams import TEAMS

LEAGUE = "46"
"""ESPN's id of the NBA."""
LEAGUE_IN_UID = f"~l:{LEAGUE}~"
"""The part of a uid that names the NBA: other leagues' responses have the same shape and the same team ids."""
TRICODES: Mapping[str, str] = {team.espn_id: team.tricode for team in TEAMS.values()}

_STATES: Mapping[str, str] = {"pre": SCHEDULED, "in": LIVE, "post": FINAL}


def status_of(statuses: Iterable[Fields], points: Callable[[], Iterable[int]]) -> GameStatus:
    """The status of an event by its status objects, of which the first one counts unless another says postponed.

    `points`: of both sides, called for a final game only.
    """
    read = [_status(status.fields("type"), points) for status in statuses]
    return next((status for status in read if status.is_postponed), read[0])


def _status(kind: Fields, points: Callable[[], Iterable[int]]) -> GameStatus:
    """The status by its name and state; by the short detail only that the game is not played."""
    name, detail = kind.text("name"), kind.text("shortDetail")
    state = kind.text("state") if kind.has("state") else None
    planned = meaning_of(name) if state is None else _STATES.get(state)
    texts = [name, detail] if meaning_of(detail) == POSTPONED else [name]
    return game_status.status_of(planned, texts if state is None or planned else [*texts, state], points)
