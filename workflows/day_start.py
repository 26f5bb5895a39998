"""How the run of a day is described when it starts, whoever starts it."""

from __future__ import annotations

from datetime import datetime
from shlex import quote

from tipoff.vocabulary import WATCHDOG, game_date_of
from workflows.contracts import DayInput, TaskPriority

_DETAILS = """\
One game date, from the morning's slate to graded results. The day waits, degrades and refreshes by itself; its status
is shown above.

To intervene, send a **signal** or an **update** from here, for example `retry_step` with `"nbac_injury_report"`,
`force_continue` with `"lines"`, or `{{"phase": "lines", "who": "your name", "why": "a reason"}}`. Or use a terminal:

```
{commands}
```
"""
_COMMANDS = ("status", 'force-continue --phase lines --why "…"', "retry-step --step STEP", "refresh-lines")


def is_backfill(day: DayInput, now: datetime) -> bool:
    """Whether the date is past when its run starts, by the day's clock."""
    return game_date_of(day.clock.starts_at or now) > day.game_date


def day_summary(day: DayInput, now: datetime) -> str:
    """The run in one line: its date, and what it runs again."""
    what = ", backfill" if is_backfill(day, now) else ""
    if day.rerun:
        what = f", re-run of {day.rerun.step}" if day.rerun.step else f", re-run {day.rerun.phases}"
    return f"NBA {day.game_date}{what}"


def day_priority(day: DayInput) -> TaskPriority:
    """Whose work a worker takes first: an operator waits for a re-run, and nobody for one of the watchdog."""
    return TaskPriority.OPERATOR if day.rerun and day.rerun.who != WATCHDOG else TaskPriority.LIVE


def day_details(day: DayInput) -> str:
    """What a day is, and the commands that it takes."""
    aim = f" --replay {quote(day.replay)}" if day.replay else ""
    lines = (f"python starter.py {command} --date {day.game_date}{aim}" for command in _COMMANDS)
    return _DETAILS.format(commands="\n".join(lines))
