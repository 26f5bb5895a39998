"""Closed sets of words: phases, roles, outcomes and states."""

from __future__ import annotations

from enum import StrEnum

ARCHIVED = "archive/"
"""Begins the source of rows that were imported from an archive: the rest is the source that would have sent them."""

PREDICTED = ("cup_final", "play_in", "playoffs", "regular")
"""Season types whose games make a slate."""


FEW_PICKS = 500
"""Hit rate and profit of fewer picks say nothing yet."""


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

    @property
    def position(self) -> int:
        """Its place in the order of the phases."""
        return list(Phase).index(self)


class Role(StrEnum):
    """When a source's facts exist: before, during or only after the games."""

    PRE = "pre"
    LIVE = "live"
    POST = "post"


class StepKind(StrEnum):
    """Which activity executes a step."""

    SOURCE = "source"
    TRANSFORM = "transform"
    FEATURES = "features"
    TRAIN = "train"
    SYSTEM = "system"
    GRADE = "grade"
    EXPORT = "export"


class Span(StrEnum):
    """Which games a computation is about."""

    SLATE = "slate"
    HISTORY = "history"
    """The games before the slate."""


class PollWhen(StrEnum):
    """Whether a cadence applies before or after the first complete poll."""

    ALWAYS = "always"
    UNTIL_COMPLETE = "until_complete"
    ONCE_COMPLETE = "once_complete"


class OnDeadline(StrEnum):
    """What happens to a step that is not settled at its hard deadline."""

    DEGRADE = "degrade"
    """The day goes on without it."""
    PARK = "park"
    """The day waits for an operator."""


class Channel(StrEnum):
    """How a command reached the day."""

    SIGNAL = "signal"
    UPDATE = "update"
    START = "start"
    """An option of the start command."""
    CANCEL = "cancel"
    """A cancellation of the run."""


class View(StrEnum):
    """What a prediction was made from."""

    MODEL = "model"
    """Nothing but results, schedule and reports: no betting line."""
    MARKET = "market"
    """Betting lines, too."""


class Severity(StrEnum):
    """How urgent an alert is, the least urgent first."""

    INFO = "info"
    """Nothing has to be done."""
    WARNING = "warning"
    """Read it after the quiet hours."""
    CRITICAL = "critical"
    """An operator has to act now."""

    @property
    def rank(self) -> int:
        """Higher for what is more urgent."""
        return list(Severity).index(self)


class Route(StrEnum):
    """How a request reaches a provider."""

    DIRECT = "direct"
    """From this machine's address, or as the environment's HTTPS_PROXY says."""
    PROXY = "proxy"
    """Through the proxy that the settings name for the host."""

    @property
    def address(self) -> str:
        """The address that a provider sees, in words."""
        return "this machine's address" if self is Route.DIRECT else "the proxy's address"


class Outcome(StrEnum):
    """What a provider's response means; `tipoff.sources.outcomes` maps each to what is done about it."""

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

    @property
    def words(self) -> str:
        """The outcome as people read it."""
        return "no data expected" if self is Outcome.EMPTY_OK else self.replace("_", " ")


USABLE = frozenset({Outcome.OK, Outcome.PARTIAL, Outcome.EMPTY_OK})
"""Outcomes with something to read."""


class NoResult(StrEnum):
    """Why an execution of a step has no outcome."""

    FAILED = "failed"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """Why a step was executed."""

    FIRST_RUN = "first_run"
    RETRY = "retry"
    """The execution before failed, or its source lacked data."""
    REFRESH = "refresh"
    """A source that had all data is polled for newer ones."""
    CHANGED_INPUTS = "changed_inputs"
    OPERATOR = "operator"
    """An operator's command."""
    RERUN = "rerun"
    """The run repeats an ended day, also when an operator retries a step of it."""


class StepState(StrEnum):
    """State of a step."""

    PENDING = "PENDING"  # not due yet
    RUNNING = "RUNNING"
    LATE = "LATE"  # due, waiting for data
    COMPLETE = "COMPLETE"
    EMPTY_OK = "EMPTY_OK"
    DEGRADED = "DEGRADED"  # settled by rule, without all the data it should have
    SKIPPED = "SKIPPED"  # by an operator
    FAILED = "FAILED"  # parked: needs attention

    @property
    def words(self) -> str:
        """The state as people read it."""
        return {StepState.FAILED: "parked", StepState.EMPTY_OK: "no data expected"}.get(self, self.lower())


SETTLED = frozenset({StepState.COMPLETE, StepState.EMPTY_OK, StepState.DEGRADED, StepState.SKIPPED})


BY_URGENCY = (
    StepState.FAILED,
    StepState.LATE,
    StepState.RUNNING,
    StepState.PENDING,
    StepState.DEGRADED,
    StepState.COMPLETE,
    StepState.EMPTY_OK,
    StepState.SKIPPED,
)
"""The states of steps, the most urgent first: the first of its steps is the state of a phase."""


class RunState(StrEnum):
    """State of a day."""

    RUNNING = "RUNNING"
    WAITING = "WAITING"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"  # by an operator
    FAILED = "FAILED"


class DataQuality(StrEnum):
    """Whether the day had all the inputs it should have."""

    UNKNOWN = "UNKNOWN"
    COMPLETE = "COMPLETE"
    DEGRADED = "DEGRADED"
    EMPTY = "EMPTY"


class Recommendation(StrEnum):
    """What a prediction recommends about its line."""

    OVER = "OVER"
    UNDER = "UNDER"
    PASS = "PASS"
    NO_LINE = "NO_LINE"


class Grade(StrEnum):
    """Result of a prediction; every prediction has exactly one."""

    WIN = "win"
    LOSS = "loss"
    PUSH = "push"
    VOID = "void"
    NO_LINE = "no_line"
