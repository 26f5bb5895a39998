"""`make sql-check`: every statement that the product can send to BigQuery against the declared tables."""

from __future__ import annotations

import sys

from devtools.sql_check.checking import errors_of
from devtools.sql_check.statements import sent_statements
from tipoff.vocabulary import counted


def main() -> int:
    """Exit code 0 when every statement is valid, else 1."""
    statements = list(sent_statements())
    errors = list(errors_of(statements))
    for error in errors:
        print(error)
    files = sum(not statement.title for statement in statements)
    size = f"{counted(len(statements), 'statement')} ({counted(files, 'file')})"
    print(f"{size}, {counted(len(errors), 'error')}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
