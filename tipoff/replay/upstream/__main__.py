"""python -m tipoff.replay.upstream --archive ARCHIVE [--port N] [--faults FILE] [--log FILE.jsonl]"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tipoff.errors import TipoffError
from tipoff.replay.archive import Archive
from tipoff.replay.upstream.fault_file import load_faults
from tipoff.replay.upstream.server import request_log, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; exit code 2 when the archive, the faults, the log or the port cannot be used."""
    options = _options().parse_args(arguments)
    try:
        faults = load_faults(options.faults) if options.faults else ()
        log = request_log(options.log) if options.log else lambda request: None
        run(Archive(options.archive), faults, options.port, log)
    except TipoffError as error:
        print(f"upstream: {error}", file=sys.stderr)
        return 2
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tipoff.replay.upstream")
    options.add_argument("--archive", type=Path, required=True, help="folder of the archive")
    options.add_argument("--port", type=int, default=0, help="0: any free port")
    options.add_argument("--faults", type=Path, help="TOML file of faults to inject")
    options.add_argument("--log", type=Path, help="file to append one JSON line per request to")
    return options


if __name__ == "__main__":
    sys.exit(main())
