"""The commands, their arguments, and the module that carries each out (imported only when it is used)."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cli.exit_codes import Exit
from tipoff.vocabulary import Phase, game_date_of

DESCRIPTION = """\
Starts, follows and steers the days of tipoff.

  starter.py --date 2024-03-29            start the day, or attach to it when it runs
  starter.py status --date 2024-03-29     where it stands and why
  starter.py COMMAND --help               what a command takes"""

EPILOG = """\
exit codes: 0 done · 1 the day did not end complete, a check failed, or an unexpected error · 2 wrong arguments or
configuration · 3 the day has ended already · 4 refused by the run, nothing was changed · 5 no run of that date is
known · 6 no server or no worker answers · 130 interrupted (the day goes on)"""

FURTHEST_AHEAD = timedelta(days=30)
FIRST_SEASON = date(1946, 11, 1)
REPLAY_FOLDER = Path("var/demo")

Add = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Command:
    """One command: what a person types, reads about it, and the module under `cli` that runs it."""

    name: str
    help: str
    module: str
    arguments: tuple[Add, ...]


def a_date(text: str) -> date:
    """A date written as 2024-03-29, and nothing else."""
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it like 2024-03-29") from None
    if parsed.isoformat() != text:
        raise argparse.ArgumentTypeError(f"write {text!r} like this: {parsed}")
    if parsed < FIRST_SEASON:
        raise argparse.ArgumentTypeError(f"{text} is before the first NBA game, on {FIRST_SEASON}")
    return parsed


def a_date_to_start(text: str) -> date:
    """A date whose day may be started: past, today's, or soon."""
    wanted, last = a_date(text), game_date_of(datetime.now(UTC)) + FURTHEST_AHEAD
    if wanted > last:
        raise argparse.ArgumentTypeError(f"{text} is too far ahead; a day may be started up to {last}")
    return wanted


def _date(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", required=True, type=a_date, metavar="YYYY-MM-DD", help="the game date, Eastern")


def _one_date(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", type=a_date, metavar="YYYY-MM-DD", help="of one game date alone, Eastern")


def _date_to_start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--date", required=True, type=a_date_to_start, metavar="YYYY-MM-DD", help="the game date, Eastern"
    )


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    parser.add_argument(
        "--replay",
        nargs="?",
        type=Path,
        const=REPLAY_FOLDER,
        metavar="DIR",
        help=f"talk to the replay that `make demo KEEP=1` keeps up in DIR (default {REPLAY_FOLDER})",
    )


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--who", default=_user(), type=_within(100), help="who says it (default: you, %(default)s)")
    parser.add_argument("--why", default="", type=_within(500), help="why; goes into the audit trail")


def _within(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > limit:
            raise argparse.ArgumentTypeError(f"at most {limit} characters, these are {len(text)}")
        return text

    return check


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--id",
        default=None,
        help="name of this order: one name is obeyed once. Default: the same order within a minute is one",
    )


def _phase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--phase", required=True, type=_within(100), help=f"one of {', '.join(Phase)}")


def _step(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--step", required=True, type=_within(100), help="its name, as `status` and `plan` show it")


def _games(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", nargs="+", default=[], metavar="GAME", help="such as DEN@MIN; default: all games")


def _starting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="follow the day to its end")
    parser.add_argument("--rerun", action="store_true", help="do an ended day again, from what was recorded")
    parser.add_argument(
        "--from-phase",
        choices=[phase.value for phase in Phase],
        metavar="PHASE",
        help=f"with --rerun: {', '.join(Phase)}",
    )


def _training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system", default="catboost_v8", help="which system (default %(default)s)")


def _opening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--open",
        type=_within(100),
        metavar="HOST",
        help="let a host that is left alone be asked again at once, as after a new proxy, key or plan",
    )


def _trying(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, type=_within(100), metavar="NAME", help="as `sources` lists them")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="ask and read, and land nothing of what came; credits are spent all the same, and workers hear of a block",
    )
    parser.add_argument("--anyway", action="store_true", help="ask a provider that is left alone, too")


_ORDER = (_date, _common, _person, _id)

COMMANDS = (
    Command("start", "start a day, or attach to it (the command when none is named)", "start",
            (_date_to_start, _common, _person, _starting)),
    Command("status", "where a day stands, and why", "status", (_date, _common)),
    Command("watch", "follow a day until it ends", "watch", (_date, _common)),
    Command("plan", "the steps of a day, with their deadlines", "plan", (_date, _common)),
    Command("force-continue", "go on without what a phase waits for", "operator_commands", (_phase, *_ORDER)),
    Command("lines-available", "betting lines are out: look for them now", "operator_commands", (_games, *_ORDER)),
    Command("retry-step", "try a parked step again", "operator_commands", (_step, *_ORDER)),
    Command("skip-step", "do without a step for the rest of the day", "operator_commands", (_step, *_ORDER)),
    Command("refresh-lines", "fetch events, game lines and player lines again", "operator_commands", _ORDER),
    Command("resume-clock", "let a held replay clock go on", "operator_commands", _ORDER),
    Command("cancel", "end a day for good", "cancel", (_date, _common, _person)),
    Command("page", "where the report page of a date is", "page", (_date, _common)),
    Command("train", "train a system on the games before a date", "train", (_date_to_start, _common, _training)),
    Command("sources", "all sources: when each last told something usable, and how providers bear us", "sources",
            (_one_date, _common, _person, _opening)),
    Command("collect", "try one source: what was asked, what came, how it was judged, the first rows", "collect",
            (_date, _common, _trying)),
    Command("doctor", "check server, workers, stores, keys and versions", "doctor", (_common,)),
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """All commands; each one's module stands in `module`."""
    root = argparse.ArgumentParser(
        prog="starter.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = root.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for command in COMMANDS:
        one = commands.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        for add in command.arguments:
            add(one)
        one.set_defaults(module=command.module)
    return root


def run(arguments: Sequence[str]) -> Exit:
    """Carry out what was typed. Raises CommandError and other TipoffErrors; SystemExit for wrong arguments."""
    options = parser().parse_args(_with_command(arguments))
    module = importlib.import_module(f"cli.{options.module}")
    done: Exit = asyncio.run(module.run(options))
    return done


def _with_command(arguments: Sequence[str]) -> list[str]:
    """`--date D` alone means `start --date D`."""
    bare = not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help"})
    return ["start", *arguments] if bare and arguments else list(arguments)
