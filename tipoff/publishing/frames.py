"""The rows of a date for notebooks: slate, players, lines, features, predictions and grades.

They are read from the warehouse, or from the Parquet exports that the publications of a date write beside the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from io import BytesIO
from types import MappingProxyType
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import BadInputError, StorageError
from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import date_named, did_you_mean, reason_of
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.feature_store import stored_features
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

_FOLDER: Final = "v1/parquet"
_AS_OF: Final = "as_of"


class Frame(NamedTuple):
    """One kind of rows."""

    read: Callable[[Warehouse, date, datetime], pl.DataFrame]
    """Returns the rows of a date as known at a time."""
    order: tuple[str, ...]
    """The columns that the rows are sorted by; they identify a row."""
    table: str
    """The table whose dates have such rows."""


class ExportedFrame(NamedTuple):
    """The rows of a date as the last publication exported them."""

    rows: pl.DataFrame
    as_of: datetime
    path: str


def _slate(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    return games_of(warehouse, game_date, as_of).select(pl.lit(game_date).alias("game_date"), pl.all())


def _features(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    return stored_features(warehouse, game_date).filter(pl.col("as_of") <= as_of)


def _grades(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    return warehouse.query(sql_text("graded_predictions"), {"game_date": game_date, "as_of": as_of})


def _rows_of(table: str) -> Callable[[Warehouse, date, datetime], pl.DataFrame]:
    def read(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
        return warehouse.query(*rows_of_slice(TABLES[table], {"game_date": game_date})).filter(pl.col("as_of") <= as_of)

    return read


_OF_PREDICTION: Final = ("game_id", "player_id", "system_id", "view")

FRAMES: Final[Mapping[str, Frame]] = MappingProxyType(
    {
        "slate": Frame(_slate, ("tip_off", "game_id"), "raw_schedule"),
        "players": Frame(
            _rows_of("upcoming_player_game_context"), ("game_id", "player_id"), "upcoming_player_game_context"
        ),
        "lines": Frame(_rows_of("consensus_lines"), ("game_id", "player_id", "as_of"), "raw_player_props"),
        "features": Frame(_features, ("game_id", "player_id"), "ml_feature_store"),
        "predictions": Frame(active_predictions, _OF_PREDICTION, "predictions"),
        "grades": Frame(_grades, _OF_PREDICTION, "prediction_accuracy"),
    }
)
FRAMES_OF_PREDICTIONS: Final = ("slate", "players", "lines", "features", "predictions")
FRAMES_OF_RESULTS: Final = ("slate", "predictions", "grades")


def read_frame(warehouse: Warehouse, name: str, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return the rows of a date as known at `as_of`. Raises BadInputError for an unknown name."""
    frame = frame_named(name)
    return frame.read(warehouse, game_date, as_of).sort(frame.order, nulls_last=True)


def frame_named(name: str) -> Frame:
    """Return the declaration of a frame. Raises BadInputError for an unknown name."""
    if name not in FRAMES:
        raise BadInputError(f"unknown frame {name!r}; there are {', '.join(FRAMES)}{did_you_mean(name, FRAMES)}")
    return FRAMES[name]


def publish_frames(
    warehouse: Warehouse, store: ExportStore, game_date: date, as_of: datetime, names: Iterable[str]
) -> None:
    """Export these frames of a date as known at `as_of`."""
    for name in names:
        content = BytesIO()
        read_frame(warehouse, name, game_date, as_of).write_parquet(
            content, metadata={_AS_OF: as_of.astimezone(UTC).isoformat()}
        )
        store.write_if_changed(_path(name, game_date), content.getvalue())


def exported_frame(store: ExportStore, name: str, game_date: date) -> ExportedFrame | None:
    """Return an exported frame; None if there is none. Raises StorageError if it is damaged."""
    path = _path(name, game_date)
    content = store.read(path)
    if content is None:
        return None
    try:
        as_of = datetime.fromisoformat(pl.read_parquet_metadata(BytesIO(content))[_AS_OF])
        return ExportedFrame(pl.read_parquet(BytesIO(content)), as_of, path)
    except (pl.exceptions.PolarsError, KeyError, ValueError) as error:
        text = f"{store.location(path)} is damaged: {reason_of(error)}; run the date's export again with --rerun"
        raise StorageError(text) from error


def exported_dates(store: ExportStore, name: str) -> list[date]:
    """Return the dates of which a frame is exported, in order; other files in its folder do not count."""
    folder = f"{_FOLDER}/{name}/"
    dates = (date_named(path.removeprefix(folder).removesuffix(".parquet")) for path in store.names(folder))
    return [each for each in dates if each]


def _path(name: str, game_date: date) -> str:
    return f"{_FOLDER}/{name}/{game_date}.parquet"
