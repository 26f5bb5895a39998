"""Measures the history of a workflow run."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToJson
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle


async def history_size(handle: WorkflowHandle[Any, Any]) -> tuple[int, int]:
    """The number of events in a run's history, and the bytes of its largest payload."""
    events = largest = 0
    async for event in handle.fetch_history_events():
        events += 1
        largest = max(largest, _largest_payload(event))
    return events, largest


def _largest_payload(event: HistoryEvent) -> int:
    return max((len(data) * 3 // 4 for data in _payload_data(json.loads(MessageToJson(event)))), default=0)


def _payload_data(value: object) -> list[str]:
    """The base64 text of every payload inside a value."""
    if isinstance(value, dict):
        own = [value["data"]] if "metadata" in value and isinstance(value.get("data"), str) else []
        return own + [data for part in value.values() for data in _payload_data(part)]
    if isinstance(value, list):
        return [data for part in value for data in _payload_data(part)]
    return []
