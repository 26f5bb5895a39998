"""Exports the performance of the systems over days, weeks and the season, and the drift of errors and features."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from tipoff.alerting.store import raise_alert
from tipoff.grading.feature_drift import FeatureDrifts, feature_drift, first_feature_date
from tipoff.grading.metrics import MetricWarning
from tipoff.grading.performance import CourseDate, Performance, course, first_graded_date, performance
from tipoff.publishing.envelope import Edition, put, put_pointer
from tipoff.publishing.store import ExportStore
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Alert
from tipoff.warehouse.base import DateRange, Parameters, Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

POINTER: Final = "v1/systems/performance.json"


class SystemsPerformance(NamedTuple):
    """How the systems and their features do up to a date."""

    performance: Performance
    course: tuple[CourseDate, ...]
    """Of the headline."""
    features: FeatureDrifts

    @property
    def warnings(self) -> tuple[MetricWarning, ...]:
        return (*self.performance.warnings, *self.features.warnings)

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of the export, which the page shows, too."""
        return {
            **self.performance.model_dump(mode="json"),
            "course": [each.model_dump(mode="json") for each in self.course],
            "features": self.features.model_dump(mode="json"),
            "drifted_features": [each.feature for each in self.features.drifted],
            "findings": [each.text for each in self.warnings],
        }


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
    """Export the performance up to a date and raise an alert for each warning; return the paths.

    The file without a date never goes back to an earlier one.
    """
    game_date, as_of = edition.game_date, edition.as_of
    measured = performance_of(warehouse, game_date, as_of)
    # What the date lacks is no gap of the weeks and the season.
    envelope = edition._replace(degraded=(), missing_games=()).envelope()
    dated = f"v1/systems/performance/{game_date}.json"
    put(store, dated, envelope, measured.payload)
    is_current = put_pointer(store, POINTER, envelope, measured.payload)
    for each in measured.warnings:
        raise_alert(store, game_date, Alert(key=each.key, at=as_of, text=each.text))
    return (dated, POINTER) if is_current else (dated,)
