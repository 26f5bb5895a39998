"""Archives: the facts of past seasons in a fixed layout, and the import that creates them."""

from tipoff.replay.archive.reader import Archive

__all__ = ["Archive"]
