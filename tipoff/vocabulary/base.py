"""Base of the vocabulary's models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of every model that crosses a boundary: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
