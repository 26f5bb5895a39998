"""How a run reads the result of an activity."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from tipoff.vocabulary import Frozen
from workflows.calls import read_result


class Part(Frozen):
    rows: int


class Result(Frozen):
    parts: tuple[Part, ...]


def sent(text: str) -> RawValue:
    return RawValue(Payload(data=text.encode()))


def test_fields_that_only_a_later_version_knows_are_not_read() -> None:
    text = '{"parts": [{"rows": 1, "seconds": 2}], "worker": "new"}'
    assert read_result(sent(text), Result) == Result(parts=(Part(rows=1),))


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match=r"parts\.0\.rows"):
        read_result(sent('{"parts": [{}]}'), Result)
