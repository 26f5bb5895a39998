"""What people read: a day's view as tables. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.coverage import Coverage, coverage
from cli.view import DayView, ServerView, StatusSource
from tipoff.vocabulary import DayStatus, Phase, StepState, StepStatus, clock_time
from workflows.status_text import games_named, phase_state

_WIDTH = 132
_COLOURS = {
    "COMPLETE": "green",
    "EMPTY_OK": "green",
    "RUNNING": "cyan",
    "WAITING": "yellow",
    "LATE": "yellow",
    "DEGRADED": "yellow",
    "NEEDS_ATTENTION": "bold red",
    "FAILED": "bold red",
    "CANCELED": "red",
    "CANCELLED": "red",
    "TERMINATED": "red",
    "TIMED_OUT": "red",
}
_WANTS_A_LOOK = (StepState.FAILED, StepState.LATE, StepState.RUNNING, StepState.DEGRADED, StepState.SKIPPED)


def console() -> Console:
    """As wide as the terminal; wide enough for the tables where the output goes to a file."""
    plain = Console(markup=False, highlight=False)
    return plain if plain.is_terminal else Console(markup=False, highlight=False, width=_WIDTH)


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, to a precision that matters: "12 s ago", "3 h 20 min ago"."""
    seconds = max(0, int(((now or datetime.now(UTC)) - moment) / timedelta(seconds=1)))
    if seconds < 120:
        return f"{seconds} s ago"
    hours, minutes = divmod(seconds // 60, 60)
    if hours >= 48:
        return f"{hours // 24} days ago"
    return f"{hours} h {minutes} min ago" if hours else f"{minutes} min ago"


def day_page(view: DayView) -> RenderableType:
    """The whole answer to "did it complete, and if not, where does it hang and why"."""
    parts: list[RenderableType] = [_headline(view)]
    if view.status is not None:
        parts.append(Text(_facts(view.status), style="dim"))
    parts.append(Text(_told_by(view), style="dim" if view.teller is StatusSource.WORKER else "yellow"))
    parts += [
        Text(domain.line, style="yellow" if domain.warning else "dim") for domain in view.providers if domain.line
    ]
    if view.server is not None:
        parts += _server_part(view.server, view.teller)
    if view.status is not None:
        parts += [part for table in _tables(view.status) for part in (Text(), table)]
    return Group(*parts)


def _headline(view: DayView) -> Text:
    said = view.headline
    line = Text(f"NBA {view.game_date}  ", style="bold")
    line.append(said["state"] or "STARTED", style=_COLOURS.get(said["state"], "bold"))
    return line.append(f"  {said['sentence']}")


def _facts(status: DayStatus) -> str:
    facts = [
        f"{len(status.games)} games",
        f"data {status.data_quality.lower()}",
        f"{'virtual ' if status.virtual else ''}time {clock_time(status.now, status.game_date)}",
    ]
    if status.predictions_due:
        facts.append(f"predictions due {_at(status.predictions_due, status)}")
    if status.first_published_at:
        facts.append(f"first published {_at(status.first_published_at, status)}")
    if status.refreshed_at:
        facts.append(f"refreshed {len(status.refreshed_at)} times, last {_at(status.refreshed_at[-1], status)}")
    if status.postponed_games:
        facts.append(f"postponed {', '.join(status.postponed_games)}")
    return " · ".join(facts)


def _told_by(view: DayView) -> str:
    age = f", exported {ago(view.exported_at)}" if view.exported_at else ""
    match view.teller:
        case StatusSource.WORKER:
            return "told by the day's worker"
        case StatusSource.SERVER:
            tables = f"; the tables are the last known{age}" if view.status else ""
            if view.has_ended:
                return f"what the server knows of the ended run{tables}"
            return f"what the server knows{tables}. No worker tells more ({view.why}): start one (python worker.py)"
        case StatusSource.EXPORT:
            return f"last known{age}: {view.why}"


def _server_part(server: ServerView, teller: StatusSource) -> Iterable[RenderableType]:
    if server.is_running and server.unserved_queues:
        yield Text(
            f"no worker polls {', '.join(server.unserved_queues)}: start one (python worker.py), then the day goes on",
            style="bold red",
        )
    if server.decision_attempt > 1:
        yield Text(
            f"a worker has failed {server.decision_attempt - 1} times to decide what comes next: see its log",
            style="bold red",
        )
    if teller is StatusSource.SERVER and server.pending:
        rows = [
            (item.name, item.state, str(item.attempt), ago(item.since), item.last_failure) for item in server.pending
        ]
        yield Text()
        yield table_of("Under way, as the server knows it", ("activity", "state", "try", "since", "last failure"), rows)


def _tables(status: DayStatus) -> Iterable[RenderableType]:
    yield _phases(status)
    if status.attention:
        yield table_of(
            "Needs attention",
            ("step", "parked", "why", "you may"),
            [(a.step, _at(a.since, status), a.reason, "\n".join(a.options)) for a in status.attention],
        )
    if waits := [step for step in status.steps if step.state is StepState.LATE]:
        yield table_of(
            "Waits for",
            ("step", "needs", "next look", "alert at", "decides by", "last said"),
            [_wait(step, status) for step in waits],
        )
    if standing := [item for item in status.degradations if item.resolved_at is None]:
        yield table_of(
            "Goes without",
            ("step", "since", "games", "why"),
            [
                (item.step, _at(item.since, status), games_named(item.games, status.games), item.reason)
                for item in standing
            ],
        )
    if covered := coverage(status):
        yield table_of(
            "Coverage",
            ("role", "source", "games", "missing"),
            [(item.role, item.source, f"{item.games}/{item.of}", _lacking(item)) for item in covered],
        )
    if status.audit:
        yield table_of(
            "Said by people",
            ("at", "who", "what", "why", "result"),
            [
                (_at(entry.at, status), entry.who, f"{entry.command} {entry.target}".strip(), entry.why, entry.result)
                for entry in status.audit
            ],
        )


def _phases(status: DayStatus) -> Table:
    table = _empty_table("Phases", ("phase", "state", "steps", "rows", "what it says"))
    for phase in Phase:
        steps = [step for step in status.steps if step.phase is phase]
        if steps:
            state = phase_state(steps)
            settled = sum(step.state in {StepState.COMPLETE, StepState.EMPTY_OK} for step in steps)
            rows = sum(step.rows for step in steps)
            table.add_row(
                phase.value,
                Text(state.value, style=_COLOURS.get(state, "dim")),
                f"{settled}/{len(steps)}",
                f"{rows:,}" if rows else "",
                _remark(steps, status),
            )
    return table


def _remark(steps: Sequence[StepStatus], status: DayStatus) -> str:
    """The step that most wants a look, and how many others do."""
    telling = sorted(
        (step for step in steps if step.state in _WANTS_A_LOOK), key=lambda step: _WANTS_A_LOOK.index(step.state)
    )
    if telling:
        first = telling[0]
        more = f" (and {len(telling) - 1} more)" if len(telling) > 1 else ""
        return f"{first.name}: {first.reason or first.title}{more}"
    coming = min((step.next_poll for step in steps if step.next_poll), default=None)
    return f"next look {_at(coming, status)}" if coming else ""


def _wait(step: StepStatus, status: DayStatus) -> tuple[str, ...]:
    moments = (step.next_poll, step.soft_deadline, step.hard_deadline)
    return step.name, ", ".join(step.waits_for), *(_at(moment, status) for moment in moments), step.reason


def _lacking(item: Coverage) -> str:
    """The games that a source has not told of, or the teams; "all games" when it is all of several."""
    if len(item.missing_games) > 1 and len(item.missing_games) == item.of:
        return "all games"
    return item.says or ", ".join(item.missing_teams or item.missing_games)


def plan_table(status: DayStatus) -> Table:
    """The steps of a day: what runs, whether the day can do without it, and until when it is waited for."""
    rows = [
        (
            step.phase.value,
            step.name,
            step.title,
            "critical" if step.critical else "",
            step.state.value,
            *(_at(moment, status) for moment in (step.next_poll, step.soft_deadline, step.hard_deadline)),
        )
        for step in status.steps
    ]
    columns = ("phase", "step", "what", "", "state", "next look", "alert at", "decides by")
    return table_of(f"Plan of {status.game_date}, {len(status.games)} games", columns, rows)


def _at(moment: datetime | None, status: DayStatus) -> str:
    return clock_time(moment, status.game_date) if moment else ""


def table_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Rows under a title and the names of their columns."""
    table = _empty_table(title, columns)
    for row in rows:
        table.add_row(*row)
    return table


def _empty_table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold")
    return table
