from pathlib import Path

import pytest

from tipoff.errors import BadInputError, ConfigurationError
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.storage.folder import FolderStore


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    store = ExportStore(folder)
    assert store.write_if_changed("v1/status.json", b"{}")
    before = folder.locate("v1/status.json").stat().st_mtime_ns
    assert not store.write_if_changed("v1/status.json", b"{}")
    assert folder.locate("v1/status.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("path", ["../out.json", "/etc/out.json", "v1/run.sh", "v1/status", ""])
def test_a_path_outside_the_store_or_with_an_unknown_suffix_is_rejected(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "exports"
    with pytest.raises(BadInputError):
        ExportStore(FolderStore(folder)).write_if_changed(path, b"x")
    assert not folder.exists()


@pytest.mark.parametrize("url", ["file://", "/var/exports", "", "https://example.com/x"])
def test_an_unsupported_url_is_rejected(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected file://PATH"):
        open_exports(url)


def test_a_file_url_opens_its_folder_whose_files_every_user_may_read(tmp_path: Path) -> None:
    open_exports(f"file://{tmp_path}/exports").write_if_changed("v1/status.json", b"{}")
    file = tmp_path / "exports/v1/status.json"
    assert file.read_bytes() == b"{}"
    assert file.stat().st_mode & 0o777 == 0o644
