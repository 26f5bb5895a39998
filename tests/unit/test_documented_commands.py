"""Every command in the documentation exists as it is written there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import worker
from cli.commands import COMMANDS, parse
from cli.demo import options_from
from runtime import PROJECT
from tests.support.documented_commands import DOCUMENTS, DocumentedCommand, blocks, documented_commands
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Phase
from workflows.contracts import Queue

ALL = documented_commands()
NAMES = {command.name for command in COMMANDS}
STARTER = [command for command in ALL if command.starter_arguments is not None]
COMPLETE = [command for command in STARTER if len(command.starter_arguments or []) > 1 or command.is_in_block]
MAKE = [command for command in ALL if command.words[0] == "make"]
MODULES = [command for command in ALL if command.words[:2] == (".venv/bin/python", "-m")]
WORKERS = [command for command in ALL if "worker.py" in command.words[:2]]
OTHER_PROGRAMS = {"tail", "docker", "cp", "git", "find", "pip"}
PAST_DATE = "2024-03-29"
"""The documents' dates may lie too far ahead of the day on which the test runs."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_code_block_names_its_language(document: Path) -> None:
    assert all(language for language, _ in blocks(document))


def test_every_documented_command_is_checked_by_one_of_these_tests() -> None:
    checked = {*STARTER, *MAKE, *MODULES, *WORKERS}
    assert [str(command) for command in ALL if command not in checked and command.words[0] not in OTHER_PROGRAMS] == []


@pytest.mark.parametrize("command", COMPLETE, ids=str)
def test_a_documented_starter_command_is_accepted_by_the_parser(command: DocumentedCommand) -> None:
    options = parse(command.starter_arguments_for(PAST_DATE))
    assert importlib.util.find_spec(f"cli.{options.module}") is not None
    assert getattr(options, "phase", "lines") in set(Phase)
    assert getattr(options, "source", "nbac_schedule") in SOURCES


def test_a_command_that_is_only_mentioned_by_name_exists() -> None:
    mentioned = {name for command in STARTER if command not in COMPLETE for name in command.starter_arguments or []}
    assert mentioned <= NAMES


def test_every_starter_command_is_documented() -> None:
    assert {parse(command.starter_arguments_for(PAST_DATE)).command for command in COMPLETE} == NAMES


def test_an_undocumented_or_misspelled_starter_command_is_refused() -> None:
    with pytest.raises(SystemExit):
        parse(["sources", "--open", "stats.nba.com"])
    with pytest.raises(SystemExit):
        parse(["improve", "--date", "2024-03-29"])


@pytest.mark.parametrize("command", MAKE, ids=str)
def test_a_documented_make_target_exists_and_its_variables_are_known(
    command: DocumentedCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    target, *assignments = command.words[1:]
    assert re.search(rf"^{target}:.* ## ", makefile, re.MULTILINE)
    variables = dict(assignment.split("=", 1) for assignment in assignments)
    assert all(f"{name}=" in makefile for name in variables)
    if target == "demo":
        assert options_from({name: value for name, value in variables.items() if name != "FAULTS"})


def test_every_make_target_runs_a_module_that_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    modules = re.findall(r"(?:\$\(RUN\)|-m) ([a-z_]+(?:\.[a-z_]+)+)", makefile)
    assert len(modules) > 10
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


@pytest.mark.parametrize("command", MODULES, ids=str)
def test_a_documented_module_exists(command: DocumentedCommand) -> None:
    assert importlib.util.find_spec(command.words[2]) is not None


@pytest.mark.parametrize("command", WORKERS, ids=str)
def test_a_documented_worker_command_names_known_queues(command: DocumentedCommand) -> None:
    arguments = command.words[command.words.index("worker.py") + 1 :]
    assert set(worker.parser().parse_args(arguments).queues) <= set(Queue)
