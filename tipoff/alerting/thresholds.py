"""The thresholds of alerts, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

COMPLETION: Final = 0.80
"""Share of the due steps that have all their data."""
ROWS: Final = 0.50
"""Share of the expected rows."""
INPUT_AGE: Final = timedelta(hours=2)
PREDICTIONS_BY: Final = (14, 0)
"""Eastern time on a date with games."""
PLAYERS_ON_FULL_SLATE: Final = 200
FULL_SLATE: Final = 13
"""Games; about 17 players a game are predicted, so that 13 games have some 220."""
WORKER_ERRORS: Final = 5
"""In five minutes."""
HIT_RATE: Final = 0.30
FEWEST_GRADED_PICKS: Final = 40
GRADING_COVERAGE: Final = 0.95
PROVIDER_SUCCESS: Final = 0.80
"""Share of usable responses in 24 hours."""
FEWEST_REQUESTS: Final = 10
"""A provider with fewer requests has no rate worth an alert."""
