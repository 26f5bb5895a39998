"""Delivers the alerts of one process, beside its work: a mail server that hangs delays nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from tipoff.alerting.channels import channels_of
from tipoff.alerting.delivery import Delivered, deliver_due
from tipoff.alerting.quiet_hours import NO_QUIET_HOURS, quiet_hours
from tipoff.alerting.store import AlertStore
from tipoff.errors import StorageError
from tipoff.settings import Settings

logger = logging.getLogger(__name__)


class AlertSender:
    """Delivers what is due to the channels of the settings."""

    def __init__(self, store: AlertStore, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._channels = channels_of(settings)
        is_replay = settings.upstream is not None
        self._quiet = NO_QUIET_HOURS if is_replay else quiet_hours(settings.alert_quiet_hours)
        self._thread = None if is_replay else ThreadPoolExecutor(1, thread_name_prefix="alert-sender")
        self._queued: Future[None] | None = None

    def send(self) -> Delivered:
        """Deliver what is due and wait for it. Raises StorageError."""
        return deliver_due(self._store, self._channels, self._now(), self._quiet)

    def send_soon(self) -> None:
        """Deliver what is due without waiting for it; in a replay, which has no slow channels, at once."""
        if self._thread is None:
            self._try_to_send()
        elif self._queued is None or self._queued.running() or self._queued.done():
            self._queued = self._thread.submit(self._try_to_send)

    def close(self) -> None:
        """Start no more deliveries; the next process makes those that are due."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _try_to_send(self) -> None:
        try:
            self.send()
        except StorageError as error:
            logger.warning("alerts are delivered later: %s", error)
