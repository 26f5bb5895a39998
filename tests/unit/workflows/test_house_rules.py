"""Rules that every workflow, activity and contract follows."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.registry import activities_of
from activities.resources import Resources
from runtime import PROJECT
from runtime.sandbox import PASSED_THROUGH, WORKFLOW_RUNNER
from runtime.workers import GRACE, HEARTBEAT_THROTTLE, WORKFLOWS
from tests.support.days import World
from tipoff.settings import Settings
from workflows.contracts import Activity, Queue, lost_workers_of
from workflows.policies import POLICIES
from workflows.search_attributes import ALL

MODULES = sorted((PROJECT / "workflows").rglob("*.py"))
ALLOWED = {"temporalio", "pydantic", "workflows", "tipoff.vocabulary"}


@pytest.fixture(scope="module")
def registered() -> list[tuple[Queue, str, Callable[..., Any]]]:
    """Every registered activity: its queue, its name, its function."""
    resources = Resources(Settings(), now=lambda: datetime(2024, 3, 29, 12, tzinfo=UTC))
    return [(queue, _name(function), function) for queue in Queue for function in activities_of(queue, resources)]


def _name(function: Callable[..., Any]) -> str:
    return str(activity._Definition.must_from_callable(function).name)


def test_every_activity_is_served_on_exactly_the_queue_of_its_policy(
    registered: list[tuple[Queue, str, Callable[..., Any]]],
) -> None:
    assert Counter(name for _, name, _ in registered) == Counter(list(Activity))
    assert {Activity(name): queue for queue, name, _ in registered} == {
        name: policy.queue for name, policy in POLICIES.items()
    }


@pytest.mark.parametrize("name", list(Activity))
def test_every_activity_has_a_timeout_a_heartbeat_and_many_attempts_after_lost_workers(name: Activity) -> None:
    policy = POLICIES[name]
    assert policy.start_to_close > timedelta()
    assert HEARTBEAT_THROTTLE * 2 < policy.heartbeat < policy.start_to_close / 4
    assert policy.heartbeat < GRACE
    assert 1 < policy.attempts <= 10, "transient faults are retried, but not forever"
    assert policy.retry().maximum_attempts == policy.attempts + lost_workers_of(name)


@pytest.mark.parametrize(
    ("shared", "alone"),
    [
        (Activity.COLLECT_TOGETHER, Activity.COLLECT),
        (Activity.PROCESS_TOGETHER, Activity.PROCESS),
        (Activity.COMPUTE_IN_TURN, Activity.TRANSFORM),
        (Activity.PREDICT_TOGETHER, Activity.PREDICT),
        (Activity.STORE_TOGETHER, Activity.STORE_PREDICTIONS),
    ],
)
def test_a_shared_activity_has_fewer_attempts_than_each_of_its_calls_has_alone(
    shared: Activity, alone: Activity
) -> None:
    """One that hangs delays the others until it is called alone."""
    assert POLICIES[shared].attempts < POLICIES[alone].attempts


def test_every_activity_sends_heartbeats(registered: list[tuple[Queue, str, Callable[..., Any]]]) -> None:
    for _, name, function in registered:
        heartbeats = "async with heartbeating()" in inspect.getsource(inspect.unwrap(function))
        is_blocking_activity = hasattr(function, "__wrapped__")
        assert heartbeats or is_blocking_activity, name


def test_the_scripted_world_serves_every_activity_of_a_day_on_its_queue(
    registered: list[tuple[Queue, str, Callable[..., Any]]],
) -> None:
    not_of_a_day = {
        *(Activity.TRAINING_HISTORY, Activity.DESCRIBE_SETTINGS),
        *(Activity.VALIDATE, Activity.SERVICE_LEVELS, Activity.REMOVE_EXPIRED, Activity.DELIVER_ALERTS),
        *(Activity.OBSERVE, Activity.REPORT_PASS, Activity.MORNING_CHECK),
        *(Activity.PLAN_BACKFILL, Activity.PUBLISH_BACKFILL),
    }
    scripted = {(queue, _name(function)) for queue, served in World().activities.items() for function in served}
    assert scripted == {(queue, name) for queue, name, _ in registered if name not in not_of_a_day}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_activities_are_called_by_name_and_only_in_one_module(path: Path) -> None:
    calls = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    ways = {
        call for call in calls if call.endswith(("_activity", "_activity_class", "_activity_method", "local_activity"))
    }
    assert ways == ({"execute_activity"} if path.stem == "calls" else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_call_has_an_activity_name_and_a_summary(path: Path) -> None:
    for call in _calls(path, "call"):
        assert {keyword.arg for keyword in call.keywords} == {"summary"}, ast.unparse(call)
        first = ast.unparse(call.args[0])
        assert first.startswith(("Activity.", "COMPUTE_ACTIVITIES[")), first


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_timer_has_a_summary(path: Path) -> None:
    for call in _calls(path, "wait_condition"):
        arguments = {keyword.arg for keyword in call.keywords}
        assert ("timeout" in arguments) == ("timeout_summary" in arguments), ast.unparse(call)
    for call in _calls(path, "sleep"):
        assert "summary" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def _calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
            yield node


@pytest.mark.parametrize("defined", WORKFLOWS, ids=lambda defined: defined.__name__)
def test_every_signal_update_and_query_has_a_description(defined: type) -> None:
    definition = workflow._Definition.must_from_class(defined)
    for handlers in (definition.signals, definition.updates, definition.queries):
        assert all(handler.description for handler in handlers.values())
    assert all(update.validator for update in definition.updates.values())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_workflow_modules_import_only_the_standard_library_temporal_pydantic_and_the_vocabulary(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or top in ALLOWED or name in ALLOWED, name


def test_importing_the_workflows_loads_only_the_vocabulary_of_the_library() -> None:
    loaded = _loaded_by("import workflows.daily_pipeline, workflows.training")
    ours = {name for name in loaded if name.partition(".")[0] in {"tipoff", "activities", "runtime"}}
    assert {name for name in ours if not name.startswith("tipoff.vocabulary.")} == {"tipoff", "tipoff.vocabulary"}
    heavy = {"duckdb", "polars", "numpy", "httpx", "catboost", "sqlglot", "jinja2", "pyarrow"}
    assert not heavy & {name.partition(".")[0] for name in loaded}


def _loaded_by(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT).stdout.split())


async def test_the_sandbox_reloads_only_workflow_modules() -> None:
    restrictions = WORKFLOW_RUNNER.restrictions.with_import_notification_policy(
        workflow.SandboxImportNotificationPolicy.WARN_ON_UNINTENTIONAL_PASSTHROUGH
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for defined in WORKFLOWS:
            SandboxedWorkflowRunner(restrictions=restrictions).prepare_workflow(
                workflow._Definition.must_from_class(defined)
            )
    loaded = {str(warning.message).split()[1] for warning in caught}
    foreign = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign >= {"workflows.day_state", "workflows.calls"}
    assert not foreign & set(PASSED_THROUGH)
    assert all(name == "tipoff" or name.partition(".")[0] == "workflows" for name in foreign), foreign


def test_search_attributes_are_few_typed_keywords() -> None:
    assert {key.name: key.indexed_value_type.name for key in ALL} == {
        **dict.fromkeys(("GameDate", "Phase", "RunState", "DataQuality"), "KEYWORD"),
        **dict.fromkeys(("WaitsFor", "AttentionSteps"), "KEYWORD_LIST"),
    }
