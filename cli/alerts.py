"""`alerts`: lists the open alerts, acknowledges one, or sends a test to every channel."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cli.exit_codes import CommandError, ExitCode
from cli.render import ago, console, table_of
from cli.target import Target
from tipoff.alerting.book import AlertRecord, Notice, NoticeKind, acknowledge
from tipoff.alerting.channels import Channel, channels_of
from tipoff.alerting.store import read_book, update_book
from tipoff.errors import BadInputError, DeliveryError
from tipoff.vocabulary import Severity, clock_time

LIST: Final = "list"


async def run(options: Namespace) -> ExitCode:
    """Run the action. Raises CommandError REFUSED if no alert with the key is open."""
    target = Target(options.replay)
    if options.action == "ack":
        return _acknowledge(target, options)
    if options.action == "test":
        return _test(target, as_json=options.json)
    return _list(target, as_json=options.json)


def _list(target: Target, *, as_json: bool) -> ExitCode:
    alerts = sorted(read_book(target.exports).open_alerts, key=lambda alert: -alert.severity.rank)
    if as_json:
        print(json.dumps([alert.model_dump(mode="json") for alert in alerts], ensure_ascii=False))
    elif alerts:
        columns = ("severity", "since", "what", "what helps", "key", "remarks")
        console().print(table_of("Open alerts", columns, map(_row, alerts)))
    else:
        print("no alert is open")
    return ExitCode.DONE


def _row(alert: AlertRecord) -> tuple[str, ...]:
    since = clock_time(alert.since or alert.at, alert.game_date)
    return alert.severity, since, alert.text, alert.command, alert.dedupe_key, "; ".join(_remarks(alert))


def _remarks(alert: AlertRecord) -> Sequence[str]:
    remarks = []
    if taken_on := alert.acknowledged:
        remarks.append(f"{taken_on.who} took it on {ago(taken_on.at)}{taken_on.why and f': {taken_on.why}'}")
    elif alert.escalated_at:
        remarks.append(f"escalated {ago(alert.escalated_at)}")
    remarks += [f"not delivered: {each.error}" for each in alert.deliveries if each.error]
    return remarks


def _acknowledge(target: Target, options: Namespace) -> ExitCode:
    now = datetime.now(UTC)
    try:
        update_book(target.exports, lambda book: acknowledge(book, options.key, options.who, options.why, now), now)
    except BadInputError as error:
        raise CommandError(ExitCode.REFUSED, f"refused: {error}") from error
    if options.json:
        print(json.dumps({"acknowledged": options.key, "who": options.who, "why": options.why}))
    else:
        print(f"{options.who} took on {options.key}: it is not escalated, and stays open until its cause is gone")
    return ExitCode.DONE


def _test(target: Target, *, as_json: bool) -> ExitCode:
    """Send a notice to the channels of this terminal's settings; a worker may have others."""
    channels = channels_of(target.settings)
    results = {channel.name: _result(channel) for channel in (*channels.first, *channels.second)}
    if as_json:
        print(json.dumps(results, ensure_ascii=False))
    else:
        print("\n".join(f"{name}: {error or 'sent'}" for name, error in results.items()))
    if len(results) == 1:
        raise CommandError(ExitCode.FAILED, "no address is configured; set TIPOFF_ALERT_URLS")
    return ExitCode.FAILED if any(results.values()) else ExitCode.DONE


def _result(channel: Channel) -> str:
    """Why a test did not reach a channel; empty if it did."""
    now = datetime.now(UTC)
    alert = AlertRecord(key="test", at=now, severity=Severity.INFO, text="this is a test of the alerts")
    try:
        channel.send(Notice(NoticeKind.TRIGGER, alert))
    except DeliveryError as error:
        return str(error)
    return ""
