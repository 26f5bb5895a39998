"""Removes secrets from text before it reaches logs, landed files or an operator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_NAMES = r"(?:api[_-]?key|access[_-]?token|token|secret|password|passwd|signature|authorization)"
_PATTERNS = (
    re.compile(rf"((?<![a-z0-9]){_NAMES}=)[^&;\s\"'#<>]+", re.IGNORECASE),
    re.compile(rf"(([\"']){_NAMES}\2\s*:\s*([\"']))(?:(?!\3).)+", re.IGNORECASE | re.DOTALL),
    re.compile(r"(\bauthorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic)\s+)?)[^\s,'\"]+", re.IGNORECASE),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+(?=@)", re.IGNORECASE),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets and without keys in queries, headers, JSON fields or URLs."""
    for secret in _spellings(secrets):
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """A body without the given secrets, for providers that repeat the request in it."""
    for secret in _spellings(secrets):
        body = body.replace(secret.encode(), HIDDEN.encode())
    return body


def _spellings(secrets: Iterable[str]) -> list[str]:
    """Each secret as it is and URL-encoded, longest first so that no part of one remains."""
    spelled = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    return sorted(filter(None, spelled), key=lambda secret: (-len(secret), secret))
