"""Tokens for Google's APIs, from the credentials that Google's own programs find on this machine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tipoff.errors import ConfigurationError, TransportFault

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_SECONDS = 10.0
"""How long Google may take to grant a token."""


class GoogleAccount:
    """Who we are to one of Google's APIs: application default credentials (https://google.aip.dev/auth/4110)."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._credentials: Credentials | None = None

    def token(self) -> str:
        """A token that still holds; blocks while a new one is fetched, about once an hour.

        Raises ConfigurationError without usable credentials, TransportFault when Google can not be reached.
        """
        import google.auth  # takes half a second, and few need it
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[self._scope])
            if not self._credentials.valid:
                self._credentials.refresh(partial(Request(), timeout=_SECONDS))  # type: ignore[no-untyped-call]
        except TransportError as error:
            raise TransportFault(f"Google grants no token: {error}") from error
        except GoogleAuthError as error:
            raise ConfigurationError(
                f"Google grants no token: {error}; set GOOGLE_APPLICATION_CREDENTIALS to a service account's file, or "
                "TIPOFF_GOOGLE_KEY where everybody may read the files"
            ) from error
        return str(self._credentials.token)
