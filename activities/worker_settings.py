"""Describes the settings of this worker."""

from __future__ import annotations

import os
import socket

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.resources import Resources
from tipoff.settings import describe
from workflows.contracts import Activity, SettingValue, WorkerSettings, WorkerSettingsInput


class WorkerSettingsActivities:
    """Describes settings, without secrets."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.DESCRIBE_SETTINGS.value)
    async def describe_settings(self, request: WorkerSettingsInput) -> WorkerSettings:
        """The settings as this process has read them."""
        async with heartbeating():
            return WorkerSettings(
                process=f"process {os.getpid()} on {socket.gethostname()}",
                values=tuple(
                    SettingValue(key=each.key, value=each.value, origin=each.origin)
                    for each in describe(self._resources.settings)
                ),
            )
