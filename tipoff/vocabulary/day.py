"""The status of a day: its steps, degradations, alerts, audit trail and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from pydantic import AwareDatetime, Field

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.plan import SlateGame
from tipoff.vocabulary.text import label
from tipoff.vocabulary.words import BY_URGENCY, Channel, DataQuality, Phase, RunState, Severity, StepState


class Degradation(Frozen):
    """Input that the day went on without: which, why, since when, and when it arrived after all."""

    step: str
    """The name of the step without input."""
    reason: str
    games: tuple[str, ...] = ()
    """Every game that was affected, also those whose input arrived."""
    since: AwareDatetime
    resolved_games: Mapping[str, AwareDatetime] = {}
    """Game -> when its input arrived, while that of other games was still missing."""
    resolved_at: AwareDatetime | None = None
    """When all input had arrived; null if some is missing."""

    @property
    def missing_games(self) -> tuple[str, ...]:
        """The games whose input is still missing."""
        return () if self.resolved_at else tuple(game for game in self.games if game not in self.resolved_games)

    def is_open_at(self, moment: datetime) -> bool:
        """Whether the input was missing at a time."""
        return self.since <= moment and (self.resolved_at is None or moment < self.resolved_at)

    def games_missing_at(self, moment: datetime) -> tuple[str, ...]:
        """The games whose input was missing at a time."""
        if not self.is_open_at(moment):
            return ()
        arrived = {game for game, at in self.resolved_games.items() if at <= moment}
        return tuple(game for game in self.games if game not in arrived)

    def with_missing_games(self, missing: tuple[str, ...], now: datetime) -> Degradation:
        """The degradation once only these games lack the input; without any named, it stays as it is."""
        if not missing:
            return self
        games = tuple(dict.fromkeys((*self.games, *missing)))
        resolved = {game: self.resolved_games.get(game, now) for game in games if game not in missing}
        return self.model_copy(update={"games": games, "resolved_games": resolved})

    def without_games(self, gone: set[str]) -> Degradation:
        """The degradation once games left the slate: they lack nothing, and nothing arrived for them."""
        games = tuple(game for game in self.games if game not in gone.intersection(self.missing_games))
        return self.model_copy(update={"games": games}) if games else self


class Attention(Frozen):
    """A parked step: why, since when, and the operator's options."""

    step: str
    reason: str
    since: AwareDatetime
    options: tuple[str, ...] = ()
    """Commands that would be accepted, as they are typed in a terminal."""


class Alert(Frozen):
    """Something an operator should know; `key` is unique within a date."""

    key: str = Field(min_length=1)
    at: AwareDatetime
    """Time on the day's clock."""
    step: str = ""
    """The step it is about, if any."""
    severity: Severity = Severity.WARNING
    text: str
    """What happened, to what, and what to do."""


class WithheldPicks(Frozen):
    """The picks of one view of a system that are published as PASS until an operator releases them."""

    system_id: str
    view: str
    reason: str

    @property
    def text(self) -> str:
        return f"{self.system_id} ({self.view}): {self.reason}"


class AuditEntry(Frozen):
    """An operator's command and its result."""

    at: AwareDatetime
    via: Channel
    command: str
    target: str
    """The step, phase or game that it was about."""
    who: str
    why: str
    accepted: bool
    result: str
    """What it changed, or why it was refused."""


class StepStatus(Frozen):
    """Status of one step."""

    name: str
    title: str
    phase: Phase
    state: StepState
    critical: bool
    """Without it the day fails."""
    rows: int
    """Rows of its last execution."""
    polls: int
    """How often it was executed."""
    reason: str
    """Why it is in this state; empty if there is nothing to say."""
    missing_games: tuple[str, ...] = ()
    """Ids of the games that lack its data."""
    waits_for: tuple[str, ...] = ()
    """Names of the steps that it cannot start without."""
    last_poll: AwareDatetime | None = None
    next_poll: AwareDatetime | None = None
    """When it is tried again; null if that is not planned."""
    soft_deadline: AwareDatetime | None = None
    """When fallback sources are polled and an alert is sent."""
    hard_deadline: AwareDatetime | None = None
    """When the day goes on without it, or waits for an operator."""

    @property
    def label(self) -> str:
        return label(self.title, self.name)


def phase_state(steps: Sequence[StepStatus]) -> StepState:
    """The state of a phase: the most urgent state of its steps."""
    states = {step.state for step in steps}
    return next((state for state in BY_URGENCY if state in states), StepState.PENDING)


class DayStatus(Frozen):
    """Status of a whole day: did it complete, and if not, where does it wait and why."""

    game_date: date
    state: RunState
    phase: Phase
    """The first phase that is not over."""
    data_quality: DataQuality
    sentence: str
    """State, phase and reason in one sentence."""
    now: AwareDatetime
    """Time on the day's clock."""
    virtual: bool
    """The day is a replay in virtual time."""
    held: bool
    """Its virtual clock stands still until it is resumed."""
    backfilled: bool = False
    """The run started after the games: its predictions are marked and never picks."""
    games: tuple[SlateGame, ...]
    postponed_games: tuple[str, ...]
    """Ids; these games are not among `games`."""
    predictions_due: AwareDatetime | None
    """When predictions are published at the latest; null without games."""
    first_published_at: AwareDatetime | None
    """When the first predictions came out; null before."""
    refreshed_at: tuple[AwareDatetime, ...]
    """When later ones came out."""
    steps: tuple[StepStatus, ...]
    counts: dict[str, int]
    """Name -> number, such as that of the predictions."""
    degradations: tuple[Degradation, ...]
    attention: tuple[Attention, ...]
    """The parked steps, which wait for an operator."""
    withheld_picks: tuple[WithheldPicks, ...] = ()
    alerts: tuple[Alert, ...]
    audit: tuple[AuditEntry, ...]
    late_steps: tuple[str, ...] = ()
    """The steps whose data the day waits for, also while they are polled again."""
    commands: tuple[str, ...] = ()
    """Commands that would be accepted now and help the day, beside the options of the parked steps."""

    def label_of(self, step: str) -> str:
        """The label of a step; its name if the plan no longer has it."""
        return next((each.label for each in self.steps if each.name == step), step)

    @property
    def all_commands(self) -> tuple[str, ...]:
        """The commands that would be accepted now, as they are typed in a terminal."""
        return tuple(dict.fromkeys([*(option for item in self.attention for option in item.options), *self.commands]))
