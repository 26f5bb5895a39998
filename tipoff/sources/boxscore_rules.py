"""Rules that all box scores share: which games are due, how minutes are written, why entries are left out."""

import re
from datetime import datetime, timedelta

from tipoff.sources.base import Row, Slate
from tipoff.sources.game_status import GameStatus
from tipoff.sources.json_payload import Fields
from tipoff.vocabulary import SlateGame, season_of

RESULT_DUE_AFTER = timedelta(hours=2, minutes=15)
"""From tip-off until a result is due."""
ROWS_PER_GAME = 20
"""Players who usually play in a game."""
NOT_FINAL = "game not final"
INCOMPLETE = "player points do not add up to the game's score"
DID_NOT_PLAY = "did not play"

NO_FIGURE = frozenset({"", "-", "--", "–", "—"})
"""What providers write in place of a figure."""

# Minutes and seconds: "35:42" (also "35.000000:42"), whole minutes: "35", and the ISO 8601 duration "PT35M42.00S".
_CLOCK = re.compile(r"([0-9]{1,3})(?:\.0+)?(?::([0-5]?[0-9]))?")
_DURATION = re.compile(r"PT([0-9]{1,3})M(?:([0-5]?[0-9](?:\.[0-9]+)?)S)?")


def not_final(status: GameStatus) -> str:
    """The reason for leaving out a game that is not final, with the provider's words where they are unknown."""
    return status.unknown or NOT_FINAL


def due_games(slate: Slate, as_of: datetime) -> tuple[SlateGame, ...]:
    """The games that are over unless they took longer than usual."""
    return tuple(game for game in slate.games if game.has_begun(as_of - RESULT_DUE_AFTER))


def games_to_request(slate: Slate, as_of: datetime) -> tuple[SlateGame, ...]:
    """The games that are due, and those without a fixed tip-off, which may be over at any time."""
    due = due_games(slate, as_of)
    return tuple(game for game in slate.games if game in due or game.tip_off is None)


def parse_minutes(text: str) -> float:
    """Minutes played, with seconds as a fraction where the text has them. Raises ValueError for any other text."""
    match = _DURATION.fullmatch(text) or _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a playing time")
    minutes, seconds = match.groups(default="0")
    return int(minutes) + float(seconds) / 60


def read_minutes(fields: Fields, name: str) -> float:
    """Minutes played from a text or from whole minutes. Raises ContractError."""
    try:
        return parse_minutes(fields.identifier(name))
    except ValueError as error:
        raise fields.problem(name, str(error)) from error


def requested_game(fields: Fields, name: str, game_id: str, slate: Slate, requested: str | None) -> SlateGame | None:
    """The slate's game with this id; None when it is not on the slate.

    Raises ContractError when another game was requested.
    """
    if requested and game_id != requested:
        raise fields.problem(name, f"is game {game_id}, requested {requested}")
    return next((game for game in slate.games if game.game_id == game_id), None)


def game_columns(game: SlateGame, team: str, slate: Slate) -> Row:
    """The columns that identify the game and the side of a box-score row."""
    return {
        "game_date": slate.game_date,
        "game_id": game.game_id,
        "season": season_of(slate.game_date),
        "team": team,
        "opponent": game.away if team == game.home else game.home,
        "home": team == game.home,
    }
