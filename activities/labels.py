"""Labels the warehouse's jobs with the day, phase and step that an activity works for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tipoff.plan import GAME_DAY_STEPS, SourceStep
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Phase

_PHASES: Final[Mapping[str, Phase]] = {
    step.source if isinstance(step, SourceStep) else step.name: step.phase for step in GAME_DAY_STEPS
}


def labels_of(request: object) -> dict[str, object]:
    """Return the labels of a request, as far as it names them; a fallback source has the phase of its primary one."""
    names = (getattr(request, name, "") for name in ("step", "source", "subject", "system_id"))
    step = next((name for name in names if name), "")
    fallback_for = SOURCES[step].fallback_for if step in SOURCES else ()
    phases = (_PHASES[name] for name in (step, *fallback_for) if name in _PHASES)
    return {"game_date": getattr(request, "game_date", None), "phase": next(phases, None), "step": step}
