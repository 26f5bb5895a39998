"""The watchdog's activities: observe and judge, store the repairs, and show that it is alive."""

from __future__ import annotations

import asyncio

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.observing import observe
from activities.resources import Resources
from tipoff.watchdog.diagnosis import diagnose, is_partial
from tipoff.watchdog.heartbeat import send_heartbeat
from tipoff.watchdog.log import log_repairs
from tipoff.watchdog.repairs import repairs
from workflows.contracts import Activity
from workflows.contracts.watchdog import ObserveRequest, PassReported, ReportPassRequest, WatchReport


class WatchdogActivities:
    """Observes and reports."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.OBSERVE.value)
    async def observe(self, request: ObserveRequest) -> WatchReport:
        """What is wrong as of now, and what the rules repair."""
        async with heartbeating():
            facts = await observe(activity.client(), self._resources, request.as_of, request.missed)
            # The server lists a run some time after its start.
            observation = facts.model_copy(update={"watchdog_runs": True})
            findings = diagnose(observation, request.attempts)
            return WatchReport(
                as_of=request.as_of,
                findings=findings,
                is_partial=is_partial(observation, findings),
                repairs=repairs(observation, request.attempts),
                missed=observation.missed_runs,
            )

    @activity.defn(name=Activity.REPORT_PASS.value)
    async def report_pass(self, request: ReportPassRequest) -> PassReported:
        """Log the repairs; then request the heartbeat URL, which stays silent when a pass fails."""
        async with heartbeating():
            logged = await asyncio.to_thread(log_repairs, self._resources.exports, request.attempts)
            url = self._resources.settings.heartbeat_url
            heartbeat = await asyncio.to_thread(send_heartbeat, url.get_secret_value()) if url else ""
            if heartbeat:
                activity.logger.warning("the heartbeat URL was not reached: %s", heartbeat)
            return PassReported(logged=logged, heartbeat=heartbeat)
