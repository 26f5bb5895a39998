"""Reaching a Temporal server: what is said of one that is silent, and of metrics that cannot be served."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from runtime.connection import NoServerError, connect
from tipoff.errors import ConfigurationError


@pytest.fixture
def taken() -> Iterator[str]:
    """An address where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def test_a_silent_server_is_waited_for_only_so_long(taken: str) -> None:
    with pytest.raises(NoServerError, match=rf"no Temporal server answers at {taken} \(silent for 0.2 s\)"):
        await connect(to={"target_host": taken}, within_seconds=0.2)


async def test_a_metrics_address_that_is_taken_is_named_and_the_server_not_blamed(taken: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"metrics_address = '{taken}': .*already in use.* a free port"):
        await connect(taken, to={"target_host": "127.0.0.1:9"})


async def test_a_metrics_address_that_is_no_ip_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"metrics_address = 'localhost:9464': .* an IP address"):
        await connect("localhost:9464", to={"target_host": "127.0.0.1:9"})
