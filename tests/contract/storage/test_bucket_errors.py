"""What a bucket's refusals become; a scripted server answers Google's own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.cloud.storage.retry import DEFAULT_RETRY

from tests.support.http_server import HttpReply, serving_replies
from tipoff.errors import ConfigurationError, StorageError
from tipoff.storage import bucket as bucket_module
from tipoff.storage.bucket import BucketStore

# A connection that the client drops before a retry is closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@contextmanager
def scripted(*replies: HttpReply) -> Iterator[str]:
    """Serve the replies in their order, the last one again and again."""
    left = list(replies)
    with serving_replies(lambda *_: left.pop(0) if len(left) > 1 else left[0]) as url:
        yield url


def refusal(status: int, message: str) -> HttpReply:
    body = json.dumps({"error": {"code": status, "message": message}}).encode()
    return HttpReply(status, body, {"Content-Type": "application/json"})


@pytest.fixture(autouse=True)
def _short_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(1)
    monkeypatch.setitem(bucket_module._REQUEST, "retry", quick)


def test_a_transient_error_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    content = HttpReply(200, b"{}", {"Content-Type": "application/json", "X-Goog-Generation": "7"})
    with scripted(refusal(503, "backendError"), refusal(429, "rateLimitExceeded"), content) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        assert BucketStore("gs://tipoff").read("v1/status.json") == b"{}"


@pytest.mark.parametrize(
    ("status", "said", "message"),
    [
        (
            403,
            "no access",
            r"gs://tipoff/a/v1/x.json: permission denied; .* role Storage Object User",
        ),
        (503, "backendError", r"gs://tipoff/a/v1/x.json: Cloud Storage failed: .*; retry the step later"),
        (400, "invalid", r"gs://tipoff/a/v1/x.json: Cloud Storage failed: .*invalid.*; retry the step later"),
    ],
)
def test_a_refusal_says_what_to_do(monkeypatch: pytest.MonkeyPatch, status: int, said: str, message: str) -> None:
    with scripted(refusal(status, said)) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        store = BucketStore("gs://tipoff/a")
        with pytest.raises(StorageError, match=message):
            store.read("v1/x.json")
        with pytest.raises(StorageError, match=message):
            store.create("v1/x.json", b"{}")


def test_a_body_that_differs_from_its_checksum_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(HttpReply(200, b"{}", {"X-Goog-Hash": "crc32c=AAAAAA=="})) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        with pytest.raises(StorageError, match="arrived damaged: its checksum differs"):
            BucketStore("gs://tipoff").read("v1/x.json")


def test_a_server_that_does_not_answer_is_a_storage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(refusal(503, "")) as url:
        pass
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    with pytest.raises(StorageError, match="Cloud Storage failed"):
        BucketStore("gs://tipoff").read("v1/x.json")


def test_credentials_without_a_project_suffice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such are those of `gcloud auth application-default login`."""
    login = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
    (tmp_path / "login.json").write_text(json.dumps(login))
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "login.json"))
    monkeypatch.setenv("PATH", "")  # so that no gcloud is asked for its project
    assert BucketStore("gs://tipoff/a").location("v1/x.json") == "gs://tipoff/a/v1/x.json"


def test_without_credentials_the_error_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path_factory.mktemp("none") / "absent.json"))
    with pytest.raises(ConfigurationError, match="set GOOGLE_APPLICATION_CREDENTIALS to a service account's file"):
        BucketStore("gs://tipoff")
