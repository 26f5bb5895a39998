"""What the readers' commands share: reading an export, and saying of which date and how complete it is."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.errors import ConsoleError
from rich.text import Text

from cli.exit_codes import CommandError, ExitCode
from cli.render import console
from cli.target import Target
from tipoff.vocabulary import date_and_time, reason_of

Export = dict[str, Any]


def show_export(
    options: Namespace, path: str, missing: str, render: Callable[[Export], RenderableType], *, title: str
) -> ExitCode:
    """Print an export, with `--json` as it is. CommandError UNKNOWN: there is none; FAILED: it is damaged."""
    target = Target(options.replay)
    export = read_export(target, path, missing)
    if options.json:
        print(json.dumps(export))
        return ExitCode.DONE
    with named_if_damaged(target, path):
        shown = headline(title, export), render(export)
    screen = console()
    for each in shown:
        screen.print(each)
    return ExitCode.DONE


def read_export(target: Target, path: str, missing: str) -> Export:
    """Return an export. Raises CommandError UNKNOWN, with the reason `missing`, if there is none."""
    export = find_export(target, path)
    if export is None:
        raise CommandError(ExitCode.UNKNOWN, f"{target.exports.location(path)} does not exist: {missing}")
    return export


def find_export(target: Target, path: str) -> Export | None:
    """Return an export, or None if there is none. Raises CommandError FAILED if it is no JSON object."""
    from tipoff.publishing.envelope import decode

    content = target.exports.read(path)
    with named_if_damaged(target, path):
        return decode(content) if content is not None else None


@contextmanager
def named_if_damaged(target: Target, path: str) -> Iterator[None]:
    """Raises CommandError FAILED, with the names of file and field, where an export lacks what is read of it."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, ConsoleError) as error:
        from tipoff.publishing.registry import misfit  # polars, which an undamaged export does not need

        reason = misfit(path, target.exports.read(path) or b"") or reason_of(error)
        raise CommandError(
            ExitCode.FAILED,
            f"{target.exports.location(path)} is damaged: {reason}; run the date's export again with --rerun",
        ) from error


def headline(title: str, export: Export) -> Text:
    """The date of an export, how complete it is, and since when."""
    as_of = datetime.fromisoformat(export["as_of"])
    text = Text(f"{title}, {export['game_date']}", style="bold")
    text.append(f"  {export['status']}, as of {date_and_time(as_of)}", style="dim")
    for reason in export["degraded_reasons"]:
        text.append(f"\n{reason}", style="yellow")
    return text


def number(value: float | None, form: str = ".1f") -> str:
    """A number with a true minus sign; a dash for none."""
    return "–" if value is None else format(value, form).replace("-", "−")


def share(value: float | None, form: str = ".0%") -> str:
    """A share in percent; a dash for none."""
    return number(value, form).replace("%", " %")


def price(american: float | None, book: str | None) -> str:
    """A price and who offers it."""
    return "–" if american is None else f"{number(american, '+.0f')} {book}"
