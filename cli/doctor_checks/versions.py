"""The installed versions of the main packages, compared with requirements.lock."""

from __future__ import annotations

import platform
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from runtime import PROJECT

PACKAGES = ("temporalio", "duckdb", "pydantic", "polars", "catboost")


async def check(installation: Installation) -> CheckResult:
    """OK if they are the locked versions."""
    locked = dict(re.findall(r"(?m)^([a-z0-9_.-]+)==(\S+)", (PROJECT / "requirements.lock").read_text()))
    installed = {name: _installed(name) for name in PACKAGES}
    differing = [name for name in PACKAGES if installed[name] != locked[name]]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    summary = f"tipoff {project}, Python {platform.python_version()}, temporalio {installed['temporalio']}"
    details = tuple(f"{name} {installed[name]}" for name in PACKAGES)
    if differing:
        expected = ", ".join(f"{name} {locked[name]}" for name in differing)
        return CheckResult(
            ok=False, summary=f"{summary}; requirements.lock has {expected}", details=details, fix="run make setup"
        )
    return CheckResult(ok=True, summary=f"{summary}, as in requirements.lock", details=details)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


CHECK = DoctorCheck("versions", check)
