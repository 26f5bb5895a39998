"""All checks of the project: `python -m devtools.checks`; with `lint` no tests, with `long` only the longest ones.

Stops after the first group that has a failure. The last line sums up the counts of pytest and names failed checks.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from runtime import PROJECT, cache_folder
from runtime.stage_timer import StageTimer
from runtime.temporal_binary import find_or_install_temporal
from tipoff.errors import TipoffError

BIN = Path(sys.executable).parent


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
FAST_TESTS = (_pytest("unit and contract tests", 2, "tests/unit", "tests/contract", "tests/histories"),)
# A file stays in one process, so that its server is started once. Scripted days mostly wait for their server, so more
# processes than cores are useful.
SLOW_TESTS = (
    _pytest("workflow tests", 4, "--dist", "loadfile", "tests/workflows"),
    _pytest("end-to-end tests", 3, "--dist", "loadfile", "-m", "not long", "tests/end_to_end"),
)
LONG_TESTS = (_pytest("long tests", 2, "--dist", "loadfile", "-m", "long", "tests/end_to_end"),)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when every check passed, 1 when one failed."""
    signal.signal(signal.SIGTERM, _exit)
    stages = StageTimer(_print)
    closing_lines: list[str] = []
    long_only = "long" in arguments
    failed = [] if long_only else _run_group(LINT, stages, closing_lines)
    if not failed and "lint" not in arguments:
        failed = _install_server(stages)
        for group in (LONG_TESTS,) if long_only else (FAST_TESTS, SLOW_TESTS):
            failed = failed or _run_group(group, stages, closing_lines)
    _print(f"\n{stages.table()}")
    _print(f"failed: {', '.join(failed)}; {total(closing_lines)}" if failed else total(closing_lines))
    return 1 if failed else 0


def total(closing_lines: Sequence[str]) -> str:
    """The sum of pytest's closing lines, such as "412 passed, 3 skipped"."""
    counts: Counter[str] = Counter()
    for line in closing_lines:
        counts.update({word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", line)})
    return ", ".join(f"{count} {word}" for word, count in counts.items()) or "no tests ran"


def _run_group(group: Sequence[CheckCommand], stages: StageTimer, closing_lines: list[str]) -> list[str]:
    """Names of the checks that failed."""
    failed = []
    for check in group:
        with stages.stage(check.name):
            exit_code, last_line = _run(check.command)
        if exit_code != 0:
            failed.append(check.name)
        if check.counts_tests:
            closing_lines.append(last_line)
    return failed


def _run(command: Sequence[str | Path]) -> tuple[int, str]:
    """Print the output as it arrives; returns the exit code and the last line."""
    last_line = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT, env=clean_environment()
    ) as process:
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                last_line = line.strip() or last_line
        except BaseException:
            process.terminate()
            raise
    return process.returncode, last_line


def clean_environment() -> dict[str, str]:
    """The environment without the developer's settings, so that tests never reach a real server or warehouse.

    Without PYTHONDONTWRITEBYTECODE, too: every worker, command and workflow of a test would compile its modules again.
    """
    left_out = ("TEMPORAL_", "TIPOFF_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "TEMPORAL_CONFIG_FILE": os.devnull, "TIPOFF_CACHE": str(cache_folder())}


def _install_server(stages: StageTimer) -> list[str]:
    try:
        with stages.stage("Temporal server"):
            _print(f"  {find_or_install_temporal(cache_folder(), _print)}")
    except TipoffError as error:
        _print(str(error))
        return ["Temporal server"]
    return []


def _print(text: str) -> None:
    print(text, flush=True)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
