"""The templates of the HTML pages and the formats of numbers and times in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tipoff.grading.outcomes import SIDES
from tipoff.odds import BOOK_TITLES
from tipoff.vocabulary import clock_time, counted

TEMPLATES: Final = Path(__file__).parent / "templates"
_SITE_TEMPLATES: Final = Path(__file__).parent / "site" / "templates"


def in_words(name: str) -> str:
    """Return a name of code as people read it."""
    return name.replace("_", " ")


def _shown(form: str) -> Callable[[float | None], str]:
    """Return the filter that formats a number with a true minus sign and a space before "%"; a dash for none."""

    def show(value: float | None) -> str:
        return "–" if value is None else form.format(value).replace("-", "−").replace("%", " %")

    return show


_FILTERS: Final = {
    "points": _shown("{:.1f}"),
    "share": _shown("{:.0%}"),
    "share1": _shown("{:.1%}"),
    "percent": _shown("{:+.1%}"),
    "units": _shown("{:+.2f} units"),
    "signed": _shown("{:+.1f}"),
    "signed_two": _shown("{:+.2f}"),
    "two": _shown("{:.2f}"),
    "four": _shown("{:.4f}"),
    "price": _shown("{:+.0f}"),
    "number": _shown("{:g}"),
    "whole": _shown("{:.0f}"),
    "without_kind": lambda reason: reason.partition(": ")[2] or reason,
    "clock": clock_time,
    "day": lambda day: f"{day:%a}, {day:%b} {day.day}, {day.year}",
    "counted": counted,
    "words": in_words,
    "book": lambda book: BOOK_TITLES.get(book, book.capitalize()),
}


def template(name: str) -> Template:
    """Return a template of the report page or of the site, with the filters of both."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, _SITE_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals["SIDES"] = SIDES
    return environment
