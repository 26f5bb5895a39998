"""The file by which `starter.py --replay` finds a running replay (`make demo KEEP=1`)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import ValidationError

from tipoff.atomic_write import atomic_write
from tipoff.errors import BadInputError
from tipoff.vocabulary import Frozen, eastern
from workflows.contracts import ClockSpec

SESSION_FILE = "session.json"


class NoReplayError(BadInputError):
    """The folder that the command names holds no running replay."""


class ReplaySession(Frozen):
    """A replay's server, and the settings of its worker."""

    address: str
    namespace: str
    ui: str
    """The address of the server's UI; empty if it is not known."""
    exports: str
    """URL of the export store."""
    archive: Path
    """The archive with the facts that its upstream serves."""
    pid: int
    """The process that runs the replay."""
    environment: dict[str, str] = {}
    """The TIPOFF_ variables of its worker; they hold no secret."""

    def clock(self, game_date: date) -> ClockSpec:
        """Virtual time from the morning of a date on, as fast as possible."""
        return ClockSpec(starts_at=eastern(game_date, 5))


def write_session(folder: Path, session: ReplaySession) -> None:
    """Make the replay known to commands that name the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / SESSION_FILE, session.model_dump_json(indent=1).encode())


def read_session(folder: Path) -> ReplaySession:
    """The session of the replay in a folder. Raises NoReplayError if there is none."""
    file = folder / SESSION_FILE
    try:
        return ReplaySession.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise NoReplayError(f"no replay runs in {folder}: start one with `make demo KEEP=1 OUT={folder}`") from None
    except (OSError, ValidationError) as error:
        raise NoReplayError(
            f"cannot read {file}: start the replay again with `make demo KEEP=1 OUT={folder}`"
        ) from error
