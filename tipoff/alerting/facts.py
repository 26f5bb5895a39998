"""What the rules of alerts look at: plain counts of one game date, and of the providers."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, Field

from tipoff.vocabulary import Frozen


class RowCount(Frozen):
    """The rows that a step has, and those that it should have for the slate."""

    step: str
    rows: int = Field(ge=0)
    expected: float = Field(gt=0)


class InputAge(Frozen):
    """A source that is refreshed until the games begin, and its last usable response."""

    source: str
    last_success: AwareDatetime | None
    """None: it had none so far."""
    needed: bool
    """Whether something is computed of it now."""


class PickRecord(Frozen):
    """The graded picks of one view of a system."""

    system_id: str
    view: str
    wins: int = Field(ge=0)
    graded: int = Field(ge=0)
    """Wins and losses; a push does not count."""


class ProviderFacts(Frozen):
    """The requests to one host in the last 24 hours."""

    host: str
    usable: int = Field(ge=0)
    failed: int = Field(ge=0)
    blocked_until: AwareDatetime | None = None
    """Until when the provider refuses an address of ours."""


class DateFacts(Frozen):
    """A game date as of a time; what nobody has measured is empty, and its rules stay silent."""

    game_date: date
    as_of: AwareDatetime
    games: int = 0
    steps_due: int = 0
    """Steps whose deadline is over."""
    steps_complete: int = 0
    """Those of them that have all their data, or need none."""
    rows: tuple[RowCount, ...] = ()
    inputs: tuple[InputAge, ...] = ()
    predictions_due: AwareDatetime | None = None
    """When the day planned to publish them, and a little later."""
    predictions_out: bool = False
    waits_for: str = ""
    """The day's own sentence on what it does."""
    players_predicted: int | None = None
    """None: nothing is predicted yet."""
    picks: tuple[PickRecord, ...] = ()
    predictions: int = 0
    """Predictions of games that are over."""
    graded: int | None = None
    """None: the date is not graded yet."""


class InstallationFacts(Frozen):
    """What concerns all dates."""

    as_of: AwareDatetime
    worker_errors: int = 0
    """Failed attempts of activities in the last five minutes."""
    providers: tuple[ProviderFacts, ...] = ()
