"""The page about BigQuery and Cloud Storage names tests that exist, and errors that are raised."""

from __future__ import annotations

import re

from runtime import PROJECT

PAGE = (PROJECT / "docs" / "google-cloud.md").read_text(encoding="utf-8")


def sources(*folders: str) -> str:
    """The texts of a folder's modules, with texts that continue on the next line joined."""
    files = (file for folder in folders for file in sorted((PROJECT / folder).rglob("*.py")))
    return re.sub(r'"\n\s*f?"', "", "\n".join(file.read_text(encoding="utf-8") for file in files))


def test_every_named_test_exists() -> None:
    defined = set(re.findall(r"(?m)^def (test_\w+)", sources("tests/contract")))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 10
    assert named <= defined


def test_every_named_error_is_raised() -> None:
    errors = re.findall(r"(?m)^\| (`.+`) \| (?!the |all )", PAGE.split("## Errors")[1].split("## ")[0])
    raised = sources("tipoff/warehouse", "tipoff/storage")
    parts = [part.strip() for error in errors for text in re.findall(r"`([^`]+)`", error) for part in text.split("…")]
    assert len(errors) > 10
    assert [part for part in parts if part.removeprefix("gs://").strip() not in raised] == []
