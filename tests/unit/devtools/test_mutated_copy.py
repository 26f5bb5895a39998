"""The copy of the project in which mutants are tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools import mutated_copy


def test_the_copy_has_the_real_data_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, shared = tmp_path / "main", tmp_path / "shared"
    for folder in (project, shared):
        folder.mkdir()
        (folder / "a.txt").write_text(folder.name)
    monkeypatch.setattr(mutated_copy, "PROJECT", project)
    copy = mutated_copy.copied_project(tmp_path / "new")
    assert (copy / "a.txt").read_text() == "main"
    assert (copy.parent / "shared" / "a.txt").read_text() == "shared"
