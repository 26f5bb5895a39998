"""Predicts in a child process, whose death is an error of one step and not the end of the worker.

Run as a module it is that child: for each line with a `_Job` it writes one with a `_Result`, until its input ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock, Timer
from typing import Final

from pydantic import AwareDatetime

import tipoff.errors
from tipoff.errors import ProcessEndedError, TipoffError
from tipoff.systems.model_store import open_models
from tipoff.systems.predict import PredictedRows, predict_files
from tipoff.vocabulary import Frozen

_LONGEST_SECONDS: Final = 240.0
"""A prediction that takes longer hangs."""
_IDLE_SECONDS: Final = 20.0
"""The child ends so long after its last prediction, and gives its memory back."""


class _Job(Frozen):
    """The arguments of `predict_files`."""

    system_id: str
    features: Path
    history: Path
    models: str
    """URL of the model store."""
    as_of: AwareDatetime
    out: Path
    game_ids: tuple[str, ...]
    backfilled: bool


class _Result(Frozen):
    """What `predict_files` returned, or a TipoffError: its class and text."""

    rows: int = 0
    damage: tuple[str, ...] = ()
    error: str = ""
    text: str = ""


class PredictProcess:
    """A child process that predicts with the models of one store. It starts when it is needed; threads take turns."""

    def __init__(self, models: str, idle_seconds: float = _IDLE_SECONDS) -> None:
        """`models`: URL of the model store."""
        self._models, self._idle_seconds = models, idle_seconds
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._until_idle: Timer | None = None

    def predict(
        self,
        system_id: str,
        features: Path,
        history: Path,
        as_of: datetime,
        out: Path,
        game_ids: Sequence[str],
        *,
        backfilled: bool = False,
    ) -> PredictedRows:
        """Predict games from Parquet files, and write `out`.

        Raises what `predict_files` raises, and ProcessEndedError when the child ends without a result.
        """
        job = _Job(
            system_id=system_id,
            features=features.absolute(),
            history=history.absolute(),
            models=self._models,
            as_of=as_of,
            out=out.absolute(),
            game_ids=tuple(game_ids),
            backfilled=backfilled,
        )
        with self._lock:
            result = self._result(job)
        if result.error:
            raise getattr(tipoff.errors, result.error)(result.text)
        return PredictedRows(result.rows, result.damage)

    @property
    def pid(self) -> int | None:
        """The process id of the running child."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def close(self) -> None:
        """End the child; the next prediction starts another one."""
        with self._lock:
            self._end()

    def _result(self, job: _Job) -> _Result:
        child = self._running()
        too_long = Timer(_LONGEST_SECONDS, child.kill)
        too_long.start()
        try:
            line = _exchange(child, job.model_dump_json().encode() + b"\n")
        except BaseException:
            self._end()
            raise
        finally:
            too_long.cancel()
        if not line.endswith(b"\n"):
            code = child.wait()
            self._end()
            raise ProcessEndedError(
                f"the process that predicts {job.system_id} ended with exit code {code}: see the worker's log and its "
                "memory, then retry the step"
            )
        self._end_when_idle()
        return _Result.model_validate_json(line)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._until_idle:
            self._until_idle.cancel()
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        return self._child

    def _end_when_idle(self) -> None:
        self._until_idle = Timer(self._idle_seconds, self.close)
        self._until_idle.daemon = True
        self._until_idle.start()

    def _end(self) -> None:
        if self._until_idle:
            self._until_idle.cancel()
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):  # what was not sent is lost with the child
                    pipe.close()
        child.wait()


def _exchange(child: subprocess.Popen[bytes], request: bytes) -> bytes:
    """The line that replies to a request; no whole line when the child ended instead."""
    if child.stdin and child.stdout:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(request)
            child.stdin.flush()
            return child.stdout.readline()
    return b""


def _run(job: _Job) -> _Result:
    try:
        models = open_models(job.models)
        predicted = predict_files(
            job.system_id,
            job.features,
            job.history,
            models,
            job.as_of,
            job.out,
            job.game_ids,
            backfilled=job.backfilled,
        )
    except TipoffError as error:
        return _Result(error=error.__class__.__name__, text=str(error))
    return _Result(rows=predicted.rows, damage=predicted.damage)


def main() -> None:
    """Predict what each line of the input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted worker closes the input
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no result
    while line := sys.stdin.buffer.readline():
        replies.write(_run(_Job.model_validate_json(line)).model_dump_json().encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
