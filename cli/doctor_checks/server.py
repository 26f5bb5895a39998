"""The Temporal server: whether it answers, and its version."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest

from activities.server_state import SERVER_TIMEOUT
from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation


async def check(installation: Installation) -> CheckResult:
    """OK if the server answers and has the namespace."""
    if isinstance(installation.client, str):
        return CheckResult(
            ok=False, summary=installation.client, fix="start one with make server, or set TEMPORAL_ADDRESS"
        )
    client, service = installation.client, installation.client.workflow_service
    info = await service.get_system_info(GetSystemInfoRequest(), timeout=SERVER_TIMEOUT)
    await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace), timeout=SERVER_TIMEOUT)
    address = client.service_client.config.target_host
    return CheckResult(ok=True, summary=f"{info.server_version} at {address}, namespace {client.namespace}")


CHECK = DoctorCheck("server", check)
