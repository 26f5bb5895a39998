"""An httpx transport for `file://` URLs: 200 with the file's content, 404 when there is no such file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import httpx

_CHUNK_BYTES = 1024 * 1024


class FileTransport(httpx.AsyncBaseTransport):
    """Reads files of this machine. Raises httpx.ReadError for a file that cannot be read."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Open the file; the body is read as the caller consumes it."""
        path = Path(unquote(request.url.raw_path.decode()))
        try:
            with _as_read_error(path, request):
                file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            return httpx.Response(HTTPStatus.NOT_FOUND, stream=httpx.ByteStream(b""), request=request)
        return httpx.Response(HTTPStatus.OK, stream=_FileStream(file, path, request), request=request)


class _FileStream(httpx.AsyncByteStream):
    def __init__(self, file: BinaryIO, path: Path, request: httpx.Request) -> None:
        self._file = file
        self._path = path
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_read_error(self._path, self._request):
            while chunk := await asyncio.to_thread(self._file.read, _CHUNK_BYTES):
                yield chunk

    async def aclose(self) -> None:
        self._file.close()


@contextmanager
def _as_read_error(path: Path, request: httpx.Request) -> Iterator[None]:
    """Translate what the operating system refuses; a missing file stays a FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise httpx.ReadError(f"{path} cannot be read: {error.strerror}", request=request) from error
