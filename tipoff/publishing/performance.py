"""Exports the performance of the systems over days, weeks and the season, and the drift of errors and features."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple

from pydantic import field_validator

from tipoff.alerting.store import raise_alert
from tipoff.grading.feature_drift import FeatureDrifts, feature_drift, first_feature_date
from tipoff.grading.performance import (
    WINDOWS,
    CourseDate,
    Performance,
    PerformanceDrift,
    Window,
    course,
    first_graded_date,
    performance,
)
from tipoff.publishing.envelope import Edition
from tipoff.publishing.export import Export
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Finding, Frozen
from tipoff.warehouse.base import DateRange, Parameters, Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES


class PerformancePayload(Frozen):
    """The performance up to a date."""

    windows: tuple[Window, ...]
    """The date itself, the 7 and the 30 days up to it, and the season."""
    course: tuple[CourseDate, ...] = ()
    """The headline on each graded date of the season; files of earlier versions lack it."""
    drift: tuple[PerformanceDrift, ...]
    features: FeatureDrifts
    drifted_features: tuple[str, ...]
    """The features that differ too much from those of the 30 days before."""
    findings: tuple[str, ...]
    """What an operator should check."""

    @field_validator("windows")
    @classmethod
    def _are_all_windows(cls, windows: tuple[Window, ...]) -> tuple[Window, ...]:
        if tuple(window.label for window in windows) != tuple(WINDOWS):
            raise ValueError(f"they must be {', '.join(WINDOWS)}")
        return windows


PERFORMANCE: Final = Export(
    "systems-performance",
    "v1/systems/performance/{game_date}.json",
    "The figures of each view of each system over the date, 7 days, 30 days and the season, and what drifts.",
    "with the results of a date, once some are graded",
    PerformancePayload,
    pointer="v1/systems/performance.json",
    reads=("graded_of_dates",),
)


class SystemsPerformance(NamedTuple):
    """How the systems and their features do up to a date."""

    performance: Performance
    course: tuple[CourseDate, ...]
    """Of the headline."""
    features: FeatureDrifts

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return (*self.performance.warnings, *self.features.warnings)

    @property
    def payload(self) -> PerformancePayload:
        """The payload of the export, which the page shows, too."""
        return PerformancePayload(
            windows=self.performance.windows,
            course=self.course,
            drift=self.performance.drift,
            features=self.features,
            drifted_features=tuple(each.feature for each in self.features.drifted),
            findings=tuple(each.summary for each in self.warnings),
        )


def performance_of(warehouse: Warehouse, game_date: date, as_of: datetime) -> SystemsPerformance:
    """Measure what was graded by a time, and the features of the dates before."""
    dates: Parameters = {"first_date": first_graded_date(game_date), "last_date": game_date, "as_of": as_of}
    graded = warehouse.query(sql_text("graded_of_dates"), dates)
    compared = DateRange(first=first_feature_date(game_date), last=game_date)
    features = warehouse.query(*rows_of_slice(TABLES["ml_feature_store"], {"game_date": compared}))
    system_id, view = HEADLINE
    headline = graded.filter(system_id=system_id, view=view.value)
    return SystemsPerformance(
        performance(graded, game_date), course(headline, game_date), feature_drift(features, game_date)
    )


def publish_performance(warehouse: Warehouse, store: ExportStore, edition: Edition) -> tuple[str, ...]:
    """Export the performance up to a date and raise an alert for each warning; return the paths."""
    measured = performance_of(warehouse, edition.game_date, edition.as_of)
    paths = write_export(store, PERFORMANCE, edition.envelope_of_season(), measured.payload)
    raise_warnings(store, edition, measured.warnings)
    return paths


def raise_warnings(store: ExportStore, edition: Edition, warnings: Iterable[Finding]) -> None:
    """Raise an alert for each warning about the figures of a date."""
    for each in warnings:
        raise_alert(store, each.model_copy(update={"game_date": edition.game_date}), edition.as_of)
