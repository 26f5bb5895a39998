"""How a day is told to a person: one sentence, and a small table for the Temporal UI."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from tipoff.vocabulary import DayStatus, Phase, RunState, SlateGame, StepState, StepStatus, clock_time

_SIGNS = {
    StepState.COMPLETE: "✓",
    StepState.EMPTY_OK: "✓",
    StepState.DEGRADED: "△",
    StepState.SKIPPED: "↷",
    StepState.FAILED: "✗",
    StepState.RUNNING: "▸",
    StepState.LATE: "…",
    StepState.PENDING: "·",
}
_WORST_FIRST = (
    StepState.FAILED,
    StepState.LATE,
    StepState.RUNNING,
    StepState.PENDING,
    StepState.DEGRADED,
    StepState.SKIPPED,
    StepState.COMPLETE,
    StepState.EMPTY_OK,
)

_MARKUP = re.compile(r"([\\|\[\]`])")


def phase_state(steps: Sequence[StepStatus]) -> StepState:
    """The state of a phase: that of its step which most needs a look."""
    states = {step.state for step in steps}
    return next((state for state in _WORST_FIRST if state in states), StepState.PENDING)


def sentence(
    state: RunState,
    phase: Phase,
    steps: Sequence[StepStatus],
    now: datetime,
    *,
    games: int,
    held: bool,
) -> str:
    """State, place and reason, short enough to be read at a glance."""
    if state is RunState.COMPLETE:
        return f"complete: {games} games" if games else "complete: no games today"
    if state is RunState.CANCELLED:
        return f"ended by a person in phase {phase}; what it published stands"
    parked = [step for step in steps if step.state is StepState.FAILED]
    if state is RunState.FAILED:
        return f"ended without {', '.join(step.name for step in parked) or phase}: see what needs attention"
    if parked:
        return f"needs attention: {parked[0].name}: {_short(parked[0].reason)}"
    if held:
        return f"the clock is held in phase {phase}; resume_clock lets it go on"
    running = [step for step in steps if step.state is StepState.RUNNING]
    if running:
        return f"{running[0].phase}: {_listed([step.title for step in running])}"
    late = [step for step in steps if step.state is StepState.LATE]
    if late:
        return f"{phase}: waiting for {_waits(late, now)}"
    coming = min((step.next_poll for step in steps if step.next_poll), default=None)
    return f"{phase}: next look {clock_time(coming)}" if coming else f"{phase}: under way"


def _waits(late: Sequence[StepStatus], now: datetime) -> str:
    text = _listed([step.title for step in late])
    polls = [step.next_poll for step in late if step.next_poll]
    deadlines = [step.hard_deadline for step in late if step.hard_deadline and step.hard_deadline > now]
    if polls:
        text += f"; next look {clock_time(min(polls))}"
    if deadlines:
        text += f"; decides by {clock_time(min(deadlines))}"
    return text


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _short(text: str, limit: int = 160) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def markdown(status: DayStatus) -> str:
    """The current details of the run in the Temporal UI."""
    lines = [
        f"**{_escaped(status.sentence)}**",
        "",
        f"{status.game_date} · {len(status.games)} games · {'virtual ' if status.virtual else ''}time "
        f"{clock_time(status.now, status.game_date)} · data {status.data_quality.lower()}",
        "",
        "| phase | state | steps | what it says |",
        "|---|---|---|---|",
        *(_phase_row(phase, status) for phase in Phase if any(step.phase is phase for step in status.steps)),
    ]
    for attention in status.attention:
        lines += [
            "",
            f"✗ **{attention.step}** parked since {clock_time(attention.since, status.game_date)}: "
            f"{_escaped(_short(attention.reason))}. You may: {', '.join(attention.options)}.",
        ]
    for degradation in status.degradations:
        if degradation.resolved_at is None:
            concerned = f" ({games_named(degradation.games, status.games)})" if degradation.games else ""
            lines += ["", f"△ without **{degradation.step}**{concerned}: {_escaped(_short(degradation.reason))}"]
    return "\n".join(lines)


def games_named(game_ids: Sequence[str], slate: Sequence[SlateGame]) -> str:
    """Games as people write them; "all games" when it is all of several."""
    if len(game_ids) > 1 and {game.game_id for game in slate} <= set(game_ids):
        return "all games"
    labels = {game.game_id: game.label for game in slate}
    return ", ".join(labels.get(game_id, game_id) for game_id in game_ids)


def _phase_row(phase: Phase, status: DayStatus) -> str:
    steps = [step for step in status.steps if step.phase is phase]
    state = phase_state(steps)
    counts = Counter(step.state for step in steps)
    tally = ", ".join(f"{counts[state]} {state.lower()}" for state in _WORST_FIRST if counts[state])
    return f"| {phase} | {_SIGNS[state]} {state.lower()} | {tally} | {_escaped(_remark(steps, status))} |"


def _remark(steps: Sequence[StepStatus], status: DayStatus) -> str:
    status_text = [step for step in steps if step.state in {StepState.FAILED, StepState.LATE, StepState.DEGRADED}]
    if status_text:
        step = status_text[0]
        poll = f"; next look {clock_time(step.next_poll, status.game_date)}" if step.next_poll else ""
        return f"{step.name}: {_short(step.reason, 90)}{poll}"
    rows = sum(step.rows for step in steps)
    return f"{rows:,} rows" if rows else ""


def _escaped(text: str) -> str:
    """A provider's words: they neither break the table nor become a link, a picture or HTML."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split())).replace("<", "&lt;")
