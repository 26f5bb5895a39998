"""The argument parser of `starter.py`; each command's module is imported only when it runs."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from cli.exit_codes import ExitCode
from tipoff.errors import BadInputError
from tipoff.vocabulary import (
    EASTERN,
    MAX_PARALLELISM,
    MOST_MEASURED_DATES,
    BackfillMode,
    Phase,
    counted,
    did_you_mean,
    game_date_of,
)

DESCRIPTION = """\
Start, follow and control the days of tipoff.

  starter.py --date today                 start the day, or attach to it if it runs
  starter.py status                       today's state, and the reason for it
  starter.py status --date yesterday      yesterday's; --date takes any date such as 2024-03-29
  starter.py COMMAND --help               the options of a command"""

EPILOG = """\
exit codes: 0 done · 1 the day did not end complete, a check failed, or an unexpected error · 2 wrong arguments or
configuration · 3 the day has ended already · 4 refused, nothing was changed · 5 no run of that date exists ·
6 no server or no worker answers · 130 interrupted (the day continues)"""

FURTHEST_AHEAD = timedelta(days=30)
FIRST_SEASON = date(1946, 11, 1)
MAX_DAYS = 366
MAX_REPLAYED_RUNS = 1000
REPLAY_FOLDER = Path("var/demo")
ARCHIVE_FOLDER = Path("var/archive")
MAX_ARGUMENT_CHARACTERS = 1000
REFITS = {"daily": 1, "weekly": 7}
"""How often a backtest trains -> every so many days."""

DAYS_AGO = {"today": 0, "yesterday": 1}
_DATE_HELP = "game date, in Eastern time: 2024-03-29, today or yesterday (default: %(default)s)"

_COPY_EXAMPLES = """\
  starter.py warehouse copy duckdb:///var/tipoff.duckdb bigquery://my-project/tipoff
  starter.py warehouse copy bigquery://my-project/tipoff duckdb:///var/copy.duckdb

A table and date with the same rows on both sides is not written, so a copy that was ended may be started again. Dates
that only TO has are kept. Exit code 1: both differ at the end, and the report says where."""

_IMPORT_EXAMPLES = """\
  python -m tipoff.replay.archive import FOLDER --to var/archive     make an archive of a folder of files first
  starter.py warehouse import var/archive
  starter.py warehouse import var/archive --season 2023-24 --to duckdb:///var/history.duckdb

Each date is imported with the times at which its facts were known. Rows that a real day has stored are kept. A date
that is complete is skipped, so an import that was ended may be started again."""

AddArguments = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Command:
    """One command: its name, its help, and the module in `cli` that runs it."""

    name: str
    help: str
    module: str
    arguments: tuple[AddArguments, ...]


def parse_date(text: str) -> date:
    """A date written like 2024-03-29, or today or yesterday by Eastern time."""
    if text in DAYS_AGO:
        return game_date_of(datetime.now(UTC)) - timedelta(days=DAYS_AGO[text])
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        hint = did_you_mean(text, DAYS_AGO)
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a date; write it like 2024-03-29, or today or yesterday{hint}"
        ) from None
    if parsed.isoformat() != text:
        raise argparse.ArgumentTypeError(f"write {text!r} like this: {parsed}")
    if parsed < FIRST_SEASON:
        raise argparse.ArgumentTypeError(f"{text} is before the first NBA game, on {FIRST_SEASON}")
    return parsed


def parse_date_to_start(text: str) -> date:
    """A date whose day may be started: past, today, or within the next 30 days."""
    parsed, last = parse_date(text), game_date_of(datetime.now(UTC)) + FURTHEST_AHEAD
    if parsed > last:
        raise argparse.ArgumentTypeError(f"{text} is too far ahead; the last date that may be started is {last}")
    return parsed


def parse_time(text: str) -> datetime:
    """A time written like 2026-11-30T09:15, in Eastern time unless it has an offset."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or "T" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write it like 2026-11-30T09:15, in Eastern time")
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=EASTERN)).astimezone(UTC)


def _date(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", default="today", type=parse_date, metavar="DATE", help=_DATE_HELP)


def _optional_date(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--date", type=parse_date, metavar="DATE", help="only this game date: 2024-03-29, today or yesterday"
    )


def _date_to_start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", default="today", type=parse_date_to_start, metavar="DATE", help=_DATE_HELP)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--replay",
        nargs="?",
        type=Path,
        const=REPLAY_FOLDER,
        metavar="DIR",
        help=f"use the replay that `make demo KEEP=1` runs in DIR (default {REPLAY_FOLDER})",
    )


def _operator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--who", default=_user(), type=_at_most(100), help="who you are (default: %(default)s)")
    parser.add_argument("--why", default="", type=_at_most(500), help="your reason, for the audit trail")


def _at_most(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > limit:
            raise argparse.ArgumentTypeError(f"has {counted(len(text), 'character')}; at most {limit} are allowed")
        return text

    return check


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--id",
        type=_at_most(100),
        default=None,
        help="id of this command; a command with the same id is executed only once. "
        "Default: the same command is executed once a minute",
    )


def _as_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-of",
        type=parse_time,
        metavar="TIME",
        help="judge what is due by this time, such as 2026-11-30T09:15 (default: now), with predictions made by then"
        " and all other data as stored now",
    )


def _phase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--phase", required=True, type=_at_most(100), help=f"one of {', '.join(Phase)}")


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--yes", action="store_true", help="force the phase on even if its data cannot exist yet; else you are asked"
    )


def _step(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--step", required=True, type=_at_most(100), help="name of the step, as `status` and `plan` show it"
    )


def _last(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--last",
        type=_count_up_to(MAX_DAYS),
        default=7,
        metavar="N",
        help="how many dates, up to --date (default: %(default)s)",
    )


def _count_up_to(most: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
        return int(text)

    return count


def _measured_dates(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--last",
        type=_count_up_to(MOST_MEASURED_DATES),
        default=30,
        metavar="N",
        help="how many dates, up to --date (default: %(default)s)",
    )


def _games(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--games", nargs="+", type=_at_most(20), default=[], metavar="GAME", help="such as DEN@MIN (default: all games)"
    )


def _start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="follow the day until it ends")
    parser.add_argument("--rerun", action="store_true", help="re-run an ended day from the recorded data")
    parser.add_argument(
        "--step",
        type=_at_most(100),
        default="",
        metavar="NAME",
        help="with --rerun: re-run only this step, and the steps that depend on it",
    )
    parser.add_argument("--again", action="store_true", help="start a cancelled day from the beginning")
    parser.add_argument(
        "--from-phase",
        choices=[phase.value for phase in Phase],
        metavar="PHASE",
        help=f"re-run from this phase: {', '.join(Phase)} (implies --rerun)",
    )
    parser.add_argument(
        "--to-phase",
        choices=[phase.value for phase in Phase],
        metavar="PHASE",
        help="end the re-run with this phase (implies --rerun)",
    )


def _train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system", type=_at_most(100), help="name of the only system to train (default: all of them)")


def _reset_cooldown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reset-cooldown",
        type=_at_most(100),
        metavar="HOST",
        help="end the cooldown of a host now, for example after you set a proxy or a key or bought credits",
    )


def _collect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", required=True, type=_at_most(100), metavar="NAME", help="name of the source, as `sources` lists it"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="discard the responses afterwards. The requests still use credits, and the rate limiters learn of a block",
    )
    parser.add_argument(
        "--ignore-cooldown",
        action="store_true",
        help="send requests even if the provider is in cooldown or its rate limiter does not answer",
    )


def _backtest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--archive",
        type=Path,
        default=ARCHIVE_FOLDER,
        metavar="DIR",
        help="archive of past facts (default %(default)s)",
    )
    for name, which in (("from", "first"), ("to", "last")):
        parser.add_argument(
            f"--{name}", dest=which, type=parse_date, required=True, metavar="DATE", help=f"{which} game date"
        )
    parser.add_argument(
        "--system", action="append", type=_at_most(100), metavar="NAME", help="only this system; may be repeated"
    )
    parser.add_argument(
        "--refit",
        choices=REFITS,
        default="weekly",
        help="how often the systems are trained again (default %(default)s)",
    )
    parser.add_argument(
        "--seasons", type=int, default=3, help="seasons of history, the first date's included (default %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="Parquet file of predictions to write")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("predictions", type=Path, metavar="PREDICTIONS", help="Parquet file of `backtest`")
    parser.add_argument(
        "--archive",
        type=Path,
        default=ARCHIVE_FOLDER,
        metavar="DIR",
        help="archive with the results (default %(default)s)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the tables and figures to an HTML page, too")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _actions(parser: argparse.ArgumentParser, *, required: bool = True) -> Callable[..., argparse.ArgumentParser]:
    """Returns a function that adds an action of a command: its name, its help and its examples."""
    actions = parser.add_subparsers(metavar="ACTION", required=required, dest="action")

    def add(name: str, help_text: str, examples: str = "") -> argparse.ArgumentParser:
        description, formatter = f"{help_text}\n\n{examples}", argparse.RawDescriptionHelpFormatter
        added: argparse.ArgumentParser = actions.add_parser(
            name, help=help_text, description=description, formatter_class=formatter, allow_abbrev=False
        )
        _common(added)
        return added

    return add


def _dated_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--date",
        type=parse_date,
        metavar="DATE",
        help="game date: 2024-03-29, today or yesterday (default: the newest)",
    )


def _tonight(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--team", type=_at_most(3), metavar="TEAM", help="only the players of this team, such as BOS")
    parser.add_argument("--side", choices=("OVER", "UNDER"), help="only the picks of this side")
    parser.add_argument("--all", action="store_true", help="players without a line, too")
    parser.add_argument(
        "--top", type=_count_up_to(MAX_DAYS), default=30, metavar="N", help="how many players (default: %(default)s)"
    )


def _player(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="+", type=_at_most(100), metavar="NAME", help="the name, or a part of it")


def _warehouse(parser: argparse.ArgumentParser) -> None:
    action = _actions(parser)
    backup = action("backup", "write a copy of the warehouse to a new file")
    backup.add_argument("to", type=Path, metavar="TO", help="the new file, or a folder")
    apply = action(
        "apply",
        "create missing tables and columns of a BigQuery warehouse; anything else is refused with its statement",
    )
    apply.add_argument("--dry-run", action="store_true", help="show the differences and change nothing")
    copy = action("copy", "copy the rows of a warehouse that another one lacks, and compare both", _COPY_EXAMPLES)
    copy.add_argument("origin", metavar="FROM", help="duckdb:///PATH or bigquery://PROJECT/PREFIX; is only read")
    copy.add_argument("destination", metavar="TO", help="the same; its tables are created where they are missing")
    importing = action("import", "import the seasons of an archive of past facts", _IMPORT_EXAMPLES)
    importing.add_argument("archive", type=Path, metavar="ARCHIVE", help="folder with archive.json")
    importing.add_argument("--to", metavar="URL", help="the warehouse (default: that of the configuration)")
    importing.add_argument(
        "--season", action="append", type=_at_most(20), metavar="SEASON", help="only this one; may be repeated"
    )


def _backfill(parser: argparse.ArgumentParser) -> None:
    action = _actions(parser)
    plan = action("plan", "list the dates that would run, why, and what they cost; nothing is started")
    for name, which in (("from", "first"), ("to", "last")):
        plan.add_argument(
            f"--{name}", dest=which, type=parse_date, required=True, metavar="DATE", help=f"{which} game date"
        )
    plan.add_argument(
        "--mode",
        choices=[mode.value for mode in BackfillMode],
        default=BackfillMode.MISSING.value,
        help="which dates: those that lack rows, those whose last run failed, or all (default: %(default)s)",
    )
    for name, phase, which in (("from", Phase.SLATE, "first"), ("to", Phase.GRADE, "last")):
        plan.add_argument(
            f"--{name}-phase",
            choices=[each.value for each in Phase],
            default=phase.value,
            metavar="PHASE",
            help=f"{which} phase that runs (default: %(default)s)",
        )
    start = action("start", "run the dates of a plan, unless it has changed since")
    start.add_argument(
        "--plan", dest="digest", required=True, type=_at_most(20), metavar="DIGEST", help="as `plan` printed it"
    )
    start.add_argument(
        "--parallelism", type=_parallelism, default=2, metavar="N", help="dates at a time (default: %(default)s)"
    )
    status = action("status", "show the dates and their phases")
    status.add_argument("--watch", action="store_true", help="follow the backfill until it ends")
    parallelism = action("parallelism", "change how many dates run at a time")
    parallelism.add_argument("parallelism", type=_parallelism, metavar="N", help=f"from 1 to {MAX_PARALLELISM}")
    changes = [start, parallelism]
    changes += [
        action("pause", "start no further date; those that run go on"),
        action("resume", "start further dates again"),
        action("cancel", "start no further date and end; those that run go on"),
    ]
    for each in changes:
        _operator(each)


def _parallelism(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PARALLELISM:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_PARALLELISM}")
    return int(text)


def _alerts(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    action = _actions(parser, required=False)
    action("list", "list the open alerts (the default)")
    ack = action("ack", "take on an alert, so that it is not escalated")
    ack.add_argument("key", type=_at_most(300), metavar="KEY", help="as `list` shows it, with or without its date")
    _operator(ack)
    action("test", "send a test to every address of the settings")


def _landing(parser: argparse.ArgumentParser) -> None:
    apply = _actions(parser)(
        "apply", "set the rules by which the landing's bucket removes old responses, and keep its other rules"
    )
    apply.add_argument("--dry-run", action="store_true", help="show the rules and set none")


def _schedules(parser: argparse.ArgumentParser) -> None:
    action = _actions(parser)
    apply = action("apply", "create, change and delete schedules until they are those of this version; pauses stay")
    apply.add_argument("--dry-run", action="store_true", help="show the differences and change nothing")
    action("list", "list the schedules with their next, missed and skipped runs")
    pause = action("pause", "let schedules start nothing until a date; they go on by themselves at its beginning")
    resume = action("resume", "end the pause of schedules now")
    for each in (pause, resume):
        which = each.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="all schedules")
        which.add_argument("name", nargs="?", type=_at_most(100), metavar="SCHEDULE", help="as `list` shows it")
    pause.add_argument(
        "--until", required=True, type=parse_date, metavar="DATE", help="the first Eastern date that is not paused"
    )
    pause.add_argument("--who", default=_user(), type=_at_most(100), help="who you are (default: %(default)s)")
    pause.add_argument("--why", required=True, type=_at_most(500), help="your reason, which `list` shows")


def _deploy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "build_id",
        nargs="?",
        type=_at_most(100),
        metavar="VERSION",
        help="build id on which new days start from now on; without it the versions are only listed",
    )
    parser.add_argument(
        "--check",
        type=_count_up_to(MAX_REPLAYED_RUNS),
        metavar="N",
        help="first replay the newest N runs with this code, and deploy nothing if one does not fit it",
    )
    parser.add_argument(
        "--move-from",
        type=_at_most(100),
        metavar="VERSION",
        help="let the open runs of this version go on with the code of the other one, for example of a bad version",
    )


def _models(parser: argparse.ArgumentParser) -> None:
    action = _actions(parser)
    action("list", "list the newest champion of each system")
    rollback = action("rollback", "withdraw the champion of a system, so that the one before predicts again")
    promote = action("promote", "make a stored version a champion, though training rejected it")
    text = "id of the system; the ensemble keeps the versions that it was trained with"
    for each in (rollback, promote):
        each.add_argument("system", type=_at_most(100), metavar="SYSTEM", help=text)
    promote.add_argument("version", type=_at_most(100), metavar="VERSION", help="as printed by train")


def _watchdog(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--once",
        action="store_true",
        help="check everything now, without a worker and without repairs, as any cron may; exit code 1 if something is "
        "wrong",
    )
    parser.add_argument("--alert", action="store_true", help="send what is found as alerts, too")


_OPERATOR_COMMAND = (_date, _common, _operator, _id)

COMMANDS = (
    Command("start", "start a day, or attach to a running one (the default command)", "start",
            (_date_to_start, _common, _operator, _start)),
    Command("status", "show the state of a day, and the reason for it", "status", (_date, _common)),
    Command("days", "list the last dates with state, counts and what each waits for", "days", (_date, _common, _last)),
    Command("validate", "check the tables and exports of a date; exit code 1 if data are late, missing or wrong",
            "validate", (_date, _common, _as_of)),
    Command("service-levels", "show how well the service levels of the last dates were kept", "service_levels",
            (_date, _common, _measured_dates)),
    Command("watch", "follow a day until it ends", "watch", (_date, _common)),
    Command("plan", "list the steps of a day, with their deadlines", "plan", (_date, _common)),
    Command("force-continue", "continue without the data that a phase waits for", "operator_commands",
            (_phase, *_OPERATOR_COMMAND, _yes)),
    Command("lines-available", "poll the betting lines now, because they are published", "operator_commands",
            (_games, *_OPERATOR_COMMAND)),
    Command("retry-step", "run a parked step again", "operator_commands", (_step, *_OPERATOR_COMMAND)),
    Command("skip-step", "skip a step for the rest of the day", "operator_commands", (_step, *_OPERATOR_COMMAND)),
    Command("refresh-lines", "poll events, game lines and player lines again", "operator_commands", _OPERATOR_COMMAND),
    Command("release-picks", "publish the picks that are withheld, as they are nearly all on one side",
            "operator_commands", _OPERATOR_COMMAND),
    Command("resume-clock", "let the held clock of a replay run again", "operator_commands", _OPERATOR_COMMAND),
    Command("cancel", "end a day for good", "cancel", (_date, _common, _operator)),
    Command("backfill", "plan and run a range of past dates", "backfill", (_backfill,)),
    Command("tonight", "show today's players with line, best price and prediction, the best value first", "tonight",
            (_common, _tonight)),
    Command("best-bets", "show the best bets of a date, each with its reason", "best_bets", (_dated_export, _common)),
    Command("player", "show a player's last games, averages and predictions, and tonight's line", "player",
            (_player, _common)),
    Command("results", "show how the picks of a date ended, and the error of each system", "results",
            (_dated_export, _common)),
    Command("systems", "show how the systems did on the last day, over 7 and 30 days and in the season", "performance",
            (_common,)),
    Command("page", "print the path of a date's report page", "page", (_date, _common)),
    Command("site", "write the site from the exports and print where it is", "site", (_common,)),
    Command("train", "train the systems on the games before a date", "train", (_date_to_start, _common, _train)),
    Command("backtest", "predict past games of an archive with what was known before them", "backtest", (_backtest,)),
    Command("evaluate", "measure a file of predictions against results, baselines and the market", "evaluate",
            (_evaluate,)),
    Command("sources", "list all sources with their last success, and all providers with their rate limiters",
            "sources", (_optional_date, _common, _operator, _reset_cooldown)),
    Command("collect", "poll one source and show its requests, responses, outcomes and first rows", "collect",
            (_date, _common, _collect)),
    Command("unresolved", "list the player names of all dates that match no player, with the alias line to add",
            "unresolved", (_optional_date, _common)),
    Command("warehouse", "back up, copy or import a warehouse, or create its tables", "warehouse", (_warehouse,)),
    Command("models", "list the champions of the systems, withdraw one or promote a version", "models", (_models,)),
    Command("alerts", "list the open alerts, take one on, or send a test", "alerts", (_alerts,)),
    Command("landing", "set the rules by which the landing's bucket removes old responses", "landing", (_landing,)),
    Command("schedules", "apply, list, pause or resume the schedules that start days and other work", "schedules",
            (_schedules,)),
    Command("deploy", "list the versions of the workflow code, or let new days start on one", "deploy",
            (_common, _deploy)),
    Command("dev", "run a Temporal server and a worker for real days until Ctrl-C", "dev", ()),
    Command("watchdog", "start the watchdog, or show what it found last; --once checks everything without a worker",
            "watchdog", (_common, _watchdog)),
    Command("doctor", "check the server, workers, stores, keys and versions", "doctor", (_common,)),
)  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """A parser whose errors name what a misspelled word or option may have been meant for."""

    def error(self, message: str) -> NoReturn:
        if invalid := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
            message += did_you_mean(invalid[1], re.findall(r"[\w-]+", invalid[2]))
        if unknown := re.search(r"unrecognized arguments: (--[\w-]+)", message):
            message += did_you_mean(unknown[1], re.findall(r"--[a-z-]+", self.format_help()))
        super().error(message)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; the parsed options hold the command's module as `module`."""
    root = _Parser(
        prog="starter.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    subparsers = root.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        for add_arguments in command.arguments:
            add_arguments(subparser)
        subparser.set_defaults(module=command.module, parser=subparser)
    return root


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command line. Raises SystemExit for wrong arguments, BadInputError for unreadable ones."""
    for argument in arguments:
        _require_readable(argument)
    options, unknown = parser().parse_known_args(_with_command(arguments))
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def run(arguments: Sequence[str]) -> ExitCode:
    """Run a command line. Raises CommandError and other TipoffErrors; SystemExit for wrong arguments."""
    options = parse(arguments)
    module = importlib.import_module(f"cli.{options.module}")
    exit_code: ExitCode = asyncio.run(module.run(options))
    return exit_code


def _require_readable(argument: str) -> None:
    if len(argument) > MAX_ARGUMENT_CHARACTERS:
        size = f"the argument {argument[:20]!r}… has {counted(len(argument), 'character')}"
        raise BadInputError(f"{size}; at most {MAX_ARGUMENT_CHARACTERS} are allowed")
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise BadInputError(f"the argument {argument!r} is not UTF-8") from None


def _with_command(arguments: Sequence[str]) -> list[str]:
    """`--date D` alone means `start --date D`."""
    has_no_command = bool(arguments) and arguments[0].startswith("-") and arguments[0] not in {"-h", "--help"}
    return ["start", *arguments] if has_no_command else list(arguments)
