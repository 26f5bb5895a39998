import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInputError, ConfigurationError, StorageError
from tipoff.publishing.store import FolderStore, content_type, open_store


def test_an_object_is_read_as_written(store: FolderStore) -> None:
    assert store.read("v1/status.json") is None
    assert store.write_if_changed("v1/status.json", b"{}")
    assert store.read("v1/status.json") == b"{}"


def test_the_same_content_is_not_written_again(store: FolderStore) -> None:
    store.write_if_changed("v1/status.json", b"{}")
    before = store.locate("v1/status.json").stat().st_mtime_ns
    assert not store.write_if_changed("v1/status.json", b"{}")
    assert store.locate("v1/status.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "path", ["../out.json", "v1/../../out.json", "/etc/out.json", "v1\\..\\out.json", "v1/\0.json", "v1/run.sh", ""]
)
def test_a_path_outside_the_store_or_with_an_unknown_suffix_is_rejected(store: FolderStore, path: str) -> None:
    with pytest.raises(BadInputError):
        store.write_if_changed(path, b"x")
    assert not store.folder.exists()


@given(path=st.text(alphabet="./\\ab\0", max_size=12).map(lambda text: text + ".json"))
def test_no_path_leads_out_of_the_store(path: str) -> None:
    store = FolderStore(Path("/exports"))
    try:
        located = store.locate(path)
    except BadInputError:
        return
    assert Path(os.path.normpath(located)).is_relative_to("/exports")


def test_a_failed_write_leaves_the_old_object_and_no_temporary_file(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_if_changed("v1/status.json", b"old")

    def disk_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StorageError, match="No space left on device; the existing file is unchanged"):
        store.write_if_changed("v1/status.json", b"new")
    assert store.read("v1/status.json") == b"old"
    assert [file.name for file in (store.folder / "v1").iterdir()] == ["status.json"]


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    store = FolderStore(tmp_path / "taken")
    with pytest.raises(StorageError):
        store.write_if_changed("v1/status.json", b"{}")
    with pytest.raises(StorageError), store.exclusive():
        pass


def test_a_reader_never_sees_a_partial_object(store: FolderStore) -> None:
    contents = [bytes([65 + number]) * 200_000 for number in range(8)]
    store.write_if_changed("v1/big.json", contents[0])
    done = threading.Event()

    def write() -> None:
        for content in contents * 5:
            store.write_if_changed("v1/big.json", content)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    contents_read = set()
    while not done.is_set():
        contents_read.add(store.read("v1/big.json"))
    writer.join()
    assert contents_read <= set(contents)


def test_exclusive_writers_wait_for_each_other(store: FolderStore) -> None:
    store.write_if_changed("v1/count.json", b"0")

    def count_up() -> None:
        for _ in range(20):
            with store.exclusive():
                current = store.read("v1/count.json") or b""
                store.write_if_changed("v1/count.json", str(int(current) + 1).encode())

    writers = [threading.Thread(target=count_up) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.read("v1/count.json") == b"80"


def test_objects_are_served_with_their_content_type() -> None:
    assert content_type("v1/status.json") == "application/json; charset=utf-8"
    assert content_type("pages/2024-03-29.html") == "text/html; charset=utf-8"


@pytest.mark.parametrize("url", ["gs://bucket/prefix", "file://", "/var/exports", "", "https://example.com/x"])
def test_an_unsupported_url_is_rejected(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected file://PATH"):
        open_store(url)


def test_a_file_url_opens_its_folder(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/exports").write_if_changed("v1/status.json", b"{}")
    assert (tmp_path / "exports/v1/status.json").read_bytes() == b"{}"
