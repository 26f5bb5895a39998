"""Where alerts are delivered to: the log of the process, and the addresses of the settings by apprise."""

from __future__ import annotations

import logging
from typing import Final, NamedTuple, Protocol

from tipoff.alerting.apprise_channel import AppriseChannel
from tipoff.alerting.book import Notice, NoticeKind
from tipoff.alerting.texts import body, title
from tipoff.settings import Settings
from tipoff.vocabulary import Severity

logger = logging.getLogger("tipoff.alerts")

_LEVELS: Final = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.CRITICAL}


class Channel(Protocol):
    """One way to operators."""

    @property
    def name(self) -> str:
        """Its name in messages and in the book of alerts; contains no secret."""

    def send(self, notice: Notice) -> None:
        """Deliver a notice. Raises DeliveryError."""


class ConsoleChannel(NamedTuple):
    """The log of the process that delivers."""

    name: str = "console"

    def send(self, notice: Notice) -> None:
        level = logging.INFO if notice.kind is NoticeKind.ALL_CLEAR else _LEVELS[notice.alert.severity]
        logger.log(level, "%s\n%s", title(notice), body(notice))


class Channels(NamedTuple):
    """The channels of every alert, and those of critical ones that nobody acknowledged."""

    first: tuple[Channel, ...]
    second: tuple[Channel, ...] = ()

    def of(self, notice: Notice) -> tuple[Channel, ...]:
        """Who receives a notice. Without second channels an escalation goes to the first ones again."""
        if notice.kind is NoticeKind.ESCALATION:
            return self.second or self.first
        was_escalated = notice.kind is NoticeKind.ALL_CLEAR and notice.alert.escalated_at is not None
        return (*self.first, *self.second) if was_escalated else self.first


def channels_of(settings: Settings) -> Channels:
    """The channels of the settings; a replay reaches nobody."""
    console = ConsoleChannel()
    if settings.upstream is not None:
        return Channels((console,))
    first, second = (
        tuple(AppriseChannel(url.get_secret_value(), f"{which} {number}") for number, url in enumerate(urls, 1))
        for which, urls in (("alert_urls", settings.alert_urls), ("alert_urls_second", settings.alert_urls_second))
    )
    return Channels((console, *first), second)
