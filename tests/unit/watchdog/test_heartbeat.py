"""The heartbeat URL is requested once, and its secret is in no message."""

from __future__ import annotations

import pytest

from tests.support.http_server import HttpReply, serving_replies
from tests.support.starter import NOWHERE
from tipoff.errors import ConfigurationError
from tipoff.settings import load_settings
from tipoff.watchdog.heartbeat import send_heartbeat


def test_the_url_is_requested_once() -> None:
    requests: list[tuple[str, str]] = []

    def reply(method: str, path: str, body: bytes) -> HttpReply:
        requests.append((method, path))
        return HttpReply(200, b"OK", {})

    with serving_replies(reply) as url:
        assert send_heartbeat(f"{url}/ping/secret") == ""
    assert requests == [("GET", "/ping/secret")]


def test_a_url_that_is_not_reached_is_reported_without_its_secret() -> None:
    with serving_replies(lambda *_: HttpReply(500, b"", {})) as url:
        refused = send_heartbeat(f"{url}/ping/secret")
    assert "500" in refused
    silent = send_heartbeat(f"http://{NOWHERE}/ping/secret")
    assert silent
    assert "secret" not in refused + silent


def test_only_a_url_of_http_is_accepted_and_shown_nowhere() -> None:
    url = "https://hc-ping.example/secret"
    settings = load_settings(environ={"TIPOFF_CONFIG": "/dev/null", "TIPOFF_HEARTBEAT_URL": url})
    assert settings.heartbeat_url is not None
    assert settings.heartbeat_url.get_secret_value() == url
    assert "secret" not in repr(settings)
    with pytest.raises(ConfigurationError, match="https://HOST/PATH") as refused:
        load_settings(environ={"TIPOFF_CONFIG": "/dev/null", "TIPOFF_HEARTBEAT_URL": "file:///etc/secret"})
    assert "secret" not in str(refused.value).replace("is a secret", "")
