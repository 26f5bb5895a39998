"""Connecting to Temporal: the errors for a silent server and for a wrong metrics address."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from runtime.connection import NoServerError, connect
from tipoff.errors import ConfigurationError


@pytest.fixture
def address_in_use() -> Iterator[str]:
    """An address where a program listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def test_connecting_to_a_silent_server_times_out(address_in_use: str) -> None:
    with pytest.raises(NoServerError, match=rf"no Temporal server answers at {address_in_use} \(silent for 0.2 s\)"):
        await connect(to={"target_host": address_in_use}, within_seconds=0.2)


async def test_a_metrics_address_in_use_is_named(address_in_use: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"metrics_address = '{address_in_use}': .*already in use.* a free port"
    ):
        await connect(address_in_use, to={"target_host": "127.0.0.1:9"})


async def test_a_metrics_address_without_an_ip_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"metrics_address = 'localhost:9464': .* an IP address"):
        await connect("localhost:9464", to={"target_host": "127.0.0.1:9"})


@pytest.mark.parametrize(
    "address",
    [
        *("localhost", "localhost:", ":7233", "localhost:port", "localhost:0", "localhost:65536"),
        *("http://localhost:7233", "a b:7233", "[::1", "::1:7233", "user@host:7233", "host:7233/path", "", "x" * 5000),
    ],
)
async def test_a_malformed_address_is_named_with_the_right_form(address: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"TEMPORAL_ADDRESS = .* must be HOST:PORT, such as localhost:7233"
    ) as error:
        await connect(to={"target_host": address})
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("address", ["127.0.0.1:9", "localhost:9", "[::1]:9", "no-such_host.invalid:7233"])
async def test_a_well_formed_address_is_tried(address: str) -> None:
    with pytest.raises(NoServerError):
        await connect(to={"target_host": address})
