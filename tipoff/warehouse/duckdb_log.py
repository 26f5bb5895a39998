"""Checks a DuckDB file and its write-ahead log before they are opened.

DuckDB replays a log up to the first entry that it cannot read and drops all others without a word. Only an unfinished
last entry is normal: its transaction was being committed when the process ended. That a log belongs to its file,
DuckDB checks itself, for files that it creates with STORAGE_VERSION.

A log is a header, then entries: length and checksum of 8 bytes each, and the content (DuckDB 1.5,
`src/storage/write_ahead_log.cpp`, `src/common/checksum.cpp`).
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Final

import numpy as np

STORAGE_VERSION: Final = "latest"
"""Since v1.5 a log names its file and its checkpoint."""

_FILE_MARK: Final = b"DUCK"
_MARK_POSITION: Final = 8
_START: Final = b"d\x00be\x00"
_NUMBER: Final = rb"[\x80-\xff]*[\x00-\x7f]"
_HEADER: Final = re.compile(
    re.escape(_START) + rb".(?:f\x00\x10(?:%b){16})?(?:g\x00%b)?\xff\xff" % (_NUMBER, _NUMBER), re.DOTALL
)
"""The version of the format, the id of the file, and the number of its last checkpoint."""
_COMMIT: Final = b"d\x00d\xff\xff"
_MASK: Final = (1 << 64) - 1


def log_of(file: Path) -> Path:
    """The path of the write-ahead log of a warehouse file."""
    return file.with_name(f"{file.name}.wal")


def damage(file: Path) -> str | None:
    """Why the file or its log must not be opened; None if they may be, or if there is no file yet."""
    log = log_of(file)
    entries = log.read_bytes() if log.exists() else b""
    if not file.exists() or not file.stat().st_size:
        return f"{log} is the log of a file that is missing" if entries else None
    with file.open("rb") as opened:
        start = opened.read(_MARK_POSITION + len(_FILE_MARK))
    if start[_MARK_POSITION:] != _FILE_MARK:
        return f"{file} is not a DuckDB file"
    return f"{log} {problem}" if (problem := _log_problem(entries)) else None


def _log_problem(log: bytes) -> str | None:
    header = _HEADER.match(log)
    if header is None:
        is_unfinished = log.startswith(_START[: len(log)]) and _commit() not in log
        return None if is_unfinished else "is not a write-ahead log"
    position = header.end()
    while position + 16 <= len(log):
        size, checksum = struct.unpack_from("<QQ", log, position)
        content = log[position + 16 : position + 16 + size]
        if len(content) < size and _commit() not in log[position:]:
            return None  # the last entry is unfinished
        if len(content) < size or checksum != _checksum(content):
            return f"has a damaged entry at byte {position}"
        position += 16 + size
    return None


def _commit() -> bytes:
    """Checksum and content of the entry that ends a transaction; its length may be damaged."""
    return struct.pack("<Q", _checksum(_COMMIT)) + _COMMIT


def _checksum(content: bytes) -> int:
    words = np.frombuffer(content, dtype="<u8", count=len(content) // 8)
    result = 5381 ^ int(np.bitwise_xor.reduce(words * np.uint64(0xBF58476D1CE4E5B9)))
    tail = content[8 * len(words) :]
    return result ^ _hash(tail) if tail else result


def _hash(tail: bytes) -> int:
    """MurmurHash64A of fewer than eight bytes."""
    factor = 0xC6A4A7935BD1E995
    result = 0xE17A1465 ^ (len(tail) * factor & _MASK) ^ int.from_bytes(tail, "little")
    result = result * factor & _MASK
    result ^= result >> 47
    result = result * factor & _MASK
    return result ^ result >> 47
