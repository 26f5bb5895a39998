"""A past day served again: facts, the upstream that tells them, and what goes wrong."""
