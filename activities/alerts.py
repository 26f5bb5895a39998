"""Brings what checks find into the book of alerts, sends the morning summary, and delivers what is due."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from temporalio import activity
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from activities.heartbeats import blocking_activity, heartbeating
from activities.resources import Resources
from tipoff.alerting.morning_summary import with_summary
from tipoff.alerting.store import update_book
from tipoff.provider_success import hosts
from tipoff.publishing.morning_facts import morning_facts
from tipoff.sources.budget import budget_at
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.validation.checks import findings, validate
from tipoff.validation.records import read_records
from workflows.contracts import Activity, RateLimiterHandler, RateLimiterState, rate_limiter_workflow_id
from workflows.contracts.alerts import AlertsDelivered, DeliverAlertsRequest
from workflows.contracts.schedules import ScheduledRun

SCOPE: Final = "morning_check"
_QUERY_TIMEOUT = timedelta(seconds=5)


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


class MorningCheckActivities:
    """Validates where the warehouse is, and sends what that finds with the morning summary."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.MORNING_CHECK.value)
    async def morning_check(self, morning: ScheduledRun) -> AlertsDelivered:
        """Validate yesterday and today, alert about what is wrong, and send the summary, once a day."""
        async with heartbeating():
            spend = await self._spend(activity.client(), morning.as_of)
            return await asyncio.to_thread(self._check, morning, spend)

    def _check(self, morning: ScheduledRun, spend: tuple[str, ...]) -> AlertsDelivered:
        warehouse, exports, as_of = self._resources.warehouse, self._resources.exports, morning.as_of
        dates = (morning.game_date - timedelta(days=1), morning.game_date)
        reports = [validate(read_records(warehouse, exports, each, as_of)) for each in dates]
        wrong = [finding for report in reports for finding in findings(report)]
        alerts = self._resources.alert_sender.report(SCOPE, wrong, as_of)
        facts = morning_facts(exports, morning.game_date, spend)
        update_book(exports, lambda book: with_summary(book, facts, as_of), as_of)
        summary = self._resources.alert_sender.send()
        return AlertsDelivered(sent=alerts.sent + summary.sent, errors=tuple({*alerts.errors, *summary.errors}))

    async def _spend(self, client: Client, now: datetime) -> tuple[str, ...]:
        """The credits of each paid provider, as its rate limiter knows them."""
        paid = [(host, limit) for host in hosts() if (limit := self._monthly_credits(host)) is not None]
        states = await asyncio.gather(*(_state_of(client, host) for host, _ in paid))
        return tuple(
            f"{host}: {budget_at(now, state.credits_left(monthly, now), monthly).text}"
            for (host, monthly), state in zip(paid, states, strict=True)
            if state is not None
        )

    def _monthly_credits(self, host: str) -> int | None:
        return rate_limit_of(host, self._resources.settings).monthly_credits


async def _state_of(client: Client, host: str) -> RateLimiterState | None:
    """What a rate limiter knows; None if it never ran, or does not answer."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(host))
    try:
        state: RateLimiterState = await handle.query(
            RateLimiterHandler.STATE.value, result_type=RateLimiterState, rpc_timeout=_QUERY_TIMEOUT
        )
    except (RPCError, WorkflowQueryFailedError):
        return None
    return state
