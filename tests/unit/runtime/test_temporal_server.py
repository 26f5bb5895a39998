"""How a Temporal server is found or installed, and how one that is not ready or ends is reported; none is started."""

import asyncio
import os
import re
import socket
import time
from pathlib import Path
from typing import cast

import pytest

from runtime import cache_folder, temporal_binary, temporal_server
from runtime.processes import Child, ChildEndedError, Processes
from runtime.temporal_binary import CLI_MODULE, CLI_VERSION, NoTemporalServerError, find_or_install_temporal
from runtime.temporal_server import (
    PORTS_TRIED,
    ServerStartError,
    address_from_environment,
    free_port,
    next_free_port,
)
from runtime.temporal_ui import UI_PORT_OFFSET

GOOD = "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def prints_version(path: Path, version: str) -> Path:
    return program(path, f'echo "{version}"')


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, with the shell's own tools; the network is unreachable."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "echo", "mkdir"):
        (folder / tool).symlink_to(Path("/bin") / tool)
    monkeypatch.setenv("PATH", str(folder))
    for proxy in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    for direct in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(direct, raising=False)
    return folder


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "temporal" / CLI_VERSION / "temporal"


def test_a_binary_on_the_path_is_preferred_to_the_cache(tmp_path: Path, bin_folder: Path, cached: Path) -> None:
    on_path = prints_version(bin_folder / "temporal", GOOD)
    prints_version(cached, GOOD)
    assert find_or_install_temporal(tmp_path / "cache") == on_path


@pytest.mark.parametrize(
    "unusable",
    ["echo 'temporal version 1.3.0 (Server 1.27.2, UI 2.36.0)'", "echo 'temporal, the time zone tool'", "exit 1"],
)
def test_an_unusable_binary_on_the_path_is_skipped(
    tmp_path: Path, bin_folder: Path, cached: Path, unusable: str
) -> None:
    program(bin_folder / "temporal", unusable)
    prints_version(cached, GOOD)
    assert find_or_install_temporal(tmp_path / "cache") == cached


def test_go_builds_a_missing_binary_into_the_cache_and_leaves_only_the_binary(
    tmp_path: Path, bin_folder: Path, cached: Path
) -> None:
    program(
        bin_folder / "go",
        'mkdir -p "$GOBIN" "$GOCACHE" "$GOMODCACHE"\n'
        'printf "%s\\n" "$@" > "$GOPATH/../arguments"; echo "$CGO_ENABLED $GOGC" > "$GOPATH/../settings"\n'
        'echo "#!/bin/sh" > "$GOBIN/temporal"\n'
        f'echo "echo \'{GOOD}\'" >> "$GOBIN/temporal"; /bin/chmod +x "$GOBIN/temporal"',
    )
    printed: list[str] = []
    assert find_or_install_temporal(tmp_path / "cache", printed.append) == cached
    assert "installing the Temporal server with Go, about 2 minutes …" in printed
    arguments = (cached.parent / "arguments").read_text().splitlines()
    flags = ["-tags=disable_grpc_modules", "-gcflags=all=-dwarf=false", "-ldflags=-s -w"]
    assert arguments == ["install", *flags, CLI_MODULE]
    assert (cached.parent / "settings").read_text() == "0 400\n", "no C compiler is needed; memory is traded for time"
    assert not (cached.parent / "go").exists()
    printed.clear()
    assert find_or_install_temporal(tmp_path / "cache", printed.append) == cached
    assert printed == [], "the second time it is installed already"


def test_without_any_server_the_error_lists_each_attempt_its_failure_and_what_to_do(
    tmp_path: Path, bin_folder: Path
) -> None:
    prints_version(bin_folder / "temporal", "temporal version 1.0.0 (Server 1.24.2, UI 2.28.0)")
    program(bin_folder / "go", "echo 'dial tcp: lookup proxy.golang.org: no such host' >&2; exit 1")
    started = time.monotonic()
    with pytest.raises(NoTemporalServerError) as error:
        find_or_install_temporal(tmp_path / "cache", lambda line: None)
    assert time.monotonic() - started < temporal_binary.DOWNLOAD_TIMEOUT_SECONDS
    text = str(error.value)
    listed = re.findall(r"^  (.*?): ", text, re.MULTILINE)
    assert listed == list(temporal_binary._WAYS)
    assert "Server 1.24.2" in text
    assert "https://temporal.download" in text, text
    assert "no such host" in text
    assert "Install the Temporal CLI" in text


def test_without_go_the_error_says_so(tmp_path: Path, bin_folder: Path) -> None:
    with pytest.raises(NoTemporalServerError, match="there is no `go` on the PATH"):
        find_or_install_temporal(tmp_path / "cache", lambda line: None)


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, None),
        ({"TEMPORAL_ADDRESS": "prod:7233"}, None),
        ({"TEMPORAL_ADDRESS": "prod:7233", "SERVER": "env"}, "prod:7233"),
    ],
)
def test_the_server_of_the_environment_is_used_only_on_request(environ: dict[str, str], address: str | None) -> None:
    assert address_from_environment(environ) == address


def test_requesting_the_server_of_the_environment_without_an_address_is_an_error() -> None:
    with pytest.raises(NoTemporalServerError, match="TEMPORAL_ADDRESS, which is not set"):
        address_from_environment({"SERVER": "env"})


@pytest.mark.parametrize("offset", [0, UI_PORT_OFFSET])
def test_a_port_counts_as_taken_if_it_or_that_of_its_ui_is(offset: int) -> None:
    port = next_free_port(27_400)
    with socket.create_server(("127.0.0.1", port + offset)):
        assert next_free_port(port) == port + 1
    assert next_free_port(port) == port


def test_the_cache_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIPOFF_CACHE", str(tmp_path))
    assert cache_folder() == Path(os.path.realpath(tmp_path))


class SlowDownload:
    """A download that writes so many bytes in each period that it is waited for, and then never ends."""

    def __init__(self, folder: Path, *bytes_written: int) -> None:
        self.file, self.bytes_written, self.waits = folder / "temporal", list(bytes_written), 0

    def ends_within(self, seconds: float) -> bool:
        self.waits += 1
        with self.file.open("ab") as file:
            file.write(bytes(self.bytes_written.pop(0) if self.bytes_written else 0))
        return False


@pytest.mark.parametrize(("bytes_written", "waits"), [((), 1), ((5, 2), 3)])
def test_a_download_is_given_up_when_no_more_bytes_arrive(
    tmp_path: Path, bytes_written: tuple[int, ...], waits: int
) -> None:
    download = SlowDownload(tmp_path, *bytes_written)
    with pytest.raises(
        temporal_binary.UnusableError, match=rf"no data within .* s \(after {sum(bytes_written)} bytes\)"
    ):
        temporal_binary._wait_while_growing(cast("Child", download), tmp_path)
    assert download.waits == waits


def test_a_build_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(temporal_binary, "BUILD_TIMEOUT_SECONDS", 0)
    with pytest.raises(temporal_binary.UnusableError, match="not built after"):
        temporal_binary._wait_for_build(cast("Child", SlowDownload(tmp_path)), lambda line: None)


async def test_a_server_that_does_not_answer_in_time_is_named_with_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(temporal_server, "START_TIMEOUT_SECONDS", 0.0)
    with Processes(tmp_path) as processes:
        child = processes.start("temporal", ["/bin/sleep", "60"])
        with pytest.raises(ServerStartError, match=r"at 127\.0\.0\.1:\d+ does not answer .*not listen on its port"):
            await temporal_server._wait_until_healthy(child, f"127.0.0.1:{free_port()}", "default")


async def test_serving_ends_when_the_server_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def start(processes: Processes, port: int) -> None:
        processes.start("temporal", ["/bin/sh", "-c", "exit 3"])

    monkeypatch.setattr(temporal_server, "start_server_for_real_days", start)
    async with asyncio.timeout(30):
        with pytest.raises(ChildEndedError, match=r"temporal .*3"):
            await temporal_server.serve(tmp_path)


def test_the_ports_that_were_tried_in_vain_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []
    monkeypatch.setattr("runtime.temporal_server._is_free", ports.append)
    with pytest.raises(ServerStartError, match=f"no port from 7233 to {7232 + PORTS_TRIED} is free"):
        next_free_port(7233)
    assert (ports[0], ports[-1], len(ports)) == (7233, 7232 + PORTS_TRIED, PORTS_TRIED)
