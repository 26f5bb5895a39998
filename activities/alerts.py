"""Brings what checks find into the book of alerts, sends the morning summary, and delivers what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from temporalio import activity

from activities.heartbeats import blocking_activity, heartbeating
from activities.rate_limiter import known_state
from activities.resources import Resources
from tipoff.alerting.morning_summary import with_summary
from tipoff.alerting.store import read_book, update_book
from tipoff.provider_success import hosts
from tipoff.publishing.morning_facts import morning_facts
from tipoff.sources.budget import budget_at
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.validation.checks import findings, validate
from tipoff.validation.records import read_records
from tipoff.vocabulary import Finding
from workflows.contracts import Activity, RateLimiterState
from workflows.contracts.alerts import AlertsDelivered, DeliverAlertsRequest
from workflows.contracts.schedules import ScheduledRun

SCOPE: Final = "morning_check"


class AlertActivities:
    """Delivers alerts."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.DELIVER_ALERTS.value)
    @blocking_activity
    def deliver_alerts(self, request: DeliverAlertsRequest) -> AlertsDelivered:
        """Open and resolve the alerts of a scope, and deliver the notices that are due."""
        delivered = self._resources.alert_sender.report(
            request.scope, request.findings, request.as_of, is_partial=request.is_partial
        )
        return AlertsDelivered(sent=delivered.sent, errors=delivered.errors)


class MorningCheckActivities:
    """Validates where the warehouse is, and sends what that finds with the morning summary."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.MORNING_CHECK.value)
    async def morning_check(self, morning: ScheduledRun) -> AlertsDelivered:
        """Validate, alert about what is wrong or is no longer, and send the summary, once a day."""
        async with heartbeating():
            client, by_host = activity.client(), hosts()
            states = await asyncio.gather(*(known_state(client, host) for host in by_host))
            known = {host: state for host, state in zip(by_host, states, strict=True) if state is not None}
            return await asyncio.to_thread(self._check, morning, known)

    def _check(self, morning: ScheduledRun, states: Mapping[str, RateLimiterState]) -> AlertsDelivered:
        exports, as_of = self._resources.exports, morning.as_of
        alerts = self._resources.alert_sender.report(SCOPE, tuple(self._findings(morning)), as_of)
        facts = morning_facts(exports, morning.game_date, self._spend(states, as_of))
        update_book(exports, lambda book: with_summary(book, facts, as_of), as_of)
        summary = self._resources.alert_sender.send()
        return AlertsDelivered(sent=alerts.sent + summary.sent, errors=tuple({*alerts.errors, *summary.errors}))

    def _findings(self, morning: ScheduledRun) -> Iterator[Finding]:
        """What is wrong with yesterday, today, and each date with an alert of an earlier morning."""
        warehouse, exports = self._resources.warehouse, self._resources.exports
        dates = {morning.game_date - timedelta(days=1), morning.game_date, *read_book(exports).dates_of(SCOPE)}
        for game_date in sorted(dates):
            yield from findings(validate(read_records(warehouse, exports, game_date, morning.as_of)))

    def _spend(self, states: Mapping[str, RateLimiterState], now: datetime) -> tuple[str, ...]:
        """The credits of each paid provider, as its rate limiter knows them."""
        monthly = {host: rate_limit_of(host, self._resources.settings).monthly_credits for host in states}
        return tuple(
            f"{host}: {budget_at(now, states[host].credits_left(budget, now), budget).text}"
            for host, budget in monthly.items()
            if budget is not None
        )
