"""The commands of a workflow in its history: what a change of its code must not change for runs in progress."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

_OF_A_COMMAND = "workflow_task_completed_event_id"
"""Only an event that a command of the workflow caused has this field."""


def format_commands(history: WorkflowHistory) -> str:
    """How often each command was given, in the order of their first use, and a digest of their whole order."""
    commands = list(commands_of(history))
    digest = hashlib.sha256("\n".join(commands).encode()).hexdigest()[:12]
    counts = ", ".join(f"{command} {number}" for command, number in Counter(commands).items())
    return f"{digest} {counts}"


def commands_of(history: WorkflowHistory) -> Iterator[str]:
    """The commands in their order, with the name of what each starts."""
    for event in history.events:
        attributes = getattr(event, event.WhichOneof("attributes") or "")
        if _OF_A_COMMAND in attributes.DESCRIPTOR.fields_by_name:
            yield _name(event, attributes)


def _name(event: HistoryEvent, attributes: object) -> str:
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower()
    for field in ("activity_type", "workflow_type"):
        if name := getattr(getattr(attributes, field, None), "name", ""):
            return f"{kind}:{name}"
    return kind
