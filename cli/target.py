"""Where a command looks: the server and stores of the configuration, or those of a replay that is kept up."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cli.exit_codes import CommandError, Exit
from runtime.replay_session import NoReplayError, ReplaySession, read_session
from tipoff.publishing.store import ExportStore, open_store

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

    from tipoff.settings import Settings


@dataclass(frozen=True)
class Target:
    """The configured server, or a replay's."""

    replay: Path | None = None

    @cached_property
    def session(self) -> ReplaySession | None:
        """The replay's session. Raises NoReplayError when none is kept up in its folder."""
        return read_session(self.replay) if self.replay else None

    @property
    def server(self) -> ClientConnectConfig | None:
        """The replay's server; None: the one of Temporal's own configuration."""
        if self.session is None:
            return None
        return {"target_host": self.session.address, "namespace": self.session.namespace}

    def typed(self, command: str) -> str:
        """A command as a person would type it to this place."""
        return f"starter.py {command} --replay {self.replay}" if self.replay else f"starter.py {command}"

    @cached_property
    def settings(self) -> Settings:
        """What the worker there runs with. Raises ConfigurationError, CommandError UNREACHABLE without the replay."""
        from tipoff.settings import load_settings  # most commands need no settings, and should answer soon

        try:
            replayed = self.session.environment if self.session else {}
        except NoReplayError as error:
            raise CommandError(Exit.UNREACHABLE, str(error)) from error
        return load_settings(environ={**os.environ, **replayed})

    @cached_property
    def exports(self) -> ExportStore:
        """The exports there; a replay's can still be read when it is no longer up. Raises ConfigurationError."""
        if self.replay is None:
            return open_store(self.settings.exports)
        try:
            url = read_session(self.replay).exports
        except NoReplayError:
            url = f"file://{self.replay / 'exports'}"
        return open_store(url)
