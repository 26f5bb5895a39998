"""Errors as texts for people: without class names, error numbers and addresses of objects."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from tipoff.errors import BadInputError
from tipoff.vocabulary import reason_of


def reason_raised(expected: type[Exception], action: Callable[..., Any], *arguments: str) -> str:
    with pytest.raises(expected) as raised:
        action(*arguments)
    return reason_of(raised.value)


def test_an_error_of_the_system_names_the_file_but_no_number(tmp_path: Path) -> None:
    file = tmp_path / "gone"
    assert reason_raised(OSError, file.read_text) == f"No such file or directory: {file}"


def test_an_error_of_a_library_names_host_and_cause() -> None:
    text = reason_raised(requests.RequestException, requests.get, "http://127.0.0.1:1/x")
    assert text.startswith("127.0.0.1:1: Max retries exceeded with url: /x (Caused by")
    assert "Connection refused" in text
    assert not any(word in text for word in ("Error", "Errno", "object at", "Pool"))


def test_a_missing_key_is_named() -> None:
    assert reason_raised(KeyError, {}.__getitem__, "game_id") == "there is no 'game_id'"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "timeout error"),
        (EOFError(), "eof error"),
        (httpx.ReadError(""), "read error"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), "Name or service not known"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ValueError("PDFSyntaxError('No /Root object! - a PDF?')"), "No /Root object! - a PDF?"),
        (ValueError("requests.exceptions.ConnectionError: reset"), "reset"),
        (BadInputError("no phase 'tea'; the phases are slate, lines"), "no phase 'tea'; the phases are slate, lines"),
    ],
)
def test_a_reason_has_no_class_name(error: Exception, text: str) -> None:
    assert reason_of(error) == text
