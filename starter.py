"""The operator's command: starts a day, tells where it stands, pushes it on, checks the installation.

python starter.py --date 2024-03-29
python starter.py --help
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from cli import commands
from cli.exit_codes import CommandError, Exit
from runtime.process_exit import exit_now
from tipoff.errors import TipoffError


def main(arguments: Sequence[str]) -> int:
    """Exit codes: see `cli.exit_codes`."""
    try:
        return commands.run(arguments)
    except CommandError as error:
        return _end(error.exit_code, str(error))
    except TipoffError as error:
        return _end(Exit.USAGE, str(error))
    except KeyboardInterrupt:
        return _end(Exit.INTERRUPTED, "interrupted; what was started goes on")
    except BrokenPipeError:  # `starter.py … | head`
        return Exit.DONE
    except Exception as error:
        if os.environ.get("TIPOFF_DEBUG") == "1":
            raise
        return _end(Exit.NOT_WELL, f"unexpected {type(error).__name__}: {_first_line(error)}; {_keep_details()}")


def _end(code: Exit, text: str) -> int:
    print(f"starter: {text}", file=sys.stderr)
    return code


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


def _keep_details() -> str:
    with tempfile.NamedTemporaryFile("w", prefix="tipoff-starter-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return f"details in {Path(file.name)} (TIPOFF_DEBUG=1 shows them at once)"


if __name__ == "__main__":
    exit_now(main(sys.argv[1:]))
