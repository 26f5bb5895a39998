"""Durable orchestration: what happens when, and what to do when it does not."""
