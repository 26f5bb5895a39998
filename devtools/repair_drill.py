"""`make repair-drill`: replay a day with every kind of fault, and count those that ended without a person.

The faults: each source down, each kind of fault of the replay at a source that the day waits for and at one that it
cannot do without, and the incidents. A virtual day is over before the watchdog's first pass. So a day that ends with
parked steps is replayed again, with the commands that the watchdog's rules would have sent at the times of its passes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from devtools.drill import DAY, archive_of_drill, drill_exit_code, prepare
from devtools.incidents.__main__ import Replayed, replay
from devtools.incidents.scenario import Action, Check, Scenario, load_scenario, scenario_files
from devtools.outage_drill import outages, parallel_days
from runtime.process_exit import exit_now
from tipoff.errors import BadInputError
from tipoff.replay.faults import REQUIRED_FIELD, Fault, FaultKind
from tipoff.replay.upstream.endpoints import kinds_of_source, sources_of_kind
from tipoff.vocabulary import (
    WATCHDOG,
    DayStatus,
    RepairAttempt,
    RunState,
    clock_time,
    counted,
    day_end,
    eastern,
    shortened,
    step_names,
)
from tipoff.watchdog.checks_of_days import PASS_EVERY
from tipoff.watchdog.observation import DayFacts, Observation, RunFacts
from tipoff.watchdog.repairs import repairs
from workflows.contracts import CommandName, day_workflow_id

GOAL: Final = 0.95
REASON_LENGTH: Final = 120
WAITED_FOR: Final = step_names.BETTING_LINES
CRITICAL: Final = step_names.SCHEDULE
CRITICAL_UNTIL: Final = eastern(DAY, 12)
"""Without a slate there is no day: a fault of the schedule ends at noon."""
FIELDS: Final[Mapping[str, object]] = {"retry_after_seconds": 600, "delay_minutes": 120, "points": 3.0}
"""What some kinds of faults need."""
GAMES: Final = frozenset({"0022301062"})
"""GSW@CHA."""


class Ending(StrEnum):
    """Who ended a fault."""

    DAY = "the day by itself"
    WATCHDOG = "the watchdog"
    PERSON = "a person"


@dataclass(frozen=True)
class Case:
    """A fault to replay."""

    name: str
    scenario: Scenario


@dataclass(frozen=True)
class Verdict:
    """How a fault ended."""

    case: Case
    ending: Ending
    replayed: Replayed
    repaired: tuple[str, ...] = ()
    """The repairs that the watchdog made."""
    reason: str = ""
    """Why a person was needed."""


def cases() -> Iterator[Case]:
    """Every fault scenario."""
    for outage in outages():
        if outage.faults:
            yield _case(f"down: {outage.name}", outage.faults)
    for kind in FaultKind:
        for source in _sources_of(kind):
            until = CRITICAL_UNTIL if source == CRITICAL else None
            yield _case(f"{kind}: {source}", (_fault(kind, source, until),))
    for name, file in scenario_files().items():
        yield Case(f"incident: {name}", load_scenario(file))


def _sources_of(kind: FaultKind) -> list[str]:
    """The two sources of every kind that both have; else the first that has it."""
    both = [source for source in (WAITED_FOR, CRITICAL) if kind in kinds_of_source(source)]
    return both or sorted(sources_of_kind(kind))[:1]


def _fault(kind: FaultKind, source: str, until: datetime | None) -> Fault:
    fields: dict[str, object] = {"source": source, "kind": kind, "until": until}
    if required := REQUIRED_FIELD.get(kind):
        fields[required] = GAMES if required == "games" else FIELDS[required]
    return Fault.model_validate(fields)


def _case(name: str, faults: Sequence[Fault]) -> Case:
    predicted = Check(what="predictions are out", sql="SELECT COUNT(*) > 0 FROM predictions", equals=True)
    fields = {"incident": "", "title": name, "went_wrong": name, "checks_every_day": False}
    return Case(name, Scenario.model_validate({**fields, "fault": tuple(faults), "check": (predicted,)}))


def commands_of_watchdog(status: DayStatus) -> tuple[Action, ...]:
    """What the rules of the watchdog would have sent about the steps that are parked at the end of a day."""
    attempts: tuple[RepairAttempt, ...] = ()
    now = min((item.since for item in status.attention), default=day_end(status.game_date))
    while (now := now + PASS_EVERY) < day_end(status.game_date):
        for repair in repairs(_observed(status, now), attempts):
            attempts += (RepairAttempt(repair=repair, at=now, accepted=True, result=""),)
    return tuple(
        Action(at=each.at, command=CommandName.RETRY_STEP, target=each.repair.step, who=WATCHDOG, why=each.repair.why)
        for each in attempts
        if each.repair.step
    )


def _observed(status: DayStatus, now: datetime) -> Observation:
    """The day at a time, by what is parked at its end."""
    parked = tuple(item for item in status.attention if item.since <= now)
    shown = status.model_copy(update={"now": now, "attention": parked, "virtual": False})
    run = RunFacts(
        workflow_id=day_workflow_id(status.game_date), workflow="DailyPipelineWorkflow", started_at=status.now
    )
    day = DayFacts(game_date=status.game_date, run=run, execution="RUNNING", status=shown, is_current=True)
    return Observation(as_of=now, today=status.game_date, days=(day,))


async def judge(case: Case, archive: Path, before: Path, root: Path) -> Verdict:
    """Replay a case, and once more with the watchdog's commands if it ended with parked steps."""
    first = await replay(case.scenario, archive, before, root / "alone")
    if first.evidence is None or not first.evidence.end.status.attention:
        reason = why_a_person(first)
        return Verdict(case, Ending.PERSON if reason else Ending.DAY, first, reason=reason)
    actions = commands_of_watchdog(first.evidence.end.status)
    again = case.scenario.model_copy(update={"actions": (*case.scenario.actions, *actions)})
    second = await replay(again, archive, before, root / "repaired")
    repaired = tuple(f"{clock_time(each.at, DAY)} retry of {each.target}" for each in actions)
    reason = why_a_person(second)
    return Verdict(case, Ending.PERSON if reason else Ending.WATCHDOG, second, repaired, reason)


def why_a_person(replayed: Replayed) -> str:
    """Why a day needed a person; empty if it did not."""
    if replayed.evidence is None:
        return replayed.problem
    status = replayed.evidence.end.status
    if status.attention:
        first = status.attention[0]
        return f"{first.step} needs attention: {first.reason}"
    if status.state is not RunState.COMPLETE:
        return status.sentence
    by_person = [entry for entry in status.audit if entry.who == "operator"]
    return f"{by_person[0].command} by an operator" if by_person else ""


def share_without_person(verdicts: Sequence[Verdict]) -> float:
    """The share of faults that ended without a person, 0-1 scale."""
    return sum(verdict.ending is not Ending.PERSON for verdict in verdicts) / len(verdicts)


def print_report(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print a row for each fault, and the share that ended without a person."""
    table = Table("fault", "ended", "predictions out", "ended by", "how")
    for verdict in verdicts:
        evidence = verdict.replayed.evidence
        how = verdict.reason or "; ".join(verdict.repaired) or _degradations(verdict.replayed)
        table.add_row(
            verdict.case.name,
            f"{evidence.result.state}, {evidence.result.data_quality}".lower() if evidence else "",
            clock_time(first, DAY) if evidence and (first := evidence.end.status.first_published_at) else "never",
            verdict.ending,
            shortened(how, REASON_LENGTH),
        )
    console.print(table)
    share = share_without_person(verdicts)
    console.print(f"{share:.0%} of {counted(len(verdicts), 'fault')} ended without a person (aim: {GOAL:.0%})")


def _degradations(replayed: Replayed) -> str:
    degradations = replayed.evidence.result.degradations if replayed.evidence else ()
    return "; ".join(dict.fromkeys(f"without {item.step}" for item in degradations)) or "nothing was missing"


async def run(selected: Sequence[Case], parallel: int, archive: Path, root: Path, console: Console) -> list[Verdict]:
    """Replay the cases, `parallel` at a time, and print each at its end."""
    await prepare(archive, root / "before")
    slots = asyncio.Semaphore(parallel)

    async def judge_one(number: int, case: Case) -> Verdict:
        async with slots:
            verdict = await judge(case, archive, root / "before", root / f"{number:03}")
        console.print(f"{case.name}: {verdict.ending} {verdict.reason}".rstrip(), markup=False, soft_wrap=True)
        return verdict

    return list(await asyncio.gather(*(judge_one(number, case) for number, case in enumerate(selected))))


def selected_cases(environ: Mapping[str, str]) -> list[Case]:
    """The cases whose name contains one of the words of CASES; all without it. Raises BadInputError for no case."""
    words = environ.get("CASES", "").split()
    selected = [case for case in cases() if not words or any(word in case.name for word in words)]
    if not selected:
        names = ", ".join(each.name for each in cases())
        raise BadInputError(f"CASES={' '.join(words)}: no case has such a name; the cases are {names}")
    return selected


def drill_from_environment(folder: Path) -> bool:
    """Replay the cases of CASES, JOBS at a time; True if enough faults ended without a person."""
    console = Console(width=200, highlight=False)
    selected, parallel = selected_cases(os.environ), parallel_days(os.environ)
    verdicts = asyncio.run(run(selected, parallel, archive_of_drill(), folder, console))
    print_report(verdicts, console)
    return share_without_person(verdicts) >= GOAL


if __name__ == "__main__":
    exit_now(drill_exit_code("repair-drill", drill_from_environment))
