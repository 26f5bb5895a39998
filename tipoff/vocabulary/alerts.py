"""What a check finds wrong: the input of alerts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.text import shortened
from tipoff.vocabulary.words import Severity


class Finding(Frozen):
    """One thing that is wrong, as a check found it; an alert until the check no longer finds it."""

    key: str = Field(min_length=1, max_length=200)
    """The same for the same cause at every check, such as "no_worker"; unique within its game date."""
    severity: Severity
    summary: Annotated[str, AfterValidator(shortened)]
    """The cause in one sentence, not its symptoms."""
    command: str = ""
    """What helps, as it is typed in a terminal; empty: nothing has to be typed."""
    game_date: date | None = None
    """The day it is about; None: no single day."""
    step: str = ""
    """The step it is about, if any."""
    since: AwareDatetime | None = None
    """When it began, as far as known."""

    @property
    def dedupe_key(self) -> str:
        """The same for the trigger and the all-clear of one cause."""
        return dedupe_key(self.game_date, self.key)


def dedupe_key(game_date: date | None, key: str) -> str:
    """The key of a finding with its game date, such as "2026-11-30:grade:parked"."""
    return f"{game_date}:{key}" if game_date else key
