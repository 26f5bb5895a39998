"""`watchdog`: starts the watchdog and shows its last pass; `--once` makes the same checks without any worker."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.server_state import SERVER_TIMEOUT
from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.server import WORKER_TIMEOUT, connected, has_day_worker
from cli.target import Target
from tipoff.vocabulary import Finding, clock_time, counted, date_and_time, game_date_of
from tipoff.watchdog.diagnosis import diagnose, is_partial
from tipoff.watchdog.observation import Observation
from workflows.contracts import TASK_TIMEOUT, Queue
from workflows.contracts.schedules import WATCHDOG_WORKFLOW, WATCHDOG_WORKFLOW_ID
from workflows.contracts.watchdog import WatchdogInput, WatchReport

ONCE = "watchdog --once"
"""Who raised its alerts; the watchdog's own are resolved by its own passes."""


async def run(options: Namespace) -> ExitCode:
    """Start the watchdog unless it runs, and show its last pass; or check once. Raises CommandError UNREACHABLE."""
    if options.alert and not options.once:
        options.parser.error("--alert needs --once: the watchdog sends what its own passes find")
    target = Target(options.replay)
    findings, partial = await _check_once(target) if options.once else (await _last_pass(target), False)
    if options.alert:
        from activities.resources import Resources  # polars, which the last pass does not need

        resources = Resources(target.settings, now=lambda: datetime.now(UTC))
        sender, now = resources.alert_sender, datetime.now(UTC)
        await asyncio.to_thread(sender.report, ONCE, findings, now, is_partial=partial)
    if options.json:
        print(json.dumps([finding.model_dump(mode="json") for finding in findings], ensure_ascii=False))
    else:
        _print(findings)
    return ExitCode.FAILED if findings else ExitCode.DONE


async def _check_once(target: Target) -> tuple[tuple[Finding, ...], bool]:
    """What is wrong now, also a server that does not answer, and whether something could not be checked."""
    from activities.observing import observe  # polars, which the last pass does not need
    from activities.resources import Resources

    now = datetime.now(UTC)
    try:
        async with connected(target) as client:
            observation = await observe(client, Resources(target.settings, now=lambda: now), now)
    except CommandError as error:
        if error.exit_code is not ExitCode.UNREACHABLE:
            raise
        observation = Observation(as_of=now, today=game_date_of(now), server_problem=str(error))
    findings = diagnose(observation)
    return findings, is_partial(observation, findings)


async def _last_pass(target: Target) -> tuple[Finding, ...]:
    async with connected(target) as client:
        await _start(client)
        if not await has_day_worker(client):
            raise CommandError(
                ExitCode.UNREACHABLE, "no worker is running, so the watchdog waits for one: python worker.py"
            )
        report = await _report(client)
    if report.as_of is None:
        raise CommandError(ExitCode.UNREACHABLE, "the watchdog has just started: its first pass ends within a minute")
    print(f"last pass {date_and_time(report.as_of)}", file=sys.stderr)
    return report.findings


async def _start(client: Client) -> None:
    """Start it unless it runs, as it usually does."""
    await client.start_workflow(
        WATCHDOG_WORKFLOW,
        WatchdogInput(),
        id=WATCHDOG_WORKFLOW_ID,
        task_queue=Queue.DAY,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        task_timeout=TASK_TIMEOUT,
        static_summary="watches schedules, days and workers",
        rpc_timeout=SERVER_TIMEOUT,
    )


async def _report(client: Client) -> WatchReport:
    handle = client.get_workflow_handle(WATCHDOG_WORKFLOW_ID)
    try:
        report: WatchReport = await handle.query("last_pass", result_type=WatchReport, rpc_timeout=WORKER_TIMEOUT)
    except (RPCError, WorkflowQueryFailedError) as error:
        raise CommandError(ExitCode.UNREACHABLE, f"no worker answers for the watchdog: {error.message}") from error
    return report


def _print(findings: Sequence[Finding]) -> None:
    if not findings:
        console().print("nothing is wrong")
        return
    rows = [(each.severity, _since(each), each.summary, each.command, each.dedupe_key) for each in findings]
    title = counted(len(findings), "finding")
    console().print(table_of(title, ("severity", "since", "what", "what helps", "key"), rows))


def _since(finding: Finding) -> str:
    return clock_time(finding.since, finding.game_date) if finding.since else ""
