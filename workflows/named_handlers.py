"""Leaves handlers without a name out of the lists of signals, queries and updates that the Temporal UI offers."""

from __future__ import annotations

from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.worker import HandleQueryInput, WorkflowInboundInterceptor


class NamedHandlersOnly(WorkflowInboundInterceptor):
    """The SDK lists the handler of unknown signals as a signal with an empty name."""

    async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002
        result = await super().handle_query(input)
        if isinstance(result, WorkflowMetadata):
            definition = result.definition
            for handlers in (
                definition.signal_definitions,
                definition.query_definitions,
                definition.update_definitions,
            ):
                named = [handler for handler in handlers if handler.name]
                del handlers[:]
                handlers.extend(named)
        return result
