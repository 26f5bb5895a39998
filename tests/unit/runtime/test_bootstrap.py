"""The Python environment: created from a bare clone, skipped if ready, repaired if incomplete."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from runtime import PROJECT
from runtime.bootstrap import BootstrapError, Environment, _install, create_or_update, fingerprint, is_ready

NOTHING_TO_INSTALL = "# nothing\n"


@pytest.fixture
def clone(tmp_path: Path) -> Environment:
    """A project whose locks are empty, so that no network is needed."""
    project = tmp_path / "clone"
    (project / "runtime").mkdir(parents=True)
    (project / "requirements.lock").write_text(NOTHING_TO_INSTALL)
    (project / "runtime" / "uv.lock.txt").write_text(NOTHING_TO_INSTALL)
    return Environment(project, tmp_path / "cache")


@pytest.fixture
def uv_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `uv` on the PATH that only records its arguments and its cache."""
    uv = tmp_path / "bin" / "uv"
    calls = tmp_path / "uv-calls"
    uv.parent.mkdir()
    uv.write_text(f'#!/bin/sh\necho "$UV_CACHE_DIR $*" >> {calls}\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}:{os.environ['PATH']}")
    return calls


def test_a_bare_clone_gets_the_environment_of_its_lock(clone: Environment, uv_calls: Path) -> None:
    assert create_or_update(clone)
    prefix = subprocess.run([clone.python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert Path(prefix.stdout.strip()).samefile(clone.folder)
    calls = uv_calls.read_text()
    assert calls.startswith(f"{clone.cache / 'uv'} pip sync")
    assert "--require-hashes" in calls
    assert str(clone.lock) in calls


def test_a_second_run_does_nothing(clone: Environment, uv_calls: Path) -> None:
    create_or_update(clone)
    assert not create_or_update(clone)
    assert len(uv_calls.read_text().splitlines()) == 1


def test_a_changed_lock_is_installed_into_the_same_environment(clone: Environment, uv_calls: Path) -> None:
    create_or_update(clone)
    keepsake = clone.folder / "keepsake"
    keepsake.touch()
    clone.lock.write_text("# something else\n")
    assert create_or_update(clone)
    assert keepsake.exists()
    assert len(uv_calls.read_text().splitlines()) == 2


@pytest.mark.parametrize("debris", ["no python", "python that does not run", "half a package"])
def test_an_interrupted_environment_is_created_again(clone: Environment, uv_calls: Path, debris: str) -> None:
    if debris == "half a package":
        venv.create(clone.folder, symlinks=True)
    else:
        clone.python.parent.mkdir(parents=True)
    if debris == "python that does not run":
        clone.python.write_text("#!/nowhere/python\n")
        clone.python.chmod(0o755)
    half = clone.folder / "lib" / "half-a-package"
    half.parent.mkdir(exist_ok=True)
    half.touch()
    assert create_or_update(clone)
    assert is_ready(clone)
    assert not half.exists()


def test_an_environment_whose_python_was_uninstalled_is_not_ready(clone: Environment, uv_calls: Path) -> None:
    create_or_update(clone)
    clone.python.unlink()
    clone.python.symlink_to("/nowhere/python3.11")
    assert not is_ready(clone)


def test_an_environment_moved_elsewhere_is_not_ready(clone: Environment, uv_calls: Path) -> None:
    create_or_update(clone)
    moved = Environment(clone.project.rename(clone.project.with_name("moved")), clone.cache)
    assert moved.stamp.is_file()
    assert not is_ready(moved)


def test_a_failed_installation_leaves_no_stamp_and_says_what_to_do(
    clone: Environment, tmp_path: Path, uv_calls: Path
) -> None:
    (tmp_path / "bin" / "uv").write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(BootstrapError, match=r"exit code 2.*run it again"):
        create_or_update(clone)
    assert not clone.stamp.exists()


def test_the_fingerprint_follows_the_pin_of_uv_too(clone: Environment) -> None:
    before = fingerprint(clone)
    clone.uv_lock.write_text("# another uv\n")
    assert fingerprint(clone) != before


def test_without_uv_one_is_installed_by_hash_into_the_environment_and_kept_there(
    clone: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's Python only records its arguments, and installs a uv that does the same."""
    calls, uv = tmp_path / "calls", clone.folder / "bin" / "uv"
    note = f'#!/bin/sh\necho "${{0##*/}} $*" >> {calls}\n'
    clone.python.parent.mkdir(parents=True)
    clone.python.write_text(note + f'case "$*" in *" pip install "*) /bin/cp "$0" {uv};; esac\n')
    clone.python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    _install(clone)
    _install(clone)
    sync = f"uv pip sync --compile-bytecode --python {clone.python} --require-hashes {clone.lock} {clone.uv_lock}"
    assert calls.read_text().splitlines() == [
        "python -m ensurepip",
        f"python -m pip install --quiet --require-hashes -r {clone.uv_lock}",
        sync,
        sync,
    ]


def test_an_old_python_is_refused_with_one_line_that_names_the_needed_version() -> None:
    old = "import sys; sys.version_info = (3, 9, 6, 'final', 0); import runtime"
    done = subprocess.run([sys.executable, "-c", old], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "is Python 3.9." in done.stderr
    assert "Traceback" not in done.stderr


def test_make_finds_a_python_that_is_new_enough_behind_an_old_python3(tmp_path: Path) -> None:
    """If `python3` is too old and `python3.12` is new enough, `make setup` uses the latter."""
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3.12").write_text('#!/bin/sh\n[ "$1" = -c ] || echo "chosen: $*"\n')
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["make", "--no-print-directory", "setup"], cwd=PROJECT, env=variables, capture_output=True, text=True
    )
    assert done.stdout.strip() == "chosen: -m runtime.bootstrap"


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True).stdout
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert "demo" in targets
    for target in targets:
        assert f"{target}:\t" in listed


def test_make_clean_removes_the_demo_and_leaves_what_real_days_wrote(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    for package in ("runtime", "tipoff"):
        (tmp_path / package).symlink_to(PROJECT / package)
    for file in ("var/tipoff.duckdb", "var/temporal/temporal.db", "var/demo/tipoff.duckdb", ".venv/bin/python"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    subprocess.run(["make", "clean", f"PYTHON={sys.executable}"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "var/tipoff.duckdb").exists()
    assert (tmp_path / "var/temporal/temporal.db").exists()
    assert not (tmp_path / "var/demo").exists()
    assert not (tmp_path / ".venv").exists()
