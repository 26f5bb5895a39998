"""`deploy`: what it prints, and what it refuses."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from temporalio.client import Client

from cli import deploy
from cli.exit_codes import CommandError, ExitCode
from runtime import replay_histories
from runtime.deployments import DeployedVersion, VersionState
from runtime.replay_histories import ReplayedRun

AT = datetime(2026, 11, 30, 20, tzinfo=UTC)
SERVER = cast("Client", object())


def deployed(build_id: str, state: VersionState, open_runs: int = 0) -> DeployedVersion:
    return DeployedVersion(build_id=build_id, state=state, open_runs=open_runs, created_at=AT)


CURRENT, DRAINING = deployed("0.2.0", VersionState.CURRENT, 1), deployed("0.1.0", VersionState.DRAINING, 2)


@pytest.mark.parametrize(
    ("versions", "advice"),
    [
        ((), [deploy.NO_VERSIONS]),
        ((CURRENT,), []),
        ((CURRENT, DRAINING), ["keep a worker of 0.1.0 until it is drained: its days end on it"]),
        (
            (deployed("0.1.0", VersionState.INACTIVE),),
            ["no version is current, so workers with a build id get no runs: starter.py deploy VERSION"],
        ),
    ],
)
def test_the_list_says_what_to_do(versions: tuple[DeployedVersion, ...], advice: list[str]) -> None:
    assert deploy._advice(versions) == advice


@pytest.mark.parametrize(("build_id", "move_from"), [("0.3.0", None), ("0.2.0", "0.3.0")])
async def test_a_version_that_no_worker_has_registered_is_refused(
    monkeypatch: pytest.MonkeyPatch, build_id: str, move_from: str | None
) -> None:
    async def versions(client: Client) -> tuple[DeployedVersion, ...]:
        return (CURRENT, DRAINING)

    async def never(*_: Any, **__: Any) -> None:
        pytest.fail("nothing may be changed")

    monkeypatch.setattr(deploy, "deployed_versions", versions)
    monkeypatch.setattr(deploy, "make_current", never)
    options = Namespace(build_id=build_id, move_from=move_from)
    with pytest.raises(CommandError, match=r"no worker has registered '0\.3\.0'; known: 0\.1\.0, 0\.2\.0") as refused:
        await deploy._deploy(SERVER, options)
    assert refused.value.exit_code is ExitCode.UNKNOWN


@pytest.mark.parametrize("problem", ["", "nondeterminism: event 7"])
async def test_a_check_refuses_code_that_a_run_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], problem: str
) -> None:
    async def replayed(client: Client, number: int) -> tuple[ReplayedRun, ...]:
        return tuple(ReplayedRun(workflow_id=f"day-{each}", run_id="r", problem=problem) for each in range(number))

    monkeypatch.setattr(replay_histories, "replay_newest", replayed)
    options = Namespace(check=2, json=False)
    if not problem:
        await deploy._check(SERVER, options)
        assert capsys.readouterr().out == "the newest 2 runs can continue on this code\n"
        return
    with pytest.raises(CommandError, match=r"2 of 2 runs cannot continue on this code") as refused:
        await deploy._check(SERVER, options)
    assert refused.value.exit_code is ExitCode.REFUSED
    assert "day-1 (r): nondeterminism: event 7" in str(refused.value)
