"""Texts of bounded length."""

from __future__ import annotations


def shortened(text: str, limit: int = 500) -> str:
    """A text in at most `limit` characters: its beginning and its end.

    A reason starts with what went wrong and ends with what the day does about it.
    """
    half = (limit - 3) // 2
    return text if len(text) <= limit else f"{text[:half]} … {text[-half:]}"
