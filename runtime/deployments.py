"""The versions of the deployed workflow code: which one new days take, and which ones still have running days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import VersionDrainageStatus
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from tipoff.vocabulary import Frozen

DEPLOYMENT = "tipoff"
"""The name of the worker deployment; its versions are the build ids."""
RPC_TIMEOUT = timedelta(seconds=10)


class VersionState(StrEnum):
    """What the server does with a version."""

    CURRENT = "current"
    """New runs start on it."""
    DRAINING = "draining"
    """Runs that started on it still run, so its worker is needed."""
    DRAINED = "drained"
    """Nothing runs on it: its worker may be stopped."""
    INACTIVE = "inactive"
    """A worker has registered it, and it was never current."""


class DeployedVersion(Frozen):
    """One version of the workflow code."""

    build_id: str
    state: VersionState
    open_runs: int
    created_at: datetime
    current_since: datetime | None = None


_Summary = WorkerDeploymentInfo.WorkerDeploymentVersionSummary
_DRAINAGE = {
    VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINING: VersionState.DRAINING,
    VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED: VersionState.DRAINED,
}


async def deployed_versions(client: Client) -> tuple[DeployedVersion, ...]:
    """All versions, the newest first; empty if no worker with a build id has ever run. Raises RPCError."""
    info = await _describe(client)
    if info is None:
        return ()
    current = info.routing_config.current_deployment_version.build_id
    newest_first = sorted(info.version_summaries, key=lambda each: each.create_time.ToDatetime(), reverse=True)
    return tuple([await _version(client, each, current) for each in newest_first])


async def _describe(client: Client) -> WorkerDeploymentInfo | None:
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    try:
        described = await client.workflow_service.describe_worker_deployment(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    return described.worker_deployment_info


async def _version(client: Client, summary: _Summary, current: str) -> DeployedVersion:
    build_id = summary.deployment_version.build_id
    state = _DRAINAGE.get(summary.drainage_info.status, VersionState.INACTIVE)
    since = summary.current_since_time
    return DeployedVersion(
        build_id=build_id,
        state=VersionState.CURRENT if build_id == current else state,
        open_runs=(await client.count_workflows(_open_runs_of(build_id), rpc_timeout=RPC_TIMEOUT)).count,
        created_at=summary.create_time.ToDatetime(UTC),
        current_since=since.ToDatetime(UTC) if build_id == current else None,
    )


def _open_runs_of(build_id: str) -> str:
    return f'TemporalWorkerDeploymentVersion = "{DEPLOYMENT}:{build_id}" AND ExecutionStatus = "Running"'


async def make_current(client: Client, build_id: str) -> None:
    """Let new runs start on a version. Raises RPCError, FAILED_PRECONDITION if no worker has registered it."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace,
        deployment_name=DEPLOYMENT,
        build_id=build_id,
        ignore_missing_task_queues=True,
    )
    await client.workflow_service.set_worker_deployment_current_version(request, timeout=RPC_TIMEOUT)


async def move_runs(client: Client, origin: str, destination: str) -> tuple[str, ...]:
    """Let the open runs of a version go on with the code of another one; returns their ids. Raises RPCError."""
    moved = []
    async for run in client.list_workflows(_open_runs_of(origin), rpc_timeout=RPC_TIMEOUT):
        await _pin(client, run.id, run.run_id, destination)
        moved.append(run.id)
    return tuple(moved)


async def _pin(client: Client, workflow_id: str, run_id: str, build_id: str) -> None:
    pinned = VersioningOverride.PinnedOverride(
        behavior=VersioningOverride.PinnedOverrideBehavior.PINNED_OVERRIDE_BEHAVIOR_PINNED,
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
    )
    request = UpdateWorkflowExecutionOptionsRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        workflow_execution_options=WorkflowExecutionOptions(versioning_override=VersioningOverride(pinned=pinned)),
        update_mask=FieldMask(paths=["versioning_override"]),
    )
    await client.workflow_service.update_workflow_execution_options(request, timeout=RPC_TIMEOUT)
