"""The runbook has a place for each alert: its key leads to what to do."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from cli.commands import parse
from runtime import PROJECT
from tests.unit.watchdog.test_diagnosis import FAULTS
from tipoff.alerting.deliveries import UNDELIVERED
from tipoff.alerting.rules import DAY_RULES, INSTALLATION_RULES, Rule
from tipoff.publishing.day_alerts import STEP_COMMANDS
from tipoff.publishing.repeats import TROUBLE
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.validation.checks import CHECKS as VALIDATION
from tipoff.vocabulary import Finding
from tipoff.watchdog.diagnosis import CHECKS, diagnose

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")
PLACES = {key for cell in re.findall(r"(?m)^\| (`[^|]+`) \| ", RUNBOOK) for key in re.findall(r"`([\w:-]+)`", cell)}
WORKFLOWS = "\n".join(file.read_text(encoding="utf-8") for file in sorted((PROJECT / "workflows").rglob("*.py")))


def place_of(finding: Finding) -> str:
    """The first word of a key; behind the name of a step the one after it."""
    step = f"{finding.step}:"
    if finding.step and finding.key.startswith(step):
        return f"STEP:{finding.key.removeprefix(step)}"
    return finding.key.partition(":")[0]


@pytest.mark.parametrize("rule", [*DAY_RULES, *INSTALLATION_RULES], ids=lambda rule: rule.name)
def test_each_rule_stands_with_its_threshold(rule: Rule[Any]) -> None:
    assert f"| `{rule.name}` | {rule.threshold} | " in RUNBOOK


def test_each_finding_of_the_watchdog_has_a_place() -> None:
    places = {place_of(finding) for facts in FAULTS.values() for finding in diagnose(facts)}
    assert len(places) > len(CHECKS)
    assert {*places, "repeated", UNDELIVERED} <= PLACES


def test_each_alert_of_a_step_has_a_place() -> None:
    raised = re.findall(r'(?:StepAlert\(|ledger\.alert\(.*, )f?"([a-z_]+)', WORKFLOWS)
    refused = [outcome for outcome, policy in OUTCOME_POLICIES.items() if policy.advice]
    kinds = {*raised, *refused, *TROUBLE, *STEP_COMMANDS}
    assert len(set(raised) - set(TROUBLE)) > 5
    assert {f"STEP:{kind}" for kind in kinds} <= PLACES


def test_each_alert_of_prometheus_has_a_place() -> None:
    rules = (PROJECT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^\s+- alert: (\w+)", rules)
    assert names
    assert set(names) <= PLACES


def test_what_helps_is_a_command_that_exists() -> None:
    helps = {finding.command for facts in FAULTS.values() for finding in diagnose(facts)}
    helps |= {check.command.format(date="2024-03-29") for check in VALIDATION}
    helps |= {command.format(date="2024-03-29") for command in STEP_COMMANDS.values()}
    commands = [shlex.split(text) for text in helps if text.startswith("starter.py ")]
    assert len(commands) > 10
    for command in commands:
        assert parse(command[1:]).module
