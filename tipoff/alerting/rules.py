"""The rules of alerts as a table: what is looked at, from when it is an alert, and what helps.

Each rule is a pure function of facts. A rule that has several subjects, such as providers, makes a finding for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from tipoff.alerting import thresholds
from tipoff.alerting.facts import DateFacts, InstallationFacts
from tipoff.vocabulary import Finding, Severity, clock_time, counted, eastern

F = TypeVar("F", DateFacts, InstallationFacts)


@dataclass(frozen=True)
class Violation:
    """What a rule noticed about one subject."""

    summary: str
    subject: str = ""
    """Source, step, system or host; empty: the rule has one subject."""


@dataclass(frozen=True)
class Rule(Generic[F]):
    """One row of the table."""

    name: str
    threshold: str
    """From when it is an alert, as the runbook says it."""
    severity: Severity
    command: str
    """What helps; `{date}` and `{subject}` are filled in."""
    violations: Callable[[F], Iterator[Violation]]


def _completion(facts: DateFacts) -> Iterator[Violation]:
    if facts.steps_due and facts.steps_complete < thresholds.COMPLETION * facts.steps_due:
        yield Violation(f"only {facts.steps_complete} of {counted(facts.steps_due, 'due step')} have all their data")


def _few_rows(facts: DateFacts) -> Iterator[Violation]:
    for each in facts.rows:
        if each.rows < thresholds.ROWS * each.expected:
            yield Violation(f"{each.step} has {counted(each.rows, 'row')} of about {each.expected:,.0f}", each.step)


def _old_inputs(facts: DateFacts) -> Iterator[Violation]:
    for each in facts.inputs:
        if each.needed and (each.last_success is None or facts.as_of - each.last_success > thresholds.INPUT_AGE):
            since = f"since {clock_time(each.last_success, facts.game_date)}" if each.last_success else "so far"
            yield Violation(f"{each.source} is needed and had no usable response {since}", each.source)


def _no_predictions(facts: DateFacts) -> Iterator[Violation]:
    latest = eastern(facts.game_date, *thresholds.PREDICTIONS_BY)
    due = min(facts.predictions_due or latest, latest)
    if facts.games and facts.as_of >= due and not facts.predictions_out:
        why = f": {facts.waits_for}" if facts.waits_for else ""
        late = f"were due {clock_time(due, facts.game_date)}"
        yield Violation(f"no predictions of {counted(facts.games, 'game')} are published; they {late}{why}")


def _few_predictions(facts: DateFacts) -> Iterator[Violation]:
    players = facts.players_predicted
    if players is not None and facts.games >= thresholds.FULL_SLATE and players < thresholds.PLAYERS_ON_FULL_SLATE:
        yield Violation(f"only {counted(players, 'player')} of {counted(facts.games, 'game')} are predicted")


def _low_hit_rate(facts: DateFacts) -> Iterator[Violation]:
    for each in facts.picks:
        if each.graded >= thresholds.FEWEST_GRADED_PICKS and each.wins < thresholds.HIT_RATE * each.graded:
            rate = f"hit rate {each.wins / each.graded:.0%} on {counted(each.graded, 'pick')}; check its inputs"
            yield Violation(f"{each.system_id} ({each.view}): {rate}", f"{each.system_id}:{each.view}")


def _low_coverage(facts: DateFacts) -> Iterator[Violation]:
    if facts.graded is not None and facts.graded < thresholds.GRADING_COVERAGE * facts.predictions:
        share = f"{facts.graded} of {counted(facts.predictions, 'prediction')} graded"
        yield Violation(f"{share}; retry the step of the box scores that are missing")


def _worker_errors(facts: InstallationFacts) -> Iterator[Violation]:
    if facts.worker_errors > thresholds.WORKER_ERRORS:
        yield Violation(f"{counted(facts.worker_errors, 'attempt')} of activities failed in the last five minutes")


def _provider_success(facts: InstallationFacts) -> Iterator[Violation]:
    for each in facts.providers:
        decided = each.usable + each.failed
        if decided >= thresholds.FEWEST_REQUESTS and each.usable < thresholds.PROVIDER_SUCCESS * decided:
            share = f"{each.usable:,} of {counted(decided, 'request')} in 24 hours were usable"
            yield Violation(f"{each.host}: only {share}", each.host)


def _blocked(facts: InstallationFacts) -> Iterator[Violation]:
    for each in facts.providers:
        if each.blocked_until is not None and each.blocked_until > facts.as_of:
            yield Violation(f"our address is blocked by {each.host} until {clock_time(each.blocked_until)}", each.host)


_STATUS = "starter.py status --date {date}"
_SOURCES = "starter.py sources"

DAY_RULES: tuple[Rule[DateFacts], ...] = (
    Rule("completion", "under 80 % of the due steps have all their data", Severity.WARNING, _STATUS, _completion),
    Rule("rows", "a step has under 50 % of the rows that the slate should have", Severity.WARNING, _STATUS, _few_rows),
    Rule(
        "old_input",
        "an input that is needed had no usable response for over 2 hours",
        Severity.WARNING,
        "starter.py retry-step --step {subject} --date {date}",
        _old_inputs,
    ),
    Rule(
        "no_predictions",
        "no predictions when the day planned them, at 14:00 at the latest, on a date with games",
        Severity.CRITICAL,
        "starter.py force-continue --phase lines --date {date} --why 'predictions are due'",
        _no_predictions,
    ),
    Rule(
        "few_predictions",
        "under 200 players are predicted on a slate of at least 13 games",
        Severity.WARNING,
        _STATUS,
        _few_predictions,
    ),
    Rule("hit-rate", "a hit rate under 30 % on at least 40 picks", Severity.WARNING, _SOURCES, _low_hit_rate),
    Rule(
        "grading-coverage",
        "under 95 % of the predictions of games that are over have a grade",
        Severity.WARNING,
        _STATUS,
        _low_coverage,
    ),
)
INSTALLATION_RULES: tuple[Rule[InstallationFacts], ...] = (
    Rule(
        "worker_errors",
        "over 5 failed attempts of activities in 5 minutes",
        Severity.WARNING,
        "starter.py doctor",
        _worker_errors,
    ),
    Rule(
        "provider_success",
        "under 80 % of at least 10 requests to a provider in 24 hours were usable",
        Severity.WARNING,
        _SOURCES,
        _provider_success,
    ),
    Rule("blocked", "a provider blocks an address of ours", Severity.WARNING, _SOURCES, _blocked),
)


def findings_of_day(facts: DateFacts) -> tuple[Finding, ...]:
    """What the rules find about a date."""
    return tuple(
        Finding(
            key=_key(rule.name, violation),
            severity=rule.severity,
            summary=violation.summary,
            command=rule.command.format(date=facts.game_date, subject=violation.subject),
            game_date=facts.game_date,
        )
        for rule in DAY_RULES
        for violation in rule.violations(facts)
    )


def findings_of_installation(facts: InstallationFacts) -> tuple[Finding, ...]:
    """What the rules find about workers and providers."""
    return tuple(
        Finding(
            key=_key(rule.name, violation),
            severity=rule.severity,
            summary=violation.summary,
            command=rule.command.format(subject=violation.subject),
        )
        for rule in INSTALLATION_RULES
        for violation in rule.violations(facts)
    )


def _key(name: str, violation: Violation) -> str:
    return f"{name}:{violation.subject}" if violation.subject else name
