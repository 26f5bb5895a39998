"""A day's workflow before it has a plan."""

from __future__ import annotations

from datetime import date

import pytest
from temporalio.exceptions import ApplicationError

from workflows.contracts import DayInput
from workflows.daily_pipeline import DailyPipelineWorkflow


def test_a_day_without_a_plan_says_so_to_a_query() -> None:
    day = DailyPipelineWorkflow(DayInput(game_date=date(2024, 3, 29)))
    with pytest.raises(ApplicationError, match="the day is starting and has no plan yet: retry in a second"):
        day.status()
