"""An object store in a Cloud Storage bucket. Only this module imports google.cloud.storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any, Final

import requests
from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound, PreconditionFailed
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from tipoff.errors import ConfigurationError, StorageError
from tipoff.storage.base import Change, content_type, require_valid_name
from tipoff.vocabulary import reason_of

_CONNECT_SECONDS: Final = 5
_RESPONSE_SECONDS: Final = 60
_RETRY_SECONDS: Final = 90
_REQUEST: Final = {
    "timeout": (_CONNECT_SECONDS, _RESPONSE_SECONDS),
    "retry": DEFAULT_RETRY.with_timeout(_RETRY_SECONDS),  # transient errors: 408, 429, 5xx, broken connections
}
_ABSENT: Final = 0
"""The generation that a name without an object has."""
_IMMUTABLE: Final = "max-age=31536000, immutable"
_CURRENT: Final = "no-cache"
_BUCKET_ROLE: Final = "Storage Admin"
"""Allows to see and set the rules of a bucket, which a worker does not need."""


class BucketStore:
    """A `tipoff.storage.base.ObjectStore` below `gs://BUCKET/PREFIX`; any number of processes may share it.

    Credentials are application default credentials; STORAGE_EMULATOR_HOST names an emulator, which needs none.
    """

    concurrency = 8
    """A request waits for the network; the client keeps up to ten connections."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError without usable credentials."""
        bucket, _, prefix = url.removeprefix("gs://").partition("/")
        self._url = f"gs://{bucket}"
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        with self._errors():
            self._bucket = storage.Client(project=None).bucket(bucket)  # objects need no project

    def read(self, name: str) -> bytes | None:
        return self._download(self._blob(name))

    def create(self, name: str, content: bytes) -> bool:
        return self._upload(self._blob(name), content, _ABSENT, _IMMUTABLE)

    def update(self, name: str, change: Change) -> bool:
        while True:
            blob = self._blob(name)
            content = change(self._download(blob))
            if content is None:
                return False
            if self._upload(blob, content, blob.generation or _ABSENT, _CURRENT):
                return True

    def names(self, prefix: str) -> list[str]:
        with self._errors():
            listed = self._bucket.list_blobs(
                prefix=self._prefix + prefix, fields="items(name),nextPageToken", **_REQUEST
            )
            return sorted(blob.name.removeprefix(self._prefix) for blob in listed)

    def expiry_days(self, prefixes: Iterable[str]) -> dict[str, int]:
        """Return the age in days at which objects with one of these prefixes are removed, as far as there is a rule."""
        with self._errors(role=_BUCKET_ROLE):
            self._bucket.reload(**_REQUEST)
            rules = list(self._bucket.lifecycle_rules)
        days: dict[str, int] = {}
        for prefix, rule in product(prefixes, rules):
            if self._is_of(rule, prefix):  # of two rules the bucket follows the earlier one
                age = int(rule["condition"]["age"])
                days[prefix] = min(age, days.get(prefix, age))
        return days

    def expire(self, days: Mapping[str, int]) -> None:
        """Let the bucket remove objects by their age, for each prefix; all its other rules stay.

        Call `expiry_days` first. Raises StorageError if the rules were changed since.
        """
        others = [rule for rule in self._bucket.lifecycle_rules if not any(self._is_of(rule, of) for of in days)]
        self._bucket.lifecycle_rules = [*others, *(self._rule(prefix, age) for prefix, age in days.items())]
        with self._errors(role=_BUCKET_ROLE):
            try:
                self._bucket.patch(if_metageneration_match=self._bucket.metageneration, **_REQUEST)
            except PreconditionFailed as error:
                raise StorageError(f"{self._url} was changed at the same time: run the command again") from error

    def _rule(self, prefix: str, age: int) -> dict[str, Any]:
        return {"action": {"type": "Delete"}, "condition": {"age": age, "matchesPrefix": [self._prefix + prefix]}}

    def _is_of(self, rule: Mapping[str, Any], prefix: str) -> bool:
        """Whether a rule removes the objects with a prefix by their age alone."""
        return dict(rule) == self._rule(prefix, rule["condition"].get("age", 0))

    def location(self, name: str) -> str:
        require_valid_name(name)
        return f"{self._url}/{self._prefix}{name}"

    def _blob(self, name: str) -> storage.Blob:
        require_valid_name(name)
        return self._bucket.blob(self._prefix + name)

    def _download(self, blob: storage.Blob) -> bytes | None:
        """Return the content, and set the blob's generation; None if there is no object."""
        with self._errors(blob):
            try:
                content: bytes = blob.download_as_bytes(checksum="crc32c", **_REQUEST)
            except NotFound:
                self._require_bucket()
                return None
        return content

    def _upload(self, blob: storage.Blob, content: bytes, generation: int, cache_control: str) -> bool:
        """Write the content if the object still has this generation; return whether it had. Large ones resume."""
        blob.cache_control = cache_control
        with self._errors(blob):
            try:
                blob.upload_from_string(
                    content,
                    content_type=content_type(blob.name),
                    if_generation_match=generation,
                    checksum="crc32c",
                    **_REQUEST,
                )
            except PreconditionFailed:
                return False
        return True

    def _require_bucket(self) -> None:
        """Raises NotFound if the bucket does not exist: an object in it is not merely absent then."""
        next(iter(self._bucket.list_blobs(max_results=1, fields="items(name)", **_REQUEST)), None)

    @contextmanager
    def _errors(self, blob: storage.Blob | None = None, role: str = "Storage Object User") -> Iterator[None]:
        """Translate the client's errors into what to do."""
        where = f"{self._url}/{blob.name}" if blob else self._url
        try:
            yield
        except GoogleAuthError as error:
            raise ConfigurationError(
                f"no credentials for {where}: {reason_of(error)};"
                " set GOOGLE_APPLICATION_CREDENTIALS to a service account's file"
            ) from error
        except Forbidden as error:
            raise StorageError(
                f"{where}: permission denied; grant this account the role {role} on the bucket,"
                f" then try again ({_message(error)})"
            ) from error
        except NotFound as error:
            raise StorageError(f"{self._url} does not exist: create the bucket, then try again") from error
        except DataCorruption as error:
            raise StorageError(f"{where} arrived damaged: its checksum differs; retry the step") from error
        except (GoogleAPIError, requests.RequestException, OSError) as error:
            raise StorageError(f"{where}: Cloud Storage failed: {_message(error)}; retry the step later") from error


def _message(error: Exception) -> str:
    return str(getattr(error, "message", "") or reason_of(error)).splitlines()[0]
