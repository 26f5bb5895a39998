"""Free space where things are kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from cli.doctor_checks.base import Check, Finding, nearest, settled, warehouse_file
from cli.doctor_checks.stores import STORES
from tipoff.settings import Settings, folder_of

WANTED_BYTES = 1_000_000_000
"""A season of raw answers, the warehouse and its temporary files."""


def poll(settings: Settings) -> Finding:
    """Well when each place has a gigabyte left."""
    free = {folder: shutil.disk_usage(folder).free for folder in map(nearest, _places(settings))}
    tight = [folder for folder in sorted(free) if free[folder] < WANTED_BYTES]
    least = f"{min(free.values()) / 1e9:,.1f} GB free"
    if tight:
        return Finding(
            ok=False,
            says=f"only {least} in {', '.join(map(str, tight))}",
            fix=f"at least {WANTED_BYTES / 1e9:.0f} GB is wanted: make room, or name another disk in tipoff.toml",
        )
    return Finding(ok=True, says=least)


def _places(settings: Settings) -> list[Path]:
    """Where this machine keeps things; what is kept elsewhere has no disk to look at."""
    stores = [str(getattr(settings, name)) for name in STORES]
    file = warehouse_file(settings.warehouse)
    return [*(folder_of(url) for url in stores if url.startswith("file://")), *([file] if file else [])]


CHECK = Check("disk", settled(poll))
