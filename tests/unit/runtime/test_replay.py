"""A replay never overwrites files that no replay wrote, and says which server refuses it."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from temporalio.service import RPCError, RPCStatusCode

from runtime import PROJECT, replay
from runtime.processes import FolderInUseError, start_time
from runtime.replay import ReplayConfig, _seasons_held, start_replay
from runtime.stage_timer import StageTimer
from tests.support.invented_archive import write_invented_archive
from tipoff.errors import BadInputError


async def start_in(out: Path) -> None:
    config = ReplayConfig(game_date=date(2024, 3, 29), archive=PROJECT / "sample", out=out)
    async with start_replay(config, StageTimer(lambda line: None), binary=Path("/nowhere/temporal")):
        """The replay must not start."""


def installation(folder: Path) -> dict[Path, bytes]:
    """A folder with real days in it: path -> content."""
    (folder / "landing" / "raw").mkdir(parents=True)
    (folder / "landing" / "raw" / "response.json").write_text("{}")
    (folder / "tipoff.duckdb").write_text("a warehouse")
    return files_of(folder)


def files_of(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


async def test_a_folder_of_real_days_is_refused_and_not_changed(tmp_path: Path) -> None:
    before = installation(tmp_path)
    with pytest.raises(BadInputError, match=r"holds tipoff.duckdb, landing, which no replay wrote.*OUT=var/demo"):
        await start_in(tmp_path)
    assert files_of(tmp_path) == before


async def test_a_server_that_refuses_the_namespace_of_a_replay_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(request: object) -> None:
        raise RPCError("no permission", RPCStatusCode.PERMISSION_DENIED, b"")

    async def connected(to: object) -> object:
        return SimpleNamespace(workflow_service=SimpleNamespace(register_namespace=refuse))

    monkeypatch.setattr(replay, "connect", connected)
    with pytest.raises(BadInputError, match=r"cannot create namespace tipoff-replay at there:7233: no permission"):
        await replay._use_server_of_environment("there:7233")


async def test_a_running_replay_keeps_its_files_when_another_starts_in_its_folder(tmp_path: Path) -> None:
    owner = {"name": "run", "pid": os.getpid(), "started_at": start_time(os.getpid())}
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "pids.json").write_text(json.dumps({"owner": owner, "children": []}))
    before = installation(tmp_path)
    with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        await start_in(tmp_path)
    assert files_of(tmp_path) == before


async def test_the_next_replay_removes_the_database_of_a_killed_one_with_its_log(tmp_path: Path) -> None:
    """A log that is left alone would be read into the new database."""
    (tmp_path / "processes").mkdir()
    for name in ("temporal.db", "temporal.db-wal", "temporal.db-shm"):
        (tmp_path / name).write_text("of the killed replay")
    with pytest.raises(FileNotFoundError, match="/nowhere/temporal"):
        await start_in(tmp_path)
    assert [file for file in files_of(tmp_path) if file.name.startswith("temporal.db")] == []


@pytest.mark.parametrize(
    ("held", "seasons"),
    [
        (("2023-24",), 1),
        (("2022-23", "2023-24", "2024-25"), 2),
        (("2021-22", "2023-24"), 1),
        (("2020-21", "2021-22", "2022-23", "2023-24"), 3),
        (("2024-25",), 1),
    ],
)
def test_a_replay_learns_from_the_seasons_that_its_archive_holds(
    held: tuple[str, ...], seasons: int, tmp_path: Path
) -> None:
    archive = write_invented_archive(tmp_path / "archive", games=[{"season": season} for season in held])
    config = ReplayConfig(game_date=date(2024, 3, 29), archive=archive.path, out=tmp_path / "out")
    assert _seasons_held(config) == seasons
