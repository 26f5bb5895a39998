"""The templates of the HTML pages and the formats of numbers and times in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tipoff.vocabulary import clock_time, counted

TEMPLATES: Final = Path(__file__).parent / "templates"
_SITE_TEMPLATES: Final = Path(__file__).parent / "site" / "templates"


def in_words(name: str) -> str:
    """Return a name of code as people read it."""
    return name.replace("_", " ")


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
    environment.filters.update(
        points=lambda value: f"{value:.1f}",
        share=lambda value: "–" if value is None else f"{value:.0%}".replace("%", " %"),
        share1=lambda value: "–" if value is None else f"{value:.1%}".replace("%", " %"),
        percent=lambda value: f"{value:+.1%}".replace("-", "−").replace("%", " %"),
        units=lambda value: "–" if value is None else f"{value:+.2f} units".replace("-", "−"),
        signed_two=lambda value: f"{value:+.2f}".replace("-", "−"),
        two=lambda value: "–" if value is None else f"{value:.2f}",
        price=lambda value: f"{value:+.0f}".replace("-", "−"),
        without_kind=lambda reason: reason.partition(": ")[2] or reason,
        clock=clock_time,
        counted=counted,
        words=in_words,
    )
    return environment
