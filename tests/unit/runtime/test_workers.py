"""What a worker loads before it serves: a restarted one should go on within seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime import PROJECT, workers
from runtime.workers import LIBRARIES, import_libraries
from workflows.contracts import Queue

START = """
import sys
from pathlib import Path
import runtime.metrics
from activities.registry import activities_of
from runtime.workers import open_resources
from tipoff.settings import Settings
from workflows.contracts import Queue

resources = open_resources(Settings(warehouse=f"duckdb:///{sys.argv[1]}"), tuple(Queue))
assert all(activities_of(queue, resources) for queue in Queue)
print(*sys.modules)
"""


def test_a_worker_starts_without_the_libraries_that_its_activities_load_when_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, str(tmp_path / "tipoff.duckdb")]
    started = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert started.returncode == 0, started.stderr
    later = {library for libraries in LIBRARIES.values() for library in libraries}
    assert later == {"catboost", "pdfplumber", "xgboost"}
    assert not set(started.stdout.split()) & {*later, "httpx", "pandas", "scipy"}


def test_a_library_of_the_models_that_cannot_be_imported_is_noticed_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is imported in a child process, as it is used there only."""
    monkeypatch.setattr(workers, "LIBRARIES", {Queue.MODELS: ("runtime.no_such_library",)})
    with pytest.raises(ImportError, match=r"No module named 'runtime\.no_such_library'"):
        import_libraries([Queue.MODELS])
