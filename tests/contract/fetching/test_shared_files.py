"""Files that a provider shares: in a folder, behind HTTPS, in a bucket and in a folder of Google Drive.

The replies of Google follow its documentation: Cloud Storage's JSON API v1 (objects/get) and Drive API v3 (files/list,
files/get, files/export).
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.local_provider import LocalProvider, Reply, http_reply, running
from tests.support.tls import certified, tunnel
from tipoff.errors import BodyTooLargeError, ConfigurationError, TransportFault
from tipoff.settings import load_settings
from tipoff.sources.base import Judgement, Request, Slate
from tipoff.sources.fetcher import Fetcher
from tipoff.sources.providers import BIGDATABALL, GOOGLE_DRIVE, GOOGLE_STORAGE
from tipoff.sources.registry import SOURCES, sources
from tipoff.sources.shared_files import file_url
from tipoff.vocabulary import Outcome, SlateGame

AS_OF = datetime(2024, 3, 30, 14, 0, tzinfo=UTC)
GAME = SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=AS_OF - timedelta(hours=15))
SLATE = Slate(game_date=date(2024, 3, 29), games=(GAME,))
SOURCE = SOURCES["bigdataball_play_by_play"]
(A_GAME,) = SOURCE.requests(SLATE, AS_OF, {})
NAME = "[2024-03-29]-0022301062-GSW@CHA.csv"
PLAYS = (
    b"game_id,period,away_score,home_score,play_id,team,event_type,assist,player,points,result,type,"
    b"original_x,original_y\n"
    b"22301062,4,115,97,500,GSW,shot,,Stephen Curry,3,made,3pt jump shot,10,250\n"
    b"22301062,4,115,97,501,,end of period,,,,,end of period,,\n"
)
SECRET = "0123456789abcdef0123456789abcdef"
FOLDER = "1AbC_d-EfG"
SHEET = "application/vnd.google-apps.spreadsheet"
NO_SUCH_OBJECT = http_reply(b'{"error": {"code": 404, "message": "No such object: share/x"}}', "404 Not Found")


def test_the_request_names_the_file_as_the_provider_does() -> None:
    assert unquote(A_GAME.path) == f"/{NAME}"


def sharing(store: str, **environ: str) -> Fetcher:
    settings = load_settings(environ={"TIPOFF_BIGDATABALL": store, "TIPOFF_BODY_CAP_BYTES": "65536", **environ})
    return Fetcher(settings, frozenset({BIGDATABALL.host}))


# ── the three kinds of folder ─────────────────────────────────────────────────────────────────────────────────────


class SharedStore(NamedTuple):
    """A folder with shared files: a function that adds a file, and a fetcher."""

    put: Callable[[str, bytes], object]
    fetcher: Fetcher

    async def judged(self) -> Judgement:
        """The source's judgement of the file of the game."""
        return SOURCE.judge(A_GAME, await self.fetcher.fetch(A_GAME, AS_OF), SLATE)


class DriveFolder:
    """A folder behind Drive's API, which lists an empty page before the page with files, as the real API may."""

    def __init__(self, provider: LocalProvider) -> None:
        self._provider = provider
        self._kinds: dict[str, dict[str, str]] = {}
        provider.replies["/drive/v3/files"] = self._listed

    def put(self, name: str, body: bytes, kind: str = "text/csv") -> None:
        file = f"id-{len(self._kinds)}"
        self._kinds.setdefault(name, {})[file] = kind
        self._provider.replies[f"/drive/v3/files/{file}{'/export' if kind == SHEET else ''}"] = http_reply(body)

    async def _listed(self, writer: asyncio.StreamWriter) -> None:
        query = parse_qs(urlsplit(self._provider.received[-1].target).query)
        (wanted,) = query["q"]
        assert wanted.startswith(f"'{FOLDER}' in parents and trashed = false and (")
        names = re.findall(r"name = '(.*?)'", wanted)
        files = [{"id": file, "mimeType": kind} for name in names for file, kind in self._kinds.get(name, {}).items()]
        page = {"files": files} if query.get("pageToken") == ["2"] else {"files": [], "nextPageToken": "2"}
        await http_reply(json.dumps(page).encode())(writer)


@asynccontextmanager
async def behind(
    host: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[LocalProvider, dict[str, str]]]:
    """A local provider under the name of a host, and the environment to reach it."""
    provider = LocalProvider()
    provider.replies = defaultdict(lambda: NO_SUCH_OBJECT)
    async with running(provider, tls=certified(host, folder)), tunnel(provider.port) as (proxy, _):
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
        yield provider, {"TIPOFF_PROXIES": f"{host}={proxy}", "TIPOFF_PROXY_MODE": "always"}


@pytest.fixture(params=["folder", "bucket", "drive"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SharedStore]:
    async with AsyncExitStack() as stack:
        if request.param == "folder":
            fetcher = await stack.enter_async_context(sharing(f"file://{tmp_path}"))
            yield SharedStore(lambda name, body: (tmp_path / name).write_bytes(body), fetcher)
        elif request.param == "bucket":
            bucket = await stack.enter_async_context(running(LocalProvider()))
            bucket.replies = defaultdict(lambda: NO_SUCH_OBJECT)
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket.url)
            fetcher = await stack.enter_async_context(sharing("gs://share/nba/2024"))
            yield SharedStore(lambda name, body: bucket.replies.update({in_bucket(name): http_reply(body)}), fetcher)
        else:
            provider, environ = await stack.enter_async_context(behind(GOOGLE_DRIVE.host, tmp_path, monkeypatch))
            fetcher = await stack.enter_async_context(sharing(f"drive://{FOLDER}", **environ, TIPOFF_GOOGLE_KEY=SECRET))
            yield SharedStore(DriveFolder(provider).put, fetcher)


def in_bucket(name: str) -> str:
    return f"/storage/v1/b/share/o/{quote(f'nba/2024/{name}', safe='')}"


async def test_the_file_of_a_game_is_found_by_name_in_every_kind_of_folder(store: SharedStore) -> None:
    store.put("[2024-03-29]-0022301063-LAL@IND.csv", b"another game's\n")
    store.put(NAME, PLAYS)
    response = await store.fetcher.fetch(A_GAME, AS_OF)
    assert (response.status, response.body, response.fetched_at) == (200, PLAYS, AS_OF)
    assert (await store.judged()).outcome is Outcome.OK


async def test_a_missing_file_is_not_published_yet(store: SharedStore) -> None:
    store.put("[2024-03-29]-0022301063-LAL@IND.csv", PLAYS)
    assert (await store.judged()).outcome is Outcome.NOT_PUBLISHED_YET


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        (lambda body: b"\xef\xbb\xbf" + body, Outcome.OK, "1 shot"),
        (lambda body: body.replace(b"22301062", b"22201062"), Outcome.WRONG_TYPE, "requested 0022301062"),
        (lambda body: body.replace(b",", b";"), Outcome.WRONG_TYPE, "is missing"),
        (lambda body: body.replace(b"original_x,", b"x,"), Outcome.WRONG_TYPE, "original_x is missing"),
        (lambda body: body[:-9], Outcome.WRONG_TYPE, "cut short"),
    ],
    ids=["byte order mark", "other season", "separator", "column", "cut"],
)
async def test_a_file_is_judged_the_same_in_every_kind_of_folder(
    store: SharedStore, change: Callable[[bytes], bytes], outcome: Outcome, reason: str
) -> None:
    store.put(NAME, change(PLAYS))
    judgement = await store.judged()
    assert (judgement.outcome, reason in judgement.reason) == (outcome, True), judgement.reason


async def test_a_file_over_the_cap_is_refused(store: SharedStore) -> None:
    store.put(NAME, b"x" * 65537)
    with pytest.raises(BodyTooLargeError, match="more than 65,536 bytes"):
        await store.fetcher.fetch(A_GAME, AS_OF)


# ── a local folder and HTTPS ────────────────────────────────────────────────────────────────────────


async def test_a_directory_instead_of_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    async with sharing(f"file://{tmp_path}") as client:
        with pytest.raises(TransportFault, match="cannot be read"):
            await client.fetch(A_GAME, AS_OF)


async def test_a_folder_behind_https_serves_the_file_below_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind("files.example", tmp_path, monkeypatch) as (provider, environ):
        provider.replies["/share/nba/%5B2024-03-29%5D-0022301062-GSW@CHA.csv"] = http_reply(b"game_id\n")
        async with sharing("https://files.example/share/nba/", **environ) as client:
            response = await client.fetch(A_GAME, AS_OF)
    assert (response.status, response.body) == (200, b"game_id\n")


async def test_a_public_bucket_behind_https_needs_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    async with behind(GOOGLE_STORAGE.host, tmp_path, monkeypatch) as (provider, environ):
        provider.replies["/share/%5B2024-03-29%5D-0022301062-GSW@CHA.csv"] = http_reply(b"game_id\n")
        async with sharing(f"https://{GOOGLE_STORAGE.host}/share", **environ) as client:
            assert (await client.fetch(A_GAME, AS_OF)).status == 200


async def test_without_a_folder_the_source_makes_no_requests_and_the_fetcher_names_the_setting() -> None:
    source = sources(bigdataball=False)["bigdataball_play_by_play"]
    assert source.requests(SLATE, AS_OF, {}) == ()
    assert "setting bigdataball" in source.idle_reason
    async with Fetcher(load_settings(environ={}), frozenset({BIGDATABALL.host})) as client:
        with pytest.raises(ConfigurationError, match="TIPOFF_BIGDATABALL"):
            await client.fetch(A_GAME, AS_OF)


async def test_a_replay_serves_shared_files_too(tmp_path: Path) -> None:
    async with running(LocalProvider()) as provider:
        provider.replies["/bigdataball/%5B2024-03-29%5D-0022301062-GSW@CHA.csv"] = http_reply(b"game_id\n")
        async with sharing(f"file://{tmp_path}", TIPOFF_UPSTREAM=provider.url) as client:
            assert (await client.fetch(A_GAME, AS_OF)).status == 200


# ── Google: a bucket and a folder of Drive ───────────────────────────────────────────────────────────────


async def test_a_converted_sheet_is_exported_with_its_last_line_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind(GOOGLE_DRIVE.host, tmp_path, monkeypatch) as (provider, environ):
        DriveFolder(provider).put(NAME.removesuffix(".csv"), PLAYS.removesuffix(b"\n"), SHEET)
        async with sharing(f"drive://{FOLDER}", **environ, TIPOFF_GOOGLE_KEY=SECRET) as client:
            response = await client.fetch(A_GAME, AS_OF)
    assert provider.received[-1].target == "/drive/v3/files/id-0/export?mimeType=text/csv"
    assert SOURCE.judge(A_GAME, response, SLATE).outcome is Outcome.OK


def test_a_quote_in_a_file_name_is_escaped_for_drive() -> None:
    question = file_url(f"drive://{FOLDER}", Request(host=BIGDATABALL.host, path="/it%27s.csv"))
    (wanted,) = parse_qs(urlsplit(question).query)["q"]
    assert wanted.endswith(r"(name = 'it\'s.csv' or name = 'it\'s')")


async def test_the_newest_of_two_files_of_a_name_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with behind(GOOGLE_DRIVE.host, tmp_path, monkeypatch) as (provider, environ):
        folder = DriveFolder(provider)
        folder.put(NAME, b"listed first\n")
        folder.put(NAME, b"listed second\n")
        async with sharing(f"drive://{FOLDER}", **environ, TIPOFF_GOOGLE_KEY=SECRET) as client:
            response = await client.fetch(A_GAME, AS_OF)
    assert parse_qs(urlsplit(provider.received[0].target).query)["orderBy"] == ["modifiedTime desc"]
    assert response.body == b"listed first\n"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (
            http_reply(b'{"error": {"code": 400, "message": "API key not valid"}}', "400 Bad Request"),
            Outcome.BAD_REQUEST,
        ),
        (http_reply(b'{"error": {"code": 401}}', "401 Unauthorized"), Outcome.BAD_KEY),
        (http_reply(b'{"error": {"code": 403}}', "403 Forbidden"), Outcome.BLOCKED),
        (http_reply(b"", "429 Too Many Requests"), Outcome.THROTTLED),
        (http_reply(b"", "503 Service Unavailable"), Outcome.PROVIDER_ERROR),
        (http_reply(b'{"files": [{"name": "no id"}]}'), Outcome.WRONG_TYPE),
        (http_reply(b"<html>sign in</html>"), Outcome.WRONG_TYPE),
    ],
    ids=["bad key", "expired", "forbidden", "too many", "down", "no list", "web page"],
)
async def test_a_refusal_of_drive_is_judged_like_that_of_any_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: Reply, outcome: Outcome
) -> None:
    async with behind(GOOGLE_DRIVE.host, tmp_path, monkeypatch) as (provider, environ):
        provider.replies["/drive/v3/files"] = reply
        async with sharing(f"drive://{FOLDER}", **environ, TIPOFF_GOOGLE_KEY=SECRET) as client:
            response = await client.fetch(A_GAME, AS_OF)
    assert SOURCE.judge(A_GAME, response, SLATE).outcome is outcome
    assert len(provider.received) == 1


async def test_an_unshared_folder_is_an_error_and_not_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind(GOOGLE_DRIVE.host, tmp_path, monkeypatch) as (provider, environ):
        provider.replies["/drive/v3/files"] = http_reply(
            b'{"error": {"message": "File not found: ."}}', "404 Not Found"
        )
        async with sharing(f"drive://{FOLDER}", **environ, TIPOFF_GOOGLE_KEY=SECRET) as client:
            with pytest.raises(ConfigurationError, match=r"TIPOFF_BIGDATABALL names a folder .* is not shared"):
                await client.fetch(A_GAME, AS_OF)


each_host = pytest.mark.parametrize(
    ("host", "shared"),
    [(GOOGLE_STORAGE.host, "gs://share/nba/2024"), (GOOGLE_DRIVE.host, f"drive://{FOLDER}")],
    ids=["bucket", "drive"],
)


@each_host
async def test_googles_key_is_sent_in_a_header_only(
    host: str, shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with behind(host, tmp_path, monkeypatch) as (provider, environ):
        DriveFolder(provider).put(NAME, f"your key: {SECRET}\n".encode())
        provider.replies[in_bucket(NAME)] = http_reply(f"your key: {SECRET}\n".encode())
        async with sharing(shared, **environ, TIPOFF_GOOGLE_KEY=SECRET) as client:
            response = await client.fetch(A_GAME, AS_OF)
    assert {received.headers["x-goog-api-key"] for received in provider.received} == {SECRET}
    assert not any(SECRET in received.target or "authorization" in received.headers for received in provider.received)
    assert response.body == b"your key: ***\n"
    assert SECRET not in repr(response) + caplog.text


@each_host
@pytest.mark.parametrize(("seconds", "grants"), [(3600, 1), (60, 2)], ids=["lasting", "nearly over"])
async def test_without_a_key_the_token_of_a_service_account_is_reused_until_it_expires(
    host: str,
    shared: str,
    seconds: int,
    grants: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    granted = {"access_token": SECRET, "expires_in": seconds, "token_type": "Bearer"}
    async with running(LocalProvider()) as google, behind(host, tmp_path, monkeypatch) as (provider, environ):
        google.replies["/token"] = http_reply(json.dumps(granted).encode(), Content_Type="application/json")
        as_service_account(f"{google.url}/token", tmp_path, monkeypatch)
        DriveFolder(provider).put(NAME, f"your key: {SECRET}\n".encode())
        provider.replies[in_bucket(NAME)] = http_reply(f"your key: {SECRET}\n".encode())
        async with sharing(shared, **environ) as client:
            responses = [await client.fetch(A_GAME, AS_OF) for _ in range(2)]
    assert len(google.received) == grants
    assert {received.headers["authorization"] for received in provider.received} == {f"Bearer {SECRET}"}
    assert [response.body for response in responses] == [b"your key: ***\n"] * 2
    assert SECRET not in repr(responses) + caplog.text


@pytest.mark.parametrize(
    ("reply", "error", "reason"),
    [
        (
            http_reply(b'{"error": "invalid_grant"}', "400 Bad Request"),
            ConfigurationError,
            "invalid_grant.*TIPOFF_GOOGLE_KEY",
        ),
        (None, TransportFault, "Google grants no token"),
    ],
    ids=["refused", "not there"],
)
async def test_a_refused_token_sends_no_request_and_names_the_setting(
    reply: Reply | None,
    error: type[Exception],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(LocalProvider()) as google, sharing("gs://share/nba") as client:
        google.replies = {"/token": reply} if reply else {}
        as_service_account(f"{google.url}/token" if reply else "http://127.0.0.1:1/token", tmp_path, monkeypatch)
        with pytest.raises(error, match=reason):
            await client.fetch(A_GAME, AS_OF)


async def test_without_key_and_account_the_fetcher_names_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    async with sharing(f"drive://{FOLDER}") as client:
        with pytest.raises(ConfigurationError, match=r"nowhere\.json.*; set GOOGLE_APPLICATION_CREDENTIALS"):
            await client.fetch(A_GAME, AS_OF)


def as_service_account(token_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Google's libraries find a service account with the given token URL."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": key.decode(),
        "client_email": "tipoff@p.iam.gserviceaccount.com",
        "token_uri": token_url,
    }
    file = folder / "account.json"
    file.write_text(json.dumps(account), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
