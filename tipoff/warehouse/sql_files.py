"""The text of transforms and views: `tipoff/sql/**/NAME.sql`, one GoogleSQL SELECT each."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tipoff.errors import BadInputError

SQL = Path(__file__).parents[1] / "sql"


@cache
def sql_text(name: str) -> str:
    """The SELECT of that name. Raises BadInputError when there is none."""
    found = sorted(SQL.glob(f"*/{name}.sql")) if name.isidentifier() else []
    if not found:
        known = ", ".join(sorted(path.stem for path in SQL.glob("*/*.sql")))
        raise BadInputError(f"there is no transform {name!r}; there are: {known}")
    return found[0].read_text(encoding="utf-8")
