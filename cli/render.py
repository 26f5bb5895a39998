"""Formats a day's view as text and tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.coverage import Coverage, coverage
from cli.view import DayView, ServerView, StatusSource
from tipoff.vocabulary import (
    DayStatus,
    Phase,
    PlanStep,
    StepState,
    StepStatus,
    clock_time,
    counted,
    labels_without_tip_off,
    phase_state,
)
from workflows.event_count import EVENT_LIMIT, REFRESHES, EventCount, EventLine, events_of_window
from workflows.status_text import games_named

if TYPE_CHECKING:
    from tipoff.live_games import LiveRequests

_WIDTH = 132
_COLORS = {
    "COMPLETE": "green",
    "EMPTY_OK": "green",
    "RUNNING": "cyan",
    "WAITING": "yellow",
    "LATE": "yellow",
    "DEGRADED": "yellow",
    "NEEDS_ATTENTION": "bold red",
    "FAILED": "bold red",
    "PAUSED": "yellow",
    "CANCELED": "red",
    "CANCELLED": "red",
    "TERMINATED": "red",
    "TIMED_OUT": "red",
}
_NOTABLE_STATES = (StepState.FAILED, StepState.LATE, StepState.RUNNING, StepState.DEGRADED, StepState.SKIPPED)
"""The states worth a remark, most important first."""


def console() -> Console:
    """As wide as the terminal, or wide enough for the tables if the output goes to a file."""
    plain = Console(markup=False, highlight=False)
    return plain if plain.is_terminal else Console(markup=False, highlight=False, width=_WIDTH)


def ago(time: datetime, now: datetime | None = None) -> str:
    """The age of a time, coarser for older ones: "12 s ago", "3 h 20 min ago", "2 days ago"."""
    seconds = max(0, int(((now or datetime.now(UTC)) - time) / timedelta(seconds=1)))
    if seconds < 120:
        return f"{seconds} s ago"
    hours, minutes = divmod(seconds // 60, 60)
    if hours >= 48:
        return f"{counted(hours // 24, 'day')} ago"
    return f"{hours} h {minutes} min ago" if hours else f"{minutes} min ago"


def day_page(view: DayView) -> RenderableType:
    """The whole status: whether the day is complete, and if not, what it waits for and why."""
    parts: list[RenderableType] = [_headline(view)]
    if view.status is not None:
        parts.append(Text(_facts(view.status), style="dim"))
    parts.append(Text(_source_text(view), style="dim" if view.source is StatusSource.WORKER else "yellow"))
    parts += [
        Text(provider.status_line, style="yellow" if provider.warning else "dim")
        for provider in view.providers
        if provider.status_line
    ]
    if view.server is not None:
        parts += _server_part(view.server, view.source)
    if view.status is not None:
        parts += [part for table in _tables(view.status) for part in (Text(), table)]
    if view.commands:
        parts += [Text(), Text("Commands", style="bold"), *map(Text, view.commands)]
    return Group(*parts)


def _headline(view: DayView) -> Text:
    headline = view.headline
    line = Text(f"NBA {view.game_date}  ", style="bold")
    line.append(headline["state"] or "STARTED", style=_COLORS.get(headline["state"], "bold"))
    return line.append(f"  {headline['sentence']}")


def _facts(status: DayStatus) -> str:
    facts = [
        counted(len(status.games), "game"),
        f"data {status.data_quality.lower()}",
        f"{'virtual ' if status.virtual else ''}time {clock_time(status.now, status.game_date)}",
    ]
    if status.backfilled:
        facts.append("backfilled: predicted after the games, so there are no picks")
    if status.predictions_due:
        facts.append(f"predictions due {_at(status.predictions_due, status)}")
    if status.first_published_at:
        facts.append(f"first published {_at(status.first_published_at, status)}")
    if status.refreshed_at:
        count = counted(len(status.refreshed_at), "time")
        facts.append(f"refreshed {count}, last {_at(status.refreshed_at[-1], status)}")
    if not_fixed := labels_without_tip_off(status.games):
        facts.append(f"tip-off not fixed: {not_fixed}")
    if status.postponed_games:
        facts.append(f"postponed {', '.join(status.postponed_games)}")
    return " · ".join(facts)


def _source_text(view: DayView) -> str:
    age = f", exported {ago(view.exported_at)}" if view.exported_at else ""
    match view.source:
        case StatusSource.WORKER:
            return "status from the day's worker"
        case StatusSource.SERVER:
            tables = f"; the tables are from the last export{age}" if view.status else ""
            if view.has_ended:
                return f"status of the ended run from the server{tables}"
            if view.server and view.server.is_paused:
                return f"status from the server only{tables}, because {view.why}"
            hint = "start a worker for more (python worker.py)"
            return f"status from the server only{tables}, because {view.why}: {hint}"
        case StatusSource.EXPORT:
            return f"last known status{age}: {view.why}"


def _server_part(server: ServerView, source: StatusSource) -> Iterable[RenderableType]:
    if server.is_open and server.unserved_queues:
        yield Text(
            f"no worker polls {', '.join(server.unserved_queues)}: start one (python worker.py) and the day continues",
            style="bold red",
        )
    if server.workflow_task_attempt > 1:
        failures = counted(server.workflow_task_attempt - 1, "time")
        yield Text(f"the workflow code has failed {failures} in a row: see the worker's log", style="bold red")
    pending = [item for item in server.pending if source is StatusSource.SERVER or item.attempt > 1]
    if pending:
        title = "Running activities, according to the server" if source is StatusSource.SERVER else "Retried activities"
        rows = [(item.name, item.state, str(item.attempt), ago(item.since), item.last_failure) for item in pending]
        yield Text()
        yield table_of(title, ("activity", "state", "attempt", "since", "last failure"), rows)


def _tables(status: DayStatus) -> Iterable[RenderableType]:
    yield _phases(status)
    yield from _tables_for_the_operator(status)
    if waiting := [step for step in status.steps if step.state is StepState.LATE]:
        yield table_of(
            "Waiting",
            ("step", "waits for", "next poll", "alert at", "deadline", "last result"),
            [_wait(step, status) for step in waiting],
        )
    if degraded := [item for item in status.degradations if item.resolved_at is None]:
        yield table_of(
            "Degraded",
            ("step", "since", "games", "reason"),
            [
                (
                    status.label_of(item.step),
                    _at(item.since, status),
                    games_named(item.missing_games, status.games),
                    item.reason,
                )
                for item in degraded
            ],
        )
    if rows := coverage(status):
        yield table_of(
            "Coverage",
            ("role", "source", "games", "missing"),
            [
                (item.role, status.label_of(item.source), f"{item.games}/{item.of}", _missing_text(item))
                for item in rows
            ],
        )
    if status.audit:
        yield table_of(
            "Operator commands",
            ("at", "who", "command", "why", "result"),
            [
                (_at(entry.at, status), entry.who, f"{entry.command} {entry.target}".strip(), entry.why, entry.result)
                for entry in status.audit
            ],
        )


def _tables_for_the_operator(status: DayStatus) -> Iterable[RenderableType]:
    """What waits for a command of an operator."""
    if status.attention:
        yield table_of(
            "Needs attention",
            ("step", "parked at", "reason"),
            [(status.label_of(item.step), _at(item.since, status), item.reason) for item in status.attention],
        )
    if status.withheld_picks:
        yield table_of(
            "Withheld picks",
            ("system", "view", "reason"),
            [(item.system_id, item.view, item.reason) for item in status.withheld_picks],
        )


def _phases(status: DayStatus) -> Table:
    table = _empty_table("Phases", ("phase", "state", "steps", "rows", "details"))
    for phase in Phase:
        steps = [step for step in status.steps if step.phase is phase]
        if steps:
            state = phase_state(steps)
            complete = sum(step.state in {StepState.COMPLETE, StepState.EMPTY_OK} for step in steps)
            rows = sum(step.rows for step in steps)
            table.add_row(
                phase.value,
                Text(state.words, style=_COLORS.get(state, "dim")),
                f"{complete}/{len(steps)}",
                f"{rows:,}" if rows else "",
                _remark(steps, status),
            )
    return table


def _remark(steps: Sequence[StepStatus], status: DayStatus) -> str:
    """The most notable step and the number of others; else the next poll."""
    notable = sorted(
        (step for step in steps if step.state in _NOTABLE_STATES), key=lambda step: _NOTABLE_STATES.index(step.state)
    )
    if notable:
        first = notable[0]
        more = f" (and {len(notable) - 1} more)" if len(notable) > 1 else ""
        return f"{first.label}{first.reason and f': {first.reason}'}{more}"
    next_poll = min((step.next_poll for step in steps if step.next_poll), default=None)
    return f"next poll {_at(next_poll, status)}" if next_poll else ""


def _wait(step: StepStatus, status: DayStatus) -> tuple[str, ...]:
    times = (step.next_poll, step.soft_deadline, step.hard_deadline)
    return (
        step.label,
        ", ".join(map(status.label_of, step.waits_for)),
        *(_at(time, status) for time in times),
        step.reason,
    )


def _missing_text(item: Coverage) -> str:
    """The missing games or teams; "all games" if it is all of several."""
    if len(item.missing_games) > 1 and len(item.missing_games) == item.of:
        return "all games"
    return item.note or ", ".join(item.missing_teams or item.missing_games)


def plan_table(status: DayStatus) -> Table:
    """The steps of a day: what each does, whether it is critical, its state, next poll and deadlines."""
    rows = [
        (
            step.phase.value,
            step.label,
            "critical" if step.critical else "",
            step.state.words,
            *(_at(time, status) for time in (step.next_poll, step.soft_deadline, step.hard_deadline)),
        )
        for step in status.steps
    ]
    columns = ("phase", "step", "", "state", "next poll", "alert at", "deadline")
    return table_of(f"Plan of {status.game_date}, {counted(len(status.games), 'game')}", columns, rows)


def event_tables(count: EventCount) -> tuple[Table, Table]:
    """The events of a day by the real clock, and those that each refresh of its predictions adds."""
    with_refreshes = count.total + REFRESHES * count.per_refresh
    day = f"Events in the history by the real clock: {count.total:,}"
    refresh = (
        f"Each refresh adds {count.per_refresh:,}; with {REFRESHES} of them the day has {with_refreshes:,} "
        f"(fifteen games of one evening: below {EVENT_LIMIT:,})"
    )
    return _event_table(day, count.lines), _event_table(refresh, count.refresh)


def _event_table(title: str, lines: Sequence[EventLine]) -> Table:
    rows = [(line.what, f"{line.times}", f"× {line.events_each}", f"{line.events:,}") for line in lines]
    return table_of(title, ("what", "times", "events each", "events"), rows)


def live_table(step: PlanStep, requests: LiveRequests) -> Table:
    """The most requests while games run, and the events of each run that follows them by the real clock."""
    every = min(each.every for each in step.cadence)
    title = (
        f"Requests while games run; each run that follows them has at most {counted(events_of_window(every), 'event')}"
    )
    rows = [
        (step.label, f"{requests.scoreboard}"),
        ("box scores of games in play (nbac_live_boxscore)", f"at most {requests.box_scores}"),
    ]
    return table_of(title, ("source", "requests"), rows)


def _at(time: datetime | None, status: DayStatus) -> str:
    return clock_time(time, status.game_date) if time else ""


def table_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table with a title, column names and rows."""
    table = _empty_table(title, columns)
    for row in rows:
        table.add_row(*row)
    return table


def _empty_table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold")
    return table
