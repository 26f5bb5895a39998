"""Reads days as Polars data frames, for notebooks: `tipoff.open("var/demo")`. It writes nothing.

A DuckDB file is open in one process only. So each call opens and closes it, and while a worker has it open, the Parquet
exports are read instead. The choice is made once, by `open_days`: all answers of one object have the same origin.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from tipoff.errors import BadInputError, ConfigurationError, WarehouseLockedError
from tipoff.notebook.sources import ExportedDays, Origin, Source, StoredDays, opened_file
from tipoff.publishing.frames import frame_named
from tipoff.publishing.store import open_exports
from tipoff.settings import folder_of, load_settings
from tipoff.vocabulary import counted, reason_of
from tipoff.warehouse.base import DateRange
from tipoff.warehouse.open import open_warehouse
from tipoff.warehouse.tables import TABLES

WAREHOUSE_FILE: Final = "tipoff.duckdb"
EXPORTS_FOLDER: Final = "exports"


class Rows(pl.DataFrame):
    """A data frame that says where its rows come from. Frames that are computed from it are plain ones."""

    origins: tuple[Origin, ...] = ()
    """One for each date."""


class Days:
    """Reads the days of a warehouse, or of exports. A range of dates includes both ends.

    >>> import tipoff
    >>> days = tipoff.open("var/demo")
    >>> days
    <tipoff: warehouse var/demo/tipoff.duckdb, predictions of 1 date, 2024-03-29>
    """

    def __init__(self, source: Source) -> None:
        """Raises the errors of a first read."""
        self._source = source
        self._known = _described(source.dates("predictions"))

    @property
    def location(self) -> str:
        """What is read: a warehouse, or exports with the reason.

        >>> days.location
        'warehouse var/demo/tipoff.duckdb'
        """
        return self._source.location

    def slate(self, first: date | str, last: date | str | None = None) -> Rows:
        """The games with their state: status, tip-off (UTC), points.

        >>> days.slate("2024-03-29").select("away", "home", "game_status", "away_points", "home_points").row(0)
        ('GSW', 'CHA', 'final', 115, 97)
        """
        return self._read("slate", first, last)

    def players(self, first: date | str, last: date | str | None = None) -> Rows:
        """The rostered players of the slate who are not ruled out, with injury status and line."""
        return self._read("players", first, last)

    def lines(self, first: date | str, last: date | str | None = None) -> Rows:
        """The consensus line of each player in each snapshot: the last one before tip-off is the closing line."""
        return self._read("lines", first, last)

    def features(self, first: date | str, last: date | str | None = None) -> Rows:
        """What the systems predict from: a row for each player of the slate."""
        return self._read("features", first, last)

    def predictions(self, first: date | str, last: date | str | None = None) -> Rows:
        """The predictions that count: each system's newest of each player, if possible from before tip-off.

        >>> predictions = days.predictions("2024-03-29")
        >>> predictions["system_id"].unique().sort().to_list()
        ['ensemble_v1', 'moving_average']
        >>> predictions.origins[0].location
        'warehouse var/demo/tipoff.duckdb'

        Polars converts them: `predictions.to_arrow()`, `predictions.to_pandas()`.

        >>> predictions.to_arrow().num_rows == predictions.height
        True
        """
        return self._read("predictions", first, last)

    def grades(self, first: date | str, last: date | str | None = None) -> Rows:
        """The graded predictions with points, error and profit, as last graded.

        >>> days.grades("2024-03-29", "2024-03-31")["grade"].unique().sort().to_list()
        ['loss', 'no_line', 'void', 'win']
        """
        return self._read("grades", first, last)

    def dates(self, frame: str = "predictions") -> list[date]:
        """The dates with rows of this kind: slate, players, lines, features, predictions or grades.

        >>> days.dates("grades")
        [datetime.date(2024, 3, 29)]
        """
        frame_named(frame)
        return self._source.dates(frame)

    @property
    def tables(self) -> list[str]:
        """The names of the warehouse's tables; `docs/data-dictionary.md` describes their columns."""
        return list(TABLES)

    def table(self, name: str, first: date | str, last: date | str | None = None) -> Rows:
        """The rows of one of the warehouse's tables, such as superseded predictions. Exports have none.

        >>> days.table("predictions", "2024-03-29").height > days.predictions("2024-03-29").height
        True
        """
        dates = _range(first, last)
        as_of = datetime.now(UTC)
        rows = Rows(self._source.table(name, dates))
        present = rows["game_date"].unique().sort()
        rows.origins = tuple(Origin(game_date, as_of, self.location) for game_date in present)
        return rows

    def _read(self, frame: str, first: date | str, last: date | str | None) -> Rows:
        dates = _range(first, last)
        is_range = dates.first != dates.last
        wanted = [day for day in self._source.dates(frame) if dates.first <= day <= dates.last] if is_range else ()
        read = list(self._source.read(frame, wanted or (dates.first,)))
        if not read:
            asked = f"from {dates.first} to {dates.last}" if is_range else f"of {dates.first}"
            known = _described(self._source.dates(frame))
            raise BadInputError(f"{self.location} has no {frame} {asked}; it has those of {known}")
        rows = Rows(pl.concat([of_date for of_date, _ in read], how="diagonal"))
        rows.origins = tuple(origin for _, origin in read)
        return rows

    def __repr__(self) -> str:
        return f"<tipoff: {self.location}, predictions of {self._known}>"


def open_days(where: str | os.PathLike[str]) -> Days:
    """Open a warehouse, exports, or an output folder with both.

    Raises ConfigurationError or BadInputError for anything else, WarehouseLockedError if a worker has the warehouse
    open and there are no Parquet exports beside it, StorageError if it cannot be read.
    """
    text = os.fspath(where)
    kind, is_url, path = text.partition("://")
    if not is_url:
        return Days(_in_path(Path(text).expanduser()))
    match kind:
        case "bigquery" | "gs":
            return Days(_in_the_cloud(text))
        case "duckdb":
            return Days(_in_file(Path(path.removeprefix("/"))))
        case "file":
            return Days(_in_path(folder_of(text)))
    raise ConfigurationError(
        f"{text!r} cannot be opened: expected a folder, a DuckDB file, duckdb:///PATH, bigquery://PROJECT/PREFIX,"
        " file://PATH or gs://BUCKET/PREFIX"
    )


def _in_the_cloud(url: str) -> Source:
    try:
        if url.startswith("gs://"):
            return ExportedDays(url, open_exports(url))
        warehouse = open_warehouse(url, load_settings())
    except ImportError as error:
        raise ConfigurationError(
            f"{url} needs Google's libraries ({reason_of(error)}); install tipoff[google]"
        ) from error
    return StoredDays(url, lambda: nullcontext(warehouse))


def _in_path(path: Path) -> Source:
    if path.is_file():
        return _in_file(path)
    if (path / WAREHOUSE_FILE).is_file():
        return _in_file(path / WAREHOUSE_FILE)
    for folder in (path, path / EXPORTS_FOLDER):
        if (folder / "v1").is_dir():
            return ExportedDays(str(folder), open_exports(f"file://{folder}"))
    raise BadInputError(f"{path} holds neither {WAREHOUSE_FILE} nor exports (a folder v1); name a folder that does")


def _in_file(file: Path) -> Source:
    """The warehouse, or, if another process has it open, the exports beside it."""
    if not file.is_file():
        raise BadInputError(f"there is no warehouse at {file}; name a file or folder that exists")
    stored = StoredDays(str(file), lambda: opened_file(file))
    try:
        stored.dates("predictions")
    except WarehouseLockedError as error:
        exports = file.parent / EXPORTS_FOLDER
        exported = ExportedDays(str(exports), open_exports(f"file://{exports}"), "a worker has the warehouse open")
        if not exported.dates("slate"):
            raise WarehouseLockedError(f"{error}; {exports} has no Parquet exports to read instead") from error
        return exported
    return stored


def _range(first: date | str, last: date | str | None) -> DateRange:
    start = _date(first)
    end = start if last is None else _date(last)
    if end < start:
        raise BadInputError(f"the range ends on {end}, before it starts on {start}")
    return DateRange(first=start, last=end)


def _date(value: date | str) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise BadInputError(f"{value!r} is not a date; write it as YYYY-MM-DD") from error
    if isinstance(value, datetime) or not isinstance(value, date):
        raise BadInputError(f"{value!r} is not a game date; use text like '2024-03-29' or a datetime.date")
    return value


def _described(dates: Sequence[date]) -> str:
    if not dates:
        return "no date"
    span = f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else f"{dates[0]}"
    return f"{counted(len(dates), 'date')}, {span}"
