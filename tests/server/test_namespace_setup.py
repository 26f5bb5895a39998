"""The script that sets up the namespace in `docker-compose.yml`."""

import os
from datetime import timedelta
from pathlib import Path

from ruamel.yaml import YAML
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from runtime import PROJECT
from runtime.processes import Processes
from runtime.temporal_server import RETENTION_DAYS, start_dev_server
from workflows import search_attributes


async def test_the_namespace_is_set_up_and_set_up_again(tmp_path: Path, temporal_binary: Path) -> None:
    """With the real script, server and command line tool, in a namespace that the server does not have yet."""
    service = YAML(typ="safe").load(PROJECT / "docker-compose.yml")["services"]["temporal-namespace"]
    script = PROJECT / "compose" / Path(service["entrypoint"][-1]).name
    with Processes(tmp_path) as processes:
        server = await start_dev_server(
            processes, temporal_binary, db_file=tmp_path / "temporal.db", namespace="other", search_attributes=()
        )
        path = f"{temporal_binary.parent}:{os.environ['PATH']}"
        address = {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_NAMESPACE": "tipoff"}
        environment = {**service["environment"], **address, "PATH": path, "HOME": str(tmp_path)}
        for _ in range(2):
            done = processes.start("setup", ["/bin/sh", script], env=environment)
            assert done.ends_within(60)
            assert done.exit_code == 0, done.tail()
        client = await Client.connect(server.address, namespace="tipoff")
        described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="tipoff"))
        listed = ListSearchAttributesRequest(namespace="tipoff")
        attributes = (await client.operator_service.list_search_attributes(listed)).custom_attributes
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=RETENTION_DAYS)
    assert {key.name: attributes[key.name] for key in search_attributes.ALL} == {
        key.name: int(key.indexed_value_type) for key in search_attributes.ALL
    }
