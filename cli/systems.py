"""Checks the names of prediction systems that a command line has."""

from __future__ import annotations

from collections.abc import Iterable

from cli.exit_codes import CommandError, ExitCode
from tipoff.vocabulary import did_you_mean


def require_systems(system_ids: Iterable[str]) -> None:
    """Raise CommandError USAGE for a system that does not exist."""
    from tipoff.systems.registry import SYSTEMS  # loads numpy and polars, which most commands do not need

    for system_id in system_ids:
        if system_id not in SYSTEMS:
            known = ", ".join(SYSTEMS)
            text = f"{system_id!r} is not a system; the systems: {known}{did_you_mean(system_id, [*SYSTEMS])}"
            raise CommandError(ExitCode.USAGE, text)
