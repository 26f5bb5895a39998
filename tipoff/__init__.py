"""The domain library: NBA player-points predictions. Knows nothing of Temporal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from tipoff.notebook.days import Days


def open(where: str | os.PathLike[str]) -> Days:  # noqa: A001 (it is called as `tipoff.open`)
    """Open a warehouse, exports, or an output folder with both, to read days as Polars data frames.

    `where`: a folder, a DuckDB file, `duckdb:///PATH`, `bigquery://PROJECT/PREFIX`, `file://PATH` or
    `gs://BUCKET/PREFIX`.
    """
    from tipoff.notebook.days import open_days  # polars and pydantic: every process imports this package

    return open_days(where)
