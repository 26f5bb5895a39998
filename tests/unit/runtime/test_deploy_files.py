"""The rules of Prometheus and the dashboard of Grafana in `deploy/`."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest

from runtime import metrics
from tests.support.deploy_files import RULES, dashboard, metrics_named, queries, rules
from tipoff.publishing.day_figures import DAYS, NO_RUN, STATES
from tipoff.vocabulary import Outcome, Severity

FAMILIES = {name for key, name in vars(metrics).items() if key.isupper() and str(name).startswith("tipoff_")}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_each_alert_has_a_severity_the_cause_and_the_command_that_helps(rule: dict[str, Any]) -> None:
    assert Severity(rule["labels"]["severity"]) in (Severity.WARNING, Severity.CRITICAL)
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["command"].startswith("starter.py ")
    assert metrics_named([rule["expr"]]), "it measures something"
    labels = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    assert all(label in rule["expr"] or label in ("day", "provider") for label in labels)


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_every_family_of_tipoff_is_in_the_rules_or_the_dashboard_and_in_the_documentation() -> None:
    named = metrics_named([*(rule["expr"] for rule in rules()), *queries()])
    assert {name for name in named if name.startswith("tipoff_")} == FAMILIES
    documentation = (RULES.parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in FAMILIES if name not in documentation] == []


def test_labels_have_the_values_that_a_worker_publishes() -> None:
    values = {name: set[str]() for name in ("day", "state", "outcome")}
    for expression in [*(rule["expr"] for rule in rules()), *queries()]:
        for name, value in re.findall(r'(day|state|outcome)="([^"]*)"', expression):
            values[name].add(value)
    assert values["day"] <= set(DAYS)
    assert values["state"] <= set(STATES)
    assert values["outcome"] <= set(Outcome)
    assert NO_RUN in values["state"]


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] and panel["title"] and panel["description"] for panel in panels)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is part of Prometheus")
def test_promtool_accepts_rules_and_configuration() -> None:
    for command in (["check", "rules", RULES], ["check", "config", RULES.with_name("prometheus.yml")]):
        checked = subprocess.run(["promtool", *map(str, command)], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
