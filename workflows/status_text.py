"""The status of a day as text: one sentence, and Markdown for the Temporal UI."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from shlex import quote

from tipoff.vocabulary import (
    BY_URGENCY,
    Attention,
    DayStatus,
    Degradation,
    Phase,
    RunState,
    SlateGame,
    StepState,
    StepStatus,
    clock_time,
    counted,
    labels_without_tip_off,
    phase_state,
    shortened,
)

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

_REMARK_LENGTH = 160
_LAST_LINE = "\u200b"
"""The Temporal UI clips the last line of the details: it is one of zero width."""
_NEXT_POLL = re.compile(r"[:;] next poll (\w{3} |\d{4}-\d\d-\d\d )?\d\d:\d\d ET")
_MARKUP = re.compile(r"([\\|\[\]`*_~#!])")
_TEXT_OF_LINK = r"[^\s<>|`\\\[\]]+"
_LINK = re.compile(rf"((?:[a-z][a-z0-9+.-]*://|www\.){_TEXT_OF_LINK}|{_TEXT_OF_LINK}@{_TEXT_OF_LINK}\.\w+)", re.I)
"""What the Temporal UI would make a link by itself."""


def sentence(
    state: RunState,
    phase: Phase,
    steps: Sequence[StepStatus],
    now: datetime,
    *,
    game_date: date,
    games: Sequence[SlateGame],
    lost: Sequence[StepStatus] = (),
    shortfalls: Sequence[str] = (),
    held: bool,
    backfilled: bool = False,
) -> str:
    """State, phase and reason in one short sentence, and whether the date is backfilled.

    `lost`: the steps without which a day failed; `shortfalls`: what a day lacks that ended or is late.
    """
    text = _reason(state, phase, steps, now, game_date, games=games, lost=lost, shortfalls=shortfalls, held=held)
    return f"{text} (backfilled)" if backfilled else text


def _reason(
    state: RunState,
    phase: Phase,
    steps: Sequence[StepStatus],
    now: datetime,
    game_date: date,
    *,
    games: Sequence[SlateGame],
    lost: Sequence[StepStatus],
    shortfalls: Sequence[str],
    held: bool,
) -> str:
    match state:
        case RunState.COMPLETE:
            return f"complete: {counted(len(games), 'game')}" if games else "complete: no games on this date"
        case RunState.CANCELLED:
            return f"ended by an operator in phase {phase}; published predictions remain"
        case RunState.FAILED:
            return _failure(lost, shortfalls)
    if parked := _in_state(steps, StepState.FAILED):
        more = f" (and {len(parked) - 1} more)" if len(parked) > 1 else ""
        return f"needs attention: {parked[0].label}: {parked[0].reason}{more}"
    if state is RunState.NEEDS_ATTENTION:
        return f"needs attention: {'; '.join(shortfalls)}; {_progress(phase, steps, now, game_date)}"
    if held:
        return f"the clock is held in phase {phase}; resume_clock continues"
    not_fixed = labels_without_tip_off(games)
    return f"{_progress(phase, steps, now, game_date)}{f'; tip-off not fixed: {not_fixed}' if not_fixed else ''}"


def _failure(lost: Sequence[StepStatus], shortfalls: Sequence[str]) -> str:
    """What a failed day lacks; of the steps that it lost, the cause of the first that has one."""
    lacking = "; ".join(shortfalls)
    if not lost:
        return f"ended with {lacking}"
    first = next((step for step in lost if step.reason), lost[0])
    others = f" and {counted(len(lost) - 1, 'other step')}" if len(lost) > 1 else ""
    cause = first.reason and f": {first.reason}"
    return f"ended without {first.label}{others}{cause}{lacking and f'; {lacking}'}"


def _progress(phase: Phase, steps: Sequence[StepStatus], now: datetime, game_date: date) -> str:
    if running := _in_state(steps, StepState.RUNNING):
        return f"{running[0].phase}: {_join_labels(running)}"
    if late := _in_state(steps, StepState.LATE):
        return f"{phase}: waiting for {_join_labels(late)}{_poll_and_deadline(late, now, game_date)}"
    next_poll = min((step.next_poll for step in steps if step.next_poll), default=None)
    return f"{phase}: next poll {clock_time(next_poll, game_date)}" if next_poll else f"{phase}: in progress"


def _in_state(steps: Sequence[StepStatus], state: StepState) -> list[StepStatus]:
    return [step for step in steps if step.state is state]


def _poll_and_deadline(late: Sequence[StepStatus], now: datetime, game_date: date) -> str:
    polls = [step.next_poll for step in late if step.next_poll]
    deadlines = [step.hard_deadline for step in late if step.hard_deadline and step.hard_deadline > now]
    poll = f"; next poll {clock_time(min(polls), game_date)}" if polls else ""
    return f"{poll}; deadline {clock_time(min(deadlines), game_date)}" if deadlines else poll


def _join_labels(steps: Sequence[StepStatus]) -> str:
    shown = ", ".join(step.label for step in steps[:3])
    return f"{shown} and {len(steps) - 3} more" if len(steps) > 3 else shown


def without_next_poll(text: str) -> str:
    """A sentence without the time of the next poll, which is soon past, for where it stands long."""
    return _NEXT_POLL.sub(lambda match: ": between polls" if match[0].startswith(":") else "", text)


def markdown(status: DayStatus, replay: str = "") -> str:
    """The current details of the run in the Temporal UI; `replay`: the folder of the replay that commands name."""
    lines = [
        f"**{_escaped(status.sentence)}**",
        "",
        f"{status.game_date} · {counted(len(status.games), 'game')} · {'virtual ' if status.virtual else ''}time "
        f"{clock_time(status.now, status.game_date)} · data {status.data_quality.lower()}"
        f"{' · backfilled: predicted after the games' if status.backfilled else ''}",
        "",
        "| phase | state | steps | remark |",
        "|---|---|---|---|",
        *(_phase_row(phase, status) for phase in Phase if any(step.phase is phase for step in status.steps)),
    ]
    lines += [line for remark in _remarks(status) for line in ("", remark)]
    if status.all_commands:
        option = f" --replay {quote(replay)}" if replay else ""
        lines += ["", "Commands: " + ", ".join(f"`{command}{option}`" for command in status.all_commands)]
    return "\n".join((*lines, "", _LAST_LINE))


def _remarks(status: DayStatus) -> Iterator[str]:
    """A line for each parked step, each view whose picks are withheld, and each missing input."""
    yield from (_parked_line(item, status) for item in status.attention)
    yield from (f"△ {_escaped(item.text)}" for item in status.withheld_picks)
    yield from (_missing_line(item, status) for item in status.degradations if item.resolved_at is None)


def _parked_line(item: Attention, status: DayStatus) -> str:
    """A parked step; its reason unless the first sentence gives it for this step."""
    label = status.label_of(item.step)
    since = f"✗ **{_escaped(label)}** parked since {clock_time(item.since, status.game_date)}"
    return since if f"{label}: {item.reason}" in status.sentence else f"{since}: {_escaped(item.reason)}"


def _missing_line(item: Degradation, status: DayStatus) -> str:
    concerned = f" ({games_named(item.missing_games, status.games)})" if item.games else ""
    return f"△ without **{_escaped(status.label_of(item.step))}**{concerned}: {_escaped(item.reason)}"


def games_named(game_ids: Sequence[str], slate: Sequence[SlateGame]) -> str:
    """Labels of games, or "all games" for all of several."""
    if len(game_ids) > 1 and {game.game_id for game in slate} <= set(game_ids):
        return "all games"
    labels = {game.game_id: game.label for game in slate}
    return ", ".join(labels.get(game_id, game_id) for game_id in game_ids)


def _phase_row(phase: Phase, status: DayStatus) -> str:
    steps = [step for step in status.steps if step.phase is phase]
    state = phase_state(steps)
    counts = Counter(step.state for step in steps)
    summary = ", ".join(f"{counts[state]} {state.words}" for state in BY_URGENCY if counts[state])
    return f"| {phase} | {_SIGNS[state]} {state.words} | {summary} | {_escaped(_remark(steps, status))} |"


def _remark(steps: Sequence[StepStatus], status: DayStatus) -> str:
    """The most urgent step; its reason unless a line below the table has it."""
    notable = [step for step in steps if step.state in {StepState.FAILED, StepState.LATE, StepState.DEGRADED}]
    if notable:
        step = min(notable, key=lambda step: BY_URGENCY.index(step.state))
        if step.state is not StepState.LATE:
            return step.label
        poll = f"; next poll {clock_time(step.next_poll, status.game_date)}" if step.next_poll else ""
        return f"{step.label}: {shortened(step.reason, _REMARK_LENGTH)}{poll}"
    rows = sum(step.rows for step in steps)
    return counted(rows, "row") if rows else ""


def _escaped(text: str) -> str:
    """Escape a provider's text: it cannot break the table, and nothing in it is a link, an image, HTML or emphasis."""
    parts = _LINK.split(" ".join(text.split()))
    return "".join(f"`{part}`" if number % 2 else _escaped_part(part) for number, part in enumerate(parts))


def _escaped_part(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text.replace("&", "&amp;")).replace("<", "&lt;")
