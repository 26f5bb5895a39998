"""The real worker, which logs its writes to the warehouse and in which a system may fail.

python -m devtools.incidents.worker FOLDER     FOLDER holds the scenario as JSON, and gets the log of writes
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tipoff.systems.predict
import worker
from devtools.incidents.scenario import BrokenSystem, Failure
from runtime.process_exit import exit_now
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

BROKEN_SYSTEM, WRITES = "broken_system.json", "writes.txt"


def log_writes(file: Path) -> None:
    """Append the table of each write that changes rows to a file: each is a load job on BigQuery."""
    lock = threading.Lock()

    def logged(write: Callable[..., Any]) -> Callable[..., Any]:
        def write_and_log(warehouse: DuckDbWarehouse, table: str, *arguments: Any, **options: Any) -> Any:
            written = write(warehouse, table, *arguments, **options)
            if written.changed:
                with lock, file.open("a") as log:
                    log.write(f"{table}\n")
            return written

        return write_and_log

    for name in ("transform", "replace", "append"):
        setattr(DuckDbWarehouse, name, logged(getattr(DuckDbWarehouse, name)))


def break_system(broken: BrokenSystem) -> None:
    """Let a system fail as soon as it is to predict."""
    module = vars(tipoff.systems.predict)
    build = module["build_system"]

    def build_or_fail(system_id: str, *arguments: Any) -> Any:
        if system_id != broken.system_id:
            return build(system_id, *arguments)
        if broken.failure is Failure.CRASHES:
            os._exit(134)
        raise ModuleNotFoundError("No module named 'distributed_lock'")

    module["build_system"] = build_or_fail


def break_predictions(folder: Path) -> None:
    """Break the system of the scenario in the child process that predicts: it runs `sitecustomize` as it starts."""
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        'if "tipoff.systems.predict_process" in sys.orig_argv:\n'
        "    from devtools.incidents import worker\n"
        f"    worker.break_system(worker.broken_system(Path({str(folder)!r})))\n"
    )
    sys.path.insert(0, str(folder))


def broken_system(folder: Path) -> BrokenSystem:
    """The system of the scenario."""
    return BrokenSystem.model_validate_json((folder / BROKEN_SYSTEM).read_bytes())


def main(folder: Path) -> int:
    """The exit code of the worker."""
    log_writes(folder / WRITES)
    if (folder / BROKEN_SYSTEM).exists():
        break_predictions(folder.resolve())
    return worker.main([])


if __name__ == "__main__":
    exit_now(main(Path(sys.argv[1])))
