"""The shape of ids that providers send: they go into URLs, file names and storage keys."""

import re
from collections.abc import Mapping

UNSAFE_ID = "id of an unexpected shape"
"""The reason for leaving out an entry with such an id."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@:-]{0,63}")


def is_safe_id(text: str) -> bool:
    """Whether an id consists of ASCII letters, digits and `_@:-` only, and 64 at most."""
    return _SAFE.fullmatch(text) is not None


def safe_ids(ids: Mapping[str, str]) -> dict[str, str]:
    """The games whose provider id has a safe shape."""
    return {game_id: provider_id for game_id, provider_id in ids.items() if is_safe_id(provider_id)}
