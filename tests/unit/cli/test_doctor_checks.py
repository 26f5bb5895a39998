"""The checks of `doctor` that need no server: what each finds, and what it says to do."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from temporalio.service import RPCError, RPCStatusCode

from cli.doctor import _result as result_of_check
from cli.doctor_checks import configuration, disk, keys, proxies, stores, versions, warehouse
from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation, nearest_existing
from cli.doctor_checks.providers import _result as result_of_providers
from cli.providers import RateLimiterView
from tipoff.errors import StorageError
from tipoff.settings import Settings
from workflows.contracts import SettingValue, WorkerSettings

NO_SERVER = "no server answers"


def settings_in(folder: Path, **changes: Any) -> Settings:
    places = {name: f"file://{folder}/{name}" for name in stores.STORES}
    return Settings.model_validate({"warehouse": f"duckdb:///{folder}/tipoff.duckdb", **places, **changes})


@pytest.mark.parametrize(
    ("error", "summary"),
    [
        (
            RPCError("no such namespace", RPCStatusCode.NOT_FOUND, b""),
            "the server refused a request: no such namespace",
        ),
        (StorageError("the bucket is full"), "the bucket is full"),
        (PermissionError(13, "Permission denied", "var"), "could not be checked: Permission denied: var"),
    ],
)
def test_a_check_that_ends_with_an_error_has_failed(error: Exception, summary: str) -> None:
    async def check(installation: Installation) -> CheckResult:
        raise error

    result = asyncio.run(result_of_check(DoctorCheck("disk", check), Installation(NO_SERVER, NO_SERVER)))
    assert (result.ok, result.summary) == (False, summary)


# ── disk ─────────────────────────────────────────────────────────────────────────────────────────────────


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "ok", "summary"), [(1_000_000_000, True, "1.0 GB free"), (999_999_999, False, "only 1.0 GB free in ")]
)
def test_a_gigabyte_must_be_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, summary: str, *, ok: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(2 * free, free, free))
    result = disk.check(settings_in(tmp_path))
    assert (result.ok, result.summary) == (ok, summary if ok else f"{summary}{tmp_path}")
    assert bool(result.fix) is not ok
    assert ok or "free at least 1 GB" in result.fix


def test_the_least_space_of_stores_and_warehouse_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports, file = tmp_path / "exports", tmp_path / "db" / "tipoff.duckdb"
    exports.mkdir()
    file.parent.mkdir()
    free = {exports: 3_000_000_000, file.parent: 2_000_000_000}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(0, 0, free.get(folder, 5_000_000_000)))
    assert disk.check(settings_in(tmp_path, warehouse=f"duckdb:///{file}")).summary == "2.0 GB free"
    assert disk.check(settings_in(tmp_path)).summary == "3.0 GB free"
    assert disk.check(settings_in(tmp_path, exports="gs://bucket/exports")).summary == "5.0 GB free"


def test_the_nearest_existing_folder_of_a_path_is_found(tmp_path: Path) -> None:
    assert nearest_existing(tmp_path / "a" / "b") == nearest_existing(tmp_path) == tmp_path


# ── stores and warehouse ─────────────────────────────────────────────────────────────────────────────────


def test_stores_that_exist_or_can_be_created_are_accepted_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    result = stores.check(settings_in(tmp_path))
    assert (result.ok, result.summary) == (True, "landing, exports, models, work can be written")
    assert result.details[0] == f"landing: {tmp_path}/landing"
    assert [path.name for path in tmp_path.rglob("*")] == ["landing"]


def test_a_store_below_a_file_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file")
    result = stores.check(settings_in(tmp_path))
    assert (result.ok, result.summary) == (False, "cannot write: exports")
    assert result.details == (f"exports: {tmp_path}/exports cannot be created in {tmp_path}/exports",)


@pytest.mark.parametrize(
    ("url", "ok", "summary"),
    [
        ("duckdb:///{folder}/tipoff.duckdb", True, "{folder}/tipoff.duckdb does not exist yet: the worker creates it"),
        ("duckdb:///{folder}/file/a.duckdb", False, "{folder}/file/a.duckdb cannot be created in {folder}/file"),
        ("duckdb:///{folder}/file", True, "{folder}/file, 2.5 MB, free for a worker to open"),
    ],
)
def test_the_warehouse_is_free_or_can_be_created(tmp_path: Path, url: str, summary: str, *, ok: bool) -> None:
    (tmp_path / "file").write_bytes(bytes(2_500_000))
    result = warehouse.check(settings_in(tmp_path, warehouse=url.format(folder=tmp_path)))
    assert (result.ok, result.summary) == (ok, summary.format(folder=tmp_path))


# ── keys and configuration ───────────────────────────────────────────────────────────────────────────────


def worker_with(**values: str) -> Installation:
    there = tuple(SettingValue(key=key, value=value, origin="default") for key, value in values.items())
    worker = WorkerSettings(process="7@host", values=there)
    return Installation(Settings(), NO_SERVER, worker)


async def test_the_keys_are_those_of_the_worker() -> None:
    with_one = await keys.check(worker_with(upstream="not set", odds_api_key="set", balldontlie_key="not set"))
    assert (with_one.ok, with_one.warning) == (True, True)
    assert "odds_api_events: odds_api_key present" in with_one.details
    assert "bdl_injuries: balldontlie_key absent" in with_one.details
    assert with_one.details[-1] == "all other sources need no key"
    assert "odds_api_key" not in with_one.summary
    assert (await keys.check(worker_with(upstream="http://127.0.0.1:1"))).summary == "a replay needs no keys"


async def test_nothing_is_known_of_a_wrong_configuration() -> None:
    wrong = Installation("TIPOFF_LANDING is wrong\nTIPOFF_WORK too", NO_SERVER)
    for check in (keys.check, proxies.check, stores.CHECK.check):
        result = await check(wrong)
        assert (result.ok, result.summary) == (False, "not checked: the configuration is wrong")
    result = await configuration.check(wrong)
    assert (result.ok, result.details) == (False, ("TIPOFF_LANDING is wrong", "TIPOFF_WORK too"))


async def test_settings_that_differ_in_this_terminal_are_listed() -> None:
    result = await configuration.check(worker_with(history_seasons="2", unknown="x"))
    assert result.summary == "2 settings of the worker (7@host), 0 not at the default"
    assert result.details[0] == "history_seasons = 2  (default)"
    assert f"differs in this terminal: history_seasons = {Settings().history_seasons}  (default)" in result.details
    alone = await configuration.check(Installation(Settings(), NO_SERVER, "no worker answers"))
    assert "of this terminal, because no worker answers, 0 not at the default" in alone.summary
    assert not [line for line in alone.details if "differs" in line]


# ── proxies, providers and versions ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status_line", "problem"),
    [
        ("HTTP/1.1 200 Connection established\r\n", ""),
        ("HTTP/1.0 299 OK\r\n", ""),
        ("HTTP/1.1 407 Proxy Authentication Required\r\n", "rejects the credentials (HTTP 407)"),
        ("HTTP/1.1 502 Bad Gateway\r\n", "refuses to connect (HTTP 502)"),
        ("HTTP/1.1 199 Early\r\n", "refuses to connect (HTTP 199)"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "is no HTTP proxy"),
        ("HTTP/1.1 abc\r\n", "is no HTTP proxy"),
        ("SSH 200 OK", "is no HTTP proxy"),
    ],
)
def test_the_first_line_of_a_proxy_says_whether_it_connects(status_line: str, problem: str) -> None:
    assert proxies._problem(status_line) == problem


@pytest.mark.parametrize(
    ("upstream", "summary"), [(None, "none configured"), ("http://127.0.0.1:1", "a replay uses none")]
)
async def test_without_proxies_none_is_tried(upstream: str | None, summary: str) -> None:
    result = await proxies.check(Installation(Settings(upstream=upstream), NO_SERVER))
    assert (result.ok, result.summary) == (True, summary)


def view(warning: str = "", *, refuses: bool = False) -> RateLimiterView:
    return RateLimiterView(host="cdn.nba.com", summary="1 request", warning=warning, refuses=refuses)


@pytest.mark.parametrize(
    ("views", "reached", "lost", "expected"),
    [
        ([view()], ["cdn.nba.com"], [], (True, False, "1 reached in the last 24 hours, none in cooldown")),
        ([view("few credits")], ["cdn.nba.com"], [], (True, True, "few credits")),
        ([], ["a"], ["b", "c"], (True, True, "not reached in the last 24 hours: b, c")),
        ([], [], ["b"], (True, True, "none was reached in the last 24 hours; not reached in the last 24 hours: b")),
        ([view("blocked", refuses=True), view("few credits")], ["a"], [], (False, False, "blocked")),
    ],
)
def test_the_providers_are_ok_if_all_in_use_were_reached(
    views: list[RateLimiterView], reached: list[str], lost: list[str], expected: tuple[bool, bool, str]
) -> None:
    result = result_of_providers(views, reached, lost)
    assert (result.ok, result.warning, result.summary) == expected
    assert bool(result.fix) is (not result.ok or not reached)


async def test_versions_that_are_not_the_locked_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def checked() -> CheckResult:
        return await versions.check(Installation(Settings(), NO_SERVER))

    assert (await checked()).ok
    monkeypatch.setattr(versions, "version", lambda name: "0.0.1")
    result = await checked()
    assert (result.ok, result.fix) == (False, "run make setup")
    assert "requirements.lock has temporalio 1." in result.summary
    assert "duckdb 0.0.1" in result.details
