"""Keys of the providers: there or not, never what they are."""

from __future__ import annotations

from cli.doctor_checks.base import Check, Finding, settled
from tipoff.settings import Settings
from tipoff.sources.registry import SOURCES


def poll(settings: Settings) -> Finding:
    """Always well: without a key a day degrades by rule. Says which sources want one, and whether it is there."""
    if settings.upstream:
        return Finding(ok=True, says="a replay needs none")
    providers = {name: source.provider for name, source in SOURCES.items()}
    wanted = {name: provider.api_key.setting for name, provider in providers.items() if provider.api_key}
    absent = sorted({key for key in wanted.values() if not getattr(settings, key)})
    details = tuple(
        f"{source}: {key} {'absent: set TIPOFF_' + key.upper() if key in absent else 'present'}"
        for source, key in wanted.items()
    )
    says = f"absent: {', '.join(absent)}; days go on without its sources" if absent else "all present"
    return Finding(ok=True, says=says, details=(*details, "all other sources need none"))


CHECK = Check("keys", settled(poll))
