"""What of a day's status changed since it was published last. It knows no Temporal calls."""

from __future__ import annotations

from typing import Any, NamedTuple

from temporalio.common import SearchAttributeUpdate

from tipoff.vocabulary import DayStatus, RunState
from workflows import status_text
from workflows.day_state import DayLedger
from workflows.search_attributes import updated_attributes


class ServerChanges(NamedTuple):
    """What the server does not know yet."""

    attributes: list[SearchAttributeUpdate[Any]] | None = None
    sentence: str | None = None
    """For the memo."""


class StatusChanges:
    """Remembers what was published on each channel."""

    def __init__(self, ledger: DayLedger) -> None:
        self._ledger = ledger
        self._published: dict[str, object] = {}

    def for_exports(self, status: DayStatus) -> bool:
        """Whether the status should be exported: the phase, or something that readers and operators act on, changed."""
        urgent = (status.attention, status.degradations, status.held, self._ledger.ended)
        grown = (status.phase, len(status.audit), len(status.alerts), len(self._ledger.published))
        return self._is_new("status", (urgent, grown))

    def export_again(self) -> None:
        """Make the next status count as changed."""
        self._published.pop("status", None)

    def for_server(self, status: DayStatus, *, steps_running: bool) -> ServerChanges:
        """What the server should know without a worker: search attributes and memo, which always agree.

        Each update is an event of the history. So a source that is only polled again leaves both as they were, the
        memo leaves out the next poll, and while steps run it changes only with the attributes: the server lists running
        activities itself.
        """
        if self._ledger.only_polls_again and status.state is RunState.RUNNING:
            return ServerChanges()
        attributes = updated_attributes(status)
        new_attributes = self._is_new("attributes", attributes)
        sentence = status_text.without_next_poll(status.sentence)
        new_sentence = (new_attributes or not steps_running) and self._is_new("memo", sentence)
        return ServerChanges(attributes if new_attributes else None, sentence if new_sentence else None)

    def _is_new(self, channel: str, content: object) -> bool:
        new = self._published.get(channel) != content
        self._published[channel] = content
        return new
