"""Every setting, and where it came from."""

from __future__ import annotations

from cli.doctor_checks.base import Check, Finding, Site
from tipoff.settings import describe


async def poll(site: Site) -> Finding:
    """Well when every value is possible; secrets are not shown."""
    if isinstance(site.settings, str):
        return Finding(ok=False, says="wrong", details=tuple(site.settings.splitlines()), fix="mend the values named")
    known = describe(site.settings)
    changed = sum(value.origin != "default" for value in known)
    return Finding(
        ok=True,
        says=f"{len(known)} settings, {changed} of them not the default",
        details=tuple(f"{value.key} = {value.value}  ({value.origin})" for value in known),
    )


CHECK = Check("configuration", poll)
