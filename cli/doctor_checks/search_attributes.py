"""The search attributes of a day: whether the namespace has them."""

from __future__ import annotations

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from cli.doctor_checks.base import CheckResult, DoctorCheck, needs_server
from cli.server import SERVER_TIMEOUT
from workflows.search_attributes import ALL


async def check(client: Client) -> CheckResult:
    """OK if each exists as a keyword; else the fix is the command that adds them."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request, timeout=SERVER_TIMEOUT)).custom_attributes
    names = [key.name for key in ALL]
    missing = [name for name in names if name not in known]
    wrong = [name for name in names if known.get(name) not in {None, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}]
    if not missing and not wrong:
        return CheckResult(ok=True, summary=f"{', '.join(names)} exist")
    if wrong:
        return CheckResult(
            ok=False, summary=f"{', '.join(wrong)} exist, but not as keywords", fix="use another namespace"
        )
    return CheckResult(ok=False, summary=f"missing: {', '.join(missing)}", fix=_command(client, missing))


def _command(client: Client, missing: list[str]) -> str:
    attributes = " ".join(f"--name {name} --type Keyword" for name in missing)
    server = f"--address {client.service_client.config.target_host} --namespace {client.namespace}"
    return f"a worker adds them when it starts; or run: temporal operator search-attribute create {server} {attributes}"


CHECK = DoctorCheck("search attributes", needs_server(check))
