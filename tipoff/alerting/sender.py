"""Delivers the alerts of one process, beside its work: a mail server that hangs delays nobody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from tipoff.alerting.book import AT_ONCE, AlertBook, escalate, is_waiting, reconcile
from tipoff.alerting.channels import channels_of
from tipoff.alerting.deliveries import undelivered
from tipoff.alerting.delivery import Delivered, deliver_due
from tipoff.alerting.quiet_hours import NO_QUIET_HOURS, quiet_hours
from tipoff.alerting.store import AlertStore, read_book, update_book
from tipoff.errors import StorageError
from tipoff.settings import Settings
from tipoff.vocabulary import Finding

logger = logging.getLogger(__name__)

SCOPE: Final = "alerts"
"""The scope of what is wrong with the alerts themselves."""
_RETRY_SECONDS: Final = 60


class AlertSender:
    """Delivers what is due to the channels of the settings."""

    def __init__(self, store: AlertStore, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._channels = channels_of(settings)
        self._is_replay = settings.upstream is not None
        self._quiet = quiet_hours(settings.alert_quiet_hours)
        self._wanted, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def report(
        self, scope: str, findings: Iterable[Finding], as_of: datetime, *, is_partial: bool = False
    ) -> Delivered:
        """Bring what a check found into the book of alerts, and deliver what is due. Raises StorageError.

        `is_partial`: not everything could be checked, so no alert is over.
        """
        found_now = tuple(findings)
        update_book(self._store, lambda book: reconcile(book, scope, found_now, as_of, is_partial=is_partial), as_of)
        return self.send()

    def send(self) -> Delivered:
        """Deliver what is due and wait for it. Raises StorageError."""
        if self._is_replay:  # its times are virtual, and what it stores does not depend on the clock of the machine
            return deliver_due(self._store, self._channels, self._now(), NO_QUIET_HOURS, AT_ONCE)
        update_book(self._store, self._with_escalations, self._now())
        return deliver_due(self._store, self._channels, self._now(), self._quiet)

    def send_soon(self) -> None:
        """Deliver without waiting for it what is due, and later what fails now; in a replay at once."""
        if self._is_replay:
            self._try_to_send()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_until_closed, name="alert-sender", daemon=True)
            self._thread.start()
        self._wanted.set()

    def close(self) -> None:
        """Start no more deliveries; the next process makes those that are due."""
        self._closed.set()
        self._wanted.set()

    def _send_until_closed(self) -> None:
        while not self._closed.is_set():
            self._wanted.clear()
            is_left = self._try_to_send()
            self._wanted.wait(_RETRY_SECONDS if is_left else None)

    def _try_to_send(self) -> bool:
        """Whether something is left to do."""
        try:
            self.send()
            return is_waiting(read_book(self._store))
        except StorageError as error:
            logger.warning("alerts are delivered later: %s", error)
            return True

    def _with_escalations(self, book: AlertBook) -> AlertBook:
        book = reconcile(book, SCOPE, undelivered(book), self._now())
        return escalate(book, self._now())
