"""A file is replaced as a whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tipoff.atomic_write import atomic_write

KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from tipoff.atomic_write import atomic_write
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
atomic_write(Path(sys.argv[1]), b"new")
"""


def test_the_file_holds_the_new_content_with_the_given_mode(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    atomic_write(file, b"old")
    assert file.stat().st_mode & 0o777 == 0o600
    atomic_write(file, b"new", mode=0o644)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_crash_between_write_and_rename_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_bytes(b"old")
    crashed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_RENAME, file])
    assert crashed.returncode == -signal.SIGKILL
    assert file.read_bytes() == b"old"


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    atomic_write(tmp_path / "first.json", b"1")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        atomic_write(tmp_path / f"{number}.json", b"1")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("step", ["fsync", "fchmod"])
def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    file = tmp_path / "status.json"
    file.write_bytes(b"old")

    def disk_full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, disk_full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
