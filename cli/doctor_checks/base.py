"""A doctor check, its result, and what it may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from tipoff.settings import Settings, describe
from tipoff.vocabulary import Frozen
from workflows.contracts import SettingValue, WorkerSettings


class CheckResult(Frozen):
    """The result of one check."""

    ok: bool
    summary: str
    details: tuple[str, ...] = ()
    fix: str = ""
    """What to do if the check failed, or about the warning."""
    warning: bool = False
    """Days run, but an operator should know."""


@dataclass(frozen=True)
class Installation:
    """The settings and the server's client; a str instead says why there is none."""

    settings: Settings | str
    client: Client | str
    worker: WorkerSettings | str = "no worker was asked"
    """The settings of a worker; a str says why they are unknown."""

    @property
    def values(self) -> tuple[SettingValue, ...]:
        """The settings as a worker has them, else as this terminal has them."""
        if isinstance(self.worker, WorkerSettings):
            return self.worker.values
        return values_of(self.settings) if isinstance(self.settings, Settings) else ()


def values_of(settings: Settings) -> tuple[SettingValue, ...]:
    """The settings of this terminal."""
    return tuple(SettingValue(key=each.key, value=each.value, origin=each.origin) for each in describe(settings))


@dataclass(frozen=True)
class DoctorCheck:
    """One check of the installation."""

    name: str
    check: Callable[[Installation], Awaitable[CheckResult]]


def needs_settings(check: Callable[[Settings], CheckResult]) -> Callable[[Installation], Awaitable[CheckResult]]:
    """A check that needs the settings and no server."""

    async def checked(installation: Installation) -> CheckResult:
        if isinstance(installation.settings, str):
            return CheckResult(ok=False, summary="not checked: the configuration is wrong")
        return check(installation.settings)

    return checked


def needs_server(check: Callable[[Client], Awaitable[CheckResult]]) -> Callable[[Installation], Awaitable[CheckResult]]:
    """A check that needs the server."""

    async def checked(installation: Installation) -> CheckResult:
        if isinstance(installation.client, str):
            return CheckResult(ok=False, summary="not checked: no server answers")
        return await check(installation.client)

    return checked


def nearest_existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
