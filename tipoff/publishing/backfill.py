"""Exports the plan and the status of a backfill, and the page with its grid of dates and phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from pydantic import ValidationError

from tipoff.errors import BadInputError
from tipoff.publishing.status import exported_status
from tipoff.publishing.store import ExportStore
from tipoff.publishing.templating import template
from tipoff.publishing.tones import STEP_TONES
from tipoff.vocabulary import (
    BackfilledDate,
    BackfillPlan,
    BackfillScope,
    BackfillStatus,
    DateState,
    RunState,
)

STATUS_PATH: Final = "backfill/status.json"
PAGE_PATH: Final = "pages/backfill.html"

_DATE_TONES: Final = {
    DateState.QUEUED: "plain",
    DateState.RUNNING: "running",
    DateState.COMPLETE: "good",
    DateState.FAILED: "bad",
    DateState.CANCELLED: "fair",
    DateState.LEFT_ALONE: "fair",
}
_TONES: Final = {
    RunState.COMPLETE: "good",
    RunState.FAILED: "bad",
    RunState.CANCELLED: "fair",
}


def publish_plan(store: ExportStore, plan: BackfillPlan) -> None:
    """Export a plan under its digest, so that it can be started by it."""
    store.write_if_changed(_plan_path(plan.digest), plan.model_dump_json().encode())


def read_planned_scope(store: ExportStore, digest: str) -> BackfillScope | None:
    """The scope of an exported plan; None if there is none. Raises BadInputError, StorageError."""
    path = _plan_path(digest)
    content = store.read(path)
    try:
        return BackfillPlan.model_validate_json(content).scope if content else None
    except ValidationError as error:
        raise BadInputError(f"{store.location(path)} is not the plan of a backfill") from error


def read_backfill(store: ExportStore) -> BackfillStatus | None:
    """The status that was exported last; None if there is none. Raises BadInputError, StorageError."""
    content = store.read(STATUS_PATH)
    try:
        return BackfillStatus.model_validate_json(content) if content else None
    except ValidationError as error:
        raise BadInputError(f"{store.location(STATUS_PATH)} is not the status of a backfill") from error


def observed_rows(store: ExportStore, status: BackfillStatus, dates: Sequence[date]) -> tuple[BackfilledDate, ...]:
    """The rows of dates with the phases of their exported statuses; those without a readable one are left out."""
    exported = ((game_date, exported_status(store, game_date)) for game_date in dates)
    return tuple(
        status.row(game_date).observed(day, status.scope.phases) for game_date, day in exported if day is not None
    )


def publish_backfill(store: ExportStore, status: BackfillStatus, generated_at: datetime) -> None:
    """Export the status and its page."""
    store.write_if_changed(STATUS_PATH, status.model_dump_json().encode())
    store.write_if_changed(PAGE_PATH, render_backfill(status, generated_at).encode())


def render_backfill(status: BackfillStatus, generated_at: datetime) -> str:
    """Render the page as HTML."""
    return template("backfill.html.j2").render(
        status=status,
        generated_at=generated_at,
        tone=_TONES.get(status.state, "running"),
        date_tones=_DATE_TONES,
        step_tones=STEP_TONES,
        counts=Counter(row.state for row in status.dates),
    )


def _plan_path(digest: str) -> str:
    """Raises BadInputError for what no digest is."""
    if not digest.isalnum():
        raise BadInputError(f"{digest!r} is not the digest of a plan, as `backfill plan` prints it")
    return f"backfill/plans/{digest}.json"
