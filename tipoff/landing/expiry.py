"""When a bucket removes the objects of a landing; in a folder nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tipoff.vocabulary import RERUN_DAYS

_LONGER_DAYS: Final = 30
"""An entry of the manifest may name a response that an earlier poll of the date has stored, so it is removed first."""

EXPIRY_DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {"manifest/": RERUN_DAYS, "raw/": RERUN_DAYS + _LONGER_DAYS},
)
"""Prefix of the names -> days after which an object is removed: then its date cannot be run again."""
