"""How a day ended, as `daily_phase_status` says it."""

from __future__ import annotations

from typing import Any

from tests.support.ledgers import DAY
from tipoff.vocabulary import Phase, eastern


def ended_row(**columns: Any) -> dict[str, Any]:
    """A row of `daily_phase_status`."""
    return {
        "game_date": DAY,
        "status": "COMPLETE",
        "data_quality": "DEGRADED",
        "backfilled": False,
        "games": 12,
        "predictions": 418,
        "graded": 418,
        "publication_minutes": 615.5,
        "success_rate": 0.98,
        "sentence": "complete: 12 games",
        "ended_at": eastern(DAY, 23),
        "runs": 1,
        **{f"{phase}_rows": 312 for phase in Phase},
        "steps": ["nbac_schedule"],
        "success_rates": [0.98],
        **columns,
    }
