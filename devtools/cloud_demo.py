"""`make demo WAREHOUSE=bigquery-emulator STORE=gcs-emulator`: the demo's day on emulators of Google's services.

It replays the day a second time with DuckDB and folders, and compares the exports of both.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl
from rich.console import Console

from cli import demo
from devtools.emulators.bigquery import PROJECT, bigquery_emulator
from devtools.emulators.cloud_storage import storage_emulator
from runtime.process_exit import exit_now
from tipoff.errors import BadInputError
from tipoff.storage.open import open_store
from tipoff.vocabulary import counted, shortened
from tipoff.warehouse.open import open_warehouse

Settings = tuple[tuple[str, str], ...]
"""TIPOFF_ variables of a worker."""

ENGINES: Final[Mapping[str, str]] = {"WAREHOUSE": "bigquery-emulator", "STORE": "gcs-emulator"}
"""The variables of `make demo` that ask for it, and the only value of each."""
_WAREHOUSE: Final = f"bigquery://{PROJECT}/tipoff"
_BUCKET: Final = "tipoff"
_STORES: Final = ("landing", "exports", "models")
_TOLERANCE: Final = 1e-4
"""Exports have numbers with four decimal places."""
_UNROUNDED: Final = "model_version"
"""It is computed from a model's numbers with all their digits, of which the last ones differ."""
_SHOWN: Final = 100
"""Characters of a value in a message."""
_WRITTEN_AT: Final = re.compile(r'"generated_at":\s*"[^"]*"')


@contextmanager
def emulated_warehouse(folder: Path) -> Iterator[Settings]:
    """Run the emulator of BigQuery with all tables; yield the setting of its warehouse."""
    with bigquery_emulator(folder) as url, _variable("BIGQUERY_EMULATOR_HOST", url):
        warehouse = open_warehouse(_WAREHOUSE)
        warehouse.migrate()
        warehouse.close()
        yield (("TIPOFF_WAREHOUSE", _WAREHOUSE),)


@contextmanager
def emulated_stores() -> Iterator[Settings]:
    """Run the emulator of Cloud Storage with a bucket; yield the settings of its stores."""
    with storage_emulator() as url, _variable("STORAGE_EMULATOR_HOST", url):
        from google.cloud import storage  # takes two seconds to import

        storage.Client().create_bucket(_BUCKET)
        yield tuple((f"TIPOFF_{name.upper()}", f"gs://{_BUCKET}/{name}") for name in _STORES)


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """Set a variable for this process and the processes that it starts."""
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def download(url: str, folder: Path) -> None:
    """Copy all objects of a store into a folder."""
    store = open_store(url)
    for name in store.names(""):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(store.read(name) or b"")


def differences(first: Path, second: Path) -> list[str]:
    """Return in which exports two folders differ, and where."""
    files, others = _files(first), _files(second)
    return [
        f"{name}{change}"
        for name in sorted(files.keys() | others.keys())
        for change in _changes(_content(files.get(name)), _content(others.get(name)))
    ]


def _files(folder: Path) -> dict[str, Path]:
    """The files that readers see, by name."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): file for file in files}


def _content(file: Path | None) -> Any:
    """The values of a JSON or Parquet file, the lines of any other, without the wall-clock time of its writing."""
    if file is None:
        return None
    if file.suffix == ".parquet":
        return pl.read_parquet(file).to_dicts()
    text = _WRITTEN_AT.sub('"generated_at":""', file.read_text(encoding="utf-8"))
    return json.loads(text) if file.suffix == ".json" else text.splitlines()


def _changes(first: Any, second: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which two values differ, with both values."""
    match first, second:
        case dict(), dict():
            for key in sorted((first.keys() | second.keys()) - {_UNROUNDED}):
                yield from _changes(first.get(key), second.get(key), f"{path}.{key}")
        case list(), list() if len(first) == len(second):
            for number, values in enumerate(zip(first, second, strict=True)):
                yield from _changes(*values, f"{path}[{number}]")
        case float() | int(), float() | int() if math.isclose(first, second, rel_tol=0, abs_tol=_TOLERANCE):
            pass
        case _ if first != second:
            yield f"{path} is {shortened(repr(first), _SHOWN)} and {shortened(repr(second), _SHOWN)}"


def require_known(environ: Mapping[str, str]) -> None:
    """Raises BadInputError for variables that this demo does not know."""
    for name, value in ENGINES.items():
        if environ.get(name) != value:
            asked = " ".join(f"{known}={value}" for known, value in ENGINES.items())
            raise BadInputError(f"{name}={environ.get(name, '')}: give both {asked}, or neither")
    if environ.get("KEEP") == "1":
        raise BadInputError("KEEP=1: this demo replays the day twice, so it keeps no server; leave it out")


async def run(options: demo.Options, console: Console) -> int:
    """Exit code 0 only if both days ended complete, or degraded by rule, and their exports are the same.

    Raises BadInputError for a variable with an unknown value.
    """
    require_known(os.environ)
    emulated, local = (options.config.out / name for name in ("emulated", "local"))
    with emulated_warehouse(emulated / "bigquery") as warehouse, emulated_stores() as stores:
        exit_code = await _replay(options, emulated, (*warehouse, *stores), console)
        download(f"gs://{_BUCKET}/exports", emulated / "exports")
    exit_code |= await _replay(options, local, (), console)
    different = differences(emulated / "exports", local / "exports")
    for difference in different:
        console.print(f"different: {difference}", markup=False, soft_wrap=True)
    if not different:
        files = counted(len(list(_files(local / "exports"))), "export")
        console.print(f"{files}: the same as with DuckDB and folders")
    return exit_code or int(bool(different))


async def _replay(options: demo.Options, out: Path, settings: Settings, console: Console) -> int:
    config = replace(options.config, out=out, settings=settings)
    return await demo.run(replace(options, config=config), console)


if __name__ == "__main__":
    exit_now(demo.main(run))
