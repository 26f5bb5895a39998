"""The C library's memory allocator in a worker."""

import ctypes
import logging
from typing import Final

_LOG: Final = logging.getLogger(__name__)

_M_ARENA_MAX: Final = -8
"""https://man7.org/linux/man-pages/man3/mallopt.3.html"""
_ARENAS: Final = 2


def share_arenas() -> None:
    """Let all threads allocate from few arenas; call it before any thread starts. Only glibc has this setting.

    By default it makes one for each thread, up to eight times the cores, and each keeps memory that no other can use.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt and not mallopt(_M_ARENA_MAX, _ARENAS):
        _LOG.warning("the C library keeps an arena of memory for each thread: a worker needs up to 40 MB more")
