"""Files that a provider shares in a folder, asked for like any other answer under a host name of our own."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from tipoff.errors import BodyTooLargeError, TransportFault
from tipoff.sources.base import Request, Response

BIGDATABALL = "bigdataball"
"""The made-up host of BigDataBall's files; the setting of this name says where they really are."""


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
