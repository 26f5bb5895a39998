"""What only an object store in a folder does."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInputError, StorageError
from tipoff.storage.folder import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@given(name=st.text(alphabet="./\\ab\0", max_size=12).map(lambda text: text + ".json"))
def test_no_name_leads_out_of_the_store(name: str) -> None:
    store = FolderStore(Path("/store"))
    try:
        located = store.locate(name)
    except BadInputError:
        return
    assert Path(os.path.normpath(located)).is_relative_to("/store")


def test_a_failed_write_leaves_the_old_object_and_no_temporary_file(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.update("v1/status.json", lambda _: b"old")

    def disk_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StorageError, match=r"what it held is unchanged; no space left.* then retry the step"):
        store.update("v1/status.json", lambda _: b"new")
    with pytest.raises(StorageError, match="no space left"):
        store.create("v1/other.json", b"new")
    assert store.read("v1/status.json") == b"old"
    assert [file.name for file in (store.folder / "v1").iterdir()] == ["status.json"]


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    store = FolderStore(tmp_path / "taken")
    with pytest.raises(StorageError):
        store.create("v1/status.json", b"{}")
    with pytest.raises(StorageError):
        store.update("v1/status.json", lambda _: b"{}")


def test_a_reader_never_sees_a_partial_object(store: FolderStore) -> None:
    contents = [bytes([65 + number]) * 200_000 for number in range(8)]
    store.create("v1/big.json", contents[0])
    done = threading.Event()

    def write() -> None:
        for content in contents * 5:
            store.update("v1/big.json", lambda _, content=content: content)  # type: ignore[misc]
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    contents_read = set()
    while not done.is_set():
        contents_read.add(store.read("v1/big.json"))
    writer.join()
    assert contents_read <= set(contents)
