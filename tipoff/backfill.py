"""Plans a backfill: which past dates lack what, and what it takes to run them.

A date that ran before, or that an import stored, is computed again from what is stored and landed. Any other date is
collected, too, as far as providers still have it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from tipoff.errors import BadInputError
from tipoff.plan import plan_day
from tipoff.sources.base import Slate, Source
from tipoff.vocabulary import (
    MAX_BACKFILLED_DATES,
    PREDICTED,
    BackfillMode,
    BackfillPlan,
    BackfillScope,
    Phase,
    PlannedDate,
    RunState,
    SlateGame,
    StepKind,
    counted,
    first_day,
    season_of,
)
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text

_DIGEST_LENGTH: Final = 12
_ROWS: Final[Mapping[Phase, str]] = {
    Phase.CONTEXT: "player contexts",
    Phase.PREDICT: "predictions",
    Phase.RESULTS: "results",
    Phase.GRADE: "grades",
}
"""The phases whose rows tell whether they ran for a game."""
_FAILED_STATES: Final = frozenset({RunState.FAILED, RunState.CANCELLED})


class StoredDate(NamedTuple):
    """What is stored of a date with games."""

    game_date: date
    games: int
    games_with_rows: Mapping[Phase, int]
    last_state: RunState | None
    """How its last run ended; None: none did."""


class Cost(NamedTuple):
    """What the run of a date takes."""

    requests: int = 0
    credits: int = 0


def make_plan(
    scope: BackfillScope, warehouse: Warehouse, sources: Mapping[str, Source], started_at: datetime
) -> BackfillPlan:
    """The dates that a backfill would run now. Raises BadInputError when they are too many."""
    stored, seasons = _stored_dates(warehouse, scope), _stored_seasons(warehouse, scope)
    return planned(scope, stored, seasons, lambda each: _cost(each, scope, warehouse, sources, started_at))


def planned(
    scope: BackfillScope, stored: Sequence[StoredDate], seasons: frozenset[str], cost: Callable[[date], Cost]
) -> BackfillPlan:
    """The plan for what is stored. Raises BadInputError when it has too many dates."""
    by_date = {each.game_date: each for each in stored}
    dates: list[PlannedDate] = []
    left_out: Counter[str] = Counter()
    for game_date in _dates(scope):
        known = by_date.get(game_date)
        reason = _reason(known, scope) if known else _reason_without_games(game_date, scope, seasons)
        if not reason.runs:
            left_out[reason.text] += 1
            continue
        price = cost(game_date) if known is None or known.last_state is None else Cost()
        games = known.games if known else 0
        dates.append(PlannedDate(game_date=game_date, games=games, reason=reason.text, **price._asdict()))
    if len(dates) > MAX_BACKFILLED_DATES:
        raise BadInputError(
            f"the range has {counted(len(dates), 'date')} to run, at most {MAX_BACKFILLED_DATES} are allowed: "
            f"end it before {dates[MAX_BACKFILLED_DATES].game_date}"
        )
    return BackfillPlan(
        scope=scope, dates=tuple(dates), left_out=dict(left_out), digest=_digest(scope, dates, left_out)
    )


class _Reason(NamedTuple):
    """Why a date runs, or why it does not."""

    text: str
    runs: bool = True


def _reason(stored: StoredDate, scope: BackfillScope) -> _Reason:
    match scope.mode:
        case BackfillMode.ALL:
            return _Reason("every date is wanted")
        case BackfillMode.FAILED if stored.last_state in _FAILED_STATES:
            return _Reason(f"its last run ended {stored.last_state}")
        case BackfillMode.FAILED:
            return _Reason("it never ran" if stored.last_state is None else "its last run ended complete", runs=False)
    lacking = [
        f"{rows} of {stored.games - stored.games_with_rows[phase]} of {counted(stored.games, 'game')}"
        for phase, rows in _ROWS.items()
        if phase in scope.phases and stored.games_with_rows[phase] < stored.games
    ]
    if scope.collects and stored.last_state is None:
        return _Reason("it never ran")
    return _Reason(f"lacks {', '.join(lacking)}") if lacking else _Reason("nothing is missing", runs=False)


def _reason_without_games(game_date: date, scope: BackfillScope, seasons: frozenset[str]) -> _Reason:
    if season_of(game_date) in seasons:
        return _Reason("no games", runs=False)
    may_have_games = scope.from_phase is Phase.SLATE and scope.mode is not BackfillMode.FAILED
    return _Reason("its schedule is not stored", runs=may_have_games)


def _dates(scope: BackfillScope) -> Iterator[date]:
    for days in range((scope.last - scope.first).days + 1):
        yield scope.first + timedelta(days=days)


def _digest(scope: BackfillScope, dates: Sequence[PlannedDate], left_out: Mapping[str, int]) -> str:
    facts = [scope.model_dump(mode="json"), [each.model_dump(mode="json") for each in dates], dict(left_out)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:_DIGEST_LENGTH]


# ── what is stored ───────────────────────────────────────────────────────────────────────────────────────


def _stored_dates(warehouse: Warehouse, scope: BackfillScope) -> tuple[StoredDate, ...]:
    parameters: Parameters = {
        "first_date": scope.first,
        "last_date": scope.last,
        "season_types": list(PREDICTED),
    }
    rows = warehouse.query(sql_text("stored_dates"), parameters).iter_rows(named=True)
    return tuple(
        StoredDate(
            game_date=row["game_date"],
            games=row["games"],
            games_with_rows={phase: row[f"{phase}_games"] for phase in _ROWS},
            last_state=RunState(row["last_state"]) if row["last_state"] else None,
        )
        for row in rows
    )


def _stored_seasons(warehouse: Warehouse, scope: BackfillScope) -> frozenset[str]:
    """The seasons of the range whose schedule is stored."""
    last = first_day(season_of(scope.last)) + timedelta(days=365)
    parameters: Parameters = {"first_day": first_day(season_of(scope.first)), "last_day": last}
    return frozenset(warehouse.query(sql_text("stored_seasons"), parameters)["season"])


def _cost(
    game_date: date,
    scope: BackfillScope,
    warehouse: Warehouse,
    sources: Mapping[str, Source],
    started_at: datetime,
) -> Cost:
    """What the sources of a date are requested that never ran."""
    if not scope.collects:
        return Cost()
    stored = warehouse.query(sql_text("recorded_slate"), {"game_date": game_date, "season_types": list(PREDICTED)})
    games = tuple(SlateGame.model_validate(row) for row in stored.iter_rows(named=True))
    slate = Slate(game_date=game_date, games=games)
    requests = [
        request
        for step in plan_day(game_date, games, sources, started_at=started_at).until(scope.to_phase).steps
        if step.kind is StepKind.SOURCE and not step.landed_only
        for request in sources[step.subject].requests(slate, started_at, {})
    ]
    return Cost(len(requests), sum(request.credits for request in requests))
