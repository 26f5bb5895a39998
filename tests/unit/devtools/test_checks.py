"""`make test` stops where something failed, shows everything of that group and ends with the count of tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import checks
from devtools.checks import Check, main, total
from runtime import PROJECT, cache_folder


def running(name: str, code: str, *, counts_tests: bool = False) -> Check:
    return Check(name, (sys.executable, "-c", code), counts_tests)


@pytest.fixture
def fallback_sources(monkeypatch: pytest.MonkeyPatch, temporal_binary: Path) -> None:
    """Small programs in the place of the long checks; the Temporal server is the real one."""
    monkeypatch.setattr(checks, "LINT", (running("format", "print('all formatted')"),))
    fast = running("fast", "print('40 passed, 2 skipped in 1.20s')", counts_tests=True)
    slow = running("slow", "print('12 passed in 61.00s (0:01:01)')", counts_tests=True)
    monkeypatch.setattr(checks, "FAST_TESTS", (fast,))
    monkeypatch.setattr(checks, "SLOW_TESTS", (slow,))


def test_the_last_line_sums_up_all_tests(fallback_sources: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == "52 passed, 2 skipped"
    assert any(line.startswith("Temporal server ") and line.endswith(" s") for line in lines)


def test_a_failing_group_is_shown_whole_and_nothing_after_it_runs(
    fallback_sources: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    failing = running("types", "import sys; print('3 errors'); sys.exit(1)")
    monkeypatch.setattr(checks, "LINT", (failing, running("import rules", "print('7 kept')")))
    assert main([]) == 1
    out = capfd.readouterr().out
    assert "3 errors" in out
    assert "7 kept" in out
    assert "40 passed" not in out
    assert out.splitlines()[-1].startswith("failed: types")


def test_lint_alone_runs_no_tests(fallback_sources: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"]) == 0
    out = capfd.readouterr().out
    assert "all formatted" in out
    assert "passed" not in out


def test_checks_never_see_the_servers_and_keys_of_the_person_who_runs_them(
    fallback_sources: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "prod:7233")
    monkeypatch.setenv("TIPOFF_ODDS_API_KEY", "secret")
    ours = ("TEMPORAL_", "TIPOFF_")
    show = f"import os; print(*(f'{{name}}={{os.environ[name]}}' for name in os.environ if name.startswith({ours})))"
    monkeypatch.setattr(checks, "LINT", (running("format", show),))
    main(["lint"])
    assert f"TEMPORAL_CONFIG_FILE={os.devnull} TIPOFF_CACHE={cache_folder()}\n" in capfd.readouterr().out


def test_failures_are_counted_too() -> None:
    assert total(["1 failed, 9 passed, 1 warning in 3.00s", "2 passed in 1.00s"]) == "1 failed, 11 passed, 1 warning"


def test_make_test_consists_of_every_check_and_of_every_folder_of_tests() -> None:
    assert [check.name for check in checks.LINT] == ["format", "lint", "types", "import rules", "dependencies"]
    folders = {
        argument
        for check in (*checks.FAST_TESTS, *checks.SLOW_TESTS)
        for argument in check.command
        if str(argument).startswith("tests/")
    }
    assert folders == {
        f"tests/{file.relative_to(PROJECT / 'tests').parts[0]}" for file in PROJECT.glob("tests/*/**/test_*.py")
    }
    assert all(check.counts_tests for check in (*checks.FAST_TESTS, *checks.SLOW_TESTS))


def test_ci_runs_what_a_person_runs(tmp_path: Path) -> None:
    """From any folder `.ci/run` calls `make test`, and its exit code is that of make."""
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "$PWD: make $*"; exit 3\n')
    make.chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([PROJECT / ".ci" / "run"], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == (f"{PROJECT}: make test", 3)
