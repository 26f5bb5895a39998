"""The operator's command line: start, follow and control days, and check the installation.

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
from cli.exit_codes import CommandError, ExitCode
from runtime.process_exit import exit_now
from tipoff.errors import TipoffError


def main(arguments: Sequence[str]) -> int:
    """Run a command line; the result is an exit code of `cli.exit_codes`."""
    try:
        return commands.run(arguments)
    except CommandError as error:
        return _print_error(error.exit_code, str(error))
    except TipoffError as error:
        return _print_error(ExitCode.USAGE, str(error))
    except KeyboardInterrupt:
        return _print_error(ExitCode.INTERRUPTED, "interrupted; a day that was started continues")
    except BrokenPipeError:  # `starter.py … | head`
        return ExitCode.DONE
    except Exception as error:
        if os.environ.get("TIPOFF_DEBUG") == "1":
            raise
        return _print_error(
            ExitCode.FAILED, f"unexpected {type(error).__name__}: {_first_line(error)}; {_write_traceback()}"
        )


def _print_error(code: ExitCode, text: str) -> int:
    print(f"starter: {text}", file=sys.stderr)
    return code


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


def _write_traceback() -> str:
    with tempfile.NamedTemporaryFile("w", prefix="tipoff-starter-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return f"details in {Path(file.name)} (TIPOFF_DEBUG=1 prints them instead)"


if __name__ == "__main__":
    exit_now(main(sys.argv[1:]))
