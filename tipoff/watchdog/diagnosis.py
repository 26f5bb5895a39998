"""What is wrong: every check with the causes that explain it, so that an alert names the cause and not its symptoms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tipoff.vocabulary import Finding, RepairAttempt
from tipoff.watchdog import checks, checks_of_days
from tipoff.watchdog.observation import Observation

MAX_FINDINGS = 40
"""More are cut off, the last of the table first."""


class Check(NamedTuple):
    """A check, and the checks whose findings explain its own: of the same date, or of no date."""

    find: Callable[[Observation], Iterable[Finding]]
    explained_by: tuple[str, ...] = ()


_SERVER = ("server",)
_NO_WORKER = (*_SERVER, "no_worker")
_WORKERS = (*_NO_WORKER, "queue")
_RUN = (*_WORKERS, "paused", "wedged")
_OF_ONE_STEP = frozenset({"parked", "activity", "deadline"})

CHECKS: dict[str, Check] = {
    "server": Check(checks.server),
    "no_worker": Check(checks.no_worker, _SERVER),
    "queue": Check(checks.unserved_queues, _NO_WORKER),
    "lost_worker": Check(checks.lost_workers, _WORKERS),
    "not_observed": Check(checks.not_observed, _SERVER),
    "watchdog": Check(checks.watchdog_stopped, _SERVER),
    "paused": Check(checks.paused_runs, _SERVER),
    "wedged": Check(checks.wedged_runs, _NO_WORKER),
    "schedules": Check(checks.schedules_missing, _SERVER),
    "schedule_paused": Check(checks.schedules_paused, _SERVER),
    "schedule_missed": Check(checks.schedules_missed, _NO_WORKER),
    "not_started": Check(checks_of_days.not_started, _NO_WORKER),
    "failed": Check(checks_of_days.failed, _SERVER),
    "no_answer": Check(checks_of_days.no_answer, _RUN),
    "parked": Check(checks_of_days.parked, (*_SERVER, "paused")),
    "activity": Check(checks_of_days.failing_activities, _RUN),
    "stuck": Check(checks_of_days.stuck, (*_RUN, "activity", "no_answer")),
    "deadline": Check(
        checks_of_days.deadlines_missed, (*_RUN, "activity", "no_answer", "parked", "stuck", "not_started")
    ),
    "grades": Check(checks_of_days.grades_incomplete, (*_RUN, "failed", "parked", "stuck", "deadline", "not_started")),
    "rules_of_days": Check(
        checks_of_days.rules_of_days, (*_RUN, "activity", "no_answer", "parked", "stuck", "deadline", "not_started")
    ),
    "repeated": Check(checks_of_days.repeated_failures, _SERVER),
    "training": Check(checks.training_stale, _NO_WORKER),
    "credits": Check(checks.credits_used),
    "rules_of_installation": Check(checks.rules_of_installation, _SERVER),
    "events": Check(checks.long_histories, _SERVER),
}


def diagnose(observation: Observation, attempts: Sequence[RepairAttempt] = ()) -> tuple[Finding, ...]:
    """What is wrong, without the symptoms of other findings and without what is about to be repaired."""
    findings_of = {name: tuple(check.find(observation)) for name, check in CHECKS.items()}
    causes = {
        name: tuple(
            finding
            for finding in findings_of[name]
            if not any(_explains(by, findings_of[by], finding) for by in check.explained_by)
        )
        for name, check in CHECKS.items()
    }
    causes["parked"] = tuple(
        finding for finding in causes["parked"] if not checks_of_days.awaits_repair(finding, observation, attempts)
    )
    return tuple(finding for findings in causes.values() for finding in findings)[:MAX_FINDINGS]


def is_partial(observation: Observation, findings: Sequence[Finding]) -> bool:
    """Whether something could not be checked or named, so that what was found before may still be wrong."""
    return bool(observation.problems or observation.server_problem) or len(findings) == MAX_FINDINGS


def _explains(by: str, causes: Iterable[Finding], finding: Finding) -> bool:
    """A cause of no date explains findings of every date; one of a date only findings of that date.

    A single step explains nothing that is more severe than its own trouble.
    """
    return any(
        cause.game_date in (None, finding.game_date)
        and (by not in _OF_ONE_STEP or cause.severity.rank >= finding.severity.rank)
        for cause in causes
    )
