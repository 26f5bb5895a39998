"""Files of exports are written in an order that readers can rely on, and never show an earlier date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.publishing.envelope import Edition, Envelope, decode
from tipoff.publishing.export import Export
from tipoff.publishing.registry import EXPORTS, export_of
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Frozen, eastern, game_date_of

DAY: Final = date(2024, 3, 29)
NOON: Final = eastern(DAY, 12)
WALL_CLOCK: Final = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Scores(Frozen):
    """A payload."""

    points: tuple[float, ...] = ()


NEWEST: Final = Export(
    "newest", "v1/newest/{game_date}.json", "s", "w", Scores, pointer="v1/newest/latest.json", versions=True
)
TODAY: Final = NEWEST._replace(name="today", path="v1/now/{game_date}.json", pointer="v1/now.json", today_only=True)
UNDATED: Final = Export("undated", "v1/undated.json", "s", "w", Scores)
OF_TONIGHT: Final = UNDATED._replace(name="tonight", path="v1/tonight.json", today_only=True)


def envelope(game_date: date = DAY, as_of: datetime = NOON, generated_at: datetime = WALL_CLOCK) -> Envelope:
    return Edition(game_date, as_of, generated_at).envelope()


def read(store: ExportStore, path: str) -> dict[str, Any]:
    content = store.read(path)
    assert content is not None, f"{path} was not written"
    return decode(content)


def test_an_export_is_its_envelope_and_its_payload_rounded(store: ExportStore) -> None:
    assert write_export(store, UNDATED, envelope(), Scores(points=(0.123449, 7))) == ("v1/undated.json",)
    assert read(store, "v1/undated.json") == {
        "schema_version": 1,
        "game_date": "2024-03-29",
        "generated_at": "2026-01-01T12:00:00Z",
        "as_of": "2024-03-29T16:00:00Z",
        "status": "complete",
        "degraded_reasons": [],
        "missing_games": [],
        "backfilled": False,
        "points": [0.1234, 7.0],
    }


def test_only_another_content_is_written_again(store: ExportStore) -> None:
    paths = write_export(store, NEWEST, envelope(), Scores())
    before = {path: store.read(path) for path in paths}
    assert write_export(store, NEWEST, envelope(generated_at=WALL_CLOCK + timedelta(hours=1)), Scores()) == paths
    assert {path: store.read(path) for path in paths} == before


def test_a_version_with_other_content_gets_a_number(store: ExportStore) -> None:
    versions = [write_export(store, NEWEST, envelope(), Scores(points=points))[0] for points in ((1,), (2,), (1,))]
    stem = "v1/newest/2024-03-29/20240329T160000Z"
    assert versions == [f"{stem}.json", f"{stem}-2.json", f"{stem}.json"]
    assert read(store, f"{stem}-2.json")["points"] == [2.0]


def test_a_content_that_is_not_final_gets_no_version(store: ExportStore) -> None:
    paths = write_export(store, NEWEST, envelope(), Scores(), is_final=False)
    assert paths == ("v1/newest/2024-03-29.json", "v1/newest/latest.json")


@pytest.mark.parametrize("damaged", [b'{"game_date": "2024-', b"[]", b'{"game_date": 7}', b""])
def test_a_damaged_file_is_overwritten(store: ExportStore, damaged: bytes) -> None:
    paths = write_export(store, NEWEST, envelope(), Scores())
    for path in paths:
        store.update(path, lambda _: damaged)
    assert write_export(store, NEWEST, envelope(), Scores()) == paths
    assert all(read(store, path)["status"] == "complete" for path in paths)


def test_a_number_that_json_lacks_is_refused(store: ExportStore) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_export(store, UNDATED, envelope(), Scores(points=(float("nan"),)))
    assert store.read("v1/undated.json") is None


def test_a_payload_of_another_export_is_refused(store: ExportStore) -> None:
    with pytest.raises(TypeError, match="undated holds Scores, not Envelope"):
        write_export(store, UNDATED, envelope(), envelope())


class ObservedStore(ExportStore):
    """Lists the paths in the order in which they were written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderStore(folder))
        self.written: list[str] = []

    def create(self, path: str, content: bytes) -> bool:
        self.written.append(path)
        return super().create(path, content)

    def update(self, path: str, change: Any) -> bool:
        is_written = super().update(path, change)
        self.written += [path] * is_written
        return is_written


def test_the_schema_is_written_first_and_the_file_without_a_date_last(tmp_path: Path) -> None:
    store = ObservedStore(tmp_path)
    paths = write_export(store, NEWEST, envelope(), Scores())
    assert store.written == ["v1/schemas/newest.json", *paths]
    assert paths[-1] == NEWEST.pointer


publications = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 1), st.integers(0, 2)), max_size=12)
"""Date, how many days later it is on the day's clock, and content."""


@given(publications)
def test_in_any_order_no_file_without_a_date_shows_another_date_than_it_should(orders: list[tuple[int, ...]]) -> None:
    with TemporaryDirectory() as folder:
        store = ExportStore(FolderStore(Path(folder)))
        newest = current = None
        for day, later, points in orders:
            game_date = DAY + timedelta(days=day)
            of = envelope(game_date, eastern(game_date + timedelta(days=later), 12))
            for export in (NEWEST, TODAY, UNDATED, OF_TONIGHT):
                write_export(store, export, of, Scores(points=(points,)))
            newest = max(newest or game_date, game_date)
            if game_date_of(of.as_of) == game_date:
                current = max(current or game_date, game_date)
        for export, shown in ((NEWEST, newest), (TODAY, current), (UNDATED, newest), (OF_TONIGHT, current)):
            undated = export.pointer or export.path
            present = store.read(undated)
            assert (decode(present)["game_date"] if present else None) == (shown and shown.isoformat())
            if present and export.is_dated and export is NEWEST:
                assert present == store.read(export.path.format(game_date=shown))


# ── declarations ─────────────────────────────────────────────────────────────────────────────────────────


def test_no_two_exports_share_a_name_or_a_file() -> None:
    examples = {"game_date": "2024-03-29", "player_id": "201939", "as_of": "20240329T160000Z"}
    paths = [path.format(**examples) for export in EXPORTS for path in export.paths]
    assert len({export.name for export in EXPORTS}) == len(EXPORTS)
    assert len(set(paths)) == len(paths)
    assert [[each.name for each in EXPORTS if each.has_file(path)] for path in paths] == [
        [export.name] for export in EXPORTS for _ in export.paths
    ]


def test_a_payload_repeats_of_the_envelope_only_what_means_the_same() -> None:
    shared = {name for export in EXPORTS for name in export.payload.model_fields if name in Envelope.model_fields}
    assert shared == {"game_date", "backfilled"}, "those of a status are what its envelope says"


@pytest.mark.parametrize(
    "path",
    ["v1/schemas/results.json", "v1/results/today.json", "v1/players/curry.json", "v1/results/2024-03-29/1.json"],
)
def test_a_file_that_nobody_declared_is_known_as_such(path: str) -> None:
    assert export_of(path) is None
