"""Texts of bounded length."""

from __future__ import annotations

import re

_URL_PATH = re.compile(r"(https?://)([^\s/?#]+)[/?#][^\s;,()]*?(?=[:.]?(?:[\s;,()]|$))")


def shortened(text: str, limit: int = 500) -> str:
    """A text in at most `limit` characters: its URLs without their paths; if that is too long, its beginning and end.

    A reason starts with what went wrong and ends with what the day does about it. Of a URL, the host matters most: its
    path would take the room of the cause, which follows it.
    """
    if len(text) <= limit:
        return text
    text = _URL_PATH.sub(r"\2", text)
    half = (limit - 3) // 2
    return text if len(text) <= limit else f"{text[:half]} … {text[-half:]}"
