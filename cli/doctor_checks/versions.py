"""Versions of what is installed, against the lock."""

from __future__ import annotations

import platform
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

from cli.doctor_checks.base import Check, Finding, Site
from runtime import PROJECT

PACKAGES = ("temporalio", "duckdb", "pydantic", "polars", "catboost")


async def poll(site: Site) -> Finding:
    """Well when the packages that matter are the locked ones."""
    locked = dict(re.findall(r"(?m)^([a-z0-9_.-]+)==(\S+)", (PROJECT / "requirements.lock").read_text()))
    installed = {name: _installed(name) for name in PACKAGES}
    differing = [name for name in PACKAGES if installed[name] != locked[name]]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    says = f"tipoff {project}, Python {platform.python_version()}, temporalio {installed['temporalio']}"
    details = tuple(f"{name} {installed[name]}" for name in PACKAGES)
    if differing:
        wanted = ", ".join(f"{name} {locked[name]}" for name in differing)
        return Finding(ok=False, says=f"{says}; locked are {wanted}", details=details, fix="run make setup")
    return Finding(ok=True, says=f"{says}, as locked", details=details)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


CHECK = Check("versions", poll)
