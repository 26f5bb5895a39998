"""The operator's command: one small module a command, the `starter.py` at the root is its entry."""
