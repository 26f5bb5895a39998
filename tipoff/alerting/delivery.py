"""Delivers the notices that are due to all their channels; what fails stays in the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from tipoff.alerting.book import AlertBook
from tipoff.alerting.channels import Channel, Channels
from tipoff.alerting.deliveries import CLAIMED_FOR, Attempt, Claim, Claims, claim_due, with_attempts
from tipoff.alerting.quiet_hours import QuietHours
from tipoff.alerting.store import AlertStore, update_book
from tipoff.errors import DeliveryError


class Delivered(NamedTuple):
    """The result of one pass."""

    sent: int = 0
    """Notices that all their channels have received."""
    errors: tuple[str, ...] = ()
    """Of the others, without secrets; they stay in the book."""


def deliver_due(
    store: AlertStore, channels: Channels, now: datetime, quiet: QuietHours, claimed_for: timedelta = CLAIMED_FOR
) -> Delivered:
    """Deliver what is due. Raises StorageError; a channel that fails is only reported."""
    claims = _claim(store, lambda book: claim_due(book, now, quiet, claimed_for), now)
    if not claims:
        return Delivered()
    attempts = _attempts(claims, channels)
    update_book(store, lambda book: with_attempts(book, attempts, now), now)
    errors = tuple(dict.fromkeys(attempt.error for attempt in attempts if attempt.error))
    return Delivered(sum(not attempt.error for attempt in attempts), errors)


def _claim(store: AlertStore, claim: Callable[[AlertBook], Claims], now: datetime) -> tuple[Claim, ...]:
    claims: tuple[Claim, ...] = ()

    def change(book: AlertBook) -> AlertBook:
        nonlocal claims
        after, claims = claim(book)
        return after

    update_book(store, change, now)
    return claims


def _attempts(claims: Sequence[Claim], channels: Channels) -> tuple[Attempt, ...]:
    """Send all notices, to all channels at the same time: one that is slow does not delay the others."""
    receivers = {channel.name: channel for channel in (*channels.first, *channels.second)}
    with ThreadPoolExecutor(max(1, len(receivers)), thread_name_prefix="alerts") as threads:
        errors = dict(
            zip(receivers, threads.map(lambda each: _send(each, claims, channels), receivers.values()), strict=True)
        )
    return tuple(_attempt(claim, channels, errors) for claim in claims)


def _send(channel: Channel, claims: Sequence[Claim], channels: Channels) -> Mapping[Claim, str]:
    """Send a channel what it has not received; the errors. After the first error the channel is left alone."""
    errors: dict[Claim, str] = {}
    failed = ""
    for claim in claims:
        if channel not in channels.of(claim.notice) or channel.name in claim.delivery.sent_to:
            continue
        failed = failed or _error_of_sending(channel, claim)
        if failed:
            errors[claim] = failed
    return errors


def _error_of_sending(channel: Channel, claim: Claim) -> str:
    try:
        channel.send(claim.notice)
    except DeliveryError as error:
        return str(error)
    return ""


def _attempt(claim: Claim, channels: Channels, errors: Mapping[str, Mapping[Claim, str]]) -> Attempt:
    names = [channel.name for channel in channels.of(claim.notice)]
    failed = {name: errors[name][claim] for name in names if claim in errors[name]}
    sent_to = tuple(name for name in names if name not in failed)
    return Attempt(claim, sent_to, "; ".join(failed.values()))
