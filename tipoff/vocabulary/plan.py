"""The plan of a day as data: its games, steps, polls and deadlines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from pydantic import AwareDatetime

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.text import label
from tipoff.vocabulary.words import OnDeadline, Phase, PollWhen, Role, Span, StepKind

_LATEST = datetime.max.replace(tzinfo=UTC)


class SlateGame(Frozen):
    """One game of a date's slate."""

    game_id: str
    away: str
    home: str
    tip_off: AwareDatetime | None
    """None: not fixed yet."""

    @property
    def label(self) -> str:
        """Display name of the game: "DEN@MIN"."""
        return f"{self.away}@{self.home}"

    @property
    def order(self) -> tuple[datetime, str]:
        """The sort key of a slate: by tip-off, games without a fixed one last."""
        return self.tip_off or _LATEST, self.game_id

    def has_begun(self, now: datetime) -> bool:
        """Whether the game has tipped off; one without a fixed tip-off has not."""
        return self.tip_off is not None and self.tip_off <= now


def labels_without_tip_off(games: Iterable[SlateGame]) -> str:
    """Display names of the games whose tip-off is not fixed: "DEN@MIN, BOS@ATL"; empty when there are none."""
    return ", ".join(game.label for game in games if game.tip_off is None)


class Cadence(Frozen):
    """Poll every `every` from `start` until `until`; `only` limits it to before or after the first complete poll."""

    start: AwareDatetime
    until: AwareDatetime
    every: timedelta
    only: PollWhen = PollWhen.ALWAYS

    def first_after(self, time: datetime) -> datetime:
        """Its first poll time after a time, even if the cadence ends before."""
        if time < self.start:
            return self.start
        return self.start + ((time - self.start) // self.every + 1) * self.every


class FallbackSource(Frozen):
    """A source that is polled for the games which the sources before it in the fallback chain lack."""

    source: str
    title: str
    provider_ids_from: str | None = None
    """The source whose game ids this source's requests need."""

    @property
    def label(self) -> str:
        return label(self.title, self.source)


class PlanStep(Frozen):
    """One step of a day: what it does, what it needs, when it polls and when its deadlines are."""

    name: str
    phase: Phase
    kind: StepKind
    title: str
    subject: str
    """Name of the source, table, system or export."""
    provider: str = ""
    """Host of a source's provider; due sources of one provider are polled together."""
    span: Span = Span.SLATE
    role: Role = Role.PRE
    critical: bool = False
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    """Steps whose new data make it run again for the affected games; it waits for those of `needs` only."""
    opens_at: AwareDatetime
    cadence: tuple[Cadence, ...] = ()
    poll_times: tuple[AwareDatetime, ...] = ()
    soft_deadline: AwareDatetime | None = None
    hard_deadline: AwareDatetime | None = None
    on_deadline: OnDeadline = OnDeadline.PARK
    degraded_message: str = ""
    """How the day goes on without it; empty where `on_deadline` is PARK."""
    replaced_by: tuple[str, ...] = ()
    """The steps whose data `degraded_message` names as used instead; it is true while one of them has data."""
    without_replacement: str = ""
    """What follows if neither it nor one of `replaced_by` has data."""
    provider_ids_from: str | None = None
    """The source whose game ids this step's requests need."""
    per_game: bool = False
    """Whether games are independent of each other, so that data of some games are useful."""
    fallback_sources: tuple[FallbackSource, ...] = ()
    """Sources that are polled, in this order, for the games it lacks."""
    polls_missing_games_only: bool = False
    """It sends one request a game, after the games: a game it has is not requested again."""
    landed_only: bool = False
    """It requests nothing: it reads what was landed by the plan's `known_by`."""

    @property
    def label(self) -> str:
        return label(self.title, self.name)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The steps whose data it uses."""
        return tuple(dict.fromkeys((*self.needs, *self.follows)))

    @property
    def polls_end(self) -> datetime:
        """The last scheduled poll."""
        return max((self.opens_at, *self.poll_times, *(cadence.until for cadence in self.cadence)))


class DayPlan(Frozen):
    """The steps of a date for a slate; a step stands after all that it needs."""

    game_date: date
    games: tuple[SlateGame, ...]
    steps: tuple[PlanStep, ...]
    predictions_due: AwareDatetime | None = None
    """The service level: predictions are published by then. None: no games, or they were over."""
    slate_known: bool = True
    ends_at: AwareDatetime
    """The day ends then, whatever is still missing."""
    started_at: AwareDatetime | None = None
    """When the run of the day started; None: in time."""
    is_backfill: bool = False
    """The games were over when the run started: what providers still have is collected at once."""
    known_by: AwareDatetime | None = None
    """Every game had begun when the run started: predictions use only what was known by this time, before the first
    tip-off, and are marked as backfilled. None: they are made before the games."""
    to_phase: Phase = Phase.GRADE
    """The last phase of the run; the plan has no steps of later ones."""

    @property
    def backfilled(self) -> bool:
        """Whether the run started after the games; not if there are none."""
        return self.known_by is not None or (self.is_backfill and not self.slate_known)

    @property
    def game_ids(self) -> tuple[str, ...]:
        return tuple(game.game_id for game in self.games)

    def begun(self, now: datetime) -> set[str]:
        """The games that have tipped off, whose predictions no longer change; none if all had when the run started."""
        return {game.game_id for game in self.games if self.known_by is None and game.has_begun(now)}

    def until(self, to_phase: Phase) -> DayPlan:
        """The plan of a run that ends with a phase."""
        if to_phase is Phase.GRADE:
            return self
        steps = tuple(step for step in self.steps if step.phase.position <= to_phase.position)
        return self.model_copy(update={"steps": steps, "to_phase": to_phase})

    def step(self, name: str) -> PlanStep:
        """The step of this name. Raises KeyError."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(f"the plan of {self.game_date} has no step {name}")
