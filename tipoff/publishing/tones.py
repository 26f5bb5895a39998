"""The color of each state of a step, by its name in the style sheets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tipoff.vocabulary import StepState

STEP_TONES: Final[Mapping[StepState, str]] = {
    StepState.PENDING: "plain",
    StepState.RUNNING: "running",
    StepState.LATE: "running",
    StepState.COMPLETE: "good",
    StepState.EMPTY_OK: "good",
    StepState.DEGRADED: "fair",
    StepState.SKIPPED: "fair",
    StepState.FAILED: "bad",
}
