"""Files that a provider shares in a folder, and how a request for one becomes the URL of the file.

The setting `bigdataball` names the folder: `file://…`, `https://…`, `gs://BUCKET/PREFIX` or `drive://FOLDER_ID`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlencode

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from tipoff.errors import ConfigurationError
from tipoff.settings import folder_of
from tipoff.sources.base import Request, Response
from tipoff.sources.providers import GOOGLE_DRIVE, GOOGLE_STORAGE

SCOPES: Mapping[str, str] = {
    GOOGLE_STORAGE.host: "https://www.googleapis.com/auth/devstorage.read_only",
    GOOGLE_DRIVE.host: "https://www.googleapis.com/auth/drive.readonly",
}
"""Host of a Google API -> the OAuth scope to read its files."""
_DRIVE_FILES = f"https://{GOOGLE_DRIVE.host}/drive/v3/files"
_GOOGLE_SHEET = "application/vnd.google-apps.spreadsheet"


def file_url(folder: str, request: Request) -> str:
    """The URL of the file a request names, in a folder. For `drive://` it is that of a list of files (`parse_list`)."""
    kind, _, within = folder.partition("://")
    path = unquote(request.path)
    if kind == "file":
        # With a host, which file URLs may omit: httpx takes a URL without one for a relative URL.
        return "file://localhost" + quote(str(folder_of(folder).absolute() / path.lstrip("/")))
    if kind == "gs":
        return _object_url(within, path)
    if kind == "drive":
        return _list_url(within, path.lstrip("/"))
    return request.url.replace(f"https://{request.host}", folder, 1)


def _object_url(within: str, path: str) -> str:
    """https://cloud.google.com/storage/docs/json_api/v1/objects/get, or its emulator's."""
    bucket, _, prefix = within.partition("/")
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
    name = quote(f"{prefix}{path}".lstrip("/"), safe="")
    return f"{emulator or f'https://{GOOGLE_STORAGE.host}'}/storage/v1/b/{bucket}/o/{name}?alt=media"


def _list_url(folder: str, name: str) -> str:
    """https://developers.google.com/drive/api/reference/rest/v3/files/list, newest file first.

    Also matches the name without ".csv": Drive drops the suffix when it converts a CSV file to a sheet.
    """
    names = " or ".join(f"name = '{_escaped(known)}'" for known in (name, name.removesuffix(".csv")))
    params = {
        "q": f"'{folder}' in parents and trashed = false and ({names})",
        "orderBy": "modifiedTime desc",
        "fields": "nextPageToken,files(id,mimeType)",
        "supportsAllDrives": "true",
        "includeItemsFromAllDrives": "true",
    }
    return f"{_DRIVE_FILES}?{urlencode(params)}"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


class DriveFile(BaseModel):
    """One file of a list."""

    id: str = Field(pattern="^[A-Za-z0-9_-]+$")
    mime_type: str = Field(alias="mimeType")

    @property
    def url(self) -> str:
        """Where its bytes are; a sheet is exported as CSV.

        https://developers.google.com/drive/api/guides/manage-downloads
        """
        file = f"{_DRIVE_FILES}/{quote(self.id, safe='')}"
        if self.mime_type == _GOOGLE_SHEET:
            return f"{file}/export?mimeType=text/csv"
        return f"{file}?alt=media&supportsAllDrives=true"

    def with_final_newline(self, body: bytes) -> bytes:
        """The body as a CSV file has it: Drive exports a sheet without the last line break."""
        is_cut = self.mime_type == _GOOGLE_SHEET and not body.endswith(b"\n")
        return body + b"\r\n" if is_cut else body


def _without_odd_files(files: Any) -> Any:
    """The well-formed files of a list: an odd one costs itself. A list of odd ones only stays, and is refused."""
    return [file for file in files if _is_file(file)] or files if isinstance(files, list) else files


def _is_file(file: Any) -> bool:
    try:
        return bool(DriveFile.model_validate(file))
    except ValidationError:
        return False


class DriveList(BaseModel):
    """One page of a list; an empty page may have a next one."""

    files: Annotated[tuple[DriveFile, ...], BeforeValidator(_without_odd_files)] = ()
    next_page: str | None = Field(default=None, alias="nextPageToken")


def parse_list(response: Response) -> DriveList | None:
    """The list in a response of Google Drive; None when the response holds none.

    Raises ConfigurationError for a folder that does not exist or is not shared with us.
    """
    if response.status == HTTPStatus.NOT_FOUND:
        raise ConfigurationError(
            "TIPOFF_BIGDATABALL names a folder of Google Drive that does not exist or is not shared: share it with the "
            "service account, or with everybody who has the link when TIPOFF_GOOGLE_KEY is set"
        )
    try:
        return DriveList.model_validate_json(response.body) if response.status == HTTPStatus.OK else None
    except ValidationError:
        return None
