"""Free disk space for the stores and the warehouse."""

from __future__ import annotations

import shutil
from pathlib import Path

from cli.doctor_checks.base import CheckResult, DoctorCheck, nearest_existing, needs_settings
from cli.doctor_checks.stores import STORES
from cli.warehouse_file import warehouse_file
from tipoff.settings import Settings, folder_of

MINIMUM_FREE_BYTES = 1_000_000_000
"""Enough for a season of raw responses, the warehouse and its temporary files."""


def check(settings: Settings) -> CheckResult:
    """OK if each location has a gigabyte left."""
    free = {folder: shutil.disk_usage(folder).free for folder in map(nearest_existing, _locations(settings))}
    short_of_space = [folder for folder in sorted(free) if free[folder] < MINIMUM_FREE_BYTES]
    least = f"{min(free.values()) / 1e9:,.1f} GB free"
    if short_of_space:
        return CheckResult(
            ok=False,
            summary=f"only {least} in {', '.join(map(str, short_of_space))}",
            fix=f"free at least {MINIMUM_FREE_BYTES / 1e9:.0f} GB, or name a folder on another disk in tipoff.toml",
        )
    return CheckResult(ok=True, summary=least)


def _locations(settings: Settings) -> list[Path]:
    """The stores and the warehouse, as far as they are on this machine."""
    stores = [str(getattr(settings, name)) for name in STORES]
    file = warehouse_file(settings.warehouse)
    return [*(folder_of(url) for url in stores if url.startswith("file://")), *([file] if file else [])]


CHECK = DoctorCheck("disk", needs_settings(check))
