"""Shows a service elsewhere that the watchdog is alive; it alarms when nothing comes any more."""

from __future__ import annotations

from http.client import HTTPException
from typing import Final
from urllib.request import Request, urlopen

from tipoff.redaction import redact
from tipoff.vocabulary import reason_of

TIMEOUT_SECONDS: Final = 10.0


def send_heartbeat(url: str) -> str:
    """Request an http(s) URL once; return why it was not reached, without its secrets, or nothing."""
    request = Request(url, headers={"User-Agent": "tipoff-watchdog"})  # noqa: S310 - the settings allow http(s) only
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            response.read(1)
    except (OSError, HTTPException, ValueError) as error:
        return redact(reason_of(error).replace(url, "the heartbeat URL"))
    return ""
