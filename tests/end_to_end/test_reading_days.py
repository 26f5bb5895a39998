"""The output of a replayed day is read from outside the repository, and by the example notebook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runtime import PROJECT
from tests.support.example_notebook import NOTEBOOK, execute_in_a_process
from tests.support.replays import ReplayedDay
from tipoff.publishing.frames import FRAMES

pytestmark = pytest.mark.timeout(900)

READ_DAYS = """
import json, sys
unpacked, forbidden, names, *locations = sys.argv[1:]

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in json.loads(forbidden):
            raise ModuleNotFoundError(f"{name} is not a dependency of the wheel")

sys.meta_path.insert(0, Absent())
sys.path.insert(0, unpacked)
import tipoff

days = [tipoff.open(location) for location in locations]
rows = [{name: getattr(each, name)("2024-03-29").height for name in json.loads(names)} for each in days]
print(json.dumps({"file": tipoff.__file__, "rows": rows}))
"""


@pytest.fixture
def output(quiet_day: ReplayedDay, tmp_path: Path) -> Path:
    """A copy of the day's warehouse and exports, in `var/demo`."""
    folder = tmp_path / "var" / "demo"
    shutil.copytree(quiet_day.out / "exports", folder / "exports")
    shutil.copy(quiet_day.out / "tipoff.duckdb", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (file,) = folder.iterdir()
    return file


def test_the_wheel_has_all_files_of_the_library_but_those_of_its_tests(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "tipoff"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    packed = {name for name in ZipFile(wheel).namelist() if not name.startswith("tipoff-")}
    assert packed == {name for name in listed if "/cases/" not in name and (PROJECT / name).exists()}


def test_the_wheel_reads_a_day_without_the_repository_and_its_other_libraries(
    wheel: Path, output: Path, tmp_path: Path
) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    arguments = [str(tmp_path / "unpacked"), json.dumps(sorted(_modules_beside(wheel))), json.dumps([*FRAMES])]
    ran = subprocess.run(
        [sys.executable, "-I", "-c", READ_DAYS, *arguments, str(output), str(output / "exports")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    read = json.loads(ran.stdout)
    assert Path(read["file"]).is_relative_to(tmp_path)
    stored, exported = read["rows"]
    assert stored == exported
    assert min(stored.values()) > 10


def _modules_beside(wheel: Path) -> set[str]:
    """The installed modules that the wheel does not require, but a worker or a developer does."""
    required = _required(wheel)
    beside = {
        module
        for module, distributions in packages_distributions().items()
        if not required & {canonicalize_name(name) for name in distributions}
    }
    assert {"temporalio", "catboost", "google", "httpx", "apprise"} <= beside
    return beside


def _required(wheel: Path) -> set[str]:
    """The distributions that are installed with the wheel."""
    with ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        texts = message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])
    names: set[str] = set()
    waiting = [*_names(texts)]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting.extend(_names(requires(name) or ()))
    return names


def _names(requirements: list[str] | tuple[str, ...]) -> Iterator[str]:
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def test_the_example_notebook_runs_over_the_day_as_it_is_shown(output: Path) -> None:
    folder = output.parents[1] / "docs"
    folder.mkdir()
    new = folder / "notebook.ipynb"
    execute_in_a_process(folder, new)
    shown = json.loads(NOTEBOOK.read_text())
    assert _shapes(shown) == _shapes(json.loads(new.read_text()))
    assert str(PROJECT) not in json.dumps(shown)


def _shapes(notebook: Any) -> list[list[tuple[str, list[str]]]]:
    """Of each output its kind and, of a data frame, how many rows and columns it has."""
    return [
        [
            (each["output_type"], re.findall(r"^shape: .*", "".join(each["data"]["text/plain"])))
            for each in cell["outputs"]
        ]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
