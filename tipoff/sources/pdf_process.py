"""Parses single pages of PDFs in a child process with limits, since no parser has them.

Run as a script it is that child: it imports nothing of the project, and it ends with the end of its input.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from threading import Lock, Timer
from typing import Any, BinaryIO

MAX_CHARACTERS = 100_000
"""Characters of a document."""
MAX_CPU_SECONDS = 10
MAX_MEMORY_BYTES = 512 * 1024 * 1024
_WAITING_SECONDS = 60
"""How much longer than its processor time a page may take on a busy machine."""

TOO_MANY_CHARACTERS = f"a PDF of more than {MAX_CHARACTERS:,} characters"
TOO_SLOW = f"a PDF that takes more than {MAX_CPU_SECONDS} s to parse"
TOO_MUCH_MEMORY = f"a PDF that takes more than {MAX_MEMORY_BYTES // 2**20} MiB to parse"


class PdfProcess:
    """A child process that parses pages, started when it is needed. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def page(self, body: bytes, index: int, seconds: float, characters: int) -> dict[str, Any]:
        """`words` (text, x0, top), `characters` and `seconds` of a page; empty after the last page.

        `seconds`, `characters`: what is left of the limits. A page that cannot be parsed within them has a `problem`.
        """
        request = {"size": len(body), "index": index, "seconds": seconds, "characters": characters}
        with self._lock:
            child = self._running()
            too_long = Timer(seconds + _WAITING_SECONDS, child.kill)
            too_long.start()
            try:
                reply = _exchange(child, json.dumps(request).encode() + b"\n" + body)
            except BaseException:
                self._end()
                raise
            finally:
                too_long.cancel()
            if reply is None or reply.get("fatal"):
                self._end()
            return {"problem": _problem_of_exit(child.returncode)} if reply is None else reply

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-P", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._owner = os.getpid()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):  # what was not sent is lost with the child
                    pipe.close()
        child.wait()


PDF_PROCESS = PdfProcess()
"""The child of this process."""
atexit.register(PDF_PROCESS.close)


def _exchange(child: subprocess.Popen[bytes], request: bytes) -> dict[str, Any] | None:
    """The reply to a request; None when the child ended instead."""
    line = b""
    if child.stdin and child.stdout:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(request)
            child.stdin.flush()
            line = child.stdout.readline()
    if not line.endswith(b"\n"):
        child.wait()
        return None
    reply: dict[str, Any] = json.loads(line)
    return reply


def _problem_of_exit(code: int | None) -> str:
    return TOO_SLOW if code in (-signal.SIGXCPU, -signal.SIGKILL) else TOO_MUCH_MEMORY


class _LimitReachedError(BaseException):
    """Not an Exception: the parser would catch it."""


class _Parser:
    """The child's part: the document in work, whose pages are usually requested twice: to judge it, and to read it."""

    def __init__(self) -> None:
        self._body = b""
        self._document: Any = None
        self._pages: dict[int, dict[str, Any]] = {}
        self._characters_left = 0

    def reply(self, body: bytes, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request."""
        begun = _cpu_seconds()
        _limit_cpu(begun + request["seconds"])
        self._characters_left = request["characters"]
        try:
            page = self._page(body, request["index"])
        except _LimitReachedError:
            return {"problem": TOO_MANY_CHARACTERS, "fatal": True}
        except (MemoryError, RecursionError):
            return {"problem": TOO_MUCH_MEMORY, "fatal": True}
        except Exception as error:  # the parser has no error type of its own for a damaged file
            return {"problem": ": ".join(filter(None, ("not a readable PDF", str(error))))[:200]}
        return page and {**page, "seconds": _cpu_seconds() - begun}

    def _page(self, body: bytes, index: int) -> dict[str, Any]:
        import pdfplumber

        if self._document is None or body != self._body:
            self._document, self._body, self._pages = pdfplumber.open(BytesIO(body)), body, {}
        if index not in self._pages:
            self._pages[index] = self._parsed(index)
        return self._pages[index]

    def _parsed(self, index: int) -> dict[str, Any]:
        page = next(iter(self._document.pages[index : index + 1]), None)
        if page is None:
            return {}
        words = [(word["text"], word["x0"], word["top"]) for word in page.extract_words(x_tolerance=1.5)]
        characters = len(page.chars)
        page.close()
        return {"words": words, "characters": characters}

    def count_characters(self) -> None:
        """Make the parser count characters while it reads them."""
        from pdfminer.converter import PDFLayoutAnalyzer

        render = PDFLayoutAnalyzer.render_char

        def counted(*args: Any, **kwargs: Any) -> float:
            self._characters_left -= 1
            if self._characters_left < 0:
                raise _LimitReachedError
            return render(*args, **kwargs)

        PDFLayoutAnalyzer.render_char = counted  # type: ignore[method-assign]


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _limit_cpu(seconds: float) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, hard))


def _limit_memory() -> None:
    """Best effort: macOS has no such limit, there the limits of characters and time remain."""
    for kind, limit in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MAX_MEMORY_BYTES)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))


def _requests(stream: BinaryIO) -> Iterator[tuple[bytes, dict[str, Any]]]:
    while line := stream.readline():
        request = json.loads(line)
        yield stream.read(request["size"]), request


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted parent closes the input
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no reply
    _limit_memory()
    parser = _Parser()
    parser.count_characters()
    for body, request in _requests(sys.stdin.buffer):
        replies.write(json.dumps(parser.reply(body, request)).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    _serve()
