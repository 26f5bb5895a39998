"""The message of a failure, as operators read it."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from activities.errors import as_failure
from tipoff.errors import BadInputError, TipoffError, TransportFault
from workflows.contracts import message_of, refusal


@pytest.mark.parametrize("error", [TransportFault("stats.nba.com: no data"), BadInputError("no such table")])
def test_an_error_of_the_library_is_reported_without_its_class(error: TipoffError) -> None:
    assert message_of(as_failure(error)) == str(error)


def test_a_refusal_is_one_sentence() -> None:
    assert message_of(refusal("no phase 'tea'")) == "no phase 'tea'"


def test_an_unexpected_error_keeps_its_class() -> None:
    assert message_of(ApplicationError("'game_id'", type="KeyError")) == "KeyError: 'game_id'"
    assert message_of(OSError("the disk is full")) == "the disk is full"
