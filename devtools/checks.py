"""All checks of the project: `python -m devtools.checks`; with `lint` no tests, with `long` only the longest ones.

With `cloud` only the tests on the emulator of BigQuery, with `site` only those in Chromium, which the others leave out.

Stops after the first group that has a failure. The last line sums up the counts of pytest and names failed checks.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from runtime import PROJECT, cache_folder
from runtime.stage_timer import StageTimer

BIN = Path(sys.executable).parent
IN_MAKE_TEST = "not future_check and not cloud and not long and not browser"
"""The markers of the tests that `make test` runs."""


@dataclass(frozen=True)
class CheckCommand:
    """A command that must exit with 0; its last line may contain pytest's counts."""

    name: str
    command: tuple[str | Path, ...]
    counts_tests: bool = False


def _pytest(name: str, processes: int, *options: str) -> CheckCommand:
    command = (sys.executable, "-m", "pytest", "--quiet", "-n", str(processes), *options)
    return CheckCommand(name, command, counts_tests=True)


LINT = (
    CheckCommand("format", (BIN / "ruff", "format", "--check")),
    CheckCommand("lint", (BIN / "ruff", "check")),
    CheckCommand("types", (BIN / "mypy",)),
    CheckCommand("import rules", (BIN / "lint-imports",)),
    CheckCommand("dependencies", (BIN / "deptry", ".")),
)
SERVER = CheckCommand("Temporal server", (sys.executable, "-m", "runtime.temporal_binary"))
"""Finds or builds the server, beside the checks and tests that need none."""
# Some tests wait for other processes, so more processes than cores are useful. The longest tests begin first.
FAST_TESTS = (
    _pytest("unit and contract tests", 3, "-m", IN_MAKE_TEST, "tests/contract", "tests/unit", "tests/histories"),
)
LONGEST_FILE = "tests/end_to_end/test_undisturbed_day.py"
"""Its replayed days take as long as half of the others together, so it begins first."""
# A file stays in one process, so that its server is started once. The files start in this order: scripted days run
# while the replayed days are made, and short files come last.
SLOW_TESTS = (
    _pytest(
        "workflow and end-to-end tests",
        4,
        *("--dist", "loadfile", "--no-loadscope-reorder", "-m", IN_MAKE_TEST),
        *(LONGEST_FILE, "tests/workflows", "tests/end_to_end", "tests/server"),
    ),
)
BIGQUERY_EMULATOR = CheckCommand("BigQuery emulator", (sys.executable, "-m", "devtools.emulators.bigquery"))
"""Installs it, which the tests would count as their own time."""
CLOUD_TESTS = (_pytest("contract tests on BigQuery", 2, "--dist", "loadfile", "-m", "cloud", "tests/contract"),)
SITE_TESTS = (_pytest("site in Chromium", 2, "--dist", "load", "-m", "browser", "tests/unit/publishing/site"),)
LONG_FOLDERS = (
    "tests/end_to_end",
    "tests/workflows",
    "tests/unit/replay",
    "tests/unit/training",
    "tests/unit/warehouse",
    "tests/contract/replay",
    "tests/contract/sql",
)
LONG_TESTS = (_pytest("long tests", 2, "--dist", "loadfile", "-m", "long", *LONG_FOLDERS),)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when every check passed, 1 when one failed."""
    signal.signal(signal.SIGTERM, _exit)
    checks = _Checks()
    if "lint" in arguments:
        checks.run(LINT)
    elif "long" in arguments:
        checks.run((SERVER,))
        checks.run(LONG_TESTS)
    elif "site" in arguments:
        checks.run(SITE_TESTS)
    elif "cloud" in arguments:
        checks.run((BIGQUERY_EMULATOR,))
        checks.run(CLOUD_TESTS)
    else:
        with checks.running_beside(SERVER):
            checks.run(LINT)
            checks.run(FAST_TESTS)
        checks.run(SLOW_TESTS)
    return checks.report()


class _Checks:
    """Groups of checks, of which none runs after one that has a failure."""

    def __init__(self) -> None:
        self._stages = StageTimer(_print)
        self._closing_lines: list[str] = []
        self._failed: list[str] = []

    def run(self, group: Sequence[CheckCommand]) -> None:
        """Run every check of a group, unless an earlier check failed."""
        for check in () if self._failed else group:
            with _started(check.command) as process:
                self._finish(check, process)

    @contextmanager
    def running_beside(self, check: CheckCommand) -> Iterator[None]:
        """Run a check beside the block, and print its output after it; if the block has a failure, stop the check."""
        with _started(check.command) as process:
            yield
            if not self._failed:
                self._finish(check, process)

    def _finish(self, check: CheckCommand, process: subprocess.Popen[str]) -> None:
        """Print the output as it arrives."""
        last_line = ""
        with self._stages.stage(check.name):
            for line in process.stdout or ():
                print(line, end="", flush=True)
                last_line = line.strip() or last_line
            if process.wait() != 0:
                self._failed.append(check.name)
        if check.counts_tests:
            self._closing_lines.append(last_line)

    def report(self) -> int:
        """Print times, failures and counts of tests; returns the exit code."""
        _print(f"\n{self._stages.table()}")
        counts = total(self._closing_lines)
        _print(f"failed: {', '.join(self._failed)}; {counts}" if self._failed else counts)
        return 1 if self._failed else 0


@contextmanager
def _started(command: Sequence[str | Path]) -> Iterator[subprocess.Popen[str]]:
    """A running command, which is terminated if it has not ended with the block."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT, env=clean_environment()
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def total(closing_lines: Sequence[str]) -> str:
    """The sum of pytest's closing lines, such as "412 passed, 3 skipped"."""
    counts: Counter[str] = Counter()
    for line in closing_lines:
        counts.update({word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", line)})
    return ", ".join(f"{count} {word}" for word, count in counts.items()) or "no tests ran"


def clean_environment() -> dict[str, str]:
    """The environment without the developer's settings, so that tests never reach a real server or warehouse.

    Without PYTHONDONTWRITEBYTECODE, too: every worker, command and workflow of a test would compile its modules again.
    GOGC: Temporal servers of tests may take more memory for less time.
    """
    left_out = ("TEMPORAL_", "TIPOFF_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "TEMPORAL_CONFIG_FILE": os.devnull, "TIPOFF_CACHE": str(cache_folder()), "GOGC": "400"}


def _print(text: str) -> None:
    print(text, flush=True)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
