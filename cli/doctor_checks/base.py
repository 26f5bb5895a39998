"""What a check is, what it may look at, and how it tells what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from tipoff.settings import Settings
from tipoff.vocabulary import Frozen


class Finding(Frozen):
    """What a check found; `fix` says what to do when it is not well."""

    ok: bool
    says: str
    details: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True)
class Site:
    """The installation, as far as it could be reached: a str says why a part could not."""

    settings: Settings | str
    client: Client | str


@dataclass(frozen=True)
class Check:
    """One question to the installation."""

    title: str
    poll: Callable[[Site], Awaitable[Finding]]


def settled(poll: Callable[[Settings], Finding]) -> Callable[[Site], Awaitable[Finding]]:
    """A look that needs the settings and no server."""

    async def looked(site: Site) -> Finding:
        if isinstance(site.settings, str):
            return Finding(ok=False, says="not looked at: the configuration is wrong")
        return poll(site.settings)

    return looked


def connected(poll: Callable[[Client], Awaitable[Finding]]) -> Callable[[Site], Awaitable[Finding]]:
    """A look that needs the server."""

    async def looked(site: Site) -> Finding:
        if isinstance(site.client, str):
            return Finding(ok=False, says="not looked at: no server answers")
        return await poll(site.client)

    return looked


def warehouse_file(url: str) -> Path | None:
    """The file of `duckdb:///PATH`; None for a warehouse that is no file of this machine."""
    kind, _, path = url.partition(":///")
    return Path(path) if kind == "duckdb" else None


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    return next(target for target in (path.absolute(), *path.absolute().parents) if target.exists())
