"""How a command ends."""

from __future__ import annotations

from enum import IntEnum

from tipoff.errors import TipoffError


class Exit(IntEnum):
    """Exit codes, for programs."""

    DONE = 0
    NOT_WELL = 1  # the day did not end complete, a check failed, or an unexpected error
    USAGE = 2  # wrong arguments or a wrong configuration
    ENDED = 3  # the day has ended: nothing was started or ordered
    REFUSED = 4  # the run refused the order, nothing was changed
    UNKNOWN = 5  # no run, page or plan of that date is known
    UNREACHABLE = 6  # no server, or no worker, answers
    INTERRUPTED = 130


class CommandError(TipoffError):
    """The command ends here: one line for the person, an exit code for the program."""

    def __init__(self, exit_code: Exit, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code
