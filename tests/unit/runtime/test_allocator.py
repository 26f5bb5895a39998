from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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
