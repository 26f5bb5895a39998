"""`make demo`: a real NBA day, replayed through the real worker, from nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from temporalio.client import RPCError, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.exceptions import ActivityError

from runtime import PROJECT
from runtime.process_exit import leave
from runtime.progress import Stages
from runtime.replay import DayHandle, Replay, Scene, history_figures, replay
from tipoff.errors import BadInputError, TipoffError
from tipoff.vocabulary import EASTERN, Phase, RunState, SlateGame, clock_time, eastern
from workflows.contracts import ClockSpec, DayResult, DayStatus, Degradation
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.status_text import games_named, phase_state

LOOK_SECONDS = 0.5
WITHOUT_FIGURES: Mapping[str, Any] = {"players_predicted": None, "lined_players": None, "systems": {}}
"""Of a day that exported none, as one without games."""


@dataclass(frozen=True)
class Options:
    """The variables of `make demo`."""

    scene: Scene
    clock: ClockSpec
    keep: bool


def options_from(environ: Mapping[str, str]) -> Options:
    """The demo's variables. Raises BadInputError that names the wrong one."""
    day = _date(environ.get("DATE") or "2024-03-29")
    archive = Path(environ.get("ARCHIVE") or PROJECT / "sample")
    faults = Path(environ["FAULTS"]) if environ.get("FAULTS") else None
    if faults and not faults.is_file():
        raise BadInputError(f"FAULTS={faults}: there is no such file")
    scene = Scene(
        game_date=day, archive=archive, out=Path(environ.get("OUT") or PROJECT / "var" / "demo"), faults=faults
    )
    clock = _clock(day, environ.get("PACE") or "1", _hold(environ.get("HOLD"), day))
    return Options(scene=scene, clock=clock, keep=environ.get("KEEP") == "1")


def _clock(day: date, pace: str, hold: Phase | datetime | None) -> ClockSpec:
    try:
        return ClockSpec(starts_at=eastern(day, 5), seconds_per_hour=float(pace), hold_at=hold)
    except ValueError:
        raise BadInputError(f"PACE={pace}: seconds a virtual hour takes are wanted, from 0 to 3600") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"DATE={text}: a date such as 2024-03-29 is wanted") from None


def _hold(text: str | None, day: date) -> Phase | datetime | None:
    if not text:
        return None
    if text in set(Phase):
        return Phase(text)
    try:
        hour, minute = map(int, text.split(":"))
        return eastern(day, hour, minute)
    except ValueError:
        raise BadInputError(f"HOLD={text}: a phase ({', '.join(Phase)}) or an Eastern time such as 14:00") from None


async def run(options: Options, console: Console) -> int:
    """Exit code 0 only when the day ended complete, or degraded by rule."""
    stages = Stages(console.print)
    async with replay(options.scene, stages) as running:
        with stages.stage("training"):
            await _train(running, console)
        with stages.stage("the day"):
            handle = await running.start_day(options.clock)
            console.print(f"  in the Temporal UI: {running.ui_of(handle)}", soft_wrap=True)
            result = await _followed(running, handle, console)
        if result is not None:
            tell(await write_summary(running, handle, result, stages), running, handle, console)
        if options.keep:
            await _keep_up(running, console)
    return 0 if result is not None and result.state is RunState.COMPLETE else 1


async def _followed(running: Replay, handle: DayHandle, console: Console) -> DayResult | None:
    """How the day ended; None when it did not come to its end. One that is left here is not left running."""
    try:
        return await follow(running, handle, console)
    except WorkflowFailureError as failure:
        console.print(f"the day did not come to its end: {failure.cause}", markup=False, soft_wrap=True)
        return None
    except BaseException:
        with suppress(RPCError):
            await handle.terminate(reason="its replay was stopped", rpc_timeout=timedelta(seconds=2))
        raise


async def _train(running: Replay, console: Console) -> None:
    """Train on the season so far; a day without enough of it goes on with the systems that need no training."""
    try:
        trained = await running.train()
    except WorkflowFailureError as failure:
        cause = failure.cause.cause if isinstance(failure.cause, ActivityError) else failure.cause
        console.print(f"  no model: {cause}", markup=False)
        return
    console.print(
        f"  {trained.system_id} {trained.model_version}: {trained.rows:,} player-games, walk-forward MAE "
        f"{trained.mae:.2f} points (last-10 mean {trained.last10_mae:.2f})"
    )


async def follow(running: Replay, handle: DayHandle, console: Console) -> DayResult:
    """Tell the day as it goes, a line whenever it says something new, until it ends."""
    ended = asyncio.create_task(handle.result())
    said = ""
    try:
        while not ended.done():
            await asyncio.wait([ended], timeout=LOOK_SECONDS)
            running.check()
            status = await _status(handle)
            if status is not None and status.sentence != said:
                said = status.sentence
                console.print(_progress(status), markup=False, soft_wrap=True)
        return ended.result()
    finally:
        ended.cancel()


async def _status(handle: DayHandle) -> DayStatus | None:
    try:
        return await handle.query(DailyPipelineWorkflow.status)
    except (WorkflowQueryFailedError, RPCError):
        return None  # the day is only starting, or a worker is being replaced


def _progress(status: DayStatus) -> str:
    phases = " ".join(
        f"{phase}:{phase_state([step for step in status.steps if step.phase is phase]).lower()}"
        for phase in Phase
        if any(step.phase is phase and step.polls for step in status.steps)
    )
    rows = sum(step.rows for step in status.steps)
    at = f"{clock_time(status.now, status.game_date):>13}"
    return f"  {at}  {len(status.games):2} games {rows:7,} rows  {phases}\n{'':17}{status.sentence}"


async def write_summary(running: Replay, handle: DayHandle, result: DayResult, stages: Stages) -> dict[str, Any]:
    """`summary.json`: the day's exported figures, how it ended and what it took."""
    scene = running.scene
    exported = scene.out / "exports" / "v1" / "summary" / f"{scene.game_date}.json"
    figures = json.loads(exported.read_text()) if exported.exists() else WITHOUT_FIGURES
    events, largest = await history_figures(handle)
    summary = {
        **figures,
        "game_date": scene.game_date.isoformat(),
        "state": result.state,
        "data_quality": result.data_quality,
        "games": result.games,
        "first_published_at": _eastern(result.first_published_at),
        "refreshed_at": _eastern(result.refreshed_at[-1]) if result.refreshed_at else None,
        "refreshes": [_eastern(moment) for moment in result.refreshed_at],
        "degraded_reasons": [_told(item, result.slate) for item in result.degradations],
        "degradations": [item.model_dump(mode="json") for item in result.degradations],
        "needs_attention": [item.model_dump(mode="json") for item in result.attention],
        "history_events": events,
        "largest_payload_bytes": largest,
        "wall_seconds": {name: round(seconds, 2) for name, seconds in stages.seconds.items()},
    }
    (scene.out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    return summary


def _told(item: Degradation, slate: Sequence[SlateGame]) -> str:
    """A degradation in a line: what, which games, from when until when."""
    games = f" ({games_named(item.games, slate)})" if item.games else ""
    until = f"until {clock_time(item.resolved_at)}" if item.resolved_at else "to the end"
    return f"without {item.step}{games} from {clock_time(item.since)} {until}: {item.reason}"


def _eastern(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(EASTERN).isoformat()


def tell(summary: Mapping[str, Any], running: Replay, handle: DayHandle, console: Console) -> None:
    """The summary for a person."""
    scene = running.scene
    console.print()
    console.print(_headline(summary))
    console.print(_publication(summary))
    if summary["systems"]:
        console.print(_systems_table(summary["systems"]))
    for reason in summary["degraded_reasons"]:
        console.print(reason, markup=False)
    for item in summary["needs_attention"]:
        console.print(f"needs attention: {item['step']}: {item['reason']}", markup=False)
    exports = scene.out / "exports"
    console.print(f"report page  {exports / 'pages' / f'{scene.game_date}.html'}", soft_wrap=True)
    console.print(f"exports      {exports / 'v1'}", soft_wrap=True)
    console.print(f"summary      {scene.out / 'summary.json'}", soft_wrap=True)
    console.print(f"Temporal UI  {running.ui_of(handle)}", soft_wrap=True)
    for name, seconds in summary["wall_seconds"].items():
        console.print(f"  {name:<22}{seconds:7.1f} s")


def _headline(summary: Mapping[str, Any]) -> str:
    ended = f"{summary['game_date']}: {summary['state'].lower()}, data {summary['data_quality'].lower()}"
    facts = [f"[bold]{ended}[/bold]", f"{summary['games']} games"]
    if summary["players_predicted"] is not None:
        facts.append(f"{summary['players_predicted']} players predicted, {summary['lined_players']} with a line")
    return " · ".join([*facts, f"{summary['history_events']:,} events"])


def _publication(summary: Mapping[str, Any]) -> str:
    if summary["first_published_at"] is None:
        return "no predictions were published"
    first = datetime.fromisoformat(summary["first_published_at"])
    count = len(summary["refreshes"])
    refreshed = {0: "not refreshed", 1: "refreshed once"}.get(count, f"refreshed {count} times")
    return f"first published {clock_time(first, date.fromisoformat(summary['game_date']))}, {refreshed}"


def _systems_table(systems: Mapping[str, Any]) -> Table:
    table = Table("system", "predictions", "win/loss/push/void/no line", "MAE", "line", "last 10", "hit rate", "N")
    for name, figures in systems.items():
        outcomes = figures["outcomes"]
        counts = "/".join(str(outcomes.get(key, 0)) for key in ("win", "loss", "push", "void", "no_line"))
        table.add_row(
            name,
            str(figures["predictions"]),
            counts,
            *(_points(figures[key]) for key in ("mae", "line_mae", "last10_mae")),
            _rate(figures),
            str(figures["n"]),
        )
    return table


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _rate(figures: Mapping[str, Any]) -> str:
    if figures["hit_rate"] is None:
        return "–"
    return f"{figures['hit_rate']:.1%} ({figures['wilson_low']:.1%}–{figures['wilson_high']:.1%})"


async def _keep_up(running: Replay, console: Console) -> None:
    console.print(f"\nserver and worker stay up; UI {running.server.ui_url}; Ctrl-C ends them")
    console.print(
        f"try: .venv/bin/python starter.py status --date {running.scene.game_date} --replay {running.scene.out}"
    )
    while True:
        running.check()
        await asyncio.sleep(1)


def main() -> int:
    """0: complete or degraded by rule; 1: not; 2: a variable is wrong or a part could not be had; 130: Ctrl-C."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        return asyncio.run(run(options_from(os.environ), console))
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        return _refused(str(error))
    except RPCError as error:
        return _refused(f"the Temporal server refuses: {error.message}")


def _refused(why: str) -> int:
    print(f"demo: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    leave(main())
