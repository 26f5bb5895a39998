"""What a replay leaves in its folder, so that `starter.py --replay` finds it while it is up (`make demo KEEP=1`)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import ValidationError

from tipoff.atomic_write import atomic_write
from tipoff.errors import BadInputError
from tipoff.vocabulary import Frozen, eastern
from workflows.contracts import ClockSpec

FILE = "session.json"


class NoReplayError(BadInputError):
    """No replay is kept up where the command looks."""


class Session(Frozen):
    """A replay: its server, and the settings its worker runs with."""

    address: str
    namespace: str
    ui: str
    exports: str
    """URL of the export store."""
    pid: int
    """The process that keeps it up."""
    environment: dict[str, str] = {}
    """The TIPOFF_ variables of its worker; no secret is among them."""

    def run_page(self, workflow_id: str, run_id: str) -> str:
        """The run's address in the UI."""
        return f"{self.ui}/namespaces/{self.namespace}/workflows/{workflow_id}/{run_id}"

    def clock(self, game_date: date) -> ClockSpec:
        """Virtual time from the morning of a date on, as fast as it goes."""
        return ClockSpec(starts_at=eastern(game_date, 5))


def write_session(folder: Path, session: Session) -> None:
    """Tell who looks into the folder that the replay is up."""
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / FILE, session.model_dump_json(indent=1).encode())


def read_session(folder: Path) -> Session:
    """The replay kept up in a folder. Raises NoReplayError when there is none."""
    file = folder / FILE
    try:
        return Session.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise NoReplayError(
            f"no replay is kept up in {folder}: start one with `make demo KEEP=1 OUT={folder}`"
        ) from None
    except (OSError, ValidationError) as error:
        raise NoReplayError(f"{file} cannot be read; `make demo KEEP=1 OUT={folder}` writes it anew") from error
