"""The commands of a scenario reach the day once, also if the worker dies after it has sent one."""

from __future__ import annotations

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.scenario import deliver_action
from tests.support.days import World, at, happy_script, scheduled_command, serving, started_day, virtual, wait_until
from tipoff.vocabulary import Phase
from workflows.contracts import CommandName, DeliverRequest


@pytest.mark.parametrize("via", ["signal", "update"])
async def test_a_command_that_is_delivered_twice_is_executed_once(client: Client, via: str) -> None:
    world, clock = World(happy_script(lines_at=at(30))), virtual(hold_at=Phase.LINES)
    async with serving(client, world), started_day(client, clock) as handle:
        await wait_until(handle, lambda status: status.held)
        action = scheduled_command(at(10), CommandName.FORCE_CONTINUE, "lines", via=via)
        request = DeliverRequest(workflow_id=handle.id, run_id=handle.result_run_id or "", action=action)
        results = [await ActivityEnvironment(client=client).run(deliver_action, request) for _ in range(2)]
        status = await wait_until(handle, lambda status: bool(status.audit))
    assert results[0] == results[1]
    assert results[0].accepted
    assert [(entry.via, entry.command, entry.who) for entry in status.audit] == [(via, "force_continue", "Ada")]
