"""Lets the Temporal SDK download its dev server into a folder and start it once: `… temporal_download FOLDER`."""

import asyncio
import os
import sys

from temporalio.testing import WorkflowEnvironment


async def download(folder: str) -> None:
    async with await WorkflowEnvironment.start_local(download_dest_dir=folder):
        pass


def main() -> int:
    """1 when it could not be had; the last line says why."""
    try:
        asyncio.run(download(sys.argv[1]))
    except RuntimeError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    # The SDK's own threads sometimes crash an interpreter that is winding down, after all is done.
    os._exit(main())
