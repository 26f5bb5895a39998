"""Withholds the picks of a slate that are nearly all on one side, until an operator releases them.

Nearly all picks on one side mean that a system is biased or lacks an input, rather than that the market is: players of
whom it knows nothing are all UNDER, for example. The predictions stay as they are; `active_predictions` makes PASS of
their picks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

import polars as pl

from tipoff.grading.accuracy import active_predictions
from tipoff.grading.outcomes import SIDES
from tipoff.vocabulary import Frozen, Recommendation, counted
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES

LEAST_PICKS: Final = 40
"""Fewer picks may all be on one side by chance."""
LEAST_OVERS, MOST_OVERS = 0.15, 0.85
"""The shares of OVER between which picks are published."""

WITHHELD: Final = "withheld: "
"""Begins the reason of a PASS that a system would have recommended to bet on."""
_TABLE: Final = "withheld_picks"


class _State(Frozen):
    """The newest row of a view of a system."""

    withheld: bool = False
    picks: int = 0
    overs: int = 0
    who: str | None = None


_PUBLISHED: Final = _State()


def is_one_sided(picks: int, overs: int) -> bool:
    """Whether the picks of a slate are so many and so much on one side that they are withheld."""
    return picks >= LEAST_PICKS and not LEAST_OVERS <= overs / picks <= MOST_OVERS


def withhold_one_sided(warehouse: Warehouse, game_date: date, system_id: str, as_of: datetime) -> dict[str, str]:
    """Withhold the picks of the views of a system that are one-sided now, or publish them again.

    Picks that an operator released stay published. Return view -> why its picks are withheld.
    """
    before = _states(warehouse, game_date, as_of)
    reasons = {}
    for view, picks, overs in _picks_of_views(warehouse, game_date, system_id, as_of).iter_rows():
        state = before.get((system_id, view), _PUBLISHED)
        withheld = state.who is None and is_one_sided(picks, overs)
        if withheld:
            reasons[view] = _reason(picks, overs)
        if withheld != state.withheld:
            new = _State(withheld=withheld, picks=picks, overs=overs)
            _append(warehouse, game_date, system_id, view, as_of, new, reasons.get(view, "no longer one-sided"))
    return reasons


def release_picks(
    warehouse: Warehouse,
    game_date: date,
    views: Collection[tuple[str, str]],
    released_at: datetime,
    who: str,
    why: str,
) -> None:
    """Publish the picks of these views (system and view) of a date; those of games that had begun stay withheld.

    A system whose step ran during the release stores rows as of an earlier time: the operator has not seen its picks.
    """
    for (system_id, view), state in _states(warehouse, game_date, released_at).items():
        if state.withheld and (system_id, view) in views:
            released = state.model_copy(update={"withheld": False, "who": who})
            _append(warehouse, game_date, system_id, view, released_at, released, why)


def _picks_of_views(warehouse: Warehouse, game_date: date, system_id: str, as_of: datetime) -> pl.DataFrame:
    """Return (view, picks, overs) of a system, whether its picks are withheld or not."""
    active = active_predictions(warehouse, game_date, as_of)
    own = active.filter(pl.col("system_id") == system_id, ~pl.col("backfilled"))
    recommended = pl.col("system_recommendation")
    overs = (recommended == Recommendation.OVER).sum()
    return own.group_by("view").agg(picks=recommended.is_in(SIDES).sum(), overs=overs).sort("view")


def _states(warehouse: Warehouse, game_date: date, as_of: datetime) -> dict[tuple[str, str], _State]:
    """Return the newest state of each view of each system up to a time."""
    rows = warehouse.query(*rows_of_slice(TABLES[_TABLE], {"game_date": game_date}))
    known = rows.filter(pl.col("as_of") <= as_of).sort("as_of").select("system_id", "view", *_State.model_fields)
    return {(row.pop("system_id"), row.pop("view")): _State(**row) for row in known.to_dicts()}


def _append(
    warehouse: Warehouse, game_date: date, system_id: str, view: str, as_of: datetime, state: _State, reason: str
) -> None:
    key = {"game_date": game_date, "system_id": system_id, "view": view, "as_of": as_of}
    row = pl.DataFrame([{**key, **state.model_dump(), "reason": reason}], schema_overrides={"who": pl.String})
    warehouse.append(_TABLE, row)


def _reason(picks: int, overs: int) -> str:
    side, count = ("OVER", overs) if 2 * overs > picks else ("UNDER", picks - overs)
    return f"{WITHHELD}{count:,} of {counted(picks, 'pick')} of the slate are {side}"
