"""Joins the calls of steps that start together: one activity for all of them instead of one for each.

An activity and the decision after it are six events of the history. Sources of one provider that are due at the same
time are polled one after the other anyway, since they share its rate limit. Prediction systems take a second each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

from tipoff.vocabulary import CollectReport, ComputeReport, ProcessReport
from workflows.calls import call
from workflows.contracts import (
    Activity,
    CollectReports,
    CollectRequest,
    CollectRequests,
    ComputeRequest,
    Predicted,
    PredictReports,
    PredictRequests,
    ProcessReports,
    ProcessRequest,
    ProcessRequests,
    StoreReports,
    StoreRequests,
)

RequestT = TypeVar("RequestT")
ReportT = TypeVar("ReportT")


class JoinedCall(Generic[RequestT, ReportT]):
    """Calls of one activity that several tasks make before any of them has to wait are one activity.

    A request without a report, because it failed or the whole activity did, is called alone: it has its own attempts,
    and its failure concerns no other.
    """

    def __init__(
        self,
        alone: Callable[[RequestT, str], Awaitable[ReportT]],
        together: Callable[[Sequence[RequestT], str], Awaitable[Sequence[ReportT | None]]],
    ) -> None:
        self._alone = alone
        self._together = together
        self._waiting: list[tuple[RequestT, str, asyncio.Future[ReportT | None]]] = []

    async def __call__(self, request: RequestT, summary: str) -> ReportT:
        """The report of a request. Raises ActivityError after its last attempt."""
        result: asyncio.Future[ReportT | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, summary, result))
        if len(self._waiting) == 1:
            await self._send_with_others()
        report = await result
        return await self._alone(request, summary) if report is None else report

    async def _send_with_others(self) -> None:
        waiting = self._waiting
        reports: Sequence[ReportT | None] = []
        try:
            await workflow.wait_condition(lambda: True)  # holds once no other task can go on: all have made their calls
            self._waiting = []
            if len(waiting) > 1:
                summary = "; ".join(summary for _, summary, _ in waiting)
                with suppress(ActivityError):
                    reports = await self._together([request for request, _, _ in waiting], summary)
        finally:
            self._waiting = []
            for (_, _, result), report in zip_longest(waiting, reports):
                if not result.done():  # its task was cancelled
                    result.set_result(report)


class PollsTogether:
    """The polls of one provider's sources that start together."""

    def __init__(self) -> None:
        self.collect = JoinedCall(_collect_alone, _collect_together)
        self.process = JoinedCall(_process_alone, _process_together)


class PredictionsTogether:
    """The predictions of the systems that start together."""

    def __init__(self) -> None:
        self.predict = JoinedCall(_predict_alone, _predict_together)
        self.store = JoinedCall(_store_alone, _store_together)


async def _collect_alone(request: CollectRequest, summary: str) -> CollectReport:
    return await call(Activity.COLLECT, request, CollectReport, summary=summary)


async def _collect_together(requests: Sequence[CollectRequest], summary: str) -> Sequence[CollectReport | None]:
    joined = CollectRequests(requests=tuple(requests))
    return (await call(Activity.COLLECT_TOGETHER, joined, CollectReports, summary=summary)).reports


async def _process_alone(request: ProcessRequest, summary: str) -> ProcessReport:
    return await call(Activity.PROCESS, request, ProcessReport, summary=summary)


async def _process_together(requests: Sequence[ProcessRequest], summary: str) -> Sequence[ProcessReport | None]:
    joined = ProcessRequests(requests=tuple(requests))
    return (await call(Activity.PROCESS_TOGETHER, joined, ProcessReports, summary=summary)).reports


async def _predict_alone(request: ComputeRequest, summary: str) -> Predicted:
    return await call(Activity.PREDICT, request, Predicted, summary=summary)


async def _predict_together(requests: Sequence[ComputeRequest], summary: str) -> Sequence[Predicted | None]:
    joined = PredictRequests(requests=tuple(requests))
    return (await call(Activity.PREDICT_TOGETHER, joined, PredictReports, summary=summary)).reports


async def _store_alone(predicted: Predicted, summary: str) -> ComputeReport:
    return await call(Activity.STORE_PREDICTIONS, predicted, ComputeReport, summary=summary)


async def _store_together(predicted: Sequence[Predicted], summary: str) -> Sequence[ComputeReport | None]:
    joined = StoreRequests(requests=tuple(predicted))
    return (await call(Activity.STORE_TOGETHER, joined, StoreReports, summary=summary)).reports
