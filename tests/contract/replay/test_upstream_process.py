"""The upstream as a process: it prints its address, logs without secrets, and stops on a signal."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.upstream import AS_OF_HEADER, serve

PROJECT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tipoff.replay.upstream"]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with process:
            process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    return line.removeprefix("listening on ").strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_on_a_free_port_and_stops_cleanly(start: Start, sample: Path, number: signal.Signals) -> None:
    process = start("--archive", str(sample))
    assert httpx.get(f"{url_of(process)}/health").status_code == 200
    process.send_signal(number)
    assert process.wait(10) == 0


def test_the_log_has_one_line_per_request_and_no_keys(start: Start, sample: Path, tmp_path: Path) -> None:
    faults, log = tmp_path / "faults.toml", tmp_path / "requests.jsonl"
    faults.write_text('[[fault]]\nsource = "odds_api_events"\nkind = "server_error"\n')
    process = start("--archive", str(sample), "--faults", str(faults), "--log", str(log))
    url = url_of(process)
    headers = {AS_OF_HEADER: "2024-03-29T17:15:00+00:00"}
    before = datetime.now(UTC)
    events = f"{url}/api.the-odds-api.com/v4/sports/basketball_nba/events"
    response = httpx.get(events, params={"apiKey": "s3cret", "dateFormat": "iso"}, headers=headers)
    httpx.get(f"{url}/example.org/nothing", headers=headers)
    process.terminate()
    assert process.wait(10) == 0
    faulty, unknown = (json.loads(line) for line in log.read_text().splitlines())
    arrived_at = datetime.fromisoformat(faulty.pop("at"))
    assert before <= arrived_at <= datetime.fromisoformat(unknown["at"]) <= datetime.now(UTC)
    assert faulty == {
        "source": "odds_api_events",
        "host": "api.the-odds-api.com",
        "path": "v4/sports/basketball_nba/events?apiKey=REDACTED&dateFormat=iso",
        "as_of": "2024-03-29T17:15:00Z",
        "status": 500,
        "fault": "server_error",
        "bytes": len(response.content),
    }
    assert (unknown["source"], unknown["status"], unknown["fault"]) == (None, 404, None)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--archive", "tests"], "is not an archive"),
        (["--archive", "sample", "--faults", "none.toml"], "none.toml cannot be read"),
        (["--archive", "sample", "--log", "nowhere/log.jsonl"], "log nowhere/log.jsonl cannot be written"),
    ],
)
def test_a_failure_to_start_is_explained(arguments: list[str], reason: str, sample: Path) -> None:
    done = subprocess.run([*COMMAND, *arguments], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_reported(archive: Archive) -> None:
    with serve(archive) as running:
        port = running.url.rpartition(":")[2]
        taken = subprocess.run(
            [*COMMAND, "--archive", "sample", "--port", port],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert taken.returncode == 2
    assert f"port {port} is taken" in taken.stderr


def test_equal_requests_get_equal_bytes_from_every_server(archive: Archive, client: httpx.Client) -> None:
    addresses = (
        "cdn.nba.com/static/json/staticData/scheduleLeagueV2.json",
        "stats.nba.com/stats/playerindex?Season=2023-24",
        "ak-static.cms.nba.com/referee/injury/Injury-Report_2024-03-29_12PM.pdf",
        "api.the-odds-api.com/v4/sports/basketball_nba/odds?apiKey=k&regions=us&markets=totals",
    )
    headers = {AS_OF_HEADER: "2024-03-29T17:15:00Z", "Referer": "https://www.nba.com/"}
    with serve(Archive(archive.path)) as first, serve(Archive(archive.path)) as second:
        for address in addresses:
            responses = [client.get(f"{url}/{address}", headers=headers) for url in (first.url, second.url)]
            assert responses[0].content == responses[1].content
            assert responses[0].headers == responses[1].headers
        assert [request.status for request in first.requests()] == [200] * len(addresses)
