"""Rules that all box scores of single games share: which are due, how minutes are written, when one is complete."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tipoff.sources.base import ReadContext, Row, Slate
from tipoff.sources.feed import RowCollector
from tipoff.sources.game_status import GameStatus
from tipoff.sources.json_payload import Fields
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, resolver_of, unresolved_row
from tipoff.vocabulary import SlateGame, season_of

RESULT_DUE_AFTER = timedelta(hours=2, minutes=15)
"""From tip-off until a result is due."""
ROWS_PER_GAME = 20
"""Players who usually play in a game."""
NOT_FINAL = "game not final"
INCOMPLETE = "player points do not add up to the game's score"
DID_NOT_PLAY = "did not play"

UNREADABLE_PLAYER = "unreadable player"
"""The name of an unresolved player whose entry has no readable name."""

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
    """Minutes played from a text field. Raises ContractError."""
    try:
        return parse_minutes(fields.text(name))
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


def is_complete(player_rows: Sequence[Row], score: Mapping[str, int]) -> bool:
    """Whether the points of each side's players add up to its score: they do not when a player is missing."""
    points: Counter[str] = Counter()
    for row in {(row["team"], row["player_name"]): row for row in player_rows}.values():
        points[row["team"]] += row["points"]
    return all(points[team] == scored for team, scored in score.items())


def keep_resolved(
    collector: RowCollector, player_rows: Sequence[Row], game: SlateGame, context: ReadContext, origin: Row
) -> None:
    """Keep the rows of players known by name only: each name is resolved within its team's roster."""
    resolvers = {team: resolver_of(context, [team]) for team in (game.home, game.away)}
    for row in player_rows:
        team, name = row["team"], row["player_name"]
        if len(name) > LONGEST_NAME:
            collector.reject(TOO_LONG)
            continue
        player = resolvers[team].resolve(name)
        if player is None:
            collector.unresolved({**unresolved_row(name, resolvers[team], context, game.game_id, team), **origin})
            continue
        resolved = {"player_id": player.player_id, "player_name": player.player_name}
        collector.keep({**game_columns(game, team, context.slate), **row, **resolved, **origin})


def keep_unreadable_player(collector: RowCollector, context: ReadContext, origin: Row, player: Row) -> None:
    """Keep the unreadable entry of a player as unresolved: he may have played, so he is no scratch.

    `player`: game_id, team and player_name, each None if it is unreadable. Without game or team the entry may be of
    each of the slate.
    """
    name = player.get("player_name")
    for game in context.slate.games:
        for team in (game.home, game.away):
            if player.get("game_id") in (None, game.game_id) and player.get("team") in (None, team):
                row = {
                    "game_date": context.slate.game_date,
                    "player_name": name or UNREADABLE_PLAYER,
                    "game_id": game.game_id,
                    "team": team,
                    "candidates": name or "",
                }
                collector.unresolved({**row, **origin})
