"""Real local receivers of alerts: an SMTP server and an HTTP server, which keep what they receive or refuse it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "tipoff", "correct-horse-battery"
TOKEN = "T0ken-0f-the-hook"


class MailServer:
    """An SMTP server for one user; `refusal` is its reply to a mail, if it refuses."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusal = ""
        self.port = 0

    @property
    def url(self) -> str:
        """The address as apprise takes it."""
        return f"mailto://{USER}:{PASSWORD}@127.0.0.1:{self.port}?from=tipoff@example.com&to=operator@example.com"

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    @property
    def bodies(self) -> list[str]:
        return [_text_of(mail) for mail in self.mails]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusal:
            return self.refusal
        self.mails.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        return "250 OK"

    def protocol(self) -> SMTP:
        return SMTP(self, authenticator=self._authenticate, auth_require_tls=False)

    @staticmethod
    def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        is_known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_known, handled=False)


@contextmanager
def mail_server(port: int = 0) -> Iterator[MailServer]:
    """A running SMTP server."""
    server, loop = MailServer(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncio.Server:
        return await loop.create_server(server.protocol, "127.0.0.1", port)

    async def close() -> None:
        listening.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class HookServer:
    """An HTTP server that receives webhooks; it replies with `status`."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.status = 200
        self.port = 0
        self.requests = 0
        self.lock = threading.Lock()
        """Held while a request waits for its response."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """The server accepts requests and does not respond meanwhile."""
        with self.lock:
            yield

    @property
    def url(self) -> str:
        """The address as apprise takes it, with a token as Slack and others have it in their paths."""
        return f"json://127.0.0.1:{self.port}/services/{TOKEN}"

    @property
    def titles(self) -> list[str]:
        return [payload["title"] for payload in self.payloads]


@contextmanager
def hook_server(port: int = 0) -> Iterator[HookServer]:
    """A running HTTP server."""
    hook = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.requests += 1
            with hook.lock:
                if hook.status == 200:
                    hook.payloads.append(json.loads(content))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Tests print no log."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        hook.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield hook
        finally:
            server.shutdown()


def _text_of(mail: Message) -> str:
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()
