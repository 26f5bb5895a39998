"""Opens the warehouse of a URL."""

from __future__ import annotations

from pathlib import Path

from tipoff.errors import ConfigurationError
from tipoff.warehouse.base import Warehouse

_EXAMPLE = "duckdb:///var/tipoff.duckdb"


def open_warehouse(url: str) -> Warehouse:
    """Open and migrate the warehouse at `duckdb:///relative.duckdb` or `duckdb:////absolute.duckdb`.

    Raises ConfigurationError for any other URL, WarehouseLockedError, and StorageError for a damaged file.
    """
    engine, _, path = url.partition("://")
    match engine:
        case "duckdb" if path.startswith("/") and path.strip("/"):
            from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

            warehouse = DuckDbWarehouse(Path(path.removeprefix("/")))
            warehouse.migrate()
            return warehouse
        case "bigquery":
            raise ConfigurationError(f"warehouse {url!r}: BigQuery is not supported yet; use {_EXAMPLE}")
    raise ConfigurationError(f"warehouse {url!r} is not a URL like {_EXAMPLE}")
