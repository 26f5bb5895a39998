"""Reads transforms and views from `tipoff/sql/**/NAME.sql`, one GoogleSQL SELECT each."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tipoff.errors import BadInputError

SQL = Path(__file__).parents[1] / "sql"


@cache
def sql_text(name: str) -> str:
    """Return the SELECT of a transform or view. Raises BadInputError for an unknown name."""
    return sql_path(name).read_text(encoding="utf-8")


def sql_path(name: str) -> Path:
    """Return the file of a transform or view. Raises BadInputError for an unknown name."""
    paths = sorted(SQL.glob(f"*/{name}.sql")) if name.isidentifier() else []
    if not paths:
        known = ", ".join(sorted(path.stem for path in SQL.glob("*/*.sql")))
        raise BadInputError(f"unknown transform {name!r}; known transforms: {known}")
    return paths[0]
