"""Resident memory of a worker with its children while a day runs: the peak of each phase."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple

import psutil

from tipoff.vocabulary import Phase

WORKER_MB: Final = 700.0
"""Limit for a day with the history of four seasons."""
SAMPLE_SECONDS: Final = 0.2


class MemorySample(NamedTuple):
    """Resident memory at one time."""

    at: datetime
    megabytes: float


class PhaseSpan(NamedTuple):
    """One activity of a phase."""

    phase: Phase
    started: datetime
    ended: datetime


@contextmanager
def memory_of(group: int) -> Iterator[list[MemorySample]]:
    """Sample the memory of a process group until the end of the block."""
    done, samples = threading.Event(), list[MemorySample]()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            samples.append(MemorySample(datetime.now(UTC), _resident_mb(group)))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()


def peak(samples: Iterable[MemorySample]) -> float:
    """The highest of the samples, MB; 0 without any."""
    return max((sample.megabytes for sample in samples), default=0.0)


def peak_by_phase(samples: Sequence[MemorySample], spans: Sequence[PhaseSpan]) -> Mapping[str, float]:
    """The highest sample while an activity of each phase ran; phases overlap. Phases without a sample are left out."""
    peaks = {phase: peak(sample for sample in samples if _runs(phase, sample.at, spans)) for phase in Phase}
    return {phase.value: megabytes for phase, megabytes in peaks.items() if megabytes}


def _runs(phase: Phase, at: datetime, spans: Iterable[PhaseSpan]) -> bool:
    return any(span.phase is phase and span.started <= at <= span.ended for span in spans)


def _resident_mb(group: int) -> float:
    return sum(_resident_bytes(process) for process in psutil.process_iter() if _group_of(process) == group) / 2**20


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def _resident_bytes(process: psutil.Process) -> int:
    """Its share of resident memory: pages that processes share, such as libraries, count once in all where known."""
    try:
        memory = process.memory_full_info()
    except psutil.NoSuchProcess:
        return 0
    return int(getattr(memory, "pss", memory.rss))
