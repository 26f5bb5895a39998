"""Libraries that a worker imports while it serves, when a workflow may be in the sandbox of another thread."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT_WHILE_A_WORKFLOW_RUNS = """
import importlib, sys, threading
import runtime.sandbox
from temporalio.worker.workflow_sandbox import SandboxRestrictions
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

entered, imported = threading.Event(), threading.Event()

def run_workflow():
    with Importer(SandboxRestrictions.default, RestrictionContext()).applied():
        entered.set()
        imported.wait()

workflow = threading.Thread(target=run_workflow)
workflow.start()
entered.wait()
try:
    assert type(sys.modules) is not dict, "the sandbox leaves sys.modules as it is: this test checks nothing"
    importlib.import_module(sys.argv[1])
finally:
    imported.set()
"""


@pytest.mark.parametrize(
    "library",
    ["pdfplumber", "catboost", "duckdb", "httpx", "google.cloud.bigquery", "google.cloud.storage"],
)
def test_a_library_can_be_imported_while_a_workflow_runs(library: str) -> None:
    command = [sys.executable, "-c", IMPORT_WHILE_A_WORKFLOW_RUNS, library]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
