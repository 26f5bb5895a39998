"""Folder and bucket behave the same; the bucket is one of a local server, reached by Google's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from google.cloud import storage

import tipoff
from devtools.emulators.cloud_storage import storage_emulator
from tests.support.buckets import new_bucket
from tests.support.trained_models import trained
from tipoff.errors import BadInputError, StorageError
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.publishing.envelope import Edition, decode
from tipoff.publishing.export import Export
from tipoff.publishing.frames import FRAMES, publish_frames
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.publishing.writing import write_export
from tipoff.storage.base import ObjectStore
from tipoff.storage.bucket import BucketStore
from tipoff.storage.open import open_store
from tipoff.systems.model_store import ModelStore
from tipoff.vocabulary import Frozen, Outcome
from tipoff.warehouse.open import open_warehouse

DAY = date(2024, 3, 29)
AS_OF = datetime(2024, 3, 29, 14, 0, tzinfo=UTC)


class Rows(Frozen):
    """The payload of an export."""

    rows: int


ROWS = Export("rows", "v1/rows/{game_date}.json", "s", "w", Rows, pointer="v1/rows/latest.json", versions=True)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with storage_emulator() as url:
        yield url


@pytest.fixture
def bucket(emulator: str, monkeypatch: pytest.MonkeyPatch) -> storage.Bucket:
    return new_bucket(emulator, monkeypatch)


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return f"file://{tmp_path}/store"
    return f"gs://{request.getfixturevalue('bucket').name}/a/prefix"


@pytest.fixture
def store(url: str) -> ObjectStore:
    return open_store(url)


def appended(line: bytes) -> Callable[[bytes | None], bytes]:
    return lambda present: (present or b"") + line


def test_an_object_is_read_as_written(store: ObjectStore) -> None:
    assert store.read("v1/status.json") is None
    assert store.create("v1/status.json", b"{}")
    assert store.read("v1/status.json") == b"{}"


def test_a_created_object_stays_as_it_is(store: ObjectStore) -> None:
    assert store.create("v1/a.json", b"first")
    assert not store.create("v1/a.json", b"second")
    assert store.read("v1/a.json") == b"first"


def test_one_of_many_concurrent_creators_wins(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as writers:
        won = list(writers.map(lambda number: store.create("v1/a.json", b"%d" % number), range(16)))
    assert sum(won) == 1
    assert store.read("v1/a.json") == b"%d" % won.index(True)


def test_concurrent_updates_are_all_kept(store: ObjectStore) -> None:
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda number: store.update("log.jsonl", appended(b"%02d\n" % number)), range(24)))
    assert sorted((store.read("log.jsonl") or b"").split()) == [b"%02d" % number for number in range(24)]


def test_an_update_may_leave_the_object_as_it_is(store: ObjectStore) -> None:
    assert not store.update("v1/a.json", lambda _: None)
    assert store.read("v1/a.json") is None
    assert store.update("v1/a.json", appended(b"x"))
    assert not store.update("v1/a.json", lambda present: None if present == b"x" else b"y")
    assert store.read("v1/a.json") == b"x"


def test_names_are_those_below_a_prefix(store: ObjectStore) -> None:
    for name in ("raw/a/1.json", "raw/a/10.json", "raw/ab/1.json", "raw/a/b/1.json", "other/1.json"):
        store.create(name, b"{}")
    store.update("raw/a/2.json", appended(b"{}"))
    assert store.names("raw/a/") == ["raw/a/1.json", "raw/a/10.json", "raw/a/2.json", "raw/a/b/1.json"]
    assert store.names("raw/a/1") == ["raw/a/1.json", "raw/a/10.json"]
    assert store.names("raw/a") == [*store.names("raw/a/"), "raw/ab/1.json"]
    assert len(store.names("")) == 6
    assert store.names("none/") == []


@pytest.mark.parametrize(
    "name",
    ["../a.json", "v1/../../a.json", "/etc/a.json", "v1\\..\\a.json", "v1/\0.json", "v1//a.json", "a\n.json", "", "."],
)
def test_a_name_that_no_store_can_hold_is_rejected(store: ObjectStore, name: str) -> None:
    with pytest.raises(BadInputError, match="is not a valid object name"):
        store.create(name, b"x")
    with pytest.raises(BadInputError):
        store.read(name)
    with pytest.raises(BadInputError):
        store.update(name, appended(b"x"))


def test_a_large_object_is_stored_whole(store: ObjectStore) -> None:
    content = bytes(range(256)) * 40_000  # above the limit of a simple upload, 8 MB
    assert store.create("raw/large.bin", content)
    assert store.read("raw/large.bin") == content


def test_the_landing_stores_each_response_once(store: ObjectStore) -> None:
    landing = Landing(store)
    landed = [landing.put("nbac_schedule", DAY, b"{}", "json") for _ in range(2)]
    assert [one.new for one in landed] == [True, False]
    assert landing.get(landed[0].key) == b"{}"
    with pytest.raises(StorageError, match="is not in the landing; collect that date again"):
        landing.get(f"raw/nbac_schedule/2024-03-29/{'a' * 64}.json")


def test_the_landing_lists_its_manifest_by_date_and_poll(store: ObjectStore) -> None:
    landing = Landing(store)
    polls = [AS_OF, AS_OF.replace(hour=15)]
    entries = [
        FetchRecord(source="nbac_schedule", game_date=DAY, url=f"https://a/{part}", outcome=Outcome.OK, fetched_at=at)
        for at in polls
        for part in "ab"
    ]
    for entry in entries[::-1]:
        landing.record(entry)
        landing.record(entry)
    assert landing.records("nbac_schedule", DAY) == tuple(entries)
    assert landing.records("nbac_schedule", DAY, polls[1]) == tuple(entries[2:])
    assert [each.fetched_at for each in landing.newest_first("nbac_schedule")] == [*polls[1:] * 2, *polls[:1] * 2]


def test_a_pointer_never_goes_back_to_an_earlier_date(store: ObjectStore) -> None:
    exports = ExportStore(store)

    def put(day: int) -> tuple[str, ...]:
        envelope = Edition(date(2024, 3, day), AS_OF, AS_OF).envelope()
        return write_export(exports, ROWS, envelope, Rows(rows=day))

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(put, [3, 9, 1, 12, 5, 12, 7, 2]))
    latest = decode(exports.read(ROWS.pointer) or b"")
    assert latest["rows"] == 12
    assert ROWS.pointer not in put(11)


def test_exports_written_together_are_all_there(store: ObjectStore) -> None:
    exports = ExportStore(store)
    paths = [f"v1/players/{number}.json" for number in range(40)]
    assert exports.each(lambda path: exports.write_if_changed(path, path.encode()), paths) == [True] * 40
    assert exports.each(lambda path: exports.write_if_changed(path, path.encode()), paths) == [False] * 40
    assert exports.each(exports.read, paths) == [path.encode() for path in paths]
    with pytest.raises(BadInputError, match=r"a\.txt is not an export"):
        exports.each(exports.read, [*paths, "a.txt"])


def test_two_versions_of_one_time_are_two_exports(store: ObjectStore) -> None:
    exports = ExportStore(store)
    envelope = Edition(DAY, AS_OF, AS_OF).envelope()
    paths = [write_export(exports, ROWS, envelope, Rows(rows=rows))[0] for rows in (1, 2, 1)]
    stem = f"v1/rows/{DAY}/{AS_OF:%Y%m%dT%H%M%SZ}"
    assert paths == [f"{stem}.json", f"{stem}-2.json", f"{stem}.json"]


def test_models_are_stored_promoted_and_verified(store: ObjectStore) -> None:
    models = ModelStore(store)
    models_of_march = [trained(date(2024, 3, day), f"day{day}") for day in (9, 3, 7)]
    for model in models_of_march:
        models.put(model)
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda model: models.promote(model.card), models_of_march))
    assert len(models.champions("catboost_v8")) == 3
    assert models.champion("catboost_v8", date(2024, 3, 9)) == models_of_march[2]
    store.update("catboost_v8/day7/model.cbm", appended(b"x"))
    assert models.champion("catboost_v8", date(2024, 3, 9)).card == models_of_march[1].card
    models.put(models_of_march[2])
    assert models.champion("catboost_v8", date(2024, 3, 9)) == models_of_march[2]


def test_objects_in_a_bucket_have_content_type_and_cache_control(bucket: storage.Bucket) -> None:
    store = BucketStore(f"gs://{bucket.name}")
    store.create("v1/results/2024-03-29/20240329T140000Z.json", b"{}")
    store.update("v1/results/latest.json", appended(b"{}"))
    store.update("pages/2024-03-29.html", appended(b"<p>"))
    served = {blob.name: (blob.content_type, blob.cache_control) for blob in bucket.list_blobs()}
    assert served == {
        "v1/results/2024-03-29/20240329T140000Z.json": (
            "application/json; charset=utf-8",
            "max-age=31536000, immutable",
        ),
        "v1/results/latest.json": ("application/json; charset=utf-8", "no-cache"),
        "pages/2024-03-29.html": ("text/html; charset=utf-8", "no-cache"),
    }


def test_a_bucket_that_does_not_exist_is_named(bucket: storage.Bucket) -> None:
    store = BucketStore(f"gs://{bucket.name}-missing/a")
    for attempt in (
        lambda: store.read("v1/a.json"),
        lambda: store.create("v1/a.json", b"{}"),
        lambda: store.names(""),
    ):
        with pytest.raises(StorageError, match=rf"gs://{bucket.name}-missing does not exist: create the bucket"):
            attempt()


def test_a_notebook_reads_the_exports_of_either_store(url: str, tmp_path: Path) -> None:
    warehouse = open_warehouse(f"duckdb:///{tmp_path}/tipoff.duckdb")
    publish_frames(warehouse, open_exports(url), DAY, AS_OF, FRAMES)
    warehouse.close()
    days = tipoff.open(url)
    assert days.dates("slate") == [DAY]
    (origin,) = days.slate(DAY).origins
    assert origin.as_of == AS_OF
    assert origin.location.endswith("/v1/parquet/slate/2024-03-29.parquet")
