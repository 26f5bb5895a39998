"""Opens the warehouse of a URL."""

from __future__ import annotations

from pathlib import Path

from tipoff.errors import ConfigurationError
from tipoff.settings import Settings
from tipoff.warehouse.base import Warehouse


def open_warehouse(url: str, settings: Settings | None = None, *, read_only: bool = False) -> Warehouse:
    """Open the warehouse at `duckdb:///PATH`, which is migrated, or at `bigquery://PROJECT/PREFIX`, which is not.

    `settings`: those of BigQuery; None: the defaults. `read_only`: a file must exist, and is opened as it is.
    Raises ConfigurationError for any other URL, WarehouseLockedError, and StorageError for a damaged file.
    """
    engine, _, path = url.partition("://")
    match engine:
        case "duckdb" if path.startswith("/") and path.strip("/"):
            from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

            warehouse = DuckDbWarehouse(Path(path.removeprefix("/")), read_only=read_only)
            if not read_only:
                warehouse.migrate()
            return warehouse
        case "bigquery":
            from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse  # the client takes two seconds to import

            settings = settings or Settings()
            return BigQueryWarehouse(
                url, region=settings.bigquery_location, maximum_gigabytes=settings.bigquery_maximum_gigabytes
            )
    raise ConfigurationError(
        f"warehouse {url!r} is not a URL like duckdb:///var/tipoff.duckdb or bigquery://PROJECT/PREFIX"
    )
