"""Identifies the code of the library and its packages, so that no result of other code is used again."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_LIBRARY: Final = Path(__file__).parent
_PACKAGES: Final = ("catboost", "duckdb", "numpy", "polars", "sqlglot", "xgboost", "xgboost-cpu")


@cache
def code_fingerprint() -> str:
    """Return a hash of the library as it is on disk, and of the versions of the packages."""
    return fingerprint_of(_LIBRARY)


def fingerprint_of(folder: Path) -> str:
    """Return a hash of the names and contents of all files below a folder, and of the packages' versions."""
    digest = hashlib.sha256(repr(library_versions()).encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """Return the versions of the installed packages that compute."""
    return {name: installed for name in _PACKAGES if (installed := _installed(name))}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
