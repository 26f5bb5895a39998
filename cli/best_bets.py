"""`best-bets`: the best bets of a date, each with its reason."""

from __future__ import annotations

from argparse import Namespace

from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import ExitCode
from cli.exported import Export, show_export

NOT_PUBLISHED = "a day writes it when it publishes predictions"


async def run(options: Namespace) -> ExitCode:
    """Print the best bets of a date, or of the newest one. Raises CommandError UNKNOWN."""
    path = f"v1/best-bets/{options.date or 'latest'}.json"
    return show_export(options, path, NOT_PUBLISHED, _bets, title="Best bets")


def _bets(export: Export) -> RenderableType:
    if not export["bets"]:
        return Text("none")
    return Group(
        *(
            Text.assemble((f"{bet['rank']:>2}. {bet['player_name']}", "bold"), f" ({bet['team']}): {bet['rationale']}")
            for bet in export["bets"]
        )
    )
