"""Lets tests write rows that the checks of their tables refuse, such as a game with one player."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def implausible_rows() -> Iterator[None]:
    """Leave out the checks of a DuckDB warehouse."""
    with mock.patch("tipoff.warehouse.duckdb_adapter.checks_sql", return_value=""):
        yield


@contextmanager
def implausible_rows_in_bigquery() -> Iterator[None]:
    """Run the checks of a BigQuery warehouse, but ignore what they find."""
    with mock.patch("tipoff.warehouse.bigquery_adapter.judge", return_value=()):
        yield
