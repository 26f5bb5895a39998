"""What a replay that is kept up (`make demo KEEP=1`) leaves in its folder, so that `starter.py --replay` finds it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import ValidationError

from tipoff.errors import BadInputError
from tipoff.vocabulary import Frozen, eastern
from workflows.contracts import ClockSpec

FILE = "session.json"
DEFAULT_FOLDER = Path("var/demo")


class NoReplayError(BadInputError):
    """No replay is kept up where the command looks."""


class Session(Frozen):
    """A replay that is kept up: its server, and the settings its worker runs with."""

    address: str
    namespace: str
    ui: str
    exports: str
    """URL of the export store."""
    pid: int
    """The process that keeps it up."""
    seconds_per_hour: float = 0.0
    """Its pace, for days that are started in it later."""
    environment: dict[str, str] = {}
    """The TIPOFF_ variables of its worker; no secret is among them."""

    def run_page(self, workflow_id: str, run_id: str) -> str:
        """The run's address in the UI."""
        return f"{self.ui}/namespaces/{self.namespace}/workflows/{workflow_id}/{run_id}"

    def clock(self, game_date: date) -> ClockSpec:
        """Virtual time from the morning of a date on."""
        return ClockSpec(starts_at=eastern(game_date, 5), seconds_per_hour=self.seconds_per_hour)


def write_session(folder: Path, session: Session) -> None:
    """Tell who looks into the folder that the replay is up."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{FILE}.tmp"
    unfinished.write_text(session.model_dump_json(indent=1))
    unfinished.replace(folder / FILE)


def end_session(folder: Path) -> None:
    """Tell that the replay is no longer up."""
    (folder / FILE).unlink(missing_ok=True)


def read_session(folder: Path) -> Session:
    """The replay kept up in a folder. Raises NoReplayError when there is none."""
    file = folder / FILE
    try:
        return Session.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise NoReplayError(f"no replay is kept up in {folder}: start one with `make demo KEEP=1`") from None
    except (OSError, ValidationError) as error:
        raise NoReplayError(
            f"{file} cannot be used ({type(error).__name__}): `make demo KEEP=1` writes it anew"
        ) from error
