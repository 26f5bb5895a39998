"""Labels of the warehouse's jobs: which day, phase and step they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

_MAX_LENGTH: Final = 63
_labels: ContextVar[Mapping[str, str]] = ContextVar("job_labels", default=MappingProxyType({}))


@contextmanager
def job_labels(**labels: object) -> Iterator[None]:
    """Label the jobs of a block, besides the labels of the blocks around it; an empty value sets none."""
    token = _labels.set({**_labels.get(), **{name: label_value(value) for name, value in labels.items() if value}})
    try:
        yield
    finally:
        _labels.reset(token)


def current_labels() -> dict[str, str]:
    """Return the labels of the running block."""
    return dict(_labels.get())


def label_value(value: object) -> str:
    """Return a value as BigQuery accepts it: at most 63 lower-case letters, digits, "_" and "-"."""
    return re.sub(r"[^a-z0-9_-]", "-", str(value).lower())[:_MAX_LENGTH]
