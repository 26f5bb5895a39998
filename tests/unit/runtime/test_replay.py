"""What a replay refuses to replace."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from runtime import PROJECT
from runtime.processes import FolderInUseError, start_time
from runtime.progress import Stages
from runtime.replay import Scene, replay
from tipoff.errors import BadInputError


async def brought_up(out: Path) -> None:
    scene = Scene(game_date=date(2024, 3, 29), archive=PROJECT / "sample", out=out)
    async with replay(scene, Stages(lambda line: None), binary=Path("/nowhere/temporal")):
        """Nothing is to come up here."""


def installation(folder: Path) -> dict[Path, bytes]:
    """A folder in which days were predicted: path -> content."""
    (folder / "landing" / "raw").mkdir(parents=True)
    (folder / "landing" / "raw" / "answer.json").write_text("{}")
    (folder / "tipoff.duckdb").write_text("a warehouse")
    return files_of(folder)


def files_of(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


async def test_a_folder_of_real_days_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    before = installation(tmp_path)
    with pytest.raises(BadInputError, match=r"holds tipoff.duckdb, landing, and not from a replay.*OUT=var/demo"):
        await brought_up(tmp_path)
    assert files_of(tmp_path) == before


async def test_a_replay_that_is_up_keeps_its_files_when_another_is_started_in_its_folder(tmp_path: Path) -> None:
    owner = {"name": "run", "pid": os.getpid(), "started_at": start_time(os.getpid())}
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "pids.json").write_text(json.dumps({"owner": owner, "children": []}))
    before = installation(tmp_path)
    with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        await brought_up(tmp_path)
    assert files_of(tmp_path) == before
