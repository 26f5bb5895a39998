"""Warehouses in the emulator of BigQuery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from devtools.emulators.bigquery import PROJECT
from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse
from tipoff.warehouse.bigquery_sql import deletion
from tipoff.warehouse.schema import table_named

HOST = "BIGQUERY_EMULATOR_HOST"


@contextmanager
def open_in_emulator(emulator: str, dataset: str) -> Iterator[BigQueryWarehouse]:
    """Open a warehouse through Google's client; the environment stays as it is."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOST, emulator)
        warehouse = BigQueryWarehouse(f"bigquery://{PROJECT}/{dataset}", region="US", maximum_gigabytes=1)
    try:
        yield warehouse
    finally:
        warehouse.close()


def new_dataset(emulator: str) -> str:
    """Create the tables in a dataset of their own, which takes 10 seconds; return its name."""
    dataset = f"tipoff_{uuid4().hex[:8]}"
    with open_in_emulator(emulator, dataset) as warehouse:
        warehouse.migrate()
    return dataset


def delete_rows(warehouse: BigQueryWarehouse, tables: Iterable[str]) -> None:
    """Empty tables, those that are only appended to as well."""
    for table in tables:
        warehouse._jobs.write(deletion(table_named(table), {}))
