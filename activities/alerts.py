"""Brings what checks find into the book of alerts, and delivers what is due."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from workflows.contracts import Activity
from workflows.contracts.alerts import AlertsDelivered, DeliverAlertsRequest


class AlertActivities:
    """Delivers alerts."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.DELIVER_ALERTS.value)
    @blocking_activity
    def deliver_alerts(self, request: DeliverAlertsRequest) -> AlertsDelivered:
        """Open and resolve the alerts of a scope, and deliver the notices that are due."""
        delivered = self._resources.alert_sender.report(request.scope, request.findings, request.as_of)
        return AlertsDelivered(sent=delivered.sent, errors=delivered.errors)
