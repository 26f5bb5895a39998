"""`deploy`: shows the versions of the workflow code, and makes one current."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence

from rich.console import Group
from rich.text import Text
from temporalio.client import Client

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.server import connected
from cli.target import Target
from runtime.deployments import DeployedVersion, VersionState, deployed_versions, make_current, move_runs
from tipoff.vocabulary import counted, date_and_time, did_you_mean

NO_VERSIONS = (
    "no worker with a build id has registered a version: start one with TIPOFF_BUILD_ID=NAME .venv/bin/python worker.py"
)


async def run(options: Namespace) -> ExitCode:
    """Print the versions; with a build id make it current first. Raises CommandError UNKNOWN or UNREACHABLE."""
    if options.move_from and not options.build_id:
        options.parser.error("--move-from needs the version to move to: deploy VERSION --move-from VERSION")
    target = Target(options.replay)
    async with connected(target) as client:
        if options.check:
            await _check(client, options)
        moved = await _deploy(client, options) if options.build_id else ()
        versions = await deployed_versions(client)
    if options.json:
        print(json.dumps([version.model_dump(mode="json") for version in versions]))
    else:
        _print(versions, moved)
    return ExitCode.DONE


async def _check(client: Client, options: Namespace) -> None:
    """Raises CommandError REFUSED if a history does not fit this code."""
    from runtime.replay_histories import replay_newest  # loads all workflows

    replayed = await replay_newest(client, options.check)
    misfits = [f"{run.workflow_id} ({run.run_id}): {run.problem}" for run in replayed if run.problem]
    if misfits:
        text = f"{len(misfits)} of {counted(len(replayed), 'run')} cannot continue on this code; nothing was deployed"
        raise CommandError(ExitCode.REFUSED, "\n  ".join([f"{text}:", *misfits]))
    if not options.json:
        print(f"the newest {counted(len(replayed), 'run')} can continue on this code")


async def _deploy(client: Client, options: Namespace) -> tuple[str, ...]:
    """Make a version current, and move the runs of another one to it if asked; returns their ids."""
    known = {version.build_id for version in await deployed_versions(client)}
    for build_id in filter(None, (options.build_id, options.move_from)):
        if build_id not in known:
            listed = f"; known: {', '.join(sorted(known))}{did_you_mean(build_id, known)}" if known else ""
            text = f"no worker has registered {build_id!r}{listed}. Start one: TIPOFF_BUILD_ID={build_id} worker.py"
            raise CommandError(ExitCode.UNKNOWN, text)
    await make_current(client, options.build_id)
    return await move_runs(client, options.move_from, options.build_id) if options.move_from else ()


def _print(versions: Sequence[DeployedVersion], moved: Sequence[str]) -> None:
    columns = ("version", "state", "open runs", "registered", "current since")
    notes = [f"moved {counted(len(moved), 'run')}: {', '.join(moved)}"] if moved else []
    notes += _advice(versions)
    table = table_of("Versions of the workflow code", columns, [_cells(version) for version in versions])
    console().print(Group(table, *(Text(note, style="yellow") for note in notes)))


def _cells(version: DeployedVersion) -> tuple[str, ...]:
    since = date_and_time(version.current_since) if version.current_since else ""
    return version.build_id, version.state, str(version.open_runs), date_and_time(version.created_at), since


def _advice(versions: Sequence[DeployedVersion]) -> list[str]:
    if not versions:
        return [NO_VERSIONS]
    draining = [version.build_id for version in versions if version.state is VersionState.DRAINING]
    notes = [f"keep a worker of {build_id} until it is drained: its days end on it" for build_id in draining]
    if not any(version.state is VersionState.CURRENT for version in versions):
        notes.append("no version is current, so workers with a build id get no runs: starter.py deploy VERSION")
    return notes
