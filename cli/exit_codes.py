"""How a command ends: its exit code, and the error that ends it early."""

from __future__ import annotations

from enum import IntEnum

from tipoff.errors import TipoffError


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    DONE = 0
    FAILED = 1  # the day did not end complete, a check failed, or an unexpected error
    USAGE = 2  # wrong arguments or wrong configuration
    ENDED = 3  # the day has ended already: nothing was started or changed
    REFUSED = 4  # the run refused the command, or the provider is in cooldown: nothing was changed
    UNKNOWN = 5  # there is no run, page or plan for that date
    UNREACHABLE = 6  # no server, or no worker, answers
    INTERRUPTED = 130


class CommandError(TipoffError):
    """Ends the command with one line of text for the operator and an exit code for programs."""

    def __init__(self, exit_code: ExitCode, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code
