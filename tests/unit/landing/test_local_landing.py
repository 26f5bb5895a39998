"""The landing stores every response completely and once, whatever interrupts it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInputError, ConfigurationError, StorageError
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing, open_landing
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome

DAY = date(2024, 3, 29)
AS_OF = datetime(2024, 3, 29, 14, 0, tzinfo=UTC)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(FolderStore(tmp_path))


def files(root: Path) -> list[str]:
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and file.name != ".lock")


def record(**fields: object) -> FetchRecord:
    defaults = {"source": "nbac_schedule", "game_date": DAY, "url": "https://cdn.nba.com/a", "fetched_at": AS_OF}
    return FetchRecord.model_validate({**defaults, "outcome": Outcome.OK, "status": 200, **fields})


def test_a_response_is_stored_under_source_date_and_hash(landing: Landing, tmp_path: Path) -> None:
    landed = landing.put("nbac_schedule", DAY, b'{"games": []}', "json")
    sha256 = hashlib.sha256(b'{"games": []}').hexdigest()
    assert landed.key == f"raw/nbac_schedule/2024-03-29/{sha256}.json"
    assert (landed.sha256, landed.bytes, landed.new) == (sha256, 13, True)
    assert landing.get(landed.key) == b'{"games": []}'
    assert files(tmp_path) == [landed.key]


def test_equal_responses_are_one_object(landing: Landing, tmp_path: Path) -> None:
    first = landing.put("nbac_schedule", DAY, b"{}", "json")
    second = landing.put("nbac_schedule", DAY, b"{}", "json")
    assert second == first.model_copy(update={"new": False})
    assert len(files(tmp_path)) == 1


def test_concurrent_writers_of_one_response_leave_one_complete_object(landing: Landing, tmp_path: Path) -> None:
    body = os.urandom(200_000)
    with ThreadPoolExecutor(8) as writers:
        landed = list(writers.map(lambda _: landing.put("nbac_schedule", DAY, body, "txt"), range(16)))
    assert len({one.key for one in landed}) == 1
    assert files(tmp_path) == [landed[0].key]
    assert landing.get(landed[0].key) == body


@given(st.text(max_size=80))
def test_an_arbitrary_key_is_rejected(key: str) -> None:
    with pytest.raises(BadInputError):
        Landing(FolderStore(Path("/"))).get(key)


@pytest.mark.parametrize(
    "key",
    [
        "raw/../../etc/passwd",
        "/etc/passwd",
        "raw/nbac_schedule/2024-03-29/../../../secret.json",
        f"raw/nbac_schedule/2024-03-29/{'a' * 64}.json/../x",
        f"raw/nbac_schedule/2024-03-29/{'a' * 64}.json\n",
        f"raw/../x/2024-03-29/{'a' * 64}.json",
        f"manifest/nbac_schedule/2024-03-29/{'a' * 64}.json",
    ],
)
def test_a_key_outside_the_landing_is_rejected(landing: Landing, key: str) -> None:
    with pytest.raises(BadInputError, match="not a valid key"):
        landing.get(key)


@pytest.mark.parametrize(("source", "suffix"), [("../x", "json"), ("a//b", "json"), ("A", "json"), ("a", "../x")])
def test_an_invalid_source_or_suffix_is_rejected(landing: Landing, tmp_path: Path, source: str, suffix: str) -> None:
    with pytest.raises(BadInputError):
        landing.put(source, DAY, b"{}", suffix)
    assert files(tmp_path) == []


def test_a_missing_object_says_what_to_do(landing: Landing) -> None:
    with pytest.raises(StorageError, match="is not in the landing; collect that date again"):
        landing.get(f"raw/nbac_schedule/2024-03-29/{'a' * 64}.json")


def test_a_damaged_object_is_not_read(landing: Landing, tmp_path: Path) -> None:
    landed = landing.put("nbac_schedule", DAY, b'{"games": []}', "json")
    (tmp_path / landed.key).write_bytes(b'{"games": [1')
    with pytest.raises(StorageError, match="damaged"):
        landing.get(landed.key)


def test_records_are_ordered_by_time(landing: Landing) -> None:
    later, earlier = record(fetched_at=AS_OF + timedelta(hours=1)), record(outcome=Outcome.STALE)
    other_date, other_source = record(game_date=date(2024, 3, 30)), record(source="nbac_scoreboard")
    for one in (later, other_date, earlier, other_source):
        landing.record(one)
    assert landing.records("nbac_schedule", DAY) == (earlier, later)
    assert landing.records("espn_team_rosters", DAY) == ()


def test_newest_first_covers_all_dates_or_one_and_reads_lazily(landing: Landing, tmp_path: Path) -> None:
    tomorrow = date(2024, 3, 30)
    polls = [record(game_date=day, fetched_at=AS_OF + timedelta(hours=n)) for n, day in enumerate((tomorrow, DAY) * 2)]
    below = record(source="nbac_schedule/in_play", fetched_at=AS_OF + timedelta(days=1))
    for one in (*polls, below):
        landing.record(one)
    assert list(landing.newest_first("nbac_schedule/in_play")) == [below]
    assert list(landing.newest_first("nbac_schedule")) == polls[::-1]
    assert list(landing.newest_first("nbac_schedule", DAY)) == [polls[3], polls[1]]
    assert list(landing.newest_first("espn_team_rosters")) == []
    (oldest, *_) = sorted((tmp_path / "manifest").rglob("*.json"), key=lambda file: file.name)
    oldest.write_text("{")
    assert next(landing.newest_first("nbac_schedule")) == polls[3]


def test_equal_entries_are_one_and_other_responses_of_the_same_poll_are_kept(
    landing: Landing,
) -> None:
    landing.record(record())
    landing.record(record())
    landing.record(record(outcome=Outcome.PROVIDER_ERROR, status=500))
    landing.record(record(game_id="0022301084"))
    assert len(landing.records("nbac_schedule", DAY)) == 3


def test_a_damaged_manifest_entry_is_named(landing: Landing, tmp_path: Path) -> None:
    landing.record(record())
    (file,) = (tmp_path / "manifest").rglob("*.json")
    file.write_text("{")
    with pytest.raises(StorageError, match=f"{file.name} is damaged"):
        landing.records("nbac_schedule", DAY)


PUT = """
import sys
from datetime import date
from pathlib import Path
from tipoff.errors import StorageError
from tipoff.landing.landing import Landing
from tipoff.storage.folder import FolderStore
{before}
landing = Landing(FolderStore(Path(sys.argv[1])))
landing.put("nbac_schedule", date(2024, 3, 29), b"small", "txt")
try:
    landing.put("nbac_schedule", date(2024, 3, 29), b"x" * 4_000_000, "txt")
except StorageError as error:
    print(error)
"""


def put_in_a_process(*command: str, root: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    arguments = [*command, sys.executable, "-c", PUT.format(before=before), str(root)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_size_limit_is_a_storage_error_and_leaves_no_partial_file(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))"
    done = put_in_a_process(root=tmp_path, before=limit)
    assert "(4,000,000 bytes) could not be written" in done.stdout
    assert "no space left: free some, or name a folder on another disk" in done.stdout
    assert files(tmp_path) == [f"raw/nbac_schedule/2024-03-29/{hashlib.sha256(b'small').hexdigest()}.txt"]


def test_a_full_disk_is_a_storage_error_and_leaves_no_partial_file(tmp_path: Path) -> None:
    mounted = f'mount -t tmpfs -o size=1m none "{tmp_path}" || exit 77; "$@"; find "{tmp_path}" -type f'
    done = put_in_a_process("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "-", root=tmp_path)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system cannot mount a small file system")
    error, *left = done.stdout.strip().splitlines()
    assert "no space left" in error
    assert [Path(name).name for name in left if not name.endswith(".lock")] == [
        f"{hashlib.sha256(b'small').hexdigest()}.txt"
    ]


@pytest.mark.parametrize("path", ["raw", "raw/nbac_schedule/2024-03-29"])
def test_a_file_where_a_folder_should_be_is_a_storage_error(tmp_path: Path, path: str) -> None:
    in_the_way = tmp_path / path
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"):
        Landing(FolderStore(tmp_path)).put("nbac_schedule", DAY, b"{}", "json")


WRITE_LOOP = """
import os, sys
from datetime import date
from pathlib import Path
from tipoff.landing.landing import Landing
from tipoff.storage.folder import FolderStore
landing = Landing(FolderStore(Path(sys.argv[1])))
print("started", flush=True)
while True:
    body = os.urandom(3_000_000)
    landing.put("nbac_schedule", date(2024, 3, 29), body, "txt")
"""


def test_a_killed_writer_leaves_complete_objects_only(landing: Landing, tmp_path: Path) -> None:
    for written_first in range(1, 4):
        writer = subprocess.Popen([sys.executable, "-c", WRITE_LOOP, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        while len(list(tmp_path.rglob("*.txt"))) < written_first:
            assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    keys = [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.txt")]
    assert len(keys) >= 3
    for key in keys:
        assert len(landing.get(key)) == 3_000_000


def test_a_file_url_opens_its_folder(tmp_path: Path) -> None:
    landed = open_landing(f"file://{tmp_path}").put("nbac_schedule", DAY, b"{}", "json")
    assert (tmp_path / landed.key).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("url", ["s3://x", "/var/landing", ""])
def test_an_unsupported_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected file://PATH"):
        open_landing(url)
