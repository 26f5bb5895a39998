"""Validates dates by their tables and exports, and measures service levels."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.service_levels import service_levels_report
from tipoff.validation.checks import validate
from tipoff.validation.records import read_records
from tipoff.vocabulary import ServiceLevelsReport, ValidationReport
from workflows.contracts import Activity
from workflows.contracts.validation import ServiceLevelsRequest, ValidateRequest


class ValidationActivities:
    """Reads what is stored of a date, and changes nothing."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.VALIDATE.value)
    @blocking_activity
    def validate(self, request: ValidateRequest) -> ValidationReport:
        """Judge all checks of a date."""
        stores = self._resources
        return validate(read_records(stores.warehouse, stores.exports, request.game_date, request.as_of))

    @activity.defn(name=Activity.SERVICE_LEVELS.value)
    @blocking_activity
    def service_levels(self, dates: ServiceLevelsRequest) -> ServiceLevelsReport:
        """Measure the service levels of dates."""
        stores = self._resources
        return service_levels_report(stores.warehouse, stores.exports, dates.first_date, dates.last_date)
