"""The message of a failure, as operators read it."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from activities.errors import as_failure
from tipoff.errors import BadInputError, ContractError, TipoffError, TransportFault
from workflows.calls import failure_reason
from workflows.contracts import message_of, refusal


@pytest.mark.parametrize("error", [TransportFault("stats.nba.com: no data"), BadInputError("no such table")])
def test_an_error_of_the_library_is_reported_without_its_class(error: TipoffError) -> None:
    assert message_of(as_failure(error)) == str(error)


def test_a_refusal_is_one_sentence() -> None:
    assert message_of(refusal("no phase 'tea'")) == "no phase 'tea'"


@pytest.mark.parametrize(
    ("type_", "text", "message"),
    [
        ("KeyError", "'game_id'", "unexpected error: there is no 'game_id'"),
        ("ZeroDivisionError", "division by zero", "unexpected error: division by zero"),
        ("TimeoutError", "", "unexpected error: timeout error"),
        ("ReadError", "", "read error"),
        ("TransportError", "google.auth.exceptions.RefreshError('no token')", "no token"),
    ],
)
def test_an_unexpected_error_is_reported_in_words(type_: str, text: str, message: str) -> None:
    assert message_of(ApplicationError(text, type=type_)) == message


def test_an_error_outside_of_temporal_is_reported_in_words() -> None:
    assert message_of(OSError("the disk is full")) == "the disk is full"
    assert message_of(ZeroDivisionError()) == "zero division error"


def test_the_reason_of_a_failed_step_does_not_repeat_its_name() -> None:
    error = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="process",
        activity_id="1",
        retry_state=None,
    )
    error.__cause__ = as_failure(ContractError("nbac_schedule", "$.leagueSchedule", "is missing"))
    assert failure_reason(error, "nbac_schedule") == "$.leagueSchedule: is missing"


def test_the_reason_of_a_failed_child_workflow_names_it() -> None:
    error = ChildWorkflowError(
        "failed",
        namespace="default",
        workflow_id="live-2024-03-29",
        run_id="1",
        workflow_type="LiveScoringWorkflow",
        initiated_event_id=1,
        started_event_id=2,
        retry_state=None,
    )
    error.__cause__ = ApplicationError("no game has a score")
    assert failure_reason(error) == "the workflow live-2024-03-29 failed: no game has a score"
