"""The contracts of the delivery of alerts."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from tipoff.vocabulary import Finding, Frozen


class DeliverAlertsRequest(Frozen):
    """Everything that a check finds now: alerts of its scope that are not among it are over."""

    scope: str = Field(min_length=1, max_length=100)
    """Who checked, such as "watchdog"."""
    findings: tuple[Finding, ...] = Field(default=(), max_length=100)
    is_partial: bool = False
    """Not everything could be checked: no alert is over."""
    as_of: AwareDatetime


class AlertsDelivered(Frozen):
    """What became of the notices that were due, of this scope or another."""

    sent: int
    errors: tuple[str, ...] = ()
    """Of the channels that did not take a notice; it is delivered again later."""
