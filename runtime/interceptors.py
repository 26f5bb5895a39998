"""What every worker adds to its activities and workflows: one log line per failed attempt, and named handlers."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from workflows.contracts import message_of
from workflows.named_handlers import NamedHandlersOnly

logger = logging.getLogger(__name__)
_step: ContextVar[str] = ContextVar("step", default="")
_STEP_FIELDS = ("step", "source", "system_id", "subject")
"""The fields of requests that name the step, the best first."""


class WorkerInterceptor(Interceptor):
    """Names the step of each activity for the log, and lists only named handlers in the Temporal UI."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _StepNames(next)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        return NamedHandlersOnly


class _StepNames(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        _step.set(_step_of(*input.args))
        return await super().execute_activity(input)


def _step_of(request: object = None, *_: object) -> str:
    return next(filter(None, (getattr(request, field, "") for field in _STEP_FIELDS)), "")


class OneLinePerAttempt(logging.Filter):
    """Turns the SDK's record of a failed attempt into one line; its traceback is logged at debug level."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or record.levelno != logging.WARNING or not activity.in_activity():
            return True
        info = activity.info()
        subject = f"{_step.get()}: " if _step.get() else ""
        record.msg = f"{subject}attempt {info.attempt} of {info.activity_type} failed: {_one_line(error)}"
        record.args = ()
        logger.debug("traceback of the next line", exc_info=record.exc_info)
        record.exc_info = None
        return True


def _one_line(error: BaseException) -> str:
    return " ".join(message_of(error).split())


def log_one_line_per_failed_attempt(*, tracebacks: bool) -> None:
    """Shorten the log of this worker's activities; `tracebacks`: log them as well."""
    logging.getLogger("temporalio.activity").addFilter(OneLinePerAttempt())
    logger.setLevel(logging.DEBUG if tracebacks else logging.INFO)
