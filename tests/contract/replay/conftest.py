"""A running upstream over the sample archive, and requests to it at an Eastern as-of time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import httpx
import polars as pl
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.upstream import AS_OF_HEADER, Upstream, serve
from tipoff.replay.upstream.fault_file import load_faults
from tipoff.vocabulary import EASTERN

Get = Callable[..., httpx.Response]


def getter(upstream: Upstream, client: httpx.Client) -> Get:
    def get(address: str, at: str, **query: str) -> httpx.Response:
        """GET `host/path` as of an Eastern "YYYY-MM-DD HH:MM"."""
        as_of = datetime.fromisoformat(at).replace(tzinfo=EASTERN)
        headers = {AS_OF_HEADER: as_of.isoformat(), "Referer": "https://www.nba.com/"}
        return client.get(f"{upstream.url}/{address}", headers=headers, params=query or None)

    return get


@pytest.fixture(scope="session")
def archive(sample: Path) -> Archive:
    return Archive(sample)


@pytest.fixture(scope="session")
def upstream(archive: Archive) -> Iterator[Upstream]:
    with serve(archive) as running:
        yield running


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


@pytest.fixture(scope="session")
def get(upstream: Upstream, client: httpx.Client) -> Get:
    return getter(upstream, client)


@pytest.fixture
def get_with(archive: Archive, client: httpx.Client, tmp_path: Path) -> Iterator[Callable[[str], Get]]:
    """Starts an upstream with these faults (TOML) and returns the function that sends it requests."""
    with ExitStack() as running:

        def start(toml: str) -> Get:
            file = tmp_path / "faults.toml"
            file.write_text(toml, encoding="utf-8")
            return getter(running.enter_context(serve(archive, load_faults(file))), client)

        yield start


@pytest.fixture(scope="session")
def altered(sample: Path) -> Callable[..., Archive]:
    """The sample with the given tables replaced."""

    def alter(**tables: pl.DataFrame) -> Archive:
        other = Archive(sample)
        other.__dict__.update(tables)  # where cached tables are kept
        return other

    return alter
