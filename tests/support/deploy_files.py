"""The files of `deploy/`: the rules of Prometheus and the dashboard of Grafana."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML

from runtime import PROJECT

RULES = PROJECT / "deploy" / "prometheus" / "rules.yml"
DASHBOARD = PROJECT / "deploy" / "grafana" / "tipoff.json"
_METRIC = re.compile(r"\b(?:tipoff|temporal)_\w+")
_SAMPLE = re.compile(r"(\w+)[{ ]")


def rules() -> list[dict[str, Any]]:
    """The rules of all groups."""
    groups = YAML(typ="safe").load(RULES)["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    content: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return content


def queries() -> list[str]:
    """The expressions of all panels."""
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]


def metrics_named(expressions: Iterable[str]) -> set[str]:
    """The metrics that expressions of PromQL name; labels and functions have other beginnings."""
    return {name for expression in expressions for name in _METRIC.findall(expression)}


def metrics_named_in_files() -> set[str]:
    """The metrics of all rules and panels."""
    return metrics_named([*(rule["expr"] for rule in rules()), *queries()])


def metrics_exposed(text: str) -> set[str]:
    """The metrics of a scrape."""
    return {match[1] for line in text.splitlines() if not line.startswith("#") and (match := _SAMPLE.match(line))}
