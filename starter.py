"""The operator's command line: start, follow and control days, and check the installation.

python starter.py --date 2024-03-29
python starter.py --help
"""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from cli import commands
from cli.exit_codes import CommandError, ExitCode
from runtime import cache_folder
from runtime.process_exit import exit_now
from tipoff.errors import TipoffError
from tipoff.vocabulary import reason_of


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
        reason = reason_of(error).splitlines()[0]
        return _print_error(ExitCode.FAILED, f"unexpected error: {reason}; {_keep_traceback()}")


def _print_error(code: ExitCode, text: str) -> int:
    print(f"starter: {text}", file=sys.stderr)
    return code


def _keep_traceback() -> str:
    """Append the traceback to the log of errors; says where it can be read."""
    file = cache_folder() / "errors.log"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {shlex.join(sys.argv)}\n{traceback.format_exc()}\n")
    except OSError:
        return "run it again with TIPOFF_DEBUG=1 to see where"
    return f"details at the end of {file} (TIPOFF_DEBUG=1 prints them instead)"


if __name__ == "__main__":
    exit_now(main(sys.argv[1:]))
