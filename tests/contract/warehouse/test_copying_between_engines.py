"""Tables copied from a file to BigQuery and back: the same rows, and equal dates are skipped."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.warehouses import contents, fill
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.copying import TableCopy, copy_table
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES

if TYPE_CHECKING:
    from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse

pytestmark = pytest.mark.cloud

DAYS = [date(2024, 3, 29) + timedelta(days=number) for number in range(2)]


COPIED = ("raw_players", "raw_schedule", "raw_player_props", "predictions", "ml_feature_store")
"""Tables of each kind: replaced and appended, without the date in the key, and with arrays."""


def copied(origin: Warehouse, destination: Warehouse) -> dict[str, TableCopy]:
    return {name: copy_table(TABLES[name], origin, destination, lambda *_: None) for name in COPIED}


def test_rows_go_to_bigquery_and_back_unchanged(bigquery: BigQueryWarehouse, tmp_path: Path) -> None:
    from tests.support.bigquery import delete_rows  # Google's client takes two seconds to import

    origin, back = (DuckDbWarehouse(tmp_path / name) for name in ("origin.duckdb", "back.duckdb"))
    for warehouse in (origin, back):
        warehouse.migrate()
    fill(origin, DAYS, *COPIED)
    fill(bigquery, DAYS[:1], "raw_players")

    for table, copy in copied(origin, bigquery).items():
        expected = (1, 1) if table == "raw_players" else (2, 0)
        assert ((copy.copied_dates, copy.equal_dates), copy.differences) == (expected, ()), table
    for table, copy in copied(bigquery, back).items():
        assert (copy.copied_dates, copy.equal_dates, copy.differences) == (2, 0, ()), table
    assert contents(back) == contents(origin)
    for table, copy in copied(back, bigquery).items():
        assert (copy.copied_dates, copy.equal_dates, copy.differences) == (0, 2, ()), table
    delete_rows(bigquery, COPIED)
    origin.close()
    back.close()
