"""The upstream as a running server: in this process's thread for tests, or as a process of its own."""

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
    _seen: list[LoggedRequest]

    def requests(self) -> tuple[LoggedRequest, ...]:
        """The requests so far, in the order they came."""
        return tuple(self._seen)


@contextmanager
def serve(archive: Archive, faults: tuple[Fault, ...] = ()) -> Iterator[Upstream]:
    """Serve from a thread on a free port until the block ends."""
    seen: list[LoggedRequest] = []
    with _listening(0) as door:
        server = _server(build_app(archive, faults, seen.append))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield Upstream(_url(door), seen)
        finally:
            server.should_exit = True
            thread.join()


def run(archive: Archive, faults: tuple[Fault, ...], port: int, log: Callable[[LoggedRequest], None]) -> None:
    """Serve from this process until SIGTERM or SIGINT. Raises ConfigurationError when the port is taken."""
    app = build_app(archive, faults, log)
    with _listening(port) as door:
        # uvicorn raises the signal again when it has stopped: by then it means nothing more
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        print(f"listening on {_url(door)}", flush=True)
        _server(app).run(sockets=[door])


def append_to(file: Path) -> Callable[[LoggedRequest], None]:
    """A log that writes one JSON line a request. Raises ConfigurationError when the file cannot be written."""
    try:
        lines = file.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise ConfigurationError(f"request log {file} cannot be written: {error.strerror}") from error
    return lambda line: print(line.model_dump_json(), file=lines)


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
def _listening(port: int) -> Iterator[socket.socket]:
    """A socket that queues connections at once, so that nobody has to wait for the server to come up.

    Declared as TCP: only then does asyncio switch off the delay of small packets.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((_HOST, port))
        except OSError as error:
            raise ConfigurationError(f"port {port} is taken ({error.strerror}); name another or 0") from error
        door.listen(128)
        yield door


def _url(door: socket.socket) -> str:
    return f"http://{_HOST}:{door.getsockname()[1]}"
