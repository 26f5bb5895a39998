"""The Temporal server: there, and of which version."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest

from cli.doctor_checks.base import Check, Finding, Site
from cli.server import PATIENCE


async def poll(site: Site) -> Finding:
    """Well when the server answers and has the namespace."""
    if isinstance(site.client, str):
        return Finding(ok=False, says=site.client, fix="start one (make server), or set TEMPORAL_ADDRESS")
    client, service = site.client, site.client.workflow_service
    info = await service.get_system_info(GetSystemInfoRequest(), timeout=PATIENCE)
    await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace), timeout=PATIENCE)
    where = client.service_client.config.target_host
    return Finding(ok=True, says=f"{info.server_version} at {where}, namespace {client.namespace}")


CHECK = Check("server", poll)
