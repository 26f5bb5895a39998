"""The protocol of a prediction system: feature rows in, one distribution of points per row out."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from tipoff.systems.distribution import Distributions


class System(Protocol):
    """A prediction system. It is pure: the same features and history give the same distributions."""

    @property
    def system_id(self) -> str:
        """The id used in rows, exports and commands."""

    @property
    def title(self) -> str:
        """The display name."""

    @property
    def model_version(self) -> str | None:
        """The version of the trained model; None for a system without one."""

    @property
    def view(self) -> pl.Expr:
        """The `View` of the prediction from each feature row: MODEL only if no betting line has a part in it."""

    def predict(self, features: pl.DataFrame, history: pl.LazyFrame) -> Distributions:
        """Return one distribution per row of `features`, in the same order.

        Args:
            features: rows of the feature store (`tipoff.features.vector`).
            history: past feature rows with their `points`, all strictly before the date; systems that derive their
                spread from residuals use it. Collect the columns that you need: the whole takes 50 MB in four seasons.

        Raises NotEnoughDataError if the history is too short.
        """
