"""Measures how long each stage of a command takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StageTimer:
    """The stages of one command, in the order they ran, with their wall-clock seconds."""

    def __init__(self, print_line: Callable[[str], None] = print) -> None:
        self.seconds: dict[str, float] = {}
        self._print_line = print_line

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block, even if it fails; a name used again adds to its first use."""
        self._print_line(f"▸ {name}")
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started

    def table(self) -> str:
        """One line for each stage and one for the total."""
        rows = [*self.seconds.items(), ("total", sum(self.seconds.values()))]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {seconds:7.1f} s" for name, seconds in rows)
