"""`make test` stops after a group with a failure and ends with the counts of tests."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtools import checks
from devtools.checks import CheckCommand, main, total
from runtime import PROJECT, cache_folder


def check(name: str, code: str, *, counts_tests: bool = False) -> CheckCommand:
    return CheckCommand(name, (sys.executable, "-c", code), counts_tests)


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the checks by small programs."""
    monkeypatch.setattr(checks, "LINT", (check("format", "print('all formatted')"),))
    monkeypatch.setattr(checks, "SERVER", check("Temporal server", "print('/cache/temporal')"))
    fast = check("fast", "print('40 passed, 2 skipped in 1.20s')", counts_tests=True)
    slow = check("slow", "print('12 passed in 61.00s (0:01:01)')", counts_tests=True)
    monkeypatch.setattr(checks, "FAST_TESTS", (fast,))
    monkeypatch.setattr(checks, "SLOW_TESTS", (slow,))
    long = check("long", "print('9 passed in 75.00s')", counts_tests=True)
    monkeypatch.setattr(checks, "LONG_TESTS", (long,))


def test_the_last_line_sums_up_all_tests(quick_checks: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == "52 passed, 2 skipped"
    assert any(line.startswith("Temporal server ") and line.endswith(" s") for line in lines)
    assert lines.index("40 passed, 2 skipped in 1.20s") < lines.index("/cache/temporal")


def test_the_server_is_built_beside_the_tests_that_need_none(
    quick_checks: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither of the two programs ends before the other one has begun."""
    one, other = (
        f"import pathlib, time; pathlib.Path({str(tmp_path / mine)!r}).touch()\n"
        f"while not pathlib.Path({str(tmp_path / theirs)!r}).exists(): time.sleep(0.01)"
        for mine, theirs in (("server", "tests"), ("tests", "server"))
    )
    monkeypatch.setattr(checks, "SERVER", check("Temporal server", one))
    monkeypatch.setattr(checks, "FAST_TESTS", (check("fast", other),))
    assert main([]) == 0


def test_a_failure_stops_the_build_of_the_server(
    quick_checks: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "LINT", (check("types", "raise SystemExit(1)"),))
    monkeypatch.setattr(checks, "SERVER", check("Temporal server", "import time; time.sleep(60)"))
    started = time.monotonic()
    assert main([]) == 1
    assert time.monotonic() - started < 30
    assert "failed: types; no tests ran" in capfd.readouterr().out


def test_no_test_runs_without_a_server(
    quick_checks: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "SERVER", check("Temporal server", "print('no Go'); raise SystemExit(1)"))
    for arguments in ([], ["long"]):
        assert main(arguments) == 1
        out = capfd.readouterr().out
        assert "no Go" in out
        assert "12 passed" not in out
        assert "9 passed" not in out


def test_tests_that_run_beside_the_build_need_no_server() -> None:
    """They would wait for the whole build."""
    files = [file for folder in ("unit", "contract", "histories") for file in PROJECT.glob(f"tests/{folder}/**/*.py")]
    assert [file.name for file in files if re.search(r"[(,] *temporal_binary: Path", file.read_text())] == []


def test_all_output_of_a_failing_group_is_printed_and_later_groups_do_not_run(
    quick_checks: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    failing = check("types", "import sys; print('3 errors'); sys.exit(1)")
    monkeypatch.setattr(checks, "LINT", (failing, check("import rules", "print('7 kept')")))
    assert main([]) == 1
    out = capfd.readouterr().out
    assert "3 errors" in out
    assert "7 kept" in out
    assert "40 passed" not in out
    assert out.splitlines()[-1].startswith("failed: types")


def test_lint_alone_runs_no_tests(quick_checks: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"]) == 0
    out = capfd.readouterr().out
    assert "all formatted" in out
    assert "passed" not in out


def test_the_long_tests_run_alone(quick_checks: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["long"]) == 0
    out = capfd.readouterr().out
    assert "all formatted" not in out
    assert out.splitlines()[-1] == "9 passed"


def test_checks_do_not_see_the_settings_of_the_developer(
    quick_checks: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "prod:7233")
    monkeypatch.setenv("TIPOFF_ODDS_API_KEY", "secret")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    prefixes = ("TEMPORAL_", "TIPOFF_", "PYTHONDONT")
    show = f"import os; print(*(f'{{key}}={{os.environ[key]}}' for key in os.environ if key.startswith({prefixes})))"
    monkeypatch.setattr(checks, "LINT", (check("format", show),))
    main(["lint"])
    assert f"TEMPORAL_CONFIG_FILE={os.devnull} TIPOFF_CACHE={cache_folder()}\n" in capfd.readouterr().out


def test_failures_are_counted_too() -> None:
    assert total(["1 failed, 9 passed, 1 warning in 3.00s", "2 passed in 1.00s"]) == "1 failed, 11 passed, 1 warning"


def test_make_test_consists_of_every_check_and_of_every_folder_of_tests() -> None:
    assert [each.name for each in checks.LINT] == ["format", "lint", "types", "import rules", "dependencies"]
    folders = {
        argument
        for each in (*checks.FAST_TESTS, *checks.SLOW_TESTS)
        for argument in each.command
        if str(argument).startswith("tests/")
    }
    assert folders - {checks.LONGEST_FILE} == {
        f"tests/{file.relative_to(PROJECT / 'tests').parts[0]}" for file in PROJECT.glob("tests/*/**/test_*.py")
    }
    assert all(each.counts_tests for each in (*checks.FAST_TESTS, *checks.SLOW_TESTS))


def test_a_test_that_make_test_leaves_out_is_in_another_target() -> None:
    """Exactly the tests with the marker are left out, and only there."""
    markers = {
        each.name: [each.command[n + 1] for n, word in enumerate(each.command) if word == "-m"][1:]
        for each in (
            *checks.FAST_TESTS,
            *checks.SLOW_TESTS,
            *checks.LONG_TESTS,
            *checks.CLOUD_TESTS,
            *checks.SITE_TESTS,
        )
    }
    assert {name: marker for name, marker in markers.items() if marker} == {
        "unit and contract tests": [checks.IN_MAKE_TEST],
        "workflow and end-to-end tests": [checks.IN_MAKE_TEST],
        "long tests": ["long"],
        "contract tests on BigQuery": ["cloud"],
        "site in Chromium": ["browser"],
    }
    (long_tests,) = checks.LONG_TESTS
    assert folders_with("long") == {str(word) for word in long_tests.command if str(word).startswith("tests/")}
    assert all(folder.startswith("tests/contract") for folder in folders_with("cloud"))
    assert folders_with("browser") == {"tests/unit/publishing/site"}


def folders_with(marker: str) -> set[str]:
    """The folders of the tests with a marker."""
    return {
        str(file.relative_to(PROJECT).parent)
        for file in PROJECT.glob("tests/**/test_*.py")
        if f"pytest.mark.{marker}" in file.read_text() and file != Path(__file__)
    }


def test_ci_runs_make_test(tmp_path: Path) -> None:
    """`.ci/run` works from any folder and returns the exit code of make."""
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "$PWD: make $*"; exit 3\n')
    make.chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([PROJECT / ".ci" / "run"], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == (f"{PROJECT}: make test", 3)
