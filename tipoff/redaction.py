"""Removes secrets from text before it reaches logs, landed files or an operator."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_NAMES = r"(?:api[_-]?key|access[_-]?token|token|secret|password|passwd|signature|authorization)"
_PATTERNS = (
    re.compile(rf"((?<![a-z0-9]){_NAMES}=)[^&;\s\"'#<>]+", re.IGNORECASE),
    re.compile(rf"((\\*[\"']){_NAMES}\2\s*:\s*(\\*[\"']))(?:(?!\3).)+", re.IGNORECASE | re.DOTALL),
    re.compile(r"(\bauthorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic)\s+)?)[^\s,'\"]+", re.IGNORECASE),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+(?=@)", re.IGNORECASE),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets and without keys in queries, headers, JSON fields or URLs.

    A given secret is found in any case, percent-encoded, and escaped as in JSON.
    """
    lowered = text.lower()
    for form in _spellings(secrets):
        if form in lowered:
            text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """A body without the given secrets, for providers that repeat the request in it."""
    lowered = body.lower()
    for form in map(str.encode, _spellings(secrets)):
        if form in lowered:
            body = re.sub(re.escape(form), HIDDEN.encode(), body, flags=re.IGNORECASE)
    return body


def _spellings(secrets: Iterable[str]) -> list[str]:
    """Each secret in every spelling and in lower case, longest first so that no part of one remains."""
    spelled = {form.lower() for secret in secrets for form in _forms(secret)}
    return sorted(filter(None, spelled), key=lambda form: (-len(form), form))


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, percent-encoded in whole or where needed, and as in a JSON text; also both done twice."""
    yield secret
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret), quote(quote(secret, safe=""), safe=""))
    yield "".join(f"%{byte:02x}" for byte in secret.encode())
    escaped = json.dumps(secret)[1:-1]
    yield from (escaped, escaped.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1])
    yield json.dumps(escaped)[1:-1]
    yield re.sub(r"[^A-Za-z0-9_ ]", lambda match: _json_escape(match[0]), secret)
    yield "".join(map(_json_escape, secret))


def _json_escape(character: str) -> str:
    """A character as JSON may write it: `\\u0041`, a pair of them above U+FFFF."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
