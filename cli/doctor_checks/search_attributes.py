"""The search attributes of a day: whether the namespace has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from activities.server_state import SERVER_TIMEOUT
from cli.doctor_checks.base import CheckResult, DoctorCheck, needs_server
from runtime.temporal_server import type_name
from workflows.search_attributes import ALL


async def check(client: Client) -> CheckResult:
    """OK if each exists with its type; else the fix is the command that adds them."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request, timeout=SERVER_TIMEOUT)).custom_attributes
    missing = [key for key in ALL if key.name not in known]
    wrong = [
        f"{key.name} ({type_name(key)})"
        for key in ALL
        if known.get(key.name, key.indexed_value_type) != key.indexed_value_type
    ]
    if wrong:
        return CheckResult(
            ok=False, summary=f"not of the type that a day needs: {', '.join(wrong)}", fix="use another namespace"
        )
    if missing:
        names = ", ".join(key.name for key in missing)
        return CheckResult(ok=False, summary=f"missing: {names}", fix=_command(client, missing))
    return CheckResult(ok=True, summary=f"{', '.join(key.name for key in ALL)} exist")


def _command(client: Client, missing: Sequence[SearchAttributeKey[Any]]) -> str:
    attributes = " ".join(f"--name {key.name} --type {type_name(key)}" for key in missing)
    server = f"--address {client.service_client.config.target_host} --namespace {client.namespace}"
    return f"a worker adds them when it starts; or run: temporal operator search-attribute create {server} {attributes}"


CHECK = DoctorCheck("search attributes", needs_server(check))
