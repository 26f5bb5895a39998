"""All checks of the project: `python -m devtools.checks`, or `python -m devtools.checks lint` for those without tests.

Stops after the first group with a failure, having shown all of that group's output. The last line sums up what
pytest said, or names what failed.
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
class Check:
    """One command that must end with exit code 0; its last line may hold pytest's counts."""

    name: str
    command: tuple[str | Path, ...]
    counts_tests: bool = False


def _pytest(name: str, processes: int, *options: str) -> Check:
    command = (sys.executable, "-m", "pytest", "--quiet", "-n", str(processes), *options)
    return Check(name, command, counts_tests=True)


LINT = (
    Check("format", (BIN / "ruff", "format", "--check")),
    Check("lint", (BIN / "ruff", "check")),
    Check("types", (BIN / "mypy",)),
    Check("import rules", (BIN / "lint-imports",)),
    Check("dependencies", (BIN / "deptry", ".")),
)
FAST_TESTS = (_pytest("unit and contract tests", 2, "tests/unit", "tests/contract", "tests/histories"),)
# Whole files go to one process, so that a server started for a file is started once. Scripted days wait for their
# server more than they compute, so more processes than cores are no waste.
SLOW_TESTS = (
    _pytest("workflow tests", 4, "--dist", "loadfile", "tests/workflows"),
    _pytest("end-to-end tests", 2, "--dist", "loadfile", "tests/end_to_end"),
)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when all is well, 1 when something failed."""
    signal.signal(signal.SIGTERM, _exit)
    stages = StageTimer(_say)
    closing_lines: list[str] = []
    failed = _run_group(LINT, stages, closing_lines)
    if not failed and "lint" not in arguments:
        failed = _provide_server(stages)
        for group in (FAST_TESTS, SLOW_TESTS):
            failed = failed or _run_group(group, stages, closing_lines)
    _say(f"\n{stages.table()}")
    _say(f"failed: {', '.join(failed)}; {total(closing_lines)}" if failed else total(closing_lines))
    return 1 if failed else 0


def total(closing_lines: Sequence[str]) -> str:
    """The sum of pytest's closing lines, such as "412 passed, 3 skipped"."""
    counts: Counter[str] = Counter()
    for line in closing_lines:
        counts.update({word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", line)})
    return ", ".join(f"{count} {word}" for word, count in counts.items()) or "no tests were run"


def _run_group(group: Sequence[Check], stages: StageTimer, closing_lines: list[str]) -> list[str]:
    """The names of those that failed."""
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
    """Shows the output as it comes; the exit code and the last line."""
    last_line = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT, env=_environment()
    ) as process:
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                last_line = line.strip() or last_line
        except BaseException:
            process.terminate()
            raise
    return process.returncode, last_line


def _environment() -> dict[str, str]:
    """Without the settings of this person: tests must never meet a real server or warehouse."""
    foreign = ("TEMPORAL_", "TIPOFF_")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**ours, "TEMPORAL_CONFIG_FILE": os.devnull, "TIPOFF_CACHE": str(cache_folder())}


def _provide_server(stages: StageTimer) -> list[str]:
    try:
        with stages.stage("Temporal server"):
            _say(f"  {find_or_install_temporal(cache_folder(), _say)}")
    except TipoffError as error:
        _say(str(error))
        return ["Temporal server"]
    return []


def _say(text: str) -> None:
    print(text, flush=True)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
