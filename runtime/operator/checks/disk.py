"""Free space where things are kept."""

from __future__ import annotations

import shutil

from runtime.operator.checks.base import Check, Finding, folder_of, nearest, settled
from runtime.operator.checks.stores import STORES
from tipoff.settings import Settings

WANTED_BYTES = 1_000_000_000
"""A season of raw answers, the warehouse and its temporary files."""


def look(settings: Settings) -> Finding:
    """Well when each place has a gigabyte left."""
    urls = [settings.warehouse, *(str(getattr(settings, name)) for name in STORES)]
    folders = {nearest(folder_of(url)) for url in urls if url.startswith(("file://", "duckdb:///"))}
    free = {folder: shutil.disk_usage(folder).free for folder in folders}
    tight = [folder for folder in sorted(free) if free[folder] < WANTED_BYTES]
    least = f"{min(free.values()) / 1e9:,.1f} GB free"
    if tight:
        return Finding(
            ok=False,
            says=f"only {least} in {', '.join(map(str, tight))}",
            fix=f"at least {WANTED_BYTES / 1e9:.0f} GB is wanted: make room, or name another disk in tipoff.toml",
        )
    return Finding(ok=True, says=least)


CHECK = Check("disk", settled(look))
