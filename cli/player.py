"""`player NAME`: a player's games, averages and past predictions, and tonight's line."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import CommandError, ExitCode
from cli.exported import Export, find_export, headline, named_if_damaged, number, price, share
from cli.render import console, table_of
from cli.target import Target
from cli.tonight import PATH as TONIGHT
from tipoff.vocabulary import did_you_mean

INDEX = "v1/players/index.json"
NOT_PUBLISHED = "a day writes it after its games"
_GAMES = ("date", "game", "minutes", "points", "closing line")
_PICKS = ("date", "opponent", "said", "line", "pick", "scored", "grade")


async def run(options: Namespace) -> ExitCode:
    """Print what is known of a player. CommandError UNKNOWN: the name is in no export; FAILED: one is damaged."""
    target = Target(options.replay)
    player_id = _player_id(target, " ".join(options.name))
    path, export = _newest(target, player_id)
    if options.json:
        print(json.dumps(export))
        return ExitCode.DONE
    with named_if_damaged(target, path):
        shown = headline(f"{export['player']['player_name']} ({export['player']['team']})", export), _page(export)
    console().print(*shown, sep="\n")
    return ExitCode.DONE


def _player_id(target: Target, name: str) -> str:
    from tipoff.sources.player_names import normalise  # most commands resolve no names and should answer quickly

    known = _players(target, INDEX) | _players(target, TONIGHT)
    if not known:
        raise CommandError(ExitCode.UNKNOWN, f"no player is exported yet: {NOT_PUBLISHED}")
    wanted = normalise(name)
    fitting = [each for each in known if all(word in normalise(each) for word in wanted.split())]
    exact = [each for each in fitting if normalise(each) == wanted]
    match exact or fitting:
        case [only]:
            return known[only]
        case []:
            raise CommandError(
                ExitCode.UNKNOWN, f"no player of the season is called {name!r}{did_you_mean(name, known)}"
            )
        case several:
            names = ", ".join(sorted(several)[:10])
            raise CommandError(ExitCode.UNKNOWN, f"{name!r} may be {names}: write more of the name")


def _players(target: Target, path: str) -> dict[str, str]:
    """Name -> player id."""
    export = find_export(target, path)
    with named_if_damaged(target, path):
        return {str(each["player_name"]): str(each["player_id"]) for each in export["players"]} if export else {}


def _newest(target: Target, player_id: str) -> tuple[str, Export]:
    """Tonight's file of a player, with its path, if there is one that is newer than the one of his last game."""
    paths = (f"v1/tonight/player/{player_id}.json", f"v1/players/{player_id}.json")
    exports = [(path, export) for path in paths if (export := find_export(target, path)) is not None]
    if not exports:
        raise CommandError(ExitCode.UNKNOWN, f"player {player_id} has no file: {NOT_PUBLISHED}")
    return max(exports, key=lambda each: str(each[1].get("as_of")))


def _page(export: Export) -> RenderableType:
    parts: list[RenderableType] = [Text(_averages(export["splits"]))]
    if "ladder" in export:
        parts.append(Text(_tonight(export["player"])))
        ladder = "  ".join(f"{rung['line']:g} {share(rung['over_probability'])}" for rung in export["ladder"])
        parts.append(Text(f"P(over): {ladder}"))
    parts.append(table_of("Last games", _GAMES, map(_game_row, export["recent_games"])))
    if export["past_picks"]:
        parts.append(table_of("Predictions", _PICKS, map(_pick_row, export["past_picks"])))
    return Group(*parts)


def _averages(splits: dict[str, Any]) -> str:
    words = (f"{name.replace('_', ' ')} {number(each['points'])} ({each['games']})" for name, each in splits.items())
    return f"Mean points (games): {', '.join(words)}"


def _tonight(player: dict[str, Any]) -> str:
    said = f"median {number(player['points'])}, 80 % between {player['low_80']:.0f} and {player['high_80']:.0f}"
    line = f"line {number(player['line'], 'g')}, P(over) {share(player['over_probability'])}"
    best = f"best price {price(player['price_american'], player['book'])}: {player['recommendation']}"
    return f"Tonight against {player['opponent']}: {said}; {line}; {best}"


def _game_row(game: dict[str, Any]) -> tuple[str, ...]:
    return (
        game["game_date"],
        f"{'vs' if game['home'] else 'at'} {game['opponent']}",
        number(game["minutes"], ".0f"),
        number(game["points"], "d"),
        number(game["closing_line"], "g"),
    )


def _pick_row(pick: dict[str, Any]) -> tuple[str, ...]:
    return (
        pick["game_date"],
        pick["opponent"],
        number(pick["points"]),
        number(pick["line"], "g"),
        pick["recommendation"],
        number(pick["actual_points"], "d"),
        pick["void_reason"] or pick["grade"],
    )
