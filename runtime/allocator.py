"""The C library's memory allocator in a worker."""

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
"""https://man7.org/linux/man-pages/man3/mallopt.3.html"""
_ARENAS: Final = 2


def share_arenas() -> None:
    """Let all threads allocate from few arenas; call it before any thread starts. Only glibc has this setting.

    By default it makes one for each thread, up to eight times the cores, and each keeps memory that no other can use.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_ARENA_MAX, _ARENAS)
