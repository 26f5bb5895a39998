"""OAuth tokens for Google's APIs from application default credentials (https://google.aip.dev/auth/4110)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tipoff.errors import ConfigurationError, TransportFault
from tipoff.vocabulary import reason_of

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_TIMEOUT_SECONDS = 10.0


class GoogleAccount:
    """Credentials for one scope of Google's APIs."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._credentials: Credentials | None = None

    def token(self) -> str:
        """A valid token. Blocks while a new one is fetched, about once an hour.

        Raises ConfigurationError without usable credentials, TransportFault when Google cannot be reached.
        """
        import google.auth  # imported here: it takes half a second, and few deployments need it
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[self._scope])
            if not self._credentials.valid:
                self._credentials.refresh(partial(Request(), timeout=_TIMEOUT_SECONDS))
        except TransportError as error:
            raise TransportFault(f"Google grants no token: {reason_of(error)}") from error
        except GoogleAuthError as error:
            raise ConfigurationError(
                f"Google grants no token: {reason_of(error)}; "
                "set GOOGLE_APPLICATION_CREDENTIALS to a service account's file, "
                "or TIPOFF_GOOGLE_KEY where everybody may read the files"
            ) from error
        return str(self._credentials.token)
