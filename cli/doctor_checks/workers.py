"""Workers: every queue is asked for work."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio.client import Client

from cli.doctor_checks.base import Check, Finding, connected
from cli.render import ago
from cli.server import Polled, polled


async def poll(client: Client) -> Finding:
    """Well when a worker polled each queue within the time that a poll lasts."""
    queues = await polled(client)
    now = datetime.now(UTC)
    unserved = [f"{queue.queue} ({queue.kind})" for queue in queues if not queue.is_served(now)]
    details = tuple(_line(queue, now) for queue in queues)
    if unserved:
        return Finding(
            ok=False, says=f"nobody polls {', '.join(unserved)}", details=details, fix="start one: python worker.py"
        )
    return Finding(ok=True, says=f"all {len(queues)} queues are polled", details=details)


def _line(queue: Polled, now: datetime) -> str:
    asked = "not polled" if queue.last_asked is None else f"polled {ago(queue.last_asked, now)}"
    return f"{queue.queue} ({queue.kind}): {asked}"


CHECK = Check("workers", connected(poll))
