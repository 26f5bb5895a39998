"""The one place that connects to Temporal: client, worker and replayer share these settings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError

from runtime.data_converter import LenientPayloadConverter, PlainFailureConverter
from tipoff.errors import ConfigurationError, TipoffError
from tipoff.vocabulary import shortened

DATA_CONVERTER = DataConverter(
    payload_converter_class=LenientPayloadConverter, failure_converter_class=PlainFailureConverter
)

CONNECT_TIMEOUT_SECONDS = 10.0
"""A server that is silent for longer counts as absent; the SDK would wait three times as long."""


HEARTBEAT_EVERY = timedelta(seconds=10)
"""How often a worker says that it is alive; one is lost after three times as long (`activities/server_state.py`)."""


class NoServerError(TipoffError):
    """No Temporal server answers at the configured address."""


async def connect(
    metrics_address: str | None = None,
    *,
    to: ClientConnectConfig | None = None,
    within_seconds: float = CONNECT_TIMEOUT_SECONDS,
) -> Client:
    """Connect to `to`, or as Temporal's own configuration says (TEMPORAL_ADDRESS, profiles, TLS, API key).

    `metrics_address`: IP:port where Prometheus may read the SDK's metrics.
    Raises NoServerError if no server answers in time, ConfigurationError if the configuration is wrong.
    """
    options = to or configured_options()
    options.setdefault("target_host", "localhost:7233")
    _require_host_and_port(options["target_host"])
    runtime = _runtime(metrics_address)
    try:
        async with asyncio.timeout(within_seconds):
            return await Client.connect(**options, data_converter=DATA_CONVERTER, runtime=runtime)
    except ValueError as error:
        raise ConfigurationError(f"TEMPORAL_ADDRESS = {options['target_host']!r}: {error}") from error
    except TimeoutError as error:
        raise _no_server(options, f"silent for {within_seconds:g} s") from error
    except (RuntimeError, RPCError) as error:
        raise _no_server(options, _short(error)) from error


def _require_host_and_port(address: str) -> None:
    """Raises ConfigurationError. The SDK takes an address without a port for one of port 80."""
    parts = re.fullmatch(r"(?P<host>[^\s:/\[\]@]+|\[[0-9A-Fa-f:.%]+\]):(?P<port>[0-9]{1,5})", address)
    if parts is None or not 0 < int(parts["port"]) < 65_536:
        named = shortened(repr(address), 100)
        raise ConfigurationError(f"TEMPORAL_ADDRESS = {named} must be HOST:PORT, such as localhost:7233")


def _no_server(options: ClientConnectConfig, why: str) -> NoServerError:
    return NoServerError(
        f"no Temporal server answers at {options['target_host']} ({why}); "
        "start one with `make server`, or set TEMPORAL_ADDRESS to another"
    )


def configured_options(environ: Mapping[str, str] | None = None) -> ClientConnectConfig:
    """The connection options of Temporal's variables and profiles; `environ` replaces this process's variables.

    Raises ConfigurationError.
    """
    try:
        return ClientConfig.load_client_connect_config(override_env_vars=environ)
    except RuntimeError as error:
        raise ConfigurationError(
            f"cannot read the Temporal configuration ({str(error).splitlines()[0]}); "
            "check TEMPORAL_PROFILE and TEMPORAL_CONFIG_FILE"
        ) from error


def _short(error: Exception) -> str:
    """The innermost message of the layers that the SDK wraps around it."""
    text = str(error).splitlines()[0]
    innermost = re.search(r'message: "([^"]+)"', text)
    return innermost[1] if innermost else text[:200]


@cache
def _runtime_without_metrics() -> Runtime:
    """One for the whole process: each has threads of its own."""
    return Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=HEARTBEAT_EVERY)


def _runtime(metrics_address: str | None) -> Runtime:
    if metrics_address is None:
        return _runtime_without_metrics()
    try:
        telemetry = TelemetryConfig(metrics=PrometheusConfig(bind_address=metrics_address))
        return Runtime(telemetry=telemetry, worker_heartbeat_interval=HEARTBEAT_EVERY)
    except ValueError as error:
        raise ConfigurationError(
            f"metrics_address = {metrics_address!r}: {error}; "
            "it must be an IP address of this machine and a free port, such as 127.0.0.1:9464"
        ) from error
