"""The workers: whether every task queue is polled."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio.client import Client

from activities.server_state import QueueStatus, queue_statuses
from cli.doctor_checks.base import CheckResult, DoctorCheck, needs_server
from cli.render import ago


async def check(client: Client) -> CheckResult:
    """OK if a worker polled each queue within the last poll period."""
    queues = await queue_statuses(client)
    now = datetime.now(UTC)
    unserved = [f"{queue.queue} ({queue.kind})" for queue in queues if not queue.is_served(now)]
    details = tuple(format_queue(queue, now) for queue in queues)
    if unserved:
        return CheckResult(
            ok=False,
            summary=f"no worker polls {', '.join(unserved)}",
            details=details,
            fix="start one: python worker.py",
        )
    return CheckResult(ok=True, summary=f"every queue is polled ({len(queues)})", details=details)


def format_queue(queue: QueueStatus, now: datetime) -> str:
    poll = "not polled" if queue.last_polled is None else f"polled {ago(queue.last_polled, now)}"
    return f"{queue.queue} ({queue.kind}): {poll}"


CHECK = DoctorCheck("workers", needs_server(check))
