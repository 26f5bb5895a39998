"""The list of mutations: each can be applied and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.mutated_copy import InvalidMutationError, replaced_text
from devtools.mutations import Mutation, caught_by, load, mutated_text
from runtime import PROJECT

TEXT = "if late:\n    wait()\n"


def mutation(old: str) -> Mutation:
    return Mutation(name="never waits", file="gate.py", old=old, new="if False:", tests=("tests",))


@pytest.mark.parametrize("entry", load(), ids=lambda entry: entry.name)
def test_the_text_of_a_mutation_occurs_once_and_its_tests_exist(entry: Mutation) -> None:
    assert (PROJECT / entry.file).read_text(encoding="utf-8").count(entry.old) == 1
    assert [test for test in entry.tests if not (PROJECT / test).exists()] == []


def test_there_are_at_least_twenty_mutations_with_unique_names() -> None:
    names = [entry.name for entry in load()]
    assert len(set(names)) == len(names) >= 20


def test_a_mutated_file_is_restored(tmp_path: Path) -> None:
    file = tmp_path / "gate.py"
    file.write_text(TEXT)
    with replaced_text(file, mutated_text(tmp_path, mutation("if late:"))):
        assert file.read_text() == "if False:\n    wait()\n"
    assert file.read_text() == TEXT


def test_a_mutation_whose_text_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "gate.py").write_text(TEXT)
    with pytest.raises(InvalidMutationError, match=r"gate\.py contains the text to replace 0 times"):
        mutated_text(tmp_path, mutation("if early:"))


@pytest.mark.parametrize(("replacement", "caught"), [("while True:", "timed out after 2 s"), ("if late:", None)])
def test_tests_that_time_out_have_caught_a_mutation(tmp_path: Path, replacement: str, caught: str | None) -> None:
    (tmp_path / "gate.py").write_text("late = False\nif late:\n    pass\n")
    (tmp_path / "test_gate.py").write_text("def test_the_gate() -> None:\n    import gate\n")
    endless = mutation("if late:").model_copy(update={"new": replacement, "tests": ("test_gate.py",)})
    assert caught_by(tmp_path, endless, within_seconds=2 if caught else 60) == caught
