"""What the library and the workflows both say: closed words, the plan's shapes and Eastern-time helpers.

Pure: standard library and pydantic only, so that workflow code may import it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

EASTERN = ZoneInfo("America/New_York")

PREDICTED = ("cup_final", "play_in", "playoffs", "regular")
"""Season types whose games make a slate."""


class Frozen(BaseModel):
    """Base of every model that crosses a boundary: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(StrEnum):
    """The parts of a day, in the order they open."""

    SLATE = "slate"
    COLLECT = "collect"
    LINES = "lines"
    CONTEXT = "context"
    PREDICT = "predict"
    PUBLISH = "publish"
    FOLLOW = "follow"
    RESULTS = "results"
    GRADE = "grade"


class Role(StrEnum):
    """When a source's facts exist: before, during or only after the games."""

    PRE = "pre"
    LIVE = "live"
    POST = "post"


class StepKind(StrEnum):
    """Which activity carries a step out."""

    SOURCE = "source"
    TRANSFORM = "transform"
    FEATURES = "features"
    SYSTEM = "system"
    GRADE = "grade"
    EXPORT = "export"


class Outcome(StrEnum):
    """What a provider's answer means; what to do about each stands in `tipoff.sources.outcomes`."""

    OK = "ok"
    PARTIAL = "partial"
    NOT_PUBLISHED_YET = "not_published_yet"
    GONE = "gone"
    BLOCKED = "blocked"
    QUOTA_SPENT = "quota_spent"
    BAD_KEY = "bad_key"
    THROTTLED = "throttled"
    BAD_REQUEST = "bad_request"
    EMPTY_OK = "empty_ok"
    SUSPICIOUSLY_EMPTY = "suspiciously_empty"
    WRONG_TYPE = "wrong_type"
    STALE = "stale"
    PROVIDER_ERROR = "provider_error"


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "PENDING"  # not due yet
    RUNNING = "RUNNING"
    LATE = "LATE"  # due, waiting for the world
    COMPLETE = "COMPLETE"
    EMPTY_OK = "EMPTY_OK"
    DEGRADED = "DEGRADED"  # settled without all it wanted, by rule
    SKIPPED = "SKIPPED"  # by a person
    FAILED = "FAILED"  # parked: needs attention


SETTLED = frozenset({StepState.COMPLETE, StepState.EMPTY_OK, StepState.DEGRADED, StepState.SKIPPED})


class RunState(StrEnum):
    """Where a day stands."""

    RUNNING = "RUNNING"
    WAITING = "WAITING"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"  # ended by a person
    FAILED = "FAILED"


class DataQuality(StrEnum):
    """Whether the day had all the inputs it wanted."""

    UNKNOWN = "UNKNOWN"
    COMPLETE = "COMPLETE"
    DEGRADED = "DEGRADED"
    EMPTY = "EMPTY"


class Recommendation(StrEnum):
    """What a prediction says about its line."""

    OVER = "OVER"
    UNDER = "UNDER"
    PASS = "PASS"
    NO_LINE = "NO_LINE"


class Grade(StrEnum):
    """How a prediction ended; every prediction has exactly one."""

    WIN = "win"
    LOSS = "loss"
    PUSH = "push"
    VOID = "void"
    NO_LINE = "no_line"


class SlateGame(Frozen):
    """One game of a date's slate."""

    game_id: str
    away: str
    home: str
    tip_off: AwareDatetime

    @property
    def label(self) -> str:
        """The game as people write it: "DEN@MIN"."""
        return f"{self.away}@{self.home}"


class RateLimit(Frozen):
    """How a provider bears to be asked: after a rest `burst` questions at the gap, then one a spacing."""

    gap: timedelta = Field(gt=timedelta())
    """No two questions are ever closer."""
    spacing: timedelta = Field(gt=timedelta())
    burst: int = Field(default=1, ge=1, le=100)
    cooldown: timedelta = timedelta(minutes=30)
    """It is left alone so long after a block that names no end."""
    monthly_credits: int | None = Field(default=None, ge=0)
    """What may be spent in a month; None: its answers cost nothing."""


class Cadence(Frozen):
    """Look every `every` from `start` until `until`; `only` narrows it to before or after the first success."""

    start: AwareDatetime
    until: AwareDatetime
    every: timedelta
    only: str = Field(default="always", pattern="^(always|until_found|once_found)$")


class FallbackSource(Frozen):
    """A source that is asked for the games which those before it in its chain lack."""

    source: str
    title: str
    provider_ids_from: str | None = None
    """The source whose ids of the games this one asks by."""


class PlanStep(Frozen):
    """One step of a day as data: what it is, what it needs, when it looks and when it gives up waiting."""

    name: str
    phase: Phase
    kind: StepKind
    title: str
    subject: str
    """The source, table, system or export it is about."""
    span: str = Field(default="slate", pattern="^(slate|history)$")
    """Whether it is about the slate or about the games before it."""
    role: Role = Role.PRE
    critical: bool = False
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    """Those of `needs` whose new data make the step run again for the games concerned."""
    opens_at: AwareDatetime
    cadence: tuple[Cadence, ...] = ()
    poll_times: tuple[AwareDatetime, ...] = ()
    soft_deadline: AwareDatetime | None = None
    hard_deadline: AwareDatetime | None = None
    degraded_message: str | None = None
    """What the day does without it, in words; None: the day cannot go on without it."""
    provider_ids_from: str | None = None
    """The source whose ids of the games this one asks by."""
    per_game: bool = False
    """Whether a missing game leaves the others standing, so that a part is useful."""
    fallback_sources: tuple[FallbackSource, ...] = ()
    """Who is asked, in this order, for the games it lacks."""
    asks_what_is_missing: bool = False
    """It asks a question a game, and after the games they are over: what it has it does not ask again."""

    @property
    def polls_end(self) -> datetime:
        """The last moment at which it may look by itself."""
        return max((self.opens_at, *self.poll_times, *(cadence.until for cadence in self.cadence)))


class DayPlan(Frozen):
    """The steps of a date for a slate, in the order they are told."""

    game_date: date
    games: tuple[SlateGame, ...]
    steps: tuple[PlanStep, ...]
    predictions_due: AwareDatetime | None = None
    """The service level: predictions are out by then. None: no games."""
    slate_known: bool = True
    ends_at: AwareDatetime
    """When the day stops waiting for anything."""


def eastern(game_date: date, hour: int, minute: int = 0) -> datetime:
    """The moment of an Eastern wall-clock time on a date, in UTC."""
    return datetime.combine(game_date, time(hour, minute), EASTERN).astimezone(UTC)


def game_date_of(moment: datetime) -> date:
    """The Eastern date of a moment. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: a game date is Eastern, say which moment is meant")
    return moment.astimezone(EASTERN).date()


def season_of(game_date: date) -> str:
    """The season a date belongs to, such as "2023-24"; a season starts in July."""
    start = game_date.year if game_date.month >= 7 else game_date.year - 1
    return f"{start}-{(start + 1) % 100:02d}"


def first_day(season: str) -> date:
    """The first of July a season starts on."""
    return date(int(season[:4]), 7, 1)


def shortened(text: str, limit: int = 500) -> str:
    """A text that others wrote, which may be of any length, in at most `limit` characters: its beginning and its end.

    What went wrong stands at the beginning of a reason, what the day does about it at the end.
    """
    half = (limit - 3) // 2
    return text if len(text) <= limit else f"{text[:half]} … {text[-half:]}"


def clock_time(moment: datetime, game_date: date | None = None) -> str:
    """A moment as people read it: "13:30 ET", with the weekday when it is not on `game_date`."""
    local = moment.astimezone(EASTERN)
    other_day = game_date is not None and local.date() != game_date
    return f"{local:%a %H:%M} ET" if other_day else f"{local:%H:%M} ET"
