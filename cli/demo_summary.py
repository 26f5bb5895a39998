"""The summary of a replayed day: as `summary.json` for programs, as text for readers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from runtime.history_size import history_size
from runtime.replay import DayHandle, Replay
from runtime.stage_timer import StageTimer
from tipoff.publishing.store import open_exports
from tipoff.vocabulary import EASTERN, DayStatus, Degradation, clock_time, counted
from workflows.contracts import DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.status_text import games_named

NO_FIGURES: Mapping[str, Any] = {
    "players_predicted": None,
    "lined_players": None,
    "tip_off_not_fixed": [],
    "headline": None,
    "systems": {},
}
"""The figures of a day that exported none, such as a day without games."""


async def write_summary(replay: Replay, handle: DayHandle, result: DayResult, timer: StageTimer) -> dict[str, Any]:
    """Write `summary.json`: the day's exported figures, how it ended, and the time it took."""
    config = replay.config
    exported = open_exports(replay.settings()["TIPOFF_EXPORTS"]).read(f"v1/summary/{config.game_date}.json")
    figures = NO_FIGURES if exported is None else json.loads(exported)
    events, largest = await history_size(handle)
    status = await handle.query(DailyPipelineWorkflow.status)
    summary = {
        **figures,
        "game_date": config.game_date.isoformat(),
        "state": result.state,
        "data_quality": result.data_quality,
        "games": result.games,
        "first_published_at": _eastern_text(result.first_published_at),
        "refreshed_at": _eastern_text(result.refreshed_at[-1]) if result.refreshed_at else None,
        "refreshes": [_eastern_text(at) for at in result.refreshed_at],
        "degraded_reasons": [format_degradation(item, status) for item in result.degradations],
        "degradations": [item.model_dump(mode="json") for item in result.degradations],
        "needs_attention": [item.model_dump(mode="json") for item in result.attention],
        "history_events": events,
        "largest_payload_bytes": largest,
        "wall_seconds": {name: round(seconds, 2) for name, seconds in timer.seconds.items()},
    }
    (config.out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    return summary


def format_degradation(item: Degradation, status: DayStatus) -> str:
    """One line: the missing step, its games, and the time span."""
    step, slate, game_date = status.label_of(item.step), status.games, status.game_date
    games = f" ({games_named(item.games, slate)})" if item.games else ""
    until = f"until {clock_time(item.resolved_at, game_date)}" if item.resolved_at else "to the end"
    earlier = f" (for {games_named([*item.resolved_games], slate)} earlier)" if item.resolved_games else ""
    return f"without {step}{games} from {clock_time(item.since, game_date)} {until}{earlier}: {item.reason}"


def _eastern_text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(EASTERN).isoformat()


def print_summary(
    summary: Mapping[str, Any], replay: Replay, handle: DayHandle, console: Console, *, keeps_running: bool
) -> None:
    """Print the summary and where the output is."""
    config = replay.config
    console.print()
    console.print(format_headline(summary))
    console.print(format_publication(summary))
    if summary["systems"]:
        console.print(systems_table(summary["systems"]))
    if summary["tip_off_not_fixed"]:
        console.print(f"tip-off not fixed: {', '.join(summary['tip_off_not_fixed'])}", markup=False)
    for reason in summary["degraded_reasons"]:
        console.print(reason, markup=False)
    for item in summary["needs_attention"]:
        console.print(f"needs attention: {item['step']}: {item['reason']}", markup=False)
    exports = config.out / "exports"
    if live := read_live(exports, config.game_date):
        console.print(f"live results {format_live(live)}", markup=False, soft_wrap=True)
    console.print(f"site         {exports / 'site' / 'index.html'}", soft_wrap=True)
    console.print(f"report page  {exports / 'pages' / f'{config.game_date}.html'}", soft_wrap=True)
    console.print(f"exports      {exports / 'v1'}", soft_wrap=True)
    console.print(f"summary      {config.out / 'summary.json'}", soft_wrap=True)
    is_reachable = keeps_running or replay.server.outlives_replay
    console.print(f"Temporal UI  {format_ui(replay.ui_of(handle), is_reachable=is_reachable)}", soft_wrap=True)
    for name, seconds in summary["wall_seconds"].items():
        console.print(f"  {name:<22}{seconds:7.1f} s")


def read_live(exports: Path, game_date: date) -> Mapping[str, Any] | None:
    """The export of how the predictions stood when the games were last followed."""
    path = exports / "v1" / "live-grading" / f"{game_date}.json"
    live: Mapping[str, Any] | None = json.loads(path.read_bytes()) if path.is_file() else None
    return live


def format_live(live: Mapping[str, Any]) -> str:
    """What the live files say at the end, and where they are."""
    counts = {grade: count for grade, count in live["counts"].items() if count}
    grades = ", ".join(f"{count:,} {grade.replace('_', ' ')}" for grade, count in counts.items())
    date = live["game_date"]
    return f"{grades or 'no prediction'}: v1/live-grading/{date}.json, and the games in v1/live/{date}.json"


def format_ui(page: str, *, is_reachable: bool) -> str:
    """Where the run's page is, if it can be opened: a server that stops with the demo has no page any more."""
    if not is_reachable:
        return "stops with the demo; with KEEP=1 it keeps running"
    return page or "its address is not known; TEMPORAL_UI names it"


def format_headline(summary: Mapping[str, Any]) -> str:
    """How the day ended, with its games, players and history events; in rich's markup."""
    ended = f"{summary['game_date']}: {summary['state'].lower()}, data {summary['data_quality'].lower()}"
    facts = [f"[bold]{ended}[/bold]", counted(summary["games"], "game")]
    if summary["players_predicted"] is not None:
        predicted = counted(summary["players_predicted"], "player")
        facts.append(f"{predicted} predicted, {summary['lined_players']} with a line")
    return " · ".join([*facts, counted(summary["history_events"], "event")])


def format_publication(summary: Mapping[str, Any]) -> str:
    """When predictions were first published, and how often they were refreshed."""
    if summary["first_published_at"] is None:
        return "no predictions were published"
    first = datetime.fromisoformat(summary["first_published_at"])
    count = len(summary["refreshes"])
    refreshed = {0: "not refreshed", 1: "refreshed once"}.get(count, f"refreshed {counted(count, 'time')}")
    return f"first published {clock_time(first, date.fromisoformat(summary['game_date']))}, {refreshed}"


def systems_table(systems: Mapping[str, Any]) -> Table:
    """The graded figures of each system and view."""
    table = Table("system", "predictions", "win/loss/push/void/no line", "MAE", "line", "last 10", "picks won", "N")
    named = ((f"{name} ({view})", figures) for name, views in systems.items() for view, figures in views.items())
    for name, figures in named:
        outcomes = figures["outcomes"]
        counts = "/".join(str(outcomes.get(key, 0)) for key in ("win", "loss", "push", "void", "no_line"))
        table.add_row(
            name,
            str(figures["predictions"]),
            counts,
            *(_points(figures[key]) for key in ("mae", "line_mae", "last10_mae")),
            _hit_rate(figures),
            str(figures["n"]),
        )
    return table


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _hit_rate(figures: Mapping[str, Any]) -> str:
    """With its Wilson interval."""
    if figures["hit_rate"] is None:
        return "–"
    return f"{figures['hit_rate']:.1%} ({figures['wilson_low']:.1%}–{figures['wilson_high']:.1%})"
