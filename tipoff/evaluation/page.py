"""Renders an evaluation as one HTML file without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tipoff.evaluation.evaluation import Evaluation, SystemEvaluation
from tipoff.evaluation.tables import alarms, headline, name_of, overall_tables, system_tables
from tipoff.publishing.figures import reliability_figure
from tipoff.publishing.templating import TEMPLATES

_FOLDERS: Final = (Path(__file__).parent / "templates", TEMPLATES)
"""The template of this page, and those of the report page, for its style."""


def render_evaluation(evaluation: Evaluation) -> str:
    """Return the page; the same evaluation gives the same page."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("evaluation.html.j2").render(
        evaluation=evaluation,
        headline=headline(evaluation),
        alarms=alarms(evaluation),
        tables=overall_tables(evaluation),
        systems=[(name_of(each), _figure(each), system_tables(each)) for each in evaluation.systems],
    )


def _figure(system: SystemEvaluation) -> str:
    key = f"{system.system_id}-{system.view}"
    return reliability_figure(key, name_of(system), system.reliability, ("P(over)", "Share of results over the line"))
