"""Where the Temporal UI of a server is: never a link that cannot be opened."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runtime.temporal_server import next_free_port
from runtime.temporal_ui import UI_PORT_OFFSET, find_ui, run_page


class OtherProgram(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>another program</html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""


class SilentProgram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1000)
        threading.Event().wait(1)


@pytest.fixture(params=[OtherProgram, SilentProgram])
def port_with_other_ui(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server beside which another program listens where its UI would."""
    port = next_free_port(27_500)
    with HTTPServer(("127.0.0.1", port + UI_PORT_OFFSET), request.param) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield port
        server.shutdown()


async def test_the_configured_ui_is_used_for_every_server() -> None:
    environ = {"TEMPORAL_UI": "https://temporal.example/"}
    assert await find_ui("temporal.example:7233", environ) == "https://temporal.example"


async def test_another_program_is_no_ui(port_with_other_ui: int) -> None:
    assert await find_ui(f"127.0.0.1:{port_with_other_ui}", {}) == ""


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:65535", "temporal.example:7233"])
async def test_a_server_without_a_known_ui_has_none(address: str) -> None:
    assert await find_ui(address, {}) == ""


def test_the_page_of_a_run() -> None:
    page = run_page("http://127.0.0.1:8233", "default", "daily-pipeline-2026-11-20", "01a2")
    assert page == "http://127.0.0.1:8233/namespaces/default/workflows/daily-pipeline-2026-11-20/01a2/history"
