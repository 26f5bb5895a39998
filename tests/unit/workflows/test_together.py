"""Calls of one activity that are made at the same point of several tasks are one activity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from temporalio import workflow
from temporalio.exceptions import ActivityError, RetryState

from workflows.together import JoinedCall


@pytest.fixture(autouse=True)
def _without_a_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition is checked after all tasks went as far as they can."""

    async def wait_condition(condition: Callable[[], bool]) -> None:
        await asyncio.sleep(0)
        assert condition()

    monkeypatch.setattr(workflow, "wait_condition", wait_condition)


class Activities:
    """Records the calls. Requests in `fails_together` get no report from a joined activity."""

    def __init__(self, *fails_together: str, fails_whole: bool = False) -> None:
        self.calls: list[list[str]] = []
        self.summaries: list[str] = []
        self._fails_together = fails_together
        self._fails_whole = fails_whole

    def joined(self) -> JoinedCall[str, str]:
        return JoinedCall(self._alone, self._together)

    async def _alone(self, request: str, summary: str) -> str:
        self.calls.append([request])
        self.summaries.append(summary)
        await asyncio.sleep(0)
        return f"{request} alone"

    async def _together(self, requests: Sequence[str], summary: str) -> Sequence[str | None]:
        self.calls.append(list(requests))
        self.summaries.append(summary)
        await asyncio.sleep(0)
        if self._fails_whole:
            raise ActivityError(
                "failed",
                scheduled_event_id=1,
                started_event_id=2,
                identity="",
                activity_type="collect_together",
                activity_id="1",
                retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
            )
        return [None if request in self._fails_together else f"{request} together" for request in requests]


async def reports_of(joined: JoinedCall[str, str], *requests: str) -> list[str]:
    return await asyncio.gather(*(joined(request, f"poll {request}") for request in requests))


async def test_calls_of_tasks_that_start_together_are_one_activity() -> None:
    activities = Activities()
    assert await reports_of(activities.joined(), "lines", "props") == ["lines together", "props together"]
    assert activities.calls == [["lines", "props"]]
    assert activities.summaries == ["poll lines; poll props"]


async def test_a_single_call_is_an_activity_of_its_own() -> None:
    activities = Activities()
    assert await reports_of(activities.joined(), "lines") == ["lines alone"]


async def test_calls_at_other_times_are_not_joined() -> None:
    activities = Activities()
    joined = activities.joined()
    assert [await joined("lines", ""), await joined("props", "")] == ["lines alone", "props alone"]


async def test_a_request_that_fails_together_is_called_alone() -> None:
    activities = Activities("lines")
    assert await reports_of(activities.joined(), "lines", "props") == ["lines alone", "props together"]
    assert activities.calls == [["lines", "props"], ["lines"]]


async def test_an_activity_that_fails_as_a_whole_is_replaced_by_one_for_each() -> None:
    activities = Activities(fails_whole=True)
    assert await reports_of(activities.joined(), "lines", "props") == ["lines alone", "props alone"]


async def test_what_follows_a_joined_call_is_joined_too() -> None:
    activities = Activities()
    collect, process = activities.joined(), activities.joined()

    async def poll(source: str, *, changed: bool = True) -> None:
        batch = await collect(source, source)
        if changed:
            await process(batch, batch)

    await asyncio.gather(poll("lines"), poll("events", changed=False), poll("props"))
    assert activities.calls == [["lines", "events", "props"], ["lines together", "props together"]]


async def test_a_cancelled_call_leaves_the_others_to_themselves() -> None:
    activities = Activities()
    joined = activities.joined()
    first, second = (asyncio.create_task(joined(name, name)) for name in ("lines", "props"))
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.wait_for(second, timeout=5) == "props alone"


async def test_calls_that_are_all_cancelled_end() -> None:
    joined = Activities().joined()
    calls = [asyncio.create_task(joined(name, name)) for name in ("lines", "props")]
    await asyncio.sleep(0)
    for each in calls:
        each.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
