"""Runs the upstream: in a thread of this process for tests, or as a process of its own."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from tipoff.errors import ConfigurationError
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault
from tipoff.replay.upstream.app import LoggedRequest, build_app

_HOST = "127.0.0.1"
_GRACE_SECONDS = 2


@dataclass(frozen=True)
class Upstream:
    """A running upstream."""

    url: str
    _requests: list[LoggedRequest]

    def requests(self) -> tuple[LoggedRequest, ...]:
        """The requests so far, in order of arrival."""
        return tuple(self._requests)


@contextmanager
def serve(archive: Archive, faults: tuple[Fault, ...] = ()) -> Iterator[Upstream]:
    """Serve from a thread on a free port until the block ends."""
    logged: list[LoggedRequest] = []
    with _listening_socket(0) as listener:
        server = _server(build_app(archive, faults, logged.append))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Upstream(_url(listener), logged)
        finally:
            server.should_exit = True
            thread.join()


def run(archive: Archive, faults: tuple[Fault, ...], port: int, log: Callable[[LoggedRequest], None]) -> None:
    """Serve from this process until SIGTERM or SIGINT. Raises ConfigurationError when the port is taken."""
    app = build_app(archive, faults, log)
    with _listening_socket(port) as listener:
        # uvicorn raises the signal again after it has stopped; ignore it then
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        print(f"listening on {_url(listener)}", flush=True)
        _server(app).run(sockets=[listener])


def request_log(file: Path) -> Callable[[LoggedRequest], None]:
    """A log that appends one JSON line per request. Raises ConfigurationError when the file cannot be written."""
    try:
        lines = file.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise ConfigurationError(f"request log {file} cannot be written: {error.strerror}") from error
    return lambda request: print(request.model_dump_json(), file=lines)


def _server(app: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(config)


@contextmanager
def _listening_socket(port: int) -> Iterator[socket.socket]:
    """A bound socket that queues connections before the server has started.

    IPPROTO_TCP is given because asyncio sets TCP_NODELAY only on sockets declared as TCP.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            raise ConfigurationError(f"port {port} is taken ({error.strerror}); name another or 0") from error
        listener.listen(128)
        yield listener


def _url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}"
