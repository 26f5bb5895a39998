"""How long each stage of a command took. Standard library only: it also times the making of the environment."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stages:
    """The stages of one command in the order they ran, in wall seconds."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self.seconds: dict[str, float] = {}
        self._say = say

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block, also when it fails; a name used again adds up."""
        self._say(f"▸ {name}")
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started

    def table(self) -> str:
        """One line a stage and one for all of them."""
        rows = [*self.seconds.items(), ("altogether", sum(self.seconds.values()))]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {seconds:7.1f} s" for name, seconds in rows)
