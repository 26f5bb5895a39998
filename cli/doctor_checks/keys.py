"""Keys of the providers: whether they are set, never their values."""

from __future__ import annotations

from cli.doctor_checks.base import CheckResult, DoctorCheck, needs_settings
from tipoff.settings import Settings
from tipoff.sources.registry import SOURCES


def check(settings: Settings) -> CheckResult:
    """Always OK, because a day without a key degrades by rule; lists the keys that the sources need."""
    if settings.upstream:
        return CheckResult(ok=True, summary="a replay needs no keys")
    providers = {name: source.provider for name, source in SOURCES.items()}
    needed = {name: provider.api_key.setting for name, provider in providers.items() if provider.api_key}
    missing = sorted({key for key in needed.values() if not getattr(settings, key)})
    details = tuple(
        f"{source}: {key} {'missing: set TIPOFF_' + key.upper() if key in missing else 'present'}"
        for source, key in needed.items()
    )
    summary = (
        f"missing: {', '.join(missing)}; days run without the sources that need them" if missing else "all present"
    )
    return CheckResult(ok=True, summary=summary, details=(*details, "all other sources need no key"))


CHECK = DoctorCheck("keys", needs_settings(check))
