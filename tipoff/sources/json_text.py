"""Parsing of a JSON body."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> Any:
    """The document of a JSON body in UTF-8. An unpaired surrogate becomes "?": no table can hold it.

    Raises ValueError or RecursionError for a body that is not JSON.
    """
    text = body.decode("utf-8-sig")
    document = json.loads(text)
    if not _SURROGATE_ESCAPE.search(text):
        return document
    return json.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
