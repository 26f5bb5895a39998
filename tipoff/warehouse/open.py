"""Opens the warehouse that the configuration names."""

from __future__ import annotations

from pathlib import Path

from tipoff.errors import ConfigurationError
from tipoff.warehouse.base import Warehouse

_EXAMPLE = "duckdb:///var/tipoff.duckdb"


def open_warehouse(url: str) -> Warehouse:
    """The warehouse at `duckdb:///relative.duckdb` or `duckdb:////absolute.duckdb`, its tables in place.

    Raises ConfigurationError for any other address, WarehouseLockedError, and StorageError for a damaged file.
    """
    engine, _, place = url.partition("://")
    match engine:
        case "duckdb" if place.startswith("/") and place.strip("/"):
            from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

            warehouse = DuckDbWarehouse(Path(place.removeprefix("/")))
            warehouse.migrate()
            return warehouse
        case "bigquery":
            raise ConfigurationError(f"warehouse {url!r}: BigQuery comes with a later version; for now use {_EXAMPLE}")
    raise ConfigurationError(f"warehouse {url!r} is not an address like {_EXAMPLE}")
