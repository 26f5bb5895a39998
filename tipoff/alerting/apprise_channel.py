"""Delivers alerts by apprise: e-mail, Slack, webhooks and some 200 other services, each by a URL."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tipoff.alerting.book import Notice, NoticeKind
from tipoff.alerting.texts import body, title
from tipoff.errors import ConfigurationError, DeliveryError
from tipoff.redaction import redact
from tipoff.vocabulary import Severity, reason_in_words, reason_of, shortened

if TYPE_CHECKING:
    from apprise import NotifyBase

_SHORTEST_SECRET: Final = 4
_ERROR_LENGTH: Final = 300
_TYPES: Final = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}


class AppriseChannel:
    """One address of the settings. Its URL holds passwords, so it is named by its setting and kind."""

    def __init__(self, url: str, setting: str) -> None:
        self.name = f"{setting} ({url.partition('://')[0]})"
        self._url = url

    def send(self, notice: Notice) -> None:
        notify_type = "success" if notice.kind is NoticeKind.ALL_CLEAR else _TYPES[notice.alert.severity]
        try:
            sent = self._service().notify(
                title=title(notice), body=body(notice), notify_type=notify_type, body_format="text"
            )
        except ConfigurationError as error:
            raise DeliveryError(str(error)) from None
        except Exception as error:  # of any of the services' libraries; not chained, as it may contain the URL
            raise DeliveryError(f"{self.name}: {self._shown([*_REASONS.taken(), reason_of(error)])}") from None
        reasons = _REASONS.taken()
        if not sent:
            raise DeliveryError(f"{self.name}: {self._shown(reasons)}")

    def _service(self) -> NotifyBase:
        from apprise import Apprise, AppriseAsset

        service = Apprise.instantiate(self._url, asset=AppriseAsset(app_id="tipoff", async_mode=False))
        reasons = _REASONS.taken()
        if service is None:
            raise ConfigurationError(f"{self.name}: no address that apprise knows: {self._shown(reasons)}")
        return service

    def _shown(self, reasons: list[str]) -> str:
        text = "; ".join(reasons) or "the service did not accept it"
        return shortened(redact(text, _secrets_of(self._url)), _ERROR_LENGTH)


def _secrets_of(url: str) -> set[str]:
    """Every part of a URL but the address of a host: some services have tokens in the path or instead of a host."""
    parts = urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    name = host.partition(":")[0]
    pieces = [url, credentials, *credentials.split(":"), *parts.path.split("/"), parts.fragment]
    pieces += [value for _, value in parse_qsl(parts.query)]
    if "." not in name and name != "localhost":
        pieces.append(name)
    return {form for piece in pieces for form in (piece, unquote(piece)) if len(form) >= _SHORTEST_SECRET}


class _Reasons(logging.Filter):
    """Keeps what apprise logs, by thread, since its calls return no more than whether they succeeded.

    None of it reaches a log, since it may contain parts of a URL.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.levelno >= logging.WARNING or text.startswith("Socket Exception"):
            self._texts.append(reason_in_words("", text))
        return False

    def taken(self) -> list[str]:
        """The reasons that this thread has not taken yet."""
        texts = list(dict.fromkeys(self._texts))
        self._texts.clear()
        return texts

    @property
    def _texts(self) -> list[str]:
        texts: list[str] = self._threads.__dict__.setdefault("texts", [])
        return texts


_REASONS: Final = _Reasons()
_APPRISE_LOG: Final = logging.getLogger("apprise")
_APPRISE_LOG.addFilter(_REASONS)
_APPRISE_LOG.setLevel(logging.DEBUG)
