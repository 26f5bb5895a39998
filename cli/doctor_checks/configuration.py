"""The configuration as a worker has it: every setting, where it comes from, and what differs in this terminal."""

from __future__ import annotations

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation, values_of
from tipoff.vocabulary import counted
from workflows.contracts import WorkerSettings


async def check(installation: Installation) -> CheckResult:
    """OK if every value is valid; secrets are not shown."""
    if isinstance(installation.settings, str):
        return CheckResult(
            ok=False,
            summary="invalid",
            details=tuple(installation.settings.splitlines()),
            fix="correct the values above",
        )
    values, worker = installation.values, installation.worker
    changed = sum(value.origin != "default" for value in values)
    owner = f"this terminal, because {worker}"
    if isinstance(worker, WorkerSettings):
        owner = f"the worker ({worker.process})"
    there = {value.key: value.value for value in values}
    differing = [value for value in values_of(installation.settings) if value.value != there.get(value.key)]
    return CheckResult(
        ok=True,
        summary=f"{counted(len(values), 'setting')} of {owner}, {changed} not at the default",
        details=(
            *(f"{value.key} = {value.value}  ({value.origin})" for value in values),
            *(f"differs in this terminal: {value.key} = {value.value}  ({value.origin})" for value in differing),
        ),
    )


CHECK = DoctorCheck("configuration", check)
