"""`tonight`: today's players with line, best price and prediction, the highest expected value first."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli.exit_codes import ExitCode
from cli.exported import Export, number, price, share, show_export
from cli.render import table_of
from tipoff.vocabulary import counted

PATH = "v1/tonight/all-players.json"
NOT_PUBLISHED = "a day writes it in the morning of its date; start today's with starter.py --date today"
_COLUMNS = ("player", "game", "line", "move", "predicted", "80 %", "P(over)", "best price", "value", "pick", "note")


async def run(options: Namespace) -> ExitCode:
    """Print the players of today, or of one team. Raises CommandError UNKNOWN."""
    return show_export(options, PATH, NOT_PUBLISHED, lambda export: _table(export, options), title="Tonight")


def _table(export: Export, options: Namespace) -> RenderableType:
    players = [each for each in export["players"] if _is_wanted(each, options)]
    if not players:
        waiting = "no games today" if export["status"] == "empty" else "no player fits, or none is predicted yet"
        return Text(waiting)
    shown = players if options.all else [each for each in players if each["line"] is not None][: options.top]
    hidden = len(players) - len(shown)
    title = f"{counted(len(shown), 'player')}" + (f", {hidden} more with --all" if hidden else "")
    return table_of(title, _COLUMNS, (_row(each) for each in shown))


def _is_wanted(player: dict[str, Any], options: Namespace) -> bool:
    teams = {options.team.upper()} if options.team else {player["team"]}
    return player["team"] in teams and options.side in (None, player["recommendation"])


def _row(player: dict[str, Any]) -> tuple[str, ...]:
    where = "vs" if player["home"] else "at"
    return (
        player["player_name"],
        f"{player['team']} {where} {player['opponent']}",
        number(player["line"], "g"),
        number(player["line_move"], "+.1f") if player["line_move"] else "",
        number(player["points"]),
        f"{number(player['low_80'], '.0f')}–{number(player['high_80'], '.0f')}",
        share(player["over_probability"]),
        price(player["price_american"], player["book"]),
        share(player["expected_value"], "+.1%"),
        player["recommendation"],
        "; ".join(filter(None, (player["injury_status"], player["pass_reason"], *player["degraded_reasons"]))),
    )
