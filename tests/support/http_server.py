"""A local HTTP server whose replies are a function of the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class HttpReply(NamedTuple):
    """Status, body and headers of a response."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@contextmanager
def serving_replies(
    reply_to: Callable[[str, str, bytes], HttpReply], *, keeps_connections: bool = False
) -> Iterator[str]:
    """Serve the replies to (method, path, body) and yield the server's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keeps_connections else "HTTP/1.0"

        def reply(self) -> None:
            received = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body, headers = reply_to(self.command, self.path, received)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # the client no longer waits
                self.wfile.write(body)

        do_GET = do_POST = do_PATCH = reply  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
