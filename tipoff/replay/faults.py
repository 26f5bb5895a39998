"""Faults injected into a replay, and which requests they affect."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from tipoff.vocabulary import EASTERN, Frozen

ANY_SOURCE = "*"


class FaultKind(StrEnum):
    """What goes wrong: some kinds replace the response, some change its content, some break its delivery."""

    FORBIDDEN_NOT_YET = "forbidden_not_yet"
    ACCESS_DENIED = "access_denied"
    HTML_PAGE = "html_page"
    TOO_MANY_REQUESTS = "too_many_requests"
    SERVER_ERROR = "server_error"
    QUOTA_SPENT = "quota_spent"
    BAD_KEY = "bad_key"
    BAD_REQUEST = "bad_request"
    GONE = "gone"
    HANG = "hang"
    TRUNCATED_BODY = "truncated_body"
    OVERSIZE = "oversize"
    EMPTY = "empty"
    PARTIAL_SLATE = "partial_slate"
    STALE = "stale"
    YESTERDAYS = "yesterdays"
    LATE = "late"
    POSTPONED = "postponed"
    TIP_OFF_TBD = "tip_off_tbd"
    DAMAGED_ENTRY = "damaged_entry"
    NEVER = "never"
    ONE_SIDED = "one_sided"
    ALTERNATE = "alternate"
    INTEGER_LINE = "integer_line"
    IN_PLAY = "in_play"
    MOVED_LINE = "moved_line"
    PARTIAL_TOTALS = "partial_totals"


SPECIAL_KINDS = frozenset(
    {
        FaultKind.QUOTA_SPENT,
        FaultKind.BAD_KEY,
        FaultKind.YESTERDAYS,
        FaultKind.POSTPONED,
        FaultKind.TIP_OFF_TBD,
        FaultKind.DAMAGED_ENTRY,
        FaultKind.NEVER,
        FaultKind.ONE_SIDED,
        FaultKind.ALTERNATE,
        FaultKind.INTEGER_LINE,
        FaultKind.IN_PLAY,
        FaultKind.MOVED_LINE,
        FaultKind.PARTIAL_TOTALS,
    }
)
"""Kinds that apply only to endpoints which name them."""

REQUIRED_FIELD: Mapping[FaultKind, str] = {
    FaultKind.TOO_MANY_REQUESTS: "retry_after_seconds",
    FaultKind.LATE: "delay_minutes",
    FaultKind.PARTIAL_SLATE: "games",
    FaultKind.POSTPONED: "games",
    FaultKind.TIP_OFF_TBD: "games",
    FaultKind.DAMAGED_ENTRY: "games",
    FaultKind.NEVER: "games",
    FaultKind.MOVED_LINE: "points",
    FaultKind.PARTIAL_TOTALS: "games",
}
"""The field that a kind needs."""

KINDS_WITH_GAMES = frozenset(kind for kind, field in REQUIRED_FIELD.items() if field == "games")
"""Kinds whose `games` are the affected games; for other kinds `games` selects the requests that fail."""


def _eastern(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=EASTERN)


VirtualTime = Annotated[datetime, AfterValidator(_eastern)]


class Fault(Frozen):
    """One fault, active from `from` (inclusive) to `until` (exclusive) in virtual Eastern time; both are optional."""

    source: str
    """The name of a source that the replay serves, or ANY_SOURCE."""
    kind: FaultKind
    begins: VirtualTime | None = Field(default=None, alias="from")
    until: VirtualTime | None = None
    games: frozenset[str] = frozenset()
    """Game ids or labels ("LAC@ORL"); a label is that game on the virtual date or the date before."""
    count: PositiveInt | None = None
    """Affect only this many requests, the first of the period."""
    retry_after_seconds: PositiveInt | None = None
    delay_minutes: PositiveInt | None = None
    points: float | None = None
    """How much higher prop lines are; negative: lower."""
    books: frozenset[str] = frozenset()
    """The books whose prop lines change; empty means all."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        required = REQUIRED_FIELD.get(self.kind)
        if required and not getattr(self, required):
            raise ValueError(f"kind {self.kind} needs the field {required}")
        if self.begins and self.until and self.begins >= self.until:
            raise ValueError(f"ends at {self.until} before it begins")
        return self

    def covers(self, source: str, as_of: datetime) -> bool:
        """Whether the fault is active for this source at this virtual time."""
        has_begun = self.begins is None or self.begins <= as_of
        has_ended = self.until is not None and as_of >= self.until
        return self.source in (source, ANY_SOURCE) and has_begun and not has_ended

    def affects(self, requested: frozenset[str] | None, game_ids: frozenset[str]) -> bool:
        """Whether the fault affects a request.

        `requested`: ids of the games the request is about, None for a whole slate; `game_ids`: ids of `games`.
        """
        if not self.games or self.kind in KINDS_WITH_GAMES:
            return True
        return requested is not None and not requested.isdisjoint(game_ids)


class FaultPlan:
    """The faults of a replay. Its only state: how many requests each fault with a `count` has affected."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = faults
        self._affected: Counter[int] = Counter()

    def active_faults(
        self,
        source: str,
        as_of: datetime,
        requested: frozenset[str] | None,
        resolve_game_ids: Callable[[frozenset[str], datetime], frozenset[str]],
    ) -> tuple[Fault, ...]:
        """The faults that affect a request, in the order of the file; `resolve_game_ids` turns labels into game ids."""
        return tuple(
            fault
            for position, fault in enumerate(self._faults)
            if fault.covers(source, as_of)
            and fault.affects(requested, resolve_game_ids(fault.games, as_of))
            and self._has_count_left(position, fault)
        )

    def _has_count_left(self, position: int, fault: Fault) -> bool:
        self._affected[position] += 1
        return fault.count is None or self._affected[position] <= fault.count
