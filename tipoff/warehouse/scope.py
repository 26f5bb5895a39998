"""The scope of a transform: which dates and games it builds, as of when."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime

from tipoff.vocabulary import Frozen, season_of
from tipoff.warehouse.base import DateRange, Parameters, Slice


class TransformScope(Frozen):
    """Dates from `first_date` to `last_date`, and games; no game ids means all games of the dates."""

    first_date: date
    last_date: date
    game_ids: tuple[str, ...] = ()
    as_of: AwareDatetime
    training: bool = False
    """Build training history: rosters come from box scores, which do not exist before a game."""
    reports_until_minutes: int = 0
    """Injury reports count until so many minutes before the tip-off of their game."""

    @property
    def parameters(self) -> Parameters:
        """The parameters passed to the transform."""
        return {
            "first_date": self.first_date,
            "last_date": self.last_date,
            "season": season_of(self.last_date),
            "game_ids": list(self.game_ids),
            "as_of": self.as_of,
            "training": self.training,
            "reports_until_minutes": self.reports_until_minutes,
        }

    @property
    def slice(self) -> Slice:
        """The rows that the transform replaces."""
        dates: Slice = {"game_date": DateRange(first=self.first_date, last=self.last_date)}
        return {**dates, "game_id": list(self.game_ids)} if self.game_ids else dates
