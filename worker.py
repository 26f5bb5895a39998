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
from collections.abc import Sequence
from contextlib import AsyncExitStack

from runtime.leaving import leave
from tipoff.errors import TipoffError
from tipoff.settings import Settings, load_settings


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 after a graceful stop, 1 when it could not start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queues", nargs="*", default=[], help="task queues to serve; default: all")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load_settings()
        asyncio.run(serve(settings, options.queues or settings.task_queues))
    except TipoffError as error:
        print(f"the worker did not start: {error}", file=sys.stderr)
        return 1
    return 0


async def serve(settings: Settings, queue_names: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT; what runs then is given time to end, the rest is taken up by the next worker.

    Raises ConfigurationError for an unknown queue or an unimportable activity, WarehouseLockedError when another
    process has the warehouse, NoServerError when no Temporal server answers.
    """
    from runtime.connection import connect
    from runtime.workers import build_workers, open_workshop, queues_named

    queues = queues_named(queue_names)
    workshop = open_workshop(settings, queues)
    client = await connect(settings.metrics_address)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(workshop.close)
        for worker in await build_workers(client, workshop, queues):
            await stack.enter_async_context(worker)
        print(f"serving {', '.join(queues)} of namespace {client.namespace}", flush=True)
        await stop.wait()
        print("stopping: what runs now is given time to end", flush=True)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
