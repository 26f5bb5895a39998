from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from runtime.allocator import share_arenas

ALLOCATE = """
import ctypes, sys, threading
from runtime.allocator import share_arenas
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
if sys.argv[1] == "shared":
    share_arenas()
together = threading.Barrier(6)
def allocate():
    together.wait()
    for _ in range(200):
        libc.malloc(10_000)
threads = [threading.Thread(target=allocate) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.malloc_stats()
"""


def arenas(how: str) -> int:
    child = subprocess.run([sys.executable, "-c", ALLOCATE, how], capture_output=True, text=True, check=True)
    return child.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_two_arenas() -> None:
    assert arenas("shared") == 2
    assert arenas("own") > 2


@pytest.mark.parametrize(("answer", "warnings"), [(0, 1), (1, 0)])
def test_a_library_that_refuses_is_named_with_what_it_costs(
    answer: int, warnings: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library = SimpleNamespace(mallopt=lambda parameter, value: answer)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    share_arenas()
    assert [("an arena of memory for each thread" in each.message) for each in caplog.records] == [True] * warnings
