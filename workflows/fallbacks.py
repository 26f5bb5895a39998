"""Which fallback sources are polled, for which games, and what replaces a missing step: pure functions."""

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
from workflows.step_records import Records, SourceRecord

_HAS_DATA = frozenset({Outcome.OK, Outcome.PARTIAL})


def wanted_games(step: PlanStep, record: SourceRecord, plan: DayPlan, *, force: bool = False) -> tuple[SlateGame, ...]:
    """The games to poll the primary source for; `force`: an operator wants all of them."""
    if force or not (step.polls_missing_games_only and record.rows):
        return plan.games
    wanted = {*record.missing_games, *record.fallback_games}
    return tuple(game for game in plan.games if game.game_id in wanted)


def report_without_poll(record: SourceRecord) -> SourceReport | None:
    """The report of a source that must not be polled: blocked until an operator acts, or in cooldown."""
    report = SourceReport(changed=False, use_fallback=True, missing_games=record.missing_games)
    if record.blocked_reason:
        return report.model_copy(update={"outcome": Outcome.GONE, "reason": record.blocked_reason, "parks": True})
    if record.cooldown is not None:
        cooldown = record.cooldown
        return report.model_copy(
            update={"outcome": cooldown.outcome, "reason": cooldown.reason, "retry_at": cooldown.until}
        )
    return None


def needs_fallback(step: PlanStep, report: SourceReport, plan: DayPlan, now: datetime) -> bool:
    """Whether to poll a fallback source: at once after a refusal or failure or of a past date, else once it is late."""
    late = plan.is_backfill or (step.soft_deadline is not None and now >= step.soft_deadline)
    incomplete = report.outcome not in USABLE or bool(report.missing_games)
    return incomplete and (report.use_fallback or late)


def lacking_games(
    step: PlanStep, record: SourceRecord, report: SourceReport, plan: DayPlan, now: datetime, *, force: bool = False
) -> tuple[SlateGame, ...]:
    """The games to poll a fallback source for; before the games, none that has begun.

    While the primary source brings nothing, games with fallback data are polled again: at every poll before the games,
    after the games only if an operator forces it.
    """
    before_games = step.role is Role.PRE
    if report.outcome in USABLE:
        wanted = set(report.missing_games)
    elif not record.rows or record.is_outdated(step, now):
        wanted = set(plan.game_ids)
    else:
        wanted = {*record.missing_games, *(record.fallback_games if before_games or force else ())}
    begun = plan.begun(now) if before_games else set[str]()
    return tuple(game for game in plan.games if game.game_id in wanted - begun)


def others_in_chain(source: str, plan: DayPlan) -> set[str]:
    """The other sources of a source's fallback chain: they write the same rows."""
    others: set[str] = set()
    for step in plan.steps:
        chain = {step.subject, *(fallback.source for fallback in step.fallback_sources)}
        others |= chain if source in chain else set()
    return others - {source}


def merge_fallback(
    report: SourceReport,
    fallback: FallbackSource,
    brought: SourceReport,
    requested: tuple[SlateGame, ...],
    *,
    rows_before: int = 0,
    had_before: tuple[str, ...] = (),
) -> SourceReport:
    """The report of a source together with what a fallback source brought for the `requested` games.

    If the source failed, the `rows_before` stay, and so do the games that fallback sources `had_before` and that were
    not requested now.
    """
    merged = report.model_copy(
        update={
            "alerts": report.alerts | brought.alerts,
            "primary_reason": report.primary_reason or report.reason,
        }
    )
    if brought.outcome not in _HAS_DATA:
        return merged.model_copy(update={"reason": f"{report.reason}; {fallback.label}: {brought.reason}"})
    had, missing = _had_and_missing(brought, requested)
    usable = report.outcome in USABLE
    kept = () if usable else tuple(game for game in had_before if game not in {*had, *missing})
    partial = bool(missing) or brought.outcome is Outcome.PARTIAL
    return merged.model_copy(
        update={
            "outcome": Outcome.PARTIAL if partial else Outcome.OK,
            "reason": _merged_reason(report, fallback, brought, had, missing),
            "rows": brought.rows + (report.rows if usable else rows_before),
            "changed": report.changed or brought.changed,
            "changed_games": _changed_games(report, brought),
            "versions": {**report.versions, **brought.versions},
            "missing_games": missing,
            "unresolved": report.unresolved + brought.unresolved,
            "unresolved_names": report.unresolved_names + brought.unresolved_names,
            "games": brought.games if report.games is None else report.games,
            "postponed": report.postponed + brought.postponed,
            "counts": report.counts | brought.counts,
            "fallback_games": {**report.fallback_games, fallback.label: had + kept},
        }
    )


def _had_and_missing(
    brought: SourceReport, requested: tuple[SlateGame, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    requested = requested or brought.games or ()  # the slate is requested before any game is known
    game_ids = [game.game_id for game in requested]
    had = tuple(game_id for game_id in game_ids if game_id not in brought.missing_games)
    return had, tuple(game_id for game_id in game_ids if game_id in brought.missing_games)


def _merged_reason(
    report: SourceReport,
    fallback: FallbackSource,
    brought: SourceReport,
    had: tuple[str, ...],
    missing: tuple[str, ...],
) -> str:
    why = f" ({brought.reason})" if brought.outcome is Outcome.PARTIAL and brought.reason else ""
    count = f"{len(had)} of {len(had) + len(missing)} " if missing else ""
    return f"{report.reason}; {count}games from {fallback.label}{why}"


def _changed_games(report: SourceReport, brought: SourceReport) -> tuple[str, ...]:
    games = [game for each in (report, brought) if each.changed for game in each.changed_games or ()]
    return tuple(dict.fromkeys(games))


def recorded_report(
    step: PlanStep, record: SourceRecord, processed: ProcessReport, plan: DayPlan, fallback: FallbackSource | None
) -> SourceReport:
    """The report of a recorded batch, of the step's primary source or of a fallback source."""
    report = SourceReport(**dict(processed))
    if step.role is Role.POST and report.outcome in _HAS_DATA:
        return _with_earlier_batches(record, report, plan, fallback)
    if fallback is None:
        return report
    no_poll = SourceReport(outcome=Outcome.GONE, reason="from a landed batch", changed=False)
    return merge_fallback(no_poll, fallback, report, plan.games)


def _with_earlier_batches(
    record: SourceRecord, report: SourceReport, plan: DayPlan, fallback: FallbackSource | None
) -> SourceReport:
    """Results are collected game by game: the games of earlier batches stay."""
    slate = set(plan.game_ids)
    before = slate - set(record.missing_games) if record.rows else set[str]()
    now = slate - set(report.missing_games)
    primary = before - set(record.fallback_games) | (now if fallback is None else set())
    others = tuple(game for game in plan.game_ids if game in (before | now) - primary)
    missing = tuple(game for game in plan.game_ids if game not in before | now)
    return report.model_copy(
        update={
            "outcome": Outcome.PARTIAL if missing else Outcome.OK,
            "reason": f"from a landed batch; games from {fallback.label}" if fallback else report.reason,
            "rows": report.rows if before <= now else record.rows + report.rows,
            "missing_games": missing,
            "fallback_games": {fallback.label if fallback else "others": others} if others else {},
        }
    )


def reported_slate(
    report: SourceReport, games: tuple[SlateGame, ...], plan: DayPlan, now: datetime
) -> tuple[SlateGame, ...]:
    """The slate after a poll.

    A game that has begun keeps its tip-off while the schedule has none. A fallback source removes no game that it does
    not report as postponed.
    """
    begun = {game.game_id: game for game in plan.games if game.has_begun(now)}
    current = [begun.get(game.game_id, game) if game.tip_off is None else game for game in games]
    if report.fallback_games:
        reported = {game.game_id for game in games} | set(report.postponed)
        current += [game for game in plan.games if game.game_id not in reported]
    return tuple(sorted(current, key=lambda game: game.order))


def degraded_message(step: PlanStep, plan: DayPlan, records: Records) -> str:
    """How the day goes on without a step: with the steps that replace it if one has data, else without any of them."""
    others = [record for name in step.replaced_by if (record := records.get(name))]
    is_replaced = not step.replaced_by or any(record.rows for record in others)
    return step.degraded_message if is_replaced else _message_without_replacement(step, plan)


def with_current_message(reason: str, step: PlanStep, plan: DayPlan, records: Records) -> str:
    """The reason of a degradation; where it ends with a message that is no longer true, with the one that is."""
    for message in (step.degraded_message, _message_without_replacement(step, plan)):
        if message and reason.endswith(message):
            return reason.removesuffix(message) + degraded_message(step, plan, records)
    return reason


def _message_without_replacement(step: PlanStep, plan: DayPlan) -> str:
    others = " nor ".join(other.label for other in plan.steps if other.name in step.replaced_by)
    return f"neither it nor {others} has data: {step.without_replacement}"
