"""Buckets in the emulator of Cloud Storage."""

from __future__ import annotations

from uuid import uuid4

import pytest
from google.cloud import storage


def new_bucket(emulator: str, monkeypatch: pytest.MonkeyPatch) -> storage.Bucket:
    """Create a bucket, and let clients of this test use the emulator."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator)
    return storage.Client().create_bucket(f"tipoff-{uuid4().hex[:12]}")
