"""Follows the games of a date: polls the scoreboard and the box scores of games in play, window by window.

The day starts it as a child for a window of time, and waits for its report as for an activity's, so that the polls of
an evening are events of its history and not of the day's. It has no clock of its own: in a replay the polls of a window
do not wait for their times, and the day's virtual time stands still meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ChildWorkflowError, TerminatedError, is_cancelled_exception

from tipoff.vocabulary import Cadence, SourceReport, clock_time, counted
from workflows.calls import call
from workflows.contracts import TASK_TIMEOUT, Activity
from workflows.contracts.live_scoring import FollowRequest, LiveScoringInput, live_scoring_workflow_id
from workflows.search_attributes import GAME_DATE

LONGEST_RUN = timedelta(hours=3)
"""A run that takes longer is stuck: the day's step fails, and the next poll starts another one."""


@workflow.defn
class LiveScoringWorkflow:
    """Follows the games until something changes that the day decides by, or until the window ends."""

    @workflow.run
    async def run(self, live: LiveScoringInput) -> SourceReport:
        times = first_times(live, workflow.now())
        report = await self._poll(live, times)
        while not report.is_news_after(live.missing_games):
            times = next_times(live, times[-1], workflow.now())
            if not times:
                break
            report = (await self._poll(live, times)).after(report)
        return report

    async def _poll(self, live: LiveScoringInput, times: tuple[datetime, ...]) -> SourceReport:
        """Poll at times, the first of which is waited for by the real clock."""
        left = times[0] - workflow.now()
        if not live.virtual and left > timedelta():
            await workflow.sleep(left, summary=f"until {clock_time(times[0], live.game_date)}")
        request = FollowRequest(
            game_date=live.game_date,
            games=live.games,
            source=live.source,
            times=times,
            missing_games=live.missing_games,
            force=live.force,
            unwatched=live.unwatched,
        )
        last = f" to {clock_time(times[-1], live.game_date)}" if len(times) > 1 else ""
        summary = f"scores as of {clock_time(times[0], live.game_date)}{last}"
        report = await call(Activity.FOLLOW, request, SourceReport, summary=summary)
        workflow.set_current_details(_details(live, report, times[-1]))
        return report


def first_times(live: LiveScoringInput, now: datetime) -> tuple[datetime, ...]:
    """The poll that a window begins with; in virtual time all of its polls."""
    if live.again is None:
        return (live.as_of,)
    if not live.virtual:
        return (max(live.as_of, due_poll(live.again, now)),)
    times = [live.as_of]
    while (later := live.again.first_after(times[-1])) <= live.again.until:
        times.append(later)
    return tuple(times)


def next_times(live: LiveScoringInput, last: datetime, now: datetime) -> tuple[datetime, ...]:
    """The poll after the last one by the real clock; none after the end of the window. Missed polls are not made."""
    if live.again is None or live.virtual:
        return ()
    poll = max(live.again.first_after(last), due_poll(live.again, now))
    return (poll,) if poll <= live.again.until else ()


def due_poll(cadence: Cadence, now: datetime) -> datetime:
    """The latest poll time that has passed, so that a late worker does not date its poll back."""
    passed = min(now, cadence.until) - cadence.start
    return cadence.start + max(passed // cadence.every, 0) * cadence.every


def _details(live: LiveScoringInput, report: SourceReport, last: datetime) -> str:
    """What the page of the run says."""
    over = len(live.games) - len(report.missing_games)
    at = clock_time(report.polled_at or last, live.game_date)
    return f"As of {at}: {over} of {counted(len(live.games), 'game')} over.\n\n{report.reason}"


async def follow_games(live: LiveScoringInput, on_restart: Callable[[], None]) -> SourceReport:
    """Have the games followed in a window; a run that somebody terminates is started again.

    Raises ChildWorkflowError, WorkflowAlreadyStartedError, and CancelledError when the day is cancelled.
    """
    while True:
        try:
            return await workflow.execute_child_workflow(
                LiveScoringWorkflow.run,
                live,
                id=live_scoring_workflow_id(workflow.info().workflow_id),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                cancellation_type=workflow.ChildWorkflowCancellationType.TRY_CANCEL,
                execution_timeout=LONGEST_RUN,
                task_timeout=TASK_TIMEOUT,
                search_attributes=TypedSearchAttributes([SearchAttributePair(GAME_DATE, live.game_date.isoformat())]),
                static_summary=f"live scores of {live.game_date}",
            )
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            if not isinstance(error.cause, TerminatedError):
                raise
            on_restart()
