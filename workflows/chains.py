"""Who is asked in whose place, and for which games: pure functions of a step, its record and what a look brought."""

from __future__ import annotations

from datetime import datetime

from tipoff.vocabulary import DayPlan, Outcome, PlanStep, Role, SlateGame, StandIn
from workflows.contracts import USABLE, StepReport
from workflows.day_state import StepRecord, is_outdated


def wanted_games(step: PlanStep, record: StepRecord, plan: DayPlan, *, anew: bool = False) -> tuple[SlateGame, ...]:
    """The games that a source is asked about; `anew`: a person wants all of them read again."""
    if anew or not (step.asks_what_is_missing and record.rows):
        return plan.games
    wanted = {*record.missing_games, *record.stood_in}
    return tuple(game for game in plan.games if game.game_id in wanted)


def wants_stand_in(step: PlanStep, report: StepReport, now: datetime) -> bool:
    """Whether another source is asked for what one lacks: at once when it refuses or fails, else when it is late."""
    late = step.soft_deadline is not None and now >= step.soft_deadline
    incomplete = report.outcome not in USABLE or bool(report.missing_games)
    return incomplete and (report.stand_in or late)


def lacking(
    step: PlanStep, record: StepRecord, report: StepReport, plan: DayPlan, now: datetime, *, anew: bool = False
) -> tuple[SlateGame, ...]:
    """The games that a stand-in is asked for: before the games none that has begun.

    What others had is asked for again while the first choice brings nothing: results only where a person wants them
    `anew`, what is known before the games at every look.
    """
    before = step.role is Role.PRE
    if report.outcome in USABLE:
        wanted = set(report.missing_games)
    elif not record.rows or is_outdated(step, record, now):
        wanted = {game.game_id for game in plan.games}
    else:
        wanted = {*record.missing_games, *(record.stood_in if before or anew else ())}
    return tuple(game for game in plan.games if game.game_id in wanted and (not before or game.tip_off > now))


def stood_in(
    report: StepReport, stand_in: StandIn, brought: StepReport, asked: tuple[SlateGame, ...], rows_before: int
) -> StepReport:
    """A look of a source with what another had in its place; `rows_before`: what stands when the look failed."""
    told = report.model_copy(update={"alerts": report.alerts | brought.alerts})
    if brought.outcome not in {Outcome.OK, Outcome.PARTIAL}:
        reason = f"{report.reason}; {stand_in.title}: {brought.reason}"
        return told.model_copy(update={"reason": reason, "own_reason": report.own_reason or report.reason})
    asked = asked or brought.games or ()  # whoever tells the slate is asked before any game is known
    had = tuple(game.game_id for game in asked if game.game_id not in brought.missing_games)
    missing = tuple(game.game_id for game in asked if game.game_id in brought.missing_games)
    news = [each.changed_games for each in (report, brought) if each.changed and each.changed_games is not None]
    partly = brought.outcome is Outcome.PARTIAL
    why = f" ({brought.reason})" if partly and brought.reason else ""
    count = f"{len(had)} of {len(asked)} " if missing else ""
    return told.model_copy(
        update={
            "outcome": Outcome.PARTIAL if missing or partly else Outcome.OK,
            "reason": f"{report.reason}; {count}games from {stand_in.title}{why}",
            "own_reason": report.own_reason or report.reason,
            "rows": brought.rows + (report.rows if report.outcome in USABLE else rows_before),
            "changed": report.changed or brought.changed,
            "changed_games": tuple(dict.fromkeys(game for games in news for game in games)),
            "missing_games": missing,
            "unresolved": report.unresolved + brought.unresolved,
            "unresolved_names": report.unresolved_names + brought.unresolved_names,
            "games": brought.games if report.games is None else report.games,
            "postponed": report.postponed + brought.postponed,
            "counts": report.counts | brought.counts,
            "stood_in": {**report.stood_in, stand_in.title: had},
            "refused": report.refused or report.outcome not in USABLE,
        }
    )


def slate_told(report: StepReport, games: tuple[SlateGame, ...], plan: DayPlan) -> tuple[SlateGame, ...]:
    """The slate that a look tells. One who stands in takes no game away that he does not call postponed."""
    if not report.stood_in:
        return games
    told = {game.game_id for game in games} | set(report.postponed)
    kept = (game for game in plan.games if game.game_id not in told)
    return tuple(sorted((*games, *kept), key=lambda game: (game.tip_off, game.game_id)))
