"""What a build is asked for: which dates and games, as of when."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime

from tipoff.vocabulary import Frozen, season_of
from tipoff.warehouse.base import DateRange, Parameters, Slice


class TransformScope(Frozen):
    """Dates from `first_date` to `last_date` and the games concerned; none named means all of them."""

    first_date: date
    last_date: date
    game_ids: tuple[str, ...] = ()
    as_of: AwareDatetime
    training: bool = False
    """History for a model: box scores tell who was there, which nobody knows before a game."""

    @property
    def parameters(self) -> Parameters:
        """What every transform is asked with."""
        return {
            "first_date": self.first_date,
            "last_date": self.last_date,
            "season": season_of(self.last_date),
            "game_ids": list(self.game_ids),
            "as_of": self.as_of,
            "training": self.training,
        }

    @property
    def slice(self) -> Slice:
        """The rows that its write owns."""
        dates: Slice = {"game_date": DateRange(first=self.first_date, last=self.last_date)}
        return {**dates, "game_id": list(self.game_ids)} if self.game_ids else dates
