"""What a bucket's refusals become; a scripted server answers Google's own client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.cloud.storage.retry import DEFAULT_RETRY

from tipoff.errors import ConfigurationError, StorageError
from tipoff.storage import bucket as bucket_module
from tipoff.storage.bucket import BucketStore

# A connection that the client drops before a retry is closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@contextmanager
def scripted(*replies: tuple[int, bytes, dict[str, str]]) -> Iterator[str]:
    """Serve the replies in their order, the last one again and again."""
    left = list(replies)

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body, headers = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = reply  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def refusal(status: int, message: str) -> tuple[int, bytes, dict[str, str]]:
    body = json.dumps({"error": {"code": status, "message": message}}).encode()
    return status, body, {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _short_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(1)
    monkeypatch.setitem(bucket_module._REQUEST, "retry", quick)


def test_a_transient_error_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (200, b"{}", {"Content-Type": "application/json", "X-Goog-Generation": "7"})
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
    with scripted((200, b"{}", {"X-Goog-Hash": "crc32c=AAAAAA=="})) as url:
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
