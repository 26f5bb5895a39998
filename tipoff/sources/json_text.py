"""Parsing of a JSON body."""

from __future__ import annotations

import json
import re
from typing import Any

from tipoff.foreign_text import plain_text

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_MAY_BE_UNPRINTABLE = re.compile(r"\\[bfnrtu]|[^\x00-\x7e\xa1-\xac\xae-\u0600]")
"""Escapes, and characters that may be invisible; an unescaped control character is no JSON."""


def parse_json(body: bytes) -> Any:
    """The document of a JSON body in UTF-8, its texts without control characters and invisible marks.

    An unpaired surrogate becomes "?": no table can hold it. Raises ValueError or RecursionError for a body that is not
    JSON.
    """
    text = body.decode("utf-8-sig")
    document = json.loads(text)
    if _SURROGATE_ESCAPE.search(text):
        document = json.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
    return _plain(document) if _MAY_BE_UNPRINTABLE.search(text) else document


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {plain_text(name): _plain(item) for name, item in value.items()}
    return value
