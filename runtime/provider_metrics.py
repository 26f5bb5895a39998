"""Publishes how often each provider answered usably in the last 24 hours as Prometheus metrics of a worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.runtime import Runtime

from activities.resources import Resources
from tipoff.errors import TipoffError
from tipoff.provider_success import ProviderSuccess, recent_success

PUBLISH_INTERVAL = timedelta(minutes=5)
"""A day's manifests are thousands of small files: they are not read again for each request."""
SUCCESS_RATE = "tipoff_provider_success_rate"
REQUESTS = "tipoff_provider_requests"

logger = logging.getLogger(__name__)


@asynccontextmanager
async def provider_metrics(client: Client, resources: Resources) -> AsyncIterator[None]:
    """Publish the metrics meanwhile, if the settings name an address for metrics."""
    if resources.settings.metrics_address is None:
        yield
        return
    runtime = client.service_client.config.runtime or Runtime.default()
    publishing = asyncio.create_task(_publish_repeatedly(runtime.metric_meter, resources))
    try:
        yield
    finally:
        publishing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await publishing


async def _publish_repeatedly(meter: MetricMeter, resources: Resources) -> None:
    while True:
        try:
            publish(meter, await asyncio.to_thread(recent_success, resources.landing, resources.now()))
        except TipoffError as error:
            logger.warning("the metrics of providers are out of date: %s", error)
        await asyncio.sleep(PUBLISH_INTERVAL.total_seconds())


def publish(meter: MetricMeter, by_host: Mapping[str, ProviderSuccess]) -> None:
    """Set the gauges; the rate of a host without a usable or failed request is NaN."""
    rate = meter.create_gauge_float(SUCCESS_RATE, "Share of usable responses in the last 24 hours")
    requests = meter.create_gauge(REQUESTS, "Requests in the last 24 hours by result")
    for host, success in by_host.items():
        rate.set(math.nan if success.rate is None else success.rate, {"provider": host})
        counts = {"usable": success.usable, "not_yet": success.not_yet, "failed": success.failed}
        for result, count in counts.items():
            requests.set(count, {"provider": host, "result": result})
