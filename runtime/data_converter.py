"""How values travel to and from Temporal: pydantic models as JSON, and refusals as one sentence."""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
)
from temporalio.exceptions import ApplicationError

from workflows.contracts import PLAIN_ERRORS


class LenientJson(PydanticJSONPlainPayloadConverter):
    """Reads as text what is no JSON, where any type is welcome.

    The Temporal UI sends what an operator typed into a field. Without quotes a word is no JSON, and the SDK would drop
    the signal, or reject the update with a traceback.
    """

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        try:
            return super().from_payload(payload, type_hint)
        except ValueError:
            if type_hint not in (None, Any):
                raise
            return payload.data.decode(errors="replace")


class LenientPayloadConverter(CompositePayloadConverter):
    """The SDK's converters with lenient JSON."""

    def __init__(self) -> None:
        defaults = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(LenientJson() if isinstance(each, JSONPlainPayloadConverter) else each for each in defaults))


class PlainFailureConverter(DefaultFailureConverter):
    """Leaves out the traceback of errors that are a sentence for operators."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(exception, payload_converter, failure)
        if isinstance(exception, ApplicationError) and exception.type in PLAIN_ERRORS:
            failure.ClearField("stack_trace")
