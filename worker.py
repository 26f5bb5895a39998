"""The worker process: serves task queues, stops gracefully, and does not start if something it needs is missing.

python worker.py                        all queues
python worker.py --queues tipoff-fetch  only these queues (or set TIPOFF_TASK_QUEUES)

A failed attempt of an activity is one line of the log; TIPOFF_DEBUG=1 adds its traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from runtime.allocator import share_arenas
from runtime.process_exit import exit_now
from tipoff.errors import TipoffError
from tipoff.settings import Settings, load_settings

if TYPE_CHECKING:
    from temporalio.worker import Worker

    from activities.resources import Resources
    from workflows.contracts import Queue

T = TypeVar("T")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 after a stop signal, 1 if start or imports failed, 130 after Ctrl-C during the first imports."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    share_arenas()
    try:
        settings = load_settings()
        asyncio.run(serve(settings, options.queues or settings.task_queues))
    except ImportError as error:
        return _print_error(
            f"an import failed ({error}); run `make setup` to install the packages of requirements.lock"
        )
    except TipoffError as error:
        return _print_error(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser of the worker's arguments."""
    root = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root.add_argument("--queues", nargs="*", default=[], help="task queues to serve (default: all)")
    return root


def _print_error(reason: str) -> int:
    print(f"worker: {reason}", file=sys.stderr)
    return 1


async def serve(settings: Settings, queue_names: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT; running activities then get time to end, and the next worker does the rest.

    Raises ConfigurationError for an unknown queue or a wrong setting, ImportError for a missing library,
    WarehouseLockedError if another process has the warehouse open, NoServerError if no Temporal server answers.
    """
    stop = _stop_event()
    # Imported here so that a broken import becomes a one-line error, and a stop signal works meanwhile.
    from runtime.interceptors import log_one_line_per_failed_attempt
    from runtime.metrics import worker_metrics
    from runtime.workers import import_libraries, open_resources, queues_named, require_libraries, running

    log_one_line_per_failed_attempt(tracebacks=os.environ.get("TIPOFF_DEBUG") == "1")
    queues = queues_named(queue_names)
    require_libraries(queues)
    async with AsyncExitStack() as stack:
        resources = open_resources(settings, queues)
        stack.push_async_callback(resources.close)
        if workers := await _unless_stopped(stop, _connect_and_build(resources, queues)):
            await stack.enter_async_context(worker_metrics(workers[0].client, resources, queues))
            await stack.enter_async_context(running(workers))
            print(f"serving {', '.join(queues)} of namespace {workers[0].client.namespace}", flush=True)
            await _unless_stopped(stop, asyncio.to_thread(import_libraries, queues))
            await stop.wait()
        print("stopping: running activities get time to end", flush=True)


def _stop_event() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _connect_and_build(resources: Resources, queues: Sequence[Queue]) -> list[Worker]:
    from runtime.connection import CONNECT_TIMEOUT_SECONDS, connect
    from runtime.workers import build_workers

    print(f"connecting to Temporal, for at most {CONNECT_TIMEOUT_SECONDS:.0f} s", flush=True)
    client = await connect(resources.settings.metrics_address)
    return await build_workers(client, resources, queues)


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """The result of the work; None if the stop signal comes first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        working.cancel()
        return None
    return working.result()


if __name__ == "__main__":
    exit_now(main(sys.argv[1:]))
