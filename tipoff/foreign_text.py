"""Texts of providers: terminals, logs and pages must not obey what is hidden in them."""

import re

_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Control characters, marks of the writing direction, and other characters without a width."""


def plain_text(text: str) -> str:
    """The text without control characters and invisible marks; a line break or tab becomes a blank."""
    return text if text.isprintable() else _INVISIBLE.sub("", _BREAKS.sub(" ", text))
