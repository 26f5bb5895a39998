"""What a prediction system is: features in, one distribution of points per row out."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from tipoff.systems.distribution import Distributions


class System(Protocol):
    """One way to predict points. Pure: the same features and history give the same distributions."""

    @property
    def system_id(self) -> str:
        """The closed name that rows, exports and commands use."""

    @property
    def title(self) -> str:
        """How people call it."""

    @property
    def model_version(self) -> str | None:
        """Which trained model speaks; None for a system without one."""

    def predict(self, features: pl.DataFrame, history: pl.DataFrame) -> Distributions:
        """One distribution per row of `features`, in its order.

        `features`: rows of the feature store (`tipoff.features.vector`). `history`: graded past feature rows with their
        `points`, all strictly before the date, for systems that learn their spread from residuals.
        Raises NotEnoughDataError when the history cannot carry a distribution.
        """
