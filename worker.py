"""The worker process: serves task queues, stops gracefully, and refuses to start when it could not work.

python worker.py                        all queues
python worker.py --queues tipoff-fetch  those named (also TIPOFF_TASK_QUEUES)
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from runtime.process_exit import exit_now
from tipoff.errors import TipoffError
from tipoff.settings import Settings, load_settings

if TYPE_CHECKING:
    from temporalio.worker import Worker

    from activities.resources import Resources
    from workflows.contracts import Queue

T = TypeVar("T")


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 when it was told to stop, 1 when it could not start, 130 after Ctrl-C before it listened to it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queues", nargs="*", default=[], help="task queues to serve; default: all")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load_settings()
        asyncio.run(serve(settings, options.queues or settings.task_queues))
    except ImportError as error:
        return _refused(f"what it serves cannot be imported ({error}); run `make setup` to install what is locked")
    except TipoffError as error:
        return _refused(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _refused(why: str) -> int:
    print(f"the worker did not start: {why}", file=sys.stderr)
    return 1


async def serve(settings: Settings, queue_names: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT; what runs then is given time to end, the rest is taken up by the next worker.

    Raises ConfigurationError for an unknown queue or an impossible setting, ImportError for an activity, a workflow or
    a library of theirs, WarehouseLockedError when another process has the warehouse, NoServerError when no Temporal
    server answers.
    """
    stop = _told_to_stop()
    # Imported here so that a broken import is told in a line, and a stop meanwhile is heard.
    from runtime.workers import open_resources, queues_named, running

    queues = queues_named(queue_names)
    async with AsyncExitStack() as stack:
        resources = open_resources(settings, queues)
        stack.push_async_callback(resources.close)
        if workers := await _unless(stop, _made_ready(resources, queues)):
            await stack.enter_async_context(running(workers))
            print(f"serving {', '.join(queues)} of namespace {workers[0].client.namespace}", flush=True)
            await stop.wait()
        print("stopping: what runs now is given time to end", flush=True)


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _made_ready(resources: Resources, queues: Sequence[Queue]) -> list[Worker]:
    from runtime.connection import CONNECT_SECONDS, connect
    from runtime.workers import build_workers, import_libraries

    print(f"connecting to Temporal, for at most {CONNECT_SECONDS:.0f} s", flush=True)
    libraries = asyncio.to_thread(import_libraries, queues)
    client, _ = await asyncio.gather(connect(resources.settings.metrics_address), libraries)
    return await build_workers(client, resources, queues)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """What the work brings; None when the worker is told to stop before."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        working.cancel()
        return None
    return working.result()


if __name__ == "__main__":
    exit_now(main(sys.argv[1:]))
