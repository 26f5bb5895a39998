"""Publishes the metrics of a worker beside Temporal's own: days, requests to providers, success rates and credits."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.exceptions import TemporalError
from temporalio.runtime import Runtime

from activities.rate_limiter import credits_left
from activities.resources import Resources
from tipoff.errors import TipoffError
from tipoff.landing.base import FetchRecord
from tipoff.provider_success import ProviderSuccess, hosts, recent_success
from tipoff.publishing.day_figures import STATES, DayFigures, day_figures
from tipoff.vocabulary import reason_of
from workflows.contracts import Queue

DAY_STATE = "tipoff_day_state"
STEPS_NEEDING_ATTENTION = "tipoff_steps_needing_attention"
PREDICTIONS_LEAD = "tipoff_predictions_lead_seconds"
SOURCE_REQUESTS = "tipoff_source_requests_total"
CREDITS_REMAINING = "tipoff_credits_remaining"
SUCCESS_RATE = "tipoff_provider_success_rate"
REQUESTS = "tipoff_provider_requests"

logger = logging.getLogger(__name__)


class MetricFamilies(NamedTuple):
    """Metrics that one function sets, and how often."""

    queue: Queue
    """The worker of this queue has what is read for them."""
    every: timedelta
    publish: Callable[[Client, MetricMeter, Resources], Awaitable[None]]


@asynccontextmanager
async def worker_metrics(client: Client, resources: Resources, queues: Sequence[Queue]) -> AsyncIterator[None]:
    """Publish the metrics of these queues meanwhile, if the settings name an address for metrics."""
    if resources.settings.metrics_address is None:
        yield
        return
    meter = (client.service_client.config.runtime or Runtime.default()).metric_meter
    if not {Queue.FETCH, Queue.WAREHOUSE}.isdisjoint(queues):  # the second polls the live scoreboard
        count_requests(meter, resources)
    due = [families for families in FAMILIES if families.queue in queues]
    publishing = [asyncio.create_task(_publish_repeatedly(families, client, meter, resources)) for families in due]
    try:
        yield
    finally:
        for task in publishing:
            task.cancel()
        await asyncio.gather(*publishing, return_exceptions=True)


def count_requests(meter: MetricMeter, resources: Resources) -> None:
    """Count each request to a provider that this process sends from now on."""
    counter = meter.create_counter(SOURCE_REQUESTS, "Requests to providers by source and outcome")

    def count(record: FetchRecord) -> None:
        counter.add(1, {"source": record.source, "outcome": record.outcome.value})

    resources.landing.on_record = count


async def _publish_repeatedly(
    families: MetricFamilies, client: Client, meter: MetricMeter, resources: Resources
) -> None:
    while True:
        try:
            await families.publish(client, meter, resources)
        except (TipoffError, TemporalError, OSError) as error:
            logger.warning("some metrics are out of date: %s", reason_of(error))
        await asyncio.sleep(families.every.total_seconds())


async def _publish_days(client: Client, meter: MetricMeter, resources: Resources) -> None:
    set_days(meter, await asyncio.to_thread(day_figures, resources.exports, resources.now()))


def set_days(meter: MetricMeter, days: Mapping[str, DayFigures]) -> None:
    """Set the gauges of days; of the states of a day one is 1. The lead is NaN before predictions are published."""
    state = meter.create_gauge(DAY_STATE, "1 for the state of the day, 0 for the other states")
    attention = meter.create_gauge(STEPS_NEEDING_ATTENTION, "Parked steps of the day, which wait for an operator")
    lead = meter.create_gauge_float(PREDICTIONS_LEAD, "Seconds from the first publication to the first tip-off")
    for day, figures in days.items():
        for name in STATES:
            state.set(int(name == figures.state), {"day": day, "state": name})
        attention.set(figures.steps_needing_attention, {"day": day})
        lead.set(_number(figures.predictions_lead_seconds), {"day": day})


async def _publish_providers(client: Client, meter: MetricMeter, resources: Resources) -> None:
    set_providers(meter, await asyncio.to_thread(recent_success, resources.landing, resources.now()))


def set_providers(meter: MetricMeter, by_host: Mapping[str, ProviderSuccess]) -> None:
    """Set the gauges of providers; the rate of a host without a usable or failed request is NaN."""
    rate = meter.create_gauge_float(SUCCESS_RATE, "Share of usable responses in the last 24 hours")
    requests = meter.create_gauge(REQUESTS, "Requests in the last 24 hours by result")
    for host, success in by_host.items():
        rate.set(_number(success.rate), {"provider": host})
        counts = {"usable": success.usable, "not_yet": success.not_yet, "failed": success.failed}
        for result, count in counts.items():
            requests.set(count, {"provider": host, "result": result})


async def _publish_credits(client: Client, meter: MetricMeter, resources: Resources) -> None:
    gauge = meter.create_gauge(CREDITS_REMAINING, "Credits left in the calendar month")
    for host in hosts():
        left = await credits_left(client, host, resources.settings, resources.now())
        if left is not None:
            gauge.set(left, {"provider": host})


def _number(figure: float | None) -> float:
    return math.nan if figure is None else figure


FAMILIES = (
    MetricFamilies(Queue.WAREHOUSE, timedelta(minutes=1), _publish_days),
    # A day's manifests are thousands of small files: they are not read again for each request of Prometheus.
    MetricFamilies(Queue.FETCH, timedelta(minutes=5), _publish_providers),
    MetricFamilies(Queue.FETCH, timedelta(minutes=5), _publish_credits),
)
