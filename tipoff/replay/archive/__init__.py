"""Past facts in the project's own tidy layout, and how they get there."""

from tipoff.replay.archive.reader import Archive

__all__ = ["Archive"]
