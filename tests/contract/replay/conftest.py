"""A running upstream over the sample archive, and a way to ask it as of an Eastern moment."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import httpx
import polars as pl
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.faults import load_faults
from tipoff.replay.upstream import AS_OF_HEADER, Upstream, serve
from tipoff.vocabulary import EASTERN

Ask = Callable[..., httpx.Response]


def asking(upstream: Upstream, client: httpx.Client) -> Ask:
    def ask(address: str, at: str, **query: str) -> httpx.Response:
        """GET `host/path` as of an Eastern "YYYY-MM-DD HH:MM"."""
        moment = datetime.fromisoformat(at).replace(tzinfo=EASTERN)
        headers = {AS_OF_HEADER: moment.isoformat(), "Referer": "https://www.nba.com/"}
        return client.get(f"{upstream.url}/{address}", headers=headers, params=query or None)

    return ask


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
def ask(upstream: Upstream, client: httpx.Client) -> Ask:
    return asking(upstream, client)


@pytest.fixture
def ask_with(archive: Archive, client: httpx.Client, tmp_path: Path) -> Iterator[Callable[[str], Ask]]:
    """Asks an upstream where these faults (TOML) are at work."""
    with ExitStack() as running:

        def start(toml: str) -> Ask:
            file = tmp_path / "faults.toml"
            file.write_text(toml, encoding="utf-8")
            return asking(running.enter_context(serve(archive, load_faults(file))), client)

        yield start


@pytest.fixture(scope="session")
def altered(sample: Path) -> Callable[..., Archive]:
    """An archive like the sample but for the tables given."""

    def alter(**tables: pl.DataFrame) -> Archive:
        other = Archive(sample)
        other.__dict__.update(tables)  # where cached tables are kept
        return other

    return alter
