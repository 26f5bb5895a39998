"""Who is asked in whose place, and for which games: pure functions of a step, its record and what a look brought."""

from __future__ import annotations

from datetime import datetime

from tipoff.vocabulary import (
    USABLE,
    DayPlan,
    FallbackSource,
    Outcome,
    PlanStep,
    ProcessReport,
    Role,
    SlateGame,
    SourceReport,
)
from workflows.day_state import StepRecord, is_outdated


def wanted_games(step: PlanStep, record: StepRecord, plan: DayPlan, *, force: bool = False) -> tuple[SlateGame, ...]:
    """The games that a source is asked about; `anew`: a person wants all of them read again."""
    if force or not (step.asks_what_is_missing and record.rows):
        return plan.games
    wanted = {*record.missing_games, *record.fallback_games}
    return tuple(game for game in plan.games if game.game_id in wanted)


def in_cooldown(record: StepRecord) -> SourceReport | None:
    """What stands for an answer of a source that is not asked: only a person can help it, or it wants a rest."""
    refused = SourceReport(changed=False, use_fallback=True, missing_games=record.missing_games)
    if record.stopped:
        return refused.model_copy(update={"outcome": Outcome.GONE, "reason": record.stopped, "parks": True})
    if record.cooldown is not None:
        until, reason = record.cooldown
        return refused.model_copy(update={"outcome": Outcome.BLOCKED, "reason": reason, "retry_at": until})
    return None


def wants_fallback(step: PlanStep, report: SourceReport, now: datetime) -> bool:
    """Whether another source is asked for what one lacks: at once when it refuses or fails, else when it is late."""
    late = step.soft_deadline is not None and now >= step.soft_deadline
    incomplete = report.outcome not in USABLE or bool(report.missing_games)
    return incomplete and (report.use_fallback or late)


def lacking(
    step: PlanStep, record: StepRecord, report: SourceReport, plan: DayPlan, now: datetime, *, force: bool = False
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
        wanted = {*record.missing_games, *(record.fallback_games if before or force else ())}
    return tuple(game for game in plan.games if game.game_id in wanted and (not before or game.tip_off > now))


def others_of(source: str, plan: DayPlan) -> set[str]:
    """The sources that stand in for one, or that it stands in for: they write what it writes."""
    fallbacks = (
        {step.subject, *(each.source for each in step.fallback_sources)} for step in plan.steps if step.fallback_sources
    )
    return set[str]().union(*(chain for chain in fallbacks if source in chain)) - {source}


def merge_fallback(
    report: SourceReport,
    fallback: FallbackSource,
    brought: SourceReport,
    asked: tuple[SlateGame, ...],
    *,
    rows_before: int = 0,
    had_before: tuple[str, ...] = (),
) -> SourceReport:
    """A look of a source with what another had in its place.

    When the look failed, `rows_before` stand, so do the games that others `had_before` and nobody was asked for now.
    """
    told = report.model_copy(update={"alerts": report.alerts | brought.alerts})
    if brought.outcome not in {Outcome.OK, Outcome.PARTIAL}:
        reason = f"{report.reason}; {fallback.title}: {brought.reason}"
        return told.model_copy(update={"reason": reason, "primary_reason": report.primary_reason or report.reason})
    asked = asked or brought.games or ()  # whoever tells the slate is asked before any game is known
    had = tuple(game.game_id for game in asked if game.game_id not in brought.missing_games)
    missing = tuple(game.game_id for game in asked if game.game_id in brought.missing_games)
    kept = () if report.outcome in USABLE else tuple(game for game in had_before if game not in {*had, *missing})
    news = [each.changed_games for each in (report, brought) if each.changed and each.changed_games is not None]
    partly = brought.outcome is Outcome.PARTIAL
    why = f" ({brought.reason})" if partly and brought.reason else ""
    count = f"{len(had)} of {len(asked)} " if missing else ""
    return told.model_copy(
        update={
            "outcome": Outcome.PARTIAL if missing or partly else Outcome.OK,
            "reason": f"{report.reason}; {count}games from {fallback.title}{why}",
            "primary_reason": report.primary_reason or report.reason,
            "rows": brought.rows + (report.rows if report.outcome in USABLE else rows_before),
            "changed": report.changed or brought.changed,
            "changed_games": tuple(dict.fromkeys(game for games in news for game in games)),
            "missing_games": missing,
            "unresolved": report.unresolved + brought.unresolved,
            "unresolved_names": report.unresolved_names + brought.unresolved_names,
            "games": brought.games if report.games is None else report.games,
            "postponed": report.postponed + brought.postponed,
            "counts": report.counts | brought.counts,
            "fallback_games": {**report.fallback_games, fallback.title: had + kept},
        }
    )


def read_again(
    step: PlanStep, record: StepRecord, processed: ProcessReport, plan: DayPlan, fallback: FallbackSource | None
) -> SourceReport:
    """The report of a recorded batch, of the step's own source or of a fallback source."""
    report = SourceReport(**dict(processed))
    if step.role is Role.POST and report.outcome in {Outcome.OK, Outcome.PARTIAL}:
        return _with_those_before(record, report, [game.game_id for game in plan.games], fallback)
    if fallback is None:
        return report
    nothing = SourceReport(outcome=Outcome.GONE, reason="landed", changed=False)
    return merge_fallback(nothing, fallback, report, plan.games)


def _with_those_before(
    record: StepRecord, report: SourceReport, slate: list[str], fallback: FallbackSource | None
) -> SourceReport:
    """Results are asked for game by game: what the answers before had, of the source itself or of others, stands."""
    before = set(slate) - set(record.missing_games) if record.rows else set[str]()
    there = set(slate) - set(report.missing_games)
    own = before - set(record.fallback_games) | (there if fallback is None else set())
    others = tuple(game for game in slate if game in (before | there) - own)
    missing = tuple(game for game in slate if game not in before | there)
    return report.model_copy(
        update={
            "outcome": Outcome.PARTIAL if missing else Outcome.OK,
            "reason": f"landed; games from {fallback.title}" if fallback else report.reason,
            "rows": report.rows if before <= there else record.rows + report.rows,
            "missing_games": missing,
            "fallback_games": {fallback.title if fallback else "others": others} if others else {},
        }
    )


def slate_told(report: SourceReport, games: tuple[SlateGame, ...], plan: DayPlan) -> tuple[SlateGame, ...]:
    """The slate that a look tells. One who stands in takes no game away that he does not call postponed."""
    if not report.fallback_games:
        return games
    told = {game.game_id for game in games} | set(report.postponed)
    kept = (game for game in plan.games if game.game_id not in told)
    return tuple(sorted((*games, *kept), key=lambda game: (game.tip_off, game.game_id)))
