"""Deploys a version that running days cannot continue, finds it by the watchdog's checks, and goes back.

Two days run and wait. Their worker is replaced by one whose day gives one more command at its start. The checks have to
name both days as wedged by non-determinism, and with the old code both have to go on and end complete. Exit code 1 if
they do not, or if that takes longer than allowed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from activities.observing import observe
from activities.resources import Resources
from cli.demo import status_of
from devtools.drill import DAY, ONE_SEASON, POLL_SECONDS, archive_of_drill, drill_exit_code, morning_of, no_output
from devtools.mutated_copy import copied_project
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.process_exit import exit_now
from runtime.replay import DayHandle, Replay, ReplayConfig, start_replay
from tipoff.errors import TipoffError
from tipoff.settings import load_settings
from tipoff.vocabulary import Phase, RunState
from tipoff.watchdog.diagnosis import diagnose

DATES: Final = (DAY - timedelta(days=1), DAY)
ALERT_SECONDS: Final = 15 * 60.0
DAY_SECONDS: Final = 900.0

CHANGED_FILE: Final = Path("workflows/daily_pipeline.py")
_BEFORE: Final = "        workflow.upsert_search_attributes([GAME_DATE"
_COMMAND: Final = '        workflow.upsert_memo({"changed": True})\n'


class Drill(NamedTuple):
    """How the drill went."""

    found_seconds: float
    """From the start of the bad version until the watchdog named every day."""
    recovered_seconds: float
    """From the start of the old version until every day had gone on."""
    states: dict[date, RunState]
    """How each day ended."""

    @property
    def problems(self) -> list[str]:
        """What went wrong; empty if every day recovered in time."""
        late = [f"found after {self.found_seconds:.0f} s"] if self.found_seconds > ALERT_SECONDS else []
        ended = (f"{day} ended {state}" for day, state in self.states.items() if state is not RunState.COMPLETE)
        return [*late, *ended]


def with_another_command(text: str) -> str:
    """The day's code with one more command before its first. Raises TipoffError if it has no such place."""
    if _BEFORE not in text:
        raise TipoffError(f"{CHANGED_FILE} has no line {_BEFORE.strip()!r}; name another one in this drill")
    return text.replace(_BEFORE, _COMMAND + _BEFORE, 1)


async def drill(archive: Path, root: Path) -> Drill:
    """Run the drill in a folder."""
    bad = copied_project(root / "bad version")
    changed = bad / CHANGED_FILE
    changed.write_text(with_another_command(changed.read_text(encoding="utf-8")), encoding="utf-8")
    config = ReplayConfig(DAY, archive, root / "replay", settings=ONE_SEASON)
    async with start_replay(config, no_output()) as running:
        days = {day: await _held_day(running.for_date(day)) for day in DATES}
        _start_worker(running, bad)
        started = time.monotonic()
        for handle in days.values():
            await handle.signal("resume_clock")
        await _until(lambda: _are_wedged(running, [*days.values()]), "the watchdog names every day", ALERT_SECONDS)
        named = time.monotonic() - started
        lengths = {day: await _length(handle) for day, handle in days.items()}
        _start_worker(running, PROJECT)
        started = time.monotonic()
        await _until(lambda: _have_grown(days, lengths), "every day goes on", DAY_SECONDS)
        recovered = time.monotonic() - started
        async with asyncio.timeout(DAY_SECONDS):
            states = {day: (await wait_for_result(handle)).state for day, handle in days.items()}
    return Drill(named, recovered, states)


async def _held_day(running: Replay) -> DayHandle:
    """A day that waits for betting lines."""
    clock = morning_of(running.config.game_date).model_copy(update={"hold_at": Phase.LINES})
    handle = await running.start_day(clock)
    await _until(lambda: _is_held(handle), f"{running.config.game_date} waits", DAY_SECONDS)
    return handle


async def _is_held(handle: DayHandle) -> bool:
    status = await status_of(handle)
    return status is not None and status.held


def _start_worker(running: Replay, code: Path) -> None:
    """Start a worker with this copy of the code; the running one is stopped first."""
    environment = {**running.worker_environment(), "PYTHONPATH": str(code)}
    command = [sys.executable, str(code / "worker.py")]
    running.processes.start("worker", command, env=environment, grace_seconds=30)


async def _are_wedged(running: Replay, handles: Sequence[DayHandle]) -> bool:
    """Whether the checks of the watchdog say of each day that its code does not match its history."""
    now = datetime.now(UTC)
    resources = Resources(load_settings(environ={**os.environ, **running.settings()}), now=lambda: now)
    findings = {finding.key for finding in diagnose(await observe(running.client, resources, now))}
    return {f"wedged:{handle.id}" for handle in handles} <= findings


async def _length(handle: DayHandle) -> int:
    return (await handle.describe()).history_length


async def _have_grown(days: dict[date, DayHandle], lengths: dict[date, int]) -> bool:
    return all([await _length(handle) > lengths[day] + 3 for day, handle in days.items()])


async def _until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float) -> None:
    """Raises TipoffError if the condition does not come true in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - the condition is on the server
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise TipoffError(f"{what}: not within {seconds:.0f} s") from error


def report(result: Drill) -> str:
    """The result as a table."""
    lines = [
        ("a version that no running day can continue was found after", f"{result.found_seconds:.1f} s"),
        ("with the old version all days went on after", f"{result.recovered_seconds:.1f} s"),
        *((f"{day} ended", str(state)) for day, state in result.states.items()),
    ]
    return "\n".join(f"{what:<60} {value}" for what, value in lines)


def drill_from_environment(folder: Path) -> bool:
    """Deploy a version that no running day can continue; True if every day recovered in time."""
    result = asyncio.run(drill(archive_of_drill(), folder))
    print(report(result))
    print("\n".join(result.problems) or "every day recovered")
    return not result.problems


if __name__ == "__main__":
    exit_now(drill_exit_code("upgrade-drill", drill_from_environment))
