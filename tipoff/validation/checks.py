"""The checks of a date as data: what each reads, from when its data are due, and until when they may still come.

A check measures tables and exports alone, never what a workflow counted. `validate` judges all of them as of a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tipoff.plan import (
    DAY_ENDS,
    EARLIEST_USUAL_TIP,
    FIRST_TIP,
    INPUTS_DUE,
    INPUTS_LATE,
    PREDICTIONS_DUE,
    RESULTS_DUE,
    RESULTS_LATE,
    SLATE_LATE,
    DayTime,
    SlateTimes,
    hours,
    slate_times,
)
from tipoff.publishing.export import SCHEMAS
from tipoff.validation import after_games, before_games, exported
from tipoff.validation.measured import Measured, Unit
from tipoff.validation.records import (
    BEST_BETS_EXPORT,
    LATEST_BETS_EXPORT,
    LATEST_RESULTS_EXPORT,
    PREDICTIONS_EXPORT,
    RESULTS_EXPORT,
    SUMMARY_EXPORT,
    TODAY_EXPORT,
    DayRecords,
    export_path,
)
from tipoff.vocabulary import (
    CheckResult,
    DataState,
    Finding,
    Severity,
    SlateGame,
    ValidationReport,
    clock_time,
    step_names,
)

_NO_GAMES: Final = (SlateGame(game_id="", away="", home="", tip_off=None),)
"""Stands for the slate of a date without games: what may be due has the times of a late game."""
NAMED_UNITS: Final = 5
"""Missing games or teams that are named; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class DataCheck:
    """One check of a date."""

    name: str
    reads: str
    """The table or export that should have the data."""
    measure: Callable[[DayRecords], Measured]
    due: DayTime
    """Missing data are pending before, and late from then on."""
    final: DayTime | None
    """From when nothing is expected to bring missing data any more. None: from the tip-off of each game on."""
    is_optional: bool = False
    """The day may go on without the data: then it is degraded, else failed."""
    command: str
    """What helps if the data are late or failed."""
    after: str = ""
    """The check of what its data are computed from: while that lacks data, so does this one."""


def _retry(step: str) -> str:
    return f"starter.py retry-step --step {step} --date {{date}}"


_STATUS = "starter.py status --date {date}"
_RERUN = "starter.py --date {date} --rerun --from-phase {phase}"
_REDO_PREDICTIONS = _RERUN.replace("{phase}", "context")
_REDO_RESULTS = _RERUN.replace("{phase}", "results")

CHECKS: Final[tuple[DataCheck, ...]] = (
    DataCheck(
        name="schedule",
        reads="raw_schedule",
        measure=before_games.schedule,
        due=SLATE_LATE,
        final=EARLIEST_USUAL_TIP,
        command=_retry(step_names.SCHEDULE),
    ),
    DataCheck(
        name="rosters",
        reads="raw_rosters",
        measure=before_games.rosters,
        due=INPUTS_LATE - hours(1),
        final=INPUTS_DUE - hours(1),
        is_optional=True,
        command=_retry(step_names.ROSTERS),
    ),
    DataCheck(
        name="listed players",
        reads="raw_players",
        measure=before_games.listed_players,
        due=INPUTS_LATE - hours(1),
        final=None,
        command=_retry(step_names.PLAYER_LIST),
    ),
    DataCheck(
        name="injury reports",
        reads="raw_injuries",
        measure=before_games.injury_reports,
        due=INPUTS_LATE,
        final=INPUTS_DUE,
        is_optional=True,
        command=_retry(step_names.INJURY_REPORT),
    ),
    DataCheck(
        name="game lines",
        reads="raw_game_lines",
        measure=before_games.game_lines,
        due=INPUTS_LATE,
        final=INPUTS_DUE,
        is_optional=True,
        command="starter.py refresh-lines --date {date}",
    ),
    DataCheck(
        name="player lines",
        reads="raw_player_props",
        measure=before_games.player_lines,
        due=INPUTS_LATE,
        final=INPUTS_DUE,
        is_optional=True,
        command="starter.py refresh-lines --date {date}",
    ),
    DataCheck(
        name="team contexts",
        reads="upcoming_team_game_context",
        measure=before_games.team_contexts,
        due=PREDICTIONS_DUE,
        final=None,
        command=_REDO_PREDICTIONS,
        after="schedule",
    ),
    DataCheck(
        name="player contexts",
        reads="upcoming_player_game_context",
        measure=before_games.player_contexts,
        due=PREDICTIONS_DUE,
        final=None,
        command=_REDO_PREDICTIONS,
        after="team contexts",
    ),
    DataCheck(
        name="features",
        reads="ml_feature_store",
        measure=before_games.features,
        due=PREDICTIONS_DUE,
        final=None,
        command=_REDO_PREDICTIONS,
        after="player contexts",
    ),
    DataCheck(
        name="predictions per game",
        reads="predictions",
        measure=before_games.predicted_games,
        due=PREDICTIONS_DUE,
        final=None,
        command=_STATUS,
        after="player contexts",
    ),
    DataCheck(
        name="predictions per player",
        reads="predictions",
        measure=before_games.predicted_players,
        due=PREDICTIONS_DUE,
        final=None,
        command=_REDO_PREDICTIONS,
        after="features",
    ),
    DataCheck(
        name="predictions per system",
        reads="predictions",
        measure=before_games.systems,
        due=PREDICTIONS_DUE,
        final=PREDICTIONS_DUE,
        is_optional=True,
        command=_STATUS,
        after="predictions per game",
    ),
    DataCheck(
        name="lines in predictions",
        reads="predictions",
        measure=before_games.lines_in_predictions,
        due=PREDICTIONS_DUE,
        final=None,
        command=_REDO_PREDICTIONS,
        after="predictions per game",
    ),
    DataCheck(
        name="predictions before tip-off",
        reads="predictions",
        measure=before_games.made_before_tip_off,
        due=FIRST_TIP,
        final=None,
        command=_STATUS,
    ),
    DataCheck(
        name="exported predictions",
        reads=PREDICTIONS_EXPORT,
        measure=exported.predictions_export,
        due=SLATE_LATE,
        final=EARLIEST_USUAL_TIP,
        command=_retry(step_names.PUBLISH_PREDICTIONS),
        after="predictions per game",
    ),
    DataCheck(
        name="today's predictions",
        reads=TODAY_EXPORT,
        measure=exported.today_pointer,
        due=SLATE_LATE,
        final=EARLIEST_USUAL_TIP,
        command=_retry(step_names.PUBLISH_PREDICTIONS),
        after="exported predictions",
    ),
    DataCheck(
        name="best bets",
        reads=BEST_BETS_EXPORT,
        measure=exported.best_bets,
        due=PREDICTIONS_DUE,
        final=FIRST_TIP,
        command=_retry(step_names.PUBLISH_PREDICTIONS),
        after="exported predictions",
    ),
    DataCheck(
        name="latest best bets",
        reads=LATEST_BETS_EXPORT,
        measure=exported.latest_bets,
        due=PREDICTIONS_DUE,
        final=FIRST_TIP,
        command=_retry(step_names.PUBLISH_PREDICTIONS),
        after="best bets",
    ),
    DataCheck(
        name="final scores",
        reads="raw_scoreboard",
        measure=after_games.final_scores,
        due=RESULTS_LATE,
        final=RESULTS_DUE,
        command=_REDO_RESULTS,
    ),
    DataCheck(
        name="box scores",
        reads="raw_player_boxscores",
        measure=after_games.box_scores,
        due=RESULTS_LATE,
        final=RESULTS_DUE,
        command=_REDO_RESULTS,
        after="final scores",
    ),
    DataCheck(
        name="game summaries",
        reads="player_game_summary",
        measure=after_games.summaries,
        due=RESULTS_LATE,
        final=RESULTS_DUE,
        command=_REDO_RESULTS,
        after="box scores",
    ),
    DataCheck(
        name="grades",
        reads="prediction_accuracy",
        measure=after_games.grades,
        due=RESULTS_DUE,
        final=DAY_ENDS,
        command=_REDO_RESULTS,
        after="box scores",
    ),
    DataCheck(
        name="exported results",
        reads=RESULTS_EXPORT,
        measure=exported.results_export,
        due=RESULTS_DUE,
        final=DAY_ENDS,
        command=_REDO_RESULTS,
        after="grades",
    ),
    DataCheck(
        name="latest results",
        reads=LATEST_RESULTS_EXPORT,
        measure=exported.latest_results,
        due=RESULTS_DUE,
        final=DAY_ENDS,
        command=_REDO_RESULTS,
        after="exported results",
    ),
    DataCheck(
        name="summary",
        reads=SUMMARY_EXPORT,
        measure=exported.summary_export,
        due=RESULTS_DUE,
        final=DAY_ENDS,
        command=_REDO_RESULTS,
        after="exported results",
    ),
    DataCheck(
        name="schemas of exports",
        reads=SCHEMAS,
        measure=exported.schemas,
        due=SLATE_LATE,
        final=SLATE_LATE,
        is_optional=True,
        command=_REDO_PREDICTIONS,
    ),
)


def validate(records: DayRecords) -> ValidationReport:
    """Judge all checks of a date as of the time of its records."""
    times = slate_times(records.game_date, records.slate or _NO_GAMES)
    return ValidationReport(
        game_date=records.game_date,
        as_of=records.as_of,
        games=len(records.slate),
        results=tuple(_result(check, records, times) for check in CHECKS),
    )


def _result(check: DataCheck, records: DayRecords, times: SlateTimes) -> CheckResult:
    measured = _before_use() if records.is_before_use else check.measure(records)
    due = check.due.resolve(times) if measured.expected else None
    state = _state(check, measured, records, times)
    return CheckResult(
        check=check.name,
        reads=export_path(check.reads, records.game_date),
        state=state,
        expected=measured.expected,
        missing=len(measured.missing),
        is_wrong=bool(measured.wrong),
        text=_text(measured, state, due, records),
        due=due,
        command=check.command.format(date=records.game_date) if state.is_problem else "",
    )


def findings(report: ValidationReport) -> tuple[Finding, ...]:
    """Return the causes of the problems: a check whose input lacks data, too, is named with that one."""
    problems = {each.check: each for each in report.problems}
    followers: dict[str, list[str]] = {}
    for check in (check for check in CHECKS if check.name in problems):
        cause = _cause(check.name, problems)
        followers.setdefault(cause, []).extend([check.name] if check.name != cause else [])
    return tuple(_finding(report, problems[cause], names) for cause, names in followers.items())


def _cause(name: str, problems: Mapping[str, CheckResult]) -> str:
    """The first check before one that lacks data, too; what contradicts other data is a cause of its own."""
    before = _INPUT_OF[name]
    return name if problems[name].is_wrong or before not in problems else _cause(before, problems)


_INPUT_OF: Final = {check.name: check.after for check in CHECKS}


def _finding(report: ValidationReport, problem: CheckResult, followers: Sequence[str]) -> Finding:
    also = f"; concerns {', '.join(followers)}, too" if followers else ""
    return Finding(
        key=f"validation:{problem.check}",
        severity=Severity.CRITICAL if problem.state is DataState.FAILED else Severity.WARNING,
        summary=f"{problem.check} ({problem.reads}): {problem.text}{also}",
        command=problem.command,
        game_date=report.game_date,
        since=problem.due,
    )


def _before_use() -> Measured:
    return Measured(0, note="tipoff ran its first day later")


def _state(check: DataCheck, measured: Measured, records: DayRecords, times: SlateTimes) -> DataState:
    if measured.wrong:
        return DataState.FAILED
    if not measured.missing:
        return DataState.COMPLETE if measured.expected else DataState.EMPTY_OK
    if records.as_of < check.due.resolve(times):
        return DataState.PENDING
    final = [_is_final(check, unit, records, times) for unit in measured.missing]
    if any(final) and not check.is_optional:
        return DataState.FAILED
    return DataState.DEGRADED if all(final) else DataState.LATE


def _is_final(check: DataCheck, unit: Unit, records: DayRecords, times: SlateTimes) -> bool:
    """Whether nothing is expected to bring the data of a unit any more."""
    if check.final is not None:
        return records.as_of >= check.final.resolve(times)
    if records.as_of >= DAY_ENDS.resolve(times):
        return True
    return any(game.has_begun(records.as_of) for game in records.slate if game.game_id == unit.game_id)


def _text(measured: Measured, state: DataState, due: datetime | None, records: DayRecords) -> str:
    if measured.wrong:
        return "; ".join(measured.wrong)
    if not measured.missing:
        return _of(measured) if measured.expected else measured.note
    names = [unit.label for unit in measured.missing[:NAMED_UNITS]]
    more = len(measured.missing) - len(names)
    named = ", ".join(names) + (f" and {more} more" if more else "")
    at = f", due {clock_time(due, records.game_date)}" if due else ""
    return f"{state.lower()}: {named}{at}"


def _of(measured: Measured) -> str:
    return f"{measured.expected} of {measured.expected}"
