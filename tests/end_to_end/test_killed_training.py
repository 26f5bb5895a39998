"""A training whose worker is killed in the middle goes on by itself and gives the models of an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.replay import Replay
from tests.support.replays import DAY, kill_worker_during, running_activities, running_replay
from tipoff.vocabulary import eastern
from workflows.contracts import Activity, Queue, TrainingInput, TrainingResult
from workflows.training import TrainingWorkflow

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


async def train(running: Replay, *killed: Activity) -> TrainingResult:
    """Train, and kill the worker with SIGKILL once during each of these activities."""
    training = TrainingInput(before=DAY, as_of=eastern(DAY, 5))
    handle = await running.client.start_workflow(
        TrainingWorkflow.run, training, id="killed-training", task_queue=Queue.DAY
    )
    for activity in killed:
        await kill_worker_during(running, running_activities(handle, activity), f"{activity} runs")
    return await handle.result()


def models_in(folder: Path) -> dict[str, bytes]:
    """Every model and card, and the lists of champions, by path."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".lock")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files if not file.name.startswith(".")}


async def test_a_killed_training_gives_the_models_of_an_undisturbed_one(tmp_path: Path, temporal_binary: Path) -> None:
    async with running_replay(tmp_path / "quiet", temporal_binary) as running:
        undisturbed = await train(running)
    async with running_replay(tmp_path / "killed", temporal_binary) as running:
        resumed = await train(running, Activity.TRAINING_HISTORY, Activity.TRAIN)
    assert resumed == undisturbed
    quiet, killed = (models_in(tmp_path / name / "models") for name in ("quiet", "killed"))
    assert killed == quiet
    assert len([name for name in quiet if name.endswith("card.json")]) == len(resumed.systems) == 6
