"""Results that are kept are used again only by the same code."""

from pathlib import Path

import pytest

from tipoff import code_fingerprint
from tipoff.code_fingerprint import fingerprint_of, library_versions


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "sql").mkdir()
    (tmp_path / "fit.py").write_text("PENALTY = 30\n")
    (tmp_path / "sql" / "features.sql").write_text("SELECT 1\n")
    return tmp_path


@pytest.mark.parametrize("name", ["fit.py", "sql/features.sql"])
def test_a_changed_file_changes_the_fingerprint(library: Path, name: str) -> None:
    before = fingerprint_of(library)
    (library / name).write_text((library / name).read_text() + " ")
    assert fingerprint_of(library) != before


def test_a_new_and_a_renamed_file_change_it_and_compiled_code_does_not(library: Path) -> None:
    before = fingerprint_of(library)
    (library / "__pycache__").mkdir()
    (library / "__pycache__" / "fit.cpython-312.pyc").write_bytes(b"compiled")
    assert fingerprint_of(library) == before
    (library / "fit.py").rename(library / "fitting.py")
    renamed = fingerprint_of(library)
    (library / "aliases.csv").write_text("")
    assert len({before, renamed, fingerprint_of(library)}) == 3


def test_other_versions_of_the_packages_change_it(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint_of(library)
    assert {"catboost", "duckdb", "numpy", "polars"} <= library_versions().keys()
    monkeypatch.setattr(code_fingerprint, "library_versions", lambda: {"catboost": "0.0"})
    assert fingerprint_of(library) != before
