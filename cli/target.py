"""What a command is aimed at: the configured server and stores, or those of a running replay."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from cli.exit_codes import CommandError, ExitCode
from runtime.replay_session import NoReplayError, ReplaySession, read_session
from tipoff.publishing.store import ExportStore, open_exports

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

    from tipoff.settings import Settings


@dataclass(frozen=True)
class Target:
    """The configured installation, or the replay in a folder."""

    replay: Path | None = None

    @cached_property
    def session(self) -> ReplaySession | None:
        """The replay's session; None without `--replay`. Raises NoReplayError if no replay runs in the folder."""
        return read_session(self.replay) if self.replay else None

    @property
    def server(self) -> ClientConnectConfig | None:
        """The replay's server; None: the server of Temporal's own configuration."""
        if self.session is None:
            return None
        return {"target_host": self.session.address, "namespace": self.session.namespace}

    def command_line(self, command: str) -> str:
        """What to type to run a command against this target."""
        return self.aim(f"starter.py {command}")

    def aim(self, line: str) -> str:
        """A command line with the option that aims it at this target."""
        return f"{line} --replay {quote(str(self.replay))}" if self.replay else line

    def require_date(self, game_date: date) -> None:
        """Raises BadInputError if this is a replay and the date is outside its archive."""
        if self.session is None:
            return
        from tipoff.replay.archive import Archive  # slow libraries

        Archive(self.session.archive).require_date(game_date)

    @cached_property
    def settings(self) -> Settings:
        """The worker's settings. Raises ConfigurationError, or CommandError UNREACHABLE if the replay does not run."""
        from tipoff.settings import load_settings  # most commands need no settings and should answer quickly

        try:
            replay_variables = self.session.environment if self.session else {}
        except NoReplayError as error:
            raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
        return load_settings(environ={**os.environ, **replay_variables})

    @cached_property
    def exports(self) -> ExportStore:
        """The export store; a replay's exports stay readable after it stopped. Raises ConfigurationError."""
        if self.replay is None:
            return open_exports(self.settings.exports)
        try:
            url = read_session(self.replay).exports
        except NoReplayError:
            url = f"file://{self.replay / 'exports'}"
        return open_exports(url)
