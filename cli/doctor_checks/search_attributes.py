"""The search attributes of a day: known to the namespace."""

from __future__ import annotations

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from cli.doctor_checks.base import Check, Finding, connected
from cli.server import PATIENCE
from workflows.search_attributes import ALL


async def poll(client: Client) -> Finding:
    """Well when each is there as a keyword; else the command that adds it."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request, timeout=PATIENCE)).custom_attributes
    names = [key.name for key in ALL]
    missing = [name for name in names if name not in known]
    wrong = [name for name in names if known.get(name) not in {None, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}]
    if not missing and not wrong:
        return Finding(ok=True, says=f"{', '.join(names)} are there")
    if wrong:
        return Finding(ok=False, says=f"{', '.join(wrong)} are there, but are no keywords", fix="use another namespace")
    return Finding(ok=False, says=f"missing: {', '.join(missing)}", fix=_command(client, missing))


def _command(client: Client, missing: list[str]) -> str:
    attributes = " ".join(f"--name {name} --type Keyword" for name in missing)
    where = f"--address {client.service_client.config.target_host} --namespace {client.namespace}"
    return f"a worker adds them as it starts; or: temporal operator search-attribute create {where} {attributes}"


CHECK = Check("search attributes", connected(poll))
