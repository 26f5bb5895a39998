"""All exports."""

from __future__ import annotations

import json
from typing import Final

from pydantic import ValidationError

from tipoff.publishing import (
    best_bets,
    calendar,
    ended_days,
    live_payloads,
    performance,
    players,
    predictions,
    results,
    status,
    summary,
    tonight,
    trends,
)
from tipoff.publishing.envelope import Envelope, decode
from tipoff.publishing.export import Export
from tipoff.vocabulary import reason_of

EXPORTS: Final[tuple[Export, ...]] = (
    tonight.ALL_PLAYERS,
    tonight.PLAYER,
    predictions.PREDICTIONS,
    best_bets.BEST_BETS,
    live_payloads.LIVE,
    live_payloads.LIVE_GRADING,
    results.RESULTS,
    performance.PERFORMANCE,
    players.INDEX,
    players.PLAYER,
    trends.HOT_COLD,
    trends.BOUNCE_BACK,
    trends.PLAYS,
    trends.STREAKS,
    calendar.GAME_COUNTS,
    summary.SUMMARY,
    status.STATUS,
    ended_days.DAYS,
)


def export_of(path: str) -> Export | None:
    """Return the export that a file below `v1/` belongs to; None for a schema and for a file that nobody declared."""
    return next((export for export in EXPORTS if export.has_file(path)), None)


def misfit(path: str, content: bytes) -> str:
    """Return the first field of a file that does not fit its export, and why; empty if all do."""
    export = export_of(path)
    for model in (Envelope, export.payload) if export else ():
        try:
            file = decode(content)
            known = {name: file[name] for name in model.model_fields if name in file}
            model.model_validate_json(json.dumps(known), strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            return f"{field.removeprefix('.') or 'the file'}: {first['msg'].lower().removeprefix('value error, ')}"
        except ValueError as error:
            return reason_of(error)
    return ""
