"""Providers: which of them are left alone for a while, and what the paid ones have cost this month."""

from __future__ import annotations

from cli.doctor_checks.base import Check, Finding, Site
from cli.providers import rate_limiters


async def poll(site: Site) -> Finding:
    """Well when every provider may be asked."""
    if isinstance(site.client, str) or isinstance(site.settings, str):
        return Finding(ok=False, says="not looked at: it takes a server and a right configuration")
    known = await rate_limiters(site.client, site.settings)
    details = tuple(f"{domain.host}: {domain.says}" for domain in known)
    refusing = [domain.warning for domain in known if domain.refuses]
    if refusing:
        fix = "wait, set a proxy for a host that blocks this address, or buy credits"
        return Finding(ok=False, says="; ".join(refusing), details=details, fix=fix)
    warned = [domain.warning for domain in known if domain.warning]
    return Finding(ok=True, says="; ".join(warned) or f"{len(known)} known, all may be asked", details=details)


CHECK = Check("providers", poll)
