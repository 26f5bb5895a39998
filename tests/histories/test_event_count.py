"""The dry run that counts a day's events agrees with a recorded day."""

from __future__ import annotations

from collections import Counter

from temporalio.api.enums.v1 import EventType

from tests.support.days import GAME_DATE, GAME_LENGTH, GAMES, at
from tests.support.record_histories import recorded_history
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from workflows.contracts import Activity
from workflows.event_count import Course, DryRun
from workflows.in_turn import COMPUTE_ACTIVITIES

KINDS = {
    ("plan",): {Activity.PLAN_DAY},
    ("poll",): {Activity.COLLECT, Activity.COLLECT_TOGETHER},
    ("process",): {Activity.PROCESS, Activity.PROCESS_TOGETHER},
    ("compute", "write"): {*COMPUTE_ACTIVITIES.values(), Activity.COMPUTE_IN_TURN},
    ("predict",): {Activity.PREDICT, Activity.PREDICT_TOGETHER},
    ("store",): {Activity.STORE_PREDICTIONS, Activity.STORE_TOGETHER},
    ("export",): {Activity.PUBLISH_STATUS},
}
"""First words of lines of the count -> their activities."""
EXPLAINED: dict[tuple[str, ...], int] = {
    ("process",): 1,  # the plan for the slate has the schedule processed again
    ("export",): -1,  # two changes of the status at once are one export
}


def test_the_dry_run_of_a_day_has_the_activities_of_its_history() -> None:
    """Lines come at 11:00. Only the polls of games in progress differ: they are fewer by the real clock."""
    course = Course(lines_at=at(11), game_length=GAME_LENGTH, new_batches=frozenset())
    counted = DryRun(plan_day(GAME_DATE, GAMES, SOURCES), course).run()
    scheduled = Counter(
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in recorded_history("happy_day").events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    )
    for words, activities in KINDS.items():
        expected = sum(times for events, times in counted.items() if events.what.split()[0] in words)
        assert sum(scheduled[each] for each in activities) == expected + EXPLAINED.get(words, 0), words
