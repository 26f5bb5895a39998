"""All exports."""

from __future__ import annotations

from typing import Final

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
from tipoff.publishing.export import Export

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
