"""Files that a provider shares, asked for like any other answer under a host name of our own.

They lie in a folder of this machine, behind HTTPS, in a bucket of Cloud Storage or in a folder of Google Drive.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

from pydantic import BaseModel, Field, ValidationError

from tipoff.errors import BodyTooLargeError, ConfigurationError, TransportFault
from tipoff.sources.base import Request, Response

BIGDATABALL = "bigdataball"
"""The made-up host of BigDataBall's files; the setting of this name says where they really are."""

STORAGE, DRIVE = "storage.googleapis.com", "www.googleapis.com"
SCOPES: Mapping[str, str] = {
    STORAGE: "https://www.googleapis.com/auth/devstorage.read_only",
    DRIVE: "https://www.googleapis.com/auth/drive.readonly",
}
"""What we ask an account's leave for, by host."""
_DRIVE_FILES = f"https://{DRIVE}/drive/v3/files"
_SHEET = "application/vnd.google-apps.spreadsheet"


def read_file(folder: Path, request: Request, as_of: datetime, cap_bytes: int) -> Response:
    """The file a request names as an answer: 404 where there is none (yet).

    Raises BodyTooLargeError above the cap, TransportFault when the file can not be read.
    """
    file = folder / unquote(request.path).lstrip("/")
    try:
        if file.stat().st_size > cap_bytes:
            raise BodyTooLargeError(f"{file} is larger than the cap of {cap_bytes} bytes")
        status, body = HTTPStatus.OK, file.read_bytes()
    except FileNotFoundError:
        status, body = HTTPStatus.NOT_FOUND, b""
    except OSError as error:
        raise TransportFault(f"{file} can not be read: {error.strerror}") from error
    return Response(status=status, headers={}, body=body, url=request.url, fetched_at=as_of)


def address_of(place: str, request: Request) -> str:
    """What to ask for the file a request names, at `https://…`, `gs://BUCKET/PREFIX` or `drive://FOLDER`.

    Drive answers with a list of the files of that name (read_list), the others with the file.
    """
    kind, _, within = place.partition("://")
    if kind == "gs":
        return _object_address(within, unquote(request.path))
    if kind == "drive":
        return _list_address(within, unquote(request.path).lstrip("/"))
    return request.url.replace(f"https://{request.host}", place, 1)


def _object_address(within: str, path: str) -> str:
    """https://cloud.google.com/storage/docs/json_api/v1/objects/get, or its emulator's."""
    bucket, _, prefix = within.partition("/")
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
    name = quote(f"{prefix}{path}".lstrip("/"), safe="")
    return f"{emulator or f'https://{STORAGE}'}/storage/v1/b/{bucket}/o/{name}?alt=media"


def _list_address(folder: str, name: str) -> str:
    """https://developers.google.com/drive/api/reference/rest/v3/files/list: the newest first.

    A sheet that was made of a CSV file may have lost its suffix.
    """
    names = " or ".join(f"name = '{_escaped(known)}'" for known in (name, name.removesuffix(".csv")))
    wanted = {
        "q": f"'{folder}' in parents and trashed = false and ({names})",
        "orderBy": "modifiedTime desc",
        "fields": "nextPageToken,files(id,mimeType)",
        "supportsAllDrives": "true",
        "includeItemsFromAllDrives": "true",
    }
    return f"{_DRIVE_FILES}?{urlencode(wanted)}"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


class DriveFile(BaseModel):
    """One file of a list, as far as we asked."""

    id: str
    kind: str = Field(alias="mimeType")

    @property
    def address(self) -> str:
        """Where its bytes are (https://developers.google.com/drive/api/guides/manage-downloads); a sheet's as CSV."""
        file = f"{_DRIVE_FILES}/{quote(self.id, safe='')}"
        return f"{file}/export?mimeType=text/csv" if self.kind == _SHEET else f"{file}?alt=media&supportsAllDrives=true"

    def whole(self, body: bytes) -> bytes:
        """The bytes as a file has them: the last line of a sheet comes without its end."""
        return body + b"\r\n" if self.kind == _SHEET and not body.endswith(b"\n") else body


class DriveList(BaseModel):
    """A page of a list; one may be empty and not the last."""

    files: tuple[DriveFile, ...] = ()
    next_page: str = Field(default="", alias="nextPageToken")


def read_list(listed: Response) -> DriveList | None:
    """The list in an answer of Drive's; None when it is none.

    Raises ConfigurationError for a folder we may not see; of one without the file the list is only empty.
    """
    if listed.status == HTTPStatus.NOT_FOUND:
        raise ConfigurationError(
            "TIPOFF_BIGDATABALL names a folder of Google Drive that does not exist or is not shared: share it with the "
            "service account, or with everybody who has the link when TIPOFF_GOOGLE_KEY is set"
        )
    try:
        return DriveList.model_validate_json(listed.body) if listed.status == HTTPStatus.OK else None
    except ValidationError:
        return None
