"""The list of breakages: each can be carried out, and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.mutations import Mutation, NotBrokenError, broken, caught_by, load
from runtime import PROJECT

TEXT = "if late:\n    wait()\n"


def mutation(old: str) -> Mutation:
    return Mutation(name="never waits", file="gate.py", old=old, new="if False:", tests=("tests",))


@pytest.mark.parametrize("entry", load(), ids=lambda entry: entry.name)
def test_what_a_breakage_replaces_stands_once_in_its_file_and_its_tests_exist(entry: Mutation) -> None:
    assert (PROJECT / entry.file).read_text(encoding="utf-8").count(entry.old) == 1
    assert [test for test in entry.tests if not (PROJECT / test).exists()] == []


def test_there_are_at_least_twenty_and_no_two_of_one_name() -> None:
    names = [entry.name for entry in load()]
    assert len(set(names)) == len(names) >= 20


def test_a_broken_file_is_whole_again_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "gate.py"
    file.write_text(TEXT)
    with broken(tmp_path, mutation("if late:")):
        assert file.read_text() == "if False:\n    wait()\n"
    assert file.read_text() == TEXT


def test_a_breakage_whose_text_is_gone_says_so_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "gate.py").write_text(TEXT)
    gone = pytest.raises(NotBrokenError, match=r"gate\.py holds the text to replace 0 times")
    with gone, broken(tmp_path, mutation("if early:")):
        pass
    assert (tmp_path / "gate.py").read_text() == TEXT


@pytest.mark.parametrize(("broken_into", "noticed"), [("while True:", "timed out after 2 s"), ("if late:", None)])
def test_tests_that_hang_have_noticed(tmp_path: Path, broken_into: str, noticed: str | None) -> None:
    (tmp_path / "gate.py").write_text("late = False\nif late:\n    pass\n")
    (tmp_path / "test_gate.py").write_text("def test_the_gate() -> None:\n    import gate\n")
    endless = mutation("if late:").model_copy(update={"new": broken_into, "tests": ("test_gate.py",)})
    assert caught_by(tmp_path, endless, within_seconds=2 if noticed else 60) == noticed
