"""Lets the Temporal SDK download its dev server into a folder: `python -m runtime.temporal_download FOLDER`."""

import asyncio
import sys

from temporalio.testing import WorkflowEnvironment

from runtime.process_exit import exit_now


async def download(folder: str) -> None:
    """Starting the dev server once downloads it."""
    async with await WorkflowEnvironment.start_local(download_dest_dir=folder):
        pass


def main() -> int:
    """Exit code 1 if the download failed; the last line says why."""
    try:
        asyncio.run(download(sys.argv[1]))
    except RuntimeError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    exit_now(main())
