"""Trains in a child process, which returns all of its memory when it ends.

Run as a module it is that child: it reads a `_Job` and writes a `_Result`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from pydantic import AwareDatetime

import tipoff.errors
from tipoff.errors import ProcessEndedError, TipoffError
from tipoff.systems.model_store import open_models
from tipoff.training.fit import Training, train_files
from tipoff.vocabulary import Frozen


class _Job(Frozen):
    """The arguments of `train_files`."""

    history: Path
    cutoff: date
    as_of: AwareDatetime
    models: str
    """URL of the model store."""
    system_ids: tuple[str, ...]
    predicts_from: date | None


class _Result(Frozen):
    """The stored models, or a TipoffError: its class and text."""

    trainings: tuple[Training, ...] = ()
    error: str = ""
    text: str = ""


def train_in_child(
    history: Path,
    cutoff: date,
    as_of: datetime,
    models: str,
    system_ids: Sequence[str],
    predicts_from: date | None = None,
) -> tuple[Training, ...]:
    """Train from a Parquet file, store the models at the URL `models` and promote those that are not worse.

    Raises what `train_files` raises, and ProcessEndedError when the child ends without a result.
    """
    job = _Job(
        history=history,
        cutoff=cutoff,
        as_of=as_of,
        models=models,
        system_ids=tuple(system_ids),
        predicts_from=predicts_from,
    )
    child = subprocess.run(
        [sys.executable, "-m", __name__],
        input=job.model_dump_json().encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if child.returncode:
        raise ProcessEndedError(
            f"training ended with exit code {child.returncode}; see the worker's log, then train again"
        )
    result = _Result.model_validate_json(child.stdout)
    if result.error:
        raise getattr(tipoff.errors, result.error)(result.text)
    return result.trainings


def _run(job: _Job) -> _Result:
    try:
        models = open_models(job.models)
        return _Result(
            trainings=train_files(job.history, job.cutoff, job.as_of, models, job.system_ids, job.predicts_from)
        )
    except TipoffError as error:
        return _Result(error=error.__class__.__name__, text=str(error))


def main() -> None:
    """Train as the input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the worker, which lets running activities end
    reply = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no result
    with reply:
        reply.write(_run(_Job.model_validate_json(sys.stdin.buffer.read())).model_dump_json().encode())


if __name__ == "__main__":
    main()
