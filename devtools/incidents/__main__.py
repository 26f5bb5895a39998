"""`make incidents`: replays each incident of an older system, and checks that its day ends as it must.

Each scenario is a TOML file in this folder. Its day starts from the warehouse, models and exports of the day before. It
has its own Temporal server, upstream and worker process, in virtual time at full speed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowFailureError

from cli.demo import status_of
from devtools.drill import (
    archive_of_drill,
    drill_exit_code,
    from_day_before,
    morning_of,
    no_output,
    prepare,
    run_starter,
)
from devtools.incidents.evidence import (
    CommandRun,
    Evidence,
    EvidenceTables,
    Observed,
    read_requests,
    read_writes,
    request_bounds,
)
from devtools.incidents.scenario import Check, Scenario, Value, load_scenario, scenario_files
from devtools.incidents.worker import BROKEN_SYSTEM
from devtools.outage_drill import parallel_days
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.failures import failure_message
from runtime.process_exit import exit_now
from runtime.replay import DayHandle, Replay, start_replay
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import clock_time, counted, shortened
from workflows.contracts import CommandName, OperatorCommand
from workflows.daily_pipeline import DailyPipelineWorkflow

TIMEOUT_SECONDS: Final = 1800.0
POLL_SECONDS: Final = 0.2
SHOWN_DEGRADATIONS: Final = 6
REASON_LENGTH: Final = 110


@dataclass(frozen=True)
class CheckResult:
    """A check, and the value that it found; `error`: why it could not be made."""

    check: Check
    value: Value | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        return not self.error and self.check.is_met_by(self.value)


@dataclass(frozen=True)
class Replayed:
    """A replayed scenario: its evidence, or why its day has no end."""

    scenario: Scenario
    evidence: Evidence | None
    results: tuple[CheckResult, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        return self.evidence is not None and all(result.passed for result in self.results)


async def replay(scenario: Scenario, archive: Path, before: Path, root: Path) -> Replayed:
    """Replay a scenario and make its checks."""
    refused = await asyncio.to_thread(_starts_with_broken_imports, scenario.broken_imports, root / "broken_imports")
    exports = root / "stored_exports"
    shutil.copytree(before / "exports", exports)
    settings = {"exports": f"file://{exports.resolve()}", **scenario.settings}
    config = from_day_before(archive, before, root, faults=scenario.faults, settings=settings)
    if scenario.broken_system:
        (root / BROKEN_SYSTEM).write_text(scenario.broken_system.model_dump_json())
    started = time.monotonic()
    try:
        async with start_replay(config, no_output()) as running, asyncio.timeout(TIMEOUT_SECONDS):
            day = running.for_date(scenario.game_date)
            async with _supervised_worker(running, root) as restarts:
                handle = await day.start_day(scenario.clock(morning_of(scenario.game_date)))
                held = await _observe(handle, exports, root / "held") if scenario.observe_at else None
                result = await wait_for_result(handle)
                end = Observed(await handle.query(DailyPipelineWorkflow.status), exports)
                commands = tuple(
                    [
                        CommandRun(number, typed, *await run_starter(typed, root, captured=True))
                        for number, typed in enumerate(scenario.commands, start=1)
                    ]
                )
    except TimeoutError:
        return Replayed(scenario, None, problem=f"the day did not end within {TIMEOUT_SECONDS:.0f} s")
    except WorkflowFailureError as failure:
        return Replayed(scenario, None, problem=f"the day failed: {failure_message(failure)}")
    evidence = Evidence(
        end=end,
        result=result,
        root=root,
        warehouse=root / "stored.duckdb",
        wall_seconds=time.monotonic() - started,
        held=held,
        refused_imports=refused,
        commands=commands,
        restarts=len(restarts),
    )
    return Replayed(scenario, evidence, tuple(make_checks(evidence, scenario.all_checks)))


def make_checks(evidence: Evidence, checks: Sequence[Check]) -> Iterator[CheckResult]:
    """Make checks of a day; its worker must have ended."""
    tables = EvidenceTables(evidence)
    for check in checks:
        try:
            yield CheckResult(check, tables.value(check))
        except duckdb.Error as error:
            yield CheckResult(check, error=str(error))
    tables.close()


def _starts_with_broken_imports(modules: Sequence[str], folder: Path) -> dict[str, str]:
    """Start a worker for each module that cannot be imported; what each said, empty if it did not refuse to start."""
    return {module: _refusal(module, folder / module) for module in modules}


def _refusal(module: str, folder: Path) -> str:
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "TIPOFF_"))},
        "TIPOFF_CONFIG": os.devnull,
        "TIPOFF_WAREHOUSE": f"duckdb:///{folder.resolve()}/tipoff.duckdb",
        "TEMPORAL_ADDRESS": "127.0.0.1:9",
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, str(PROJECT / "worker.py")]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
    return ended.stderr.strip() if ended.returncode == 1 else ""


@asynccontextmanager
async def _supervised_worker(running: Replay, root: Path) -> AsyncIterator[list[float]]:
    """Replace the worker by that of the scenario, and start it again whenever it ends; yields the restarts."""
    command = [sys.executable, "-m", "devtools.incidents.worker", str(root)]
    environment = {**running.worker_environment(), "PYTHONPATH": str(PROJECT)}
    restarts: list[float] = []

    async def supervise() -> None:
        while True:
            if running.processes.children["worker"].exit_code is not None:
                restarts.append(time.monotonic())
                running.processes.start("worker", command, env=environment, grace_seconds=30)
            await asyncio.sleep(POLL_SECONDS)

    running.processes.start("worker", command, env=environment, grace_seconds=30)
    supervisor = asyncio.create_task(supervise())
    try:
        yield restarts
    finally:
        supervisor.cancel()


async def _observe(handle: DayHandle, exports: Path, copy: Path) -> Observed:
    """Wait until the clock is held, keep what status and exports show, and let the clock go on."""
    while (status := await status_of(handle)) is None or not status.held:  # noqa: ASYNC110 - it is on the server
        await asyncio.sleep(POLL_SECONDS)
    shutil.copytree(exports, copy)
    resume = OperatorCommand(name=CommandName.RESUME_CLOCK, who="drill", why="observed")
    await handle.execute_update(DailyPipelineWorkflow.resume_clock, resume)
    return Observed(status, copy)


def lines_of(replayed: Replayed) -> Iterator[tuple[str, str]]:
    """What is printed of a scenario: label and text."""
    scenario, evidence = replayed.scenario, replayed.evidence
    yield "went wrong", scenario.went_wrong
    if evidence is None:
        yield "FAIL", replayed.problem
        return
    for module, said in (evidence.refused_imports or {}).items():
        yield "worker", f"without {module}: {shortened(said, REASON_LENGTH) or 'started'}"
    if evidence.restarts:
        yield "worker", f"restarted {counted(evidence.restarts, 'time')}"
    for text in _reactions(evidence):
        yield "by itself", text
    for command in evidence.commands:
        yield "command", f"{command.typed}: exit code {command.exit_code}"
    yield "predictions", _publication(evidence)
    yield "ended", f"{clock_time(evidence.end.status.now, scenario.game_date)}: {evidence.end.status.sentence}"
    yield "load", load_text(evidence)
    for result in replayed.results:
        value = shortened(result.error, 3 * REASON_LENGTH) or f"{result.value} (must be {result.check.demand})"
        yield "PASS" if result.passed else "FAIL", f"{result.check.what}: {value}"


def _reactions(evidence: Evidence) -> Iterator[str]:
    """The degradations, shortened, and the commands of operators."""
    status = evidence.end.status
    for item in status.degradations[:SHOWN_DEGRADATIONS]:
        until = f"until {clock_time(item.resolved_at, status.game_date)}" if item.resolved_at else "to the end"
        games = f", {counted(len(item.games), 'game')}" if item.games else ""
        since = clock_time(item.since, status.game_date)
        reason = shortened(item.reason, REASON_LENGTH)
        yield f"without {item.step}{games} from {since} {until}: {reason}"
    if more := status.degradations[SHOWN_DEGRADATIONS:]:
        yield f"and without {counted(len(more), 'more step')}"
    for entry in status.audit:
        yield f"{clock_time(entry.at, status.game_date)} {entry.command} by {entry.who}: {entry.result}"


def _publication(evidence: Evidence) -> str:
    status = evidence.end.status
    if status.first_published_at is None:
        return "none"
    first = clock_time(status.first_published_at, status.game_date)
    due = f", due {clock_time(status.predictions_due, status.game_date)}" if status.predictions_due else ""
    times = ", ".join(clock_time(at, status.game_date) for at in status.refreshed_at)
    return f"{first}{due}; refreshed {times or 'never'}"


def load_text(evidence: Evidence) -> str:
    """Requests and writes, each total and the largest share with its bound."""
    bounds = request_bounds(plan_day(evidence.result.game_date, evidence.end.status.games, SOURCES))
    requests = Counter(str(request["source"]) for request in read_requests(evidence.root))
    writes = Counter(read_writes(evidence.root))
    most, table = (next(iter(counts.most_common(1)), ("nothing", 0)) for counts in (requests, writes))
    return (
        f"{counted(requests.total(), 'request')} (bound {sum(bounds.values()):,}), most to {most[0]}: {most[1]:,} "
        f"(bound {bounds.get(most[0], 0):,}); {counted(writes.total(), 'write')}, most to {table[0]}: {table[1]:,}"
    )


def print_scenario(name: str, replayed: Replayed, console: Console) -> None:
    """Print what happened and every check."""
    scenario = replayed.scenario
    verdict = "PASS" if replayed.passed else "FAIL"
    console.print(f"\n{name}: {scenario.incident}, {scenario.title} (as {scenario.game_date}): {verdict}", markup=False)
    for label, text in lines_of(replayed):
        console.print(f"  {label:<12}{text}", markup=False, soft_wrap=True)


def print_table(replayed: Mapping[str, Replayed], console: Console) -> None:
    """Print a row for each scenario."""
    table = Table("scenario", "incident", "predictions out", "ended", "checks", "wall time, s", "")
    for name, each in replayed.items():
        evidence = each.evidence
        passed = sum(result.passed for result in each.results)
        table.add_row(
            name,
            f"{each.scenario.incident}: {each.scenario.title}",
            _publication(evidence).partition(";")[0] if evidence else "",
            f"{evidence.result.state}, {evidence.result.data_quality}".lower() if evidence else each.problem,
            f"{passed} of {len(each.results)}",
            f"{evidence.wall_seconds:.0f}" if evidence else "",
            "PASS" if each.passed else "FAIL",
        )
    console.print(table)


async def run(
    scenarios: Mapping[str, Scenario], parallel: int, archive: Path, root: Path, console: Console
) -> dict[str, Replayed]:
    """Replay the scenarios, `parallel` at a time, and print each at its end."""
    await prepare(archive, root / "before")
    slots = asyncio.Semaphore(parallel)

    async def replay_one(name: str) -> Replayed:
        async with slots:
            replayed = await replay(scenarios[name], archive, root / "before", root / name)
        print_scenario(name, replayed, console)
        return replayed

    return dict(zip(scenarios, await asyncio.gather(*map(replay_one, scenarios)), strict=True))


def drill_from_environment(folder: Path) -> bool:
    """Replay the incidents of SCENARIOS, JOBS at a time; True if every day ended as it must."""
    console = Console(width=200, highlight=False)
    names = os.environ.get("SCENARIOS", "").split()
    scenarios = {name: load_scenario(file) for name, file in scenario_files(names).items()}
    replayed = asyncio.run(run(scenarios, parallel_days(os.environ), archive_of_drill(), folder, console))
    print_table(replayed, console)
    return all(each.passed for each in replayed.values())


if __name__ == "__main__":
    exit_now(drill_exit_code("incidents", drill_from_environment))
