"""The workflow sandbox is not entered for the conversion of payloads."""

from unittest.mock import Mock

from temporalio.converter import WithSerializationContext
from temporalio.worker import WorkflowInstance

from runtime.data_converter import LenientPayloadConverter, PlainFailureConverter
from runtime.sandbox import ContextFreeInstance


def test_no_converter_uses_a_context() -> None:
    """With one that does, the instances of a worker may not be free of contexts."""
    parts = (*LenientPayloadConverter().converters.values(), PlainFailureConverter())
    assert [part for part in parts if isinstance(part, WithSerializationContext)] == []


def test_payloads_are_converted_outside_the_sandbox() -> None:
    sandboxed = Mock(spec=WorkflowInstance)
    instance = ContextFreeInstance(sandboxed)
    assert instance.get_serialization_context(object()) is None
    assert instance.get_external_store_context(object()).target is None
    assert sandboxed.method_calls == []


def test_everything_else_is_left_to_the_sandbox() -> None:
    sandboxed = Mock(spec=WorkflowInstance)
    instance = ContextFreeInstance(sandboxed)
    assert instance.activate("activation") is sandboxed.activate.return_value
    assert instance.get_info() is sandboxed.get_info.return_value
    assert instance.get_thread_id() is sandboxed.get_thread_id.return_value
    sandboxed.activate.assert_called_once_with("activation")
