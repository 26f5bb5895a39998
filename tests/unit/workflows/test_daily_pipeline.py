"""A day's workflow before it has a plan."""

from __future__ import annotations

from datetime import date

import pytest
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.contracts import CommandName, DayInput
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.operator_commands import description


def test_a_day_without_a_plan_says_so_to_a_query() -> None:
    day = DailyPipelineWorkflow(DayInput(game_date=date(2024, 3, 29)))
    with pytest.raises(ApplicationError, match="the day is starting and has no plan yet: retry in a second"):
        day.status()


@pytest.mark.parametrize("name", list(CommandName))
def test_every_command_is_a_signal_and_an_update_that_describes_and_validates_its_input(name: CommandName) -> None:
    definition = workflow._Definition.must_from_class(DailyPipelineWorkflow)
    assert definition.signals[name].description == definition.updates[name].description == description(name)
    assert definition.updates[name].validator is not None
