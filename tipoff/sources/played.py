"""What box scores of single games share, whoever tells them: which are due, minutes, and whether one is whole."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from tipoff.sources.base import ReadContext, Row, Slate
from tipoff.sources.boxscores import GAME_LASTS
from tipoff.sources.feed import RowCollector
from tipoff.sources.json_payload import Fields
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, resolver_of, unresolved_row
from tipoff.vocabulary import SlateGame, season_of

ROWS_A_GAME = 20
"""Players who usually play in a game."""
NOT_FINAL = "game not final"
NOT_TONIGHT = "game that is not on the slate"
NOT_WHOLE = "game whose players do not make up its score"
DID_NOT_PLAY = "did not play"

# Minutes and seconds: "35:42" (also "35.000000:42"), whole minutes: "35", and the ISO 8601 duration "PT35M42.00S".
_CLOCK = re.compile(r"([0-9]{1,3})(?:\.0+)?(?::([0-5]?[0-9]))?")
_DURATION = re.compile(r"PT([0-9]{1,3})M(?:([0-5]?[0-9](?:\.[0-9]+)?)S)?")


def due_games(slate: Slate, moment: datetime) -> tuple[SlateGame, ...]:
    """The games whose result can be there."""
    return tuple(game for game in slate.games if game.tip_off + GAME_LASTS <= moment)


def minutes_played(text: str) -> float:
    """Minutes, exact where the text is. Raises ValueError for what is no time played."""
    match = _DURATION.fullmatch(text) or _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time played")
    minutes, seconds = match.groups(default="0")
    return int(minutes) + float(seconds) / 60


def minutes_of(fields: Fields, name: str) -> float:
    """Minutes of a text field. Raises ContractError."""
    try:
        return minutes_played(fields.text(name))
    except ValueError as error:
        raise fields.problem(name, str(error)) from error


def asked_for(fields: Fields, name: str, game_id: str, slate: Slate, asked: str | None) -> SlateGame | None:
    """The slate's game of an id; None when it is not on it. Raises ContractError when another one was asked for."""
    if asked and game_id != asked:
        raise fields.problem(name, f"is game {game_id}, asked for {asked}")
    return next((game for game in slate.games if game.game_id == game_id), None)


def of_side(game: SlateGame, team: str, slate: Slate) -> Row:
    """The columns that say whose row of which game it is."""
    return {
        "game_date": slate.game_date,
        "game_id": game.game_id,
        "season": season_of(slate.game_date),
        "team": team,
        "opponent": game.away if team == game.home else game.home,
        "home": team == game.home,
    }


def is_whole(lines: Sequence[Row], score: Mapping[str, int]) -> bool:
    """Whether the players of each side make up its score: where one is left out, they do not."""
    points: Counter[str] = Counter()
    for line in {(line["team"], line["player_name"]): line for line in lines}.values():
        points[line["team"]] += line["points"]
    return all(points[team] == scored for team, scored in score.items())


def keep_named(
    collector: RowCollector, lines: Sequence[Row], game: SlateGame, context: ReadContext, origin: Row
) -> None:
    """Keep the lines of players known by name only: each name is resolved within its team's roster."""
    resolvers = {team: resolver_of(context, [team]) for team in (game.home, game.away)}
    for line in lines:
        team, name = line["team"], line["player_name"]
        if len(name) > LONGEST_NAME:
            collector.reject(TOO_LONG)
            continue
        player = resolvers[team].resolve(name)
        if player is None:
            collector.unresolved({**unresolved_row(name, resolvers[team], context, game.game_id, team), **origin})
            continue
        known = {"player_id": player.player_id, "player_name": player.player_name}
        collector.keep({**of_side(game, team, context.slate), **line, **known, **origin})
