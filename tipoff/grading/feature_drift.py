"""How far the features of the last 7 days differ from those of the 30 days before: the population stability index."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tipoff.features.vector import FEATURE_NAMES
from tipoff.grading.metrics import SOURCES_COMMAND
from tipoff.vocabulary import Finding, Frozen, Severity, counted

RECENT_DAYS, EARLIER_DAYS = 7, 30
LEAST_RECENT, LEAST_EARLIER = 300, 1000
"""With fewer rows the index is mostly chance: about 10 (1 / recent + 1 / earlier)."""
DRIFTED: Final = 0.25
"""By convention, an index below 0.1 is no change, and one above 0.25 is too much of one for a model."""
MORE_THAN_USUAL: Final = 2.0
"""Features of 30 teams and of the schedule change by more than that from week to week: the index must also be so many
times the largest of the earlier weeks, each against the days around it."""
GROWING: Final = frozenset({"games_season", "games_opponent"})
"""Counts that grow during a season by themselves."""

_BINS: Final = 10
_WEEKS: Final = EARLIER_DAYS // RECENT_DAYS
"""Whole weeks among the earlier days."""
_LEAST_SHARE: Final = 1e-3
"""Shares of a bin are at least this, so that an empty one does not make the index infinite."""


class FeatureDrift(Frozen):
    """The index of one feature, and the share of its rows without a value."""

    feature: str
    index: float
    usual: float
    """The largest index of an earlier week."""
    recent_missing: float
    earlier_missing: float


class FeatureDrifts(Frozen):
    """The index of each feature, the largest first; none with too few rows.

    With a single earlier week there is none either, as nothing says what is usual.
    """

    recent: int
    """Rows of the last 7 days."""
    earlier: int
    """Rows of the 30 days before."""
    features: tuple[FeatureDrift, ...]

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """The features that differ too much."""
        return tuple(
            each for each in self.features if each.index > DRIFTED and each.index > MORE_THAN_USUAL * each.usual
        )

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """One warning with all features that differ too much."""
        if not self.drifted:
            return ()
        named = ", ".join(f"{each.feature} {each.index:.2f}, usually {each.usual:.2f}" for each in self.drifted)
        rows = f"{counted(self.recent, 'row')} of the last 7 days against {self.earlier:,} of the 30 days before"
        summary = f"features differ (PSI {named}); {rows}; check their sources"
        return (Finding(key="feature-drift", severity=Severity.WARNING, summary=summary, command=SOURCES_COMMAND),)


def first_feature_date(game_date: date) -> date:
    """The first date whose features are compared."""
    return game_date - timedelta(days=RECENT_DAYS + EARLIER_DAYS - 1)


def feature_drift(features: pl.DataFrame, game_date: date) -> FeatureDrifts:
    """Compare rows of the feature store; only eligible players count.

    Rows that were built after the tip-off, for training, are left out: they lack inputs that a day has.
    """
    is_of_a_day = (pl.col("as_of") <= pl.col("tip_off")).fill_null(value=True)
    is_compared = pl.col("game_date").is_between(first_feature_date(game_date), game_date)
    rows = features.filter("eligible", is_of_a_day, is_compared)
    is_recent = pl.col("game_date") > game_date - timedelta(days=RECENT_DAYS)
    recent, earlier = rows.filter(is_recent), rows.filter(~is_recent)
    days_before = (pl.lit(game_date) - pl.col("game_date")).dt.total_days()
    weeks = earlier.select(days_before // RECENT_DAYS).to_series().to_numpy()
    enough = recent.height >= LEAST_RECENT and earlier.height >= LEAST_EARLIER and len(np.unique(weeks)) > 1
    compared = FEATURE_NAMES if enough else ()
    drifts = [_drift(name, recent[name], earlier[name], weeks) for name in compared if name not in GROWING]
    ordered = tuple(sorted(drifts, key=lambda each: (-each.index, each.feature)))
    return FeatureDrifts(recent=recent.height, earlier=earlier.height, features=ordered)


def _drift(name: str, recent: pl.Series, earlier: pl.Series, weeks: NDArray[np.int64]) -> FeatureDrift:
    new, old = recent.to_numpy(), earlier.to_numpy()
    of_weeks = (stability_index(old[weeks == week], old[weeks != week]) for week in np.unique(weeks)[:_WEEKS])
    return FeatureDrift(
        feature=name,
        index=stability_index(new, old),
        usual=max(of_weeks),
        recent_missing=recent.null_count() / len(recent),
        earlier_missing=earlier.null_count() / len(earlier),
    )


def stability_index(recent: NDArray[np.float64], earlier: NDArray[np.float64]) -> float:
    """Return the population stability index: the sum over bins of (r - e) ln(r / e), with the shares r and e.

    Bins are tenths of the earlier values; values that are missing (NaN) have a bin of their own.
    """
    known = earlier[~np.isnan(earlier)]
    edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if len(known) else np.empty(0)
    new, old = _shares(recent, edges), _shares(earlier, edges)
    return float(((new - old) * np.log(new / old)).sum())


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = np.isnan(values)
    bins = np.searchsorted(edges, values[~missing], side="left")
    counts = np.append(np.bincount(bins, minlength=len(edges) + 1), missing.sum())
    shares: NDArray[np.float64] = np.maximum(counts / len(values), _LEAST_SHARE)
    return shares
