"""Replay of a past day: the archive of facts, the upstream that serves them, and injected faults."""
