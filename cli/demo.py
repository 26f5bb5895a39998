"""`make demo`: replays a real NBA day from nothing, through the real worker."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from shlex import quote

from rich.console import Console
from temporalio.client import RPCError, WorkflowFailureError, WorkflowQueryFailedError

from cli.demo_summary import print_summary, write_summary
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.failures import failure_message
from runtime.process_exit import exit_now
from runtime.replay import DayHandle, Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.errors import BadInputError, TipoffError
from tipoff.vocabulary import DayStatus, Phase, RunState, clock_time, counted, eastern, phase_state
from workflows.contracts import ClockSpec, DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow

POLL_SECONDS = 0.5
FIRST_PORT = 7243
"""Not Temporal's usual port, which a server for real days has."""
MOST_SEASONS = 20


@dataclass(frozen=True)
class Options:
    """The variables of `make demo`."""

    config: ReplayConfig
    clock: ClockSpec
    keep: bool


def options_from(environ: Mapping[str, str]) -> Options:
    """Read the demo's variables. Raises BadInputError, which names the wrong one."""
    day = _date(environ.get("DATE") or "2024-03-29")
    faults = Path(environ["FAULTS"]) if environ.get("FAULTS") else None
    if faults and not faults.is_file():
        raise BadInputError(f"FAULTS={faults}: there is no such file")
    config = ReplayConfig(
        game_date=day,
        archive=Path(environ.get("ARCHIVE") or PROJECT / "sample"),
        out=Path(environ.get("OUT") or PROJECT / "var" / "demo"),
        faults=faults,
        first_port=FIRST_PORT,
        settings=_settings(environ),
    )
    clock = _clock(day, environ.get("PACE") or "1", _hold(environ.get("HOLD"), day))
    return Options(config=config, clock=clock, keep=environ.get("KEEP") == "1")


def _settings(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    seasons = environ.get("HISTORY_SEASONS")
    if not seasons:
        return ()
    if not seasons.isdecimal() or not 1 <= int(seasons) <= MOST_SEASONS:
        raise BadInputError(f"HISTORY_SEASONS={seasons}: give a number from 1 to {MOST_SEASONS}")
    return (("TIPOFF_HISTORY_SEASONS", seasons),)


def _clock(day: date, pace: str, hold: Phase | datetime | None) -> ClockSpec:
    try:
        return ClockSpec(starts_at=eastern(day, 5), seconds_per_hour=float(pace), hold_at=hold)
    except ValueError:
        raise BadInputError(f"PACE={pace}: give the seconds that a virtual hour takes, from 0 to 3600") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"DATE={text}: give a date such as 2024-03-29") from None


def _hold(text: str | None, day: date) -> Phase | datetime | None:
    if not text:
        return None
    if text in set(Phase):
        return Phase(text)
    try:
        hour, minute = map(int, text.split(":"))
        return eastern(day, hour, minute)
    except ValueError:
        raise BadInputError(
            f"HOLD={text}: give a phase ({', '.join(Phase)}) or an Eastern time such as 14:00"
        ) from None


async def run(options: Options, console: Console) -> int:
    """Exit code 0 only if the day ended complete, or degraded by rule."""
    timer = StageTimer(console.print)
    async with start_replay(options.config, timer) as replay:
        with timer.stage("training"):
            await _train(replay, console)
        with timer.stage("the day"):
            handle = await _start_day(replay, options.clock)
            if page := replay.ui_of(handle):
                console.print(f"  in the Temporal UI: {page}", soft_wrap=True)
            result = await _follow_to_end(replay, handle, console)
        if result is not None:
            summary = await write_summary(replay, handle, result, timer)
            print_summary(summary, replay, handle, console, keeps_running=options.keep)
        if options.keep:
            await _keep_running(replay, console)
    return 0 if result is not None and result.state is RunState.COMPLETE else 1


async def _start_day(replay: Replay, clock: ClockSpec) -> DayHandle:
    """The started run. When this command is interrupted meanwhile, the run is terminated: the server may have it."""
    starting = asyncio.ensure_future(replay.start_day(clock))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _terminate(await starting)
        raise


async def _follow_to_end(replay: Replay, handle: DayHandle, console: Console) -> DayResult | None:
    """The day's result; None if the run failed. When this command is interrupted, the run is terminated."""
    try:
        return await follow(replay, handle, console)
    except WorkflowFailureError as failure:
        console.print(f"the day failed: {failure_message(failure)}", markup=False, soft_wrap=True)
        return None
    except BaseException:
        await _terminate(handle)
        raise


async def _terminate(handle: DayHandle) -> None:
    with suppress(RPCError):  # the next demo terminates it
        await handle.terminate(reason="its replay was stopped", rpc_timeout=timedelta(seconds=5))


async def _train(replay: Replay, console: Console) -> None:
    """Train on the games before the date; with too few of them, systems predict untrained or not at all."""
    try:
        trained = await replay.train()
    except WorkflowFailureError as failure:
        console.print(f"  no model: {failure_message(failure)}", markup=False)
        return
    for system in trained.systems:
        console.print(
            f"  {system.system_id} {system.model_version}: {counted(system.rows, 'player-game')}, walk-forward MAE "
            f"{system.mae:.2f} points (last-10 mean {system.last10_mae:.2f})"
        )


async def follow(replay: Replay, handle: DayHandle, console: Console) -> DayResult:
    """Print a line whenever the day's status sentence changes, until the day ends."""
    ended = asyncio.create_task(wait_for_result(handle))
    printed = ""
    try:
        while not ended.done():
            await asyncio.wait([ended], timeout=POLL_SECONDS)
            replay.check()
            status = await status_of(handle)
            if status is not None and status.sentence != printed:
                printed = status.sentence
                console.print(_format_progress(status), markup=False, soft_wrap=True)
        return ended.result()
    finally:
        ended.cancel()


async def status_of(handle: DayHandle) -> DayStatus | None:
    """None while the day starts or a worker is being replaced."""
    try:
        return await handle.query(DailyPipelineWorkflow.status)
    except (WorkflowQueryFailedError, RPCError):
        return None


def _format_progress(status: DayStatus) -> str:
    phases = " ".join(
        f"{phase}:{phase_state([step for step in status.steps if step.phase is phase]).words}"
        for phase in Phase
        if any(step.phase is phase and step.polls for step in status.steps)
    )
    rows = sum(step.rows for step in status.steps)
    at = f"{clock_time(status.now, status.game_date):>13}"
    size = f"{counted(len(status.games), 'game'):>8} {counted(rows, 'row'):>12}"
    return f"  {at}  {size}  {phases}\n{'':17}{status.sentence}"


async def _keep_running(replay: Replay, console: Console) -> None:
    ui = f" UI {replay.server.ui_url};" if replay.server.ui_url else ""
    console.print(f"\nserver and worker keep running;{ui} Ctrl-C stops them", soft_wrap=True)
    out = quote(str(replay.config.out))
    console.print(f"try: .venv/bin/python starter.py status --date {replay.config.game_date} --replay {out}")
    while True:
        replay.check()
        await asyncio.sleep(1)


def main(replay: Callable[[Options, Console], Coroutine[None, None, int]] = run) -> int:
    """0: complete, or degraded by rule; 1: not complete; 2: wrong variable or a part did not start; 130: Ctrl-C."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        return asyncio.run(replay(options_from(os.environ), console))
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        return _refuse(str(error))
    except RPCError as error:
        return _refuse(f"the Temporal server refused a request: {error.message}")


def _refuse(reason: str) -> int:
    print(f"demo: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    exit_now(main())
