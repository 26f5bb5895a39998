"""The rules by which a bucket removes old responses; a scripted server answers Google's own client.

The emulator keeps no rules.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.cloud.storage.retry import DEFAULT_RETRY

from cli import landing
from cli.exit_codes import CommandError, ExitCode
from tests.support.http_server import HttpReply, serving_replies
from tipoff.errors import StorageError
from tipoff.landing.expiry import EXPIRY_DAYS
from tipoff.storage import bucket as bucket_module
from tipoff.vocabulary import RERUN_DAYS

# A connection that the client drops before a retry is closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

Rule = dict[str, Any]


def removal(days: int, *prefixes: str, **condition: Any) -> Rule:
    return {"action": {"type": "Delete"}, "condition": {"age": days, "matchesPrefix": list(prefixes), **condition}}


OWN = [removal(RERUN_DAYS, "a/landing/manifest/"), removal(RERUN_DAYS + 30, "a/landing/raw/")]
FOREIGN = [
    removal(7, "a/exports/"),
    removal(7, "raw/"),
    removal(7, "a/landing/raw/", "tmp/"),
    removal(7, "a/landing/raw/", isLive=False),
    {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 30}},
    {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
]


class ScriptedBucket:
    """Keeps the rules of one bucket, and refuses changes with a status if it has one."""

    def __init__(self, rules: list[Rule], status: int = 200) -> None:
        self.rules = rules
        self.status = status
        self.generation = 3
        self.changes: list[str] = []

    def answer(self, method: str, path: str, content: bytes) -> HttpReply:
        if method == "PATCH":
            self.changes.append(path)
            if self.status != 200:
                return HttpReply(self.status, b"{}", {"Content-Type": "application/json"})
            self.rules = json.loads(content)["lifecycle"]["rule"]
            self.generation += 1
        state = {"name": "tipoff", "metageneration": str(self.generation), "lifecycle": {"rule": self.rules}}
        return HttpReply(200, json.dumps(state).encode(), {"Content-Type": "application/json"})


@contextmanager
def served(bucket: ScriptedBucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TIPOFF_LANDING", "gs://tipoff/a/landing")
    monkeypatch.setitem(bucket_module._REQUEST, "retry", DEFAULT_RETRY.with_timeout(1))
    with serving_replies(bucket.answer) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        yield


async def apply(*, dry_run: bool = False, as_json: bool = False) -> ExitCode:
    return await landing.run(Namespace(action="apply", dry_run=dry_run, json=as_json, replay=None))


def test_a_response_is_kept_longer_than_the_entry_that_names_it() -> None:
    assert EXPIRY_DAYS["raw/"] > EXPIRY_DAYS["manifest/"] == RERUN_DAYS


@pytest.mark.parametrize(
    "stored", [[], OWN[:1], [OWN[0], removal(30, "a/landing/raw/")], [removal(30, "a/landing/raw/"), *OWN]]
)
async def test_missing_and_other_rules_are_set_once_and_foreign_rules_stay(
    stored: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = ScriptedBucket([*stored, *FOREIGN])
    with served(bucket, monkeypatch):
        assert [await apply() for _ in range(2)] == [ExitCode.DONE] * 2
    assert bucket.rules == [*FOREIGN, *OWN]
    assert len(bucket.changes) == 1
    assert "ifMetagenerationMatch=3" in bucket.changes[0]


async def test_a_dry_run_says_what_would_be_set_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = ScriptedBucket([removal(1, "a/landing/raw/")])
    with served(bucket, monkeypatch):
        await apply(dry_run=True)
        await apply(dry_run=True, as_json=True)
    *lines, as_json = capsys.readouterr().out.splitlines()
    assert lines == [
        "gs://tipoff/a/landing/manifest/ is removed after 730 days, until now never",
        "gs://tipoff/a/landing/raw/ is removed after 760 days, until now after 1 day",
        "gs://tipoff/a/landing: rules to set",
    ]
    assert json.loads(as_json)["days_before"] == {"raw/": 1}
    assert bucket.changes == []


async def test_rules_that_are_there_are_not_set_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = ScriptedBucket(OWN)
    with served(bucket, monkeypatch):
        await apply()
    assert capsys.readouterr().out.splitlines()[-1] == "gs://tipoff/a/landing has these rules"
    assert bucket.changes == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (412, "gs://tipoff was changed at the same time: run the command again"),
        (403, "gs://tipoff: permission denied; grant this account the role Storage Admin on the bucket"),
        (404, "gs://tipoff does not exist: create the bucket"),
        (503, "gs://tipoff: Cloud Storage failed: .*"),
    ],
)
async def test_a_refusal_says_what_to_do(monkeypatch: pytest.MonkeyPatch, status: int, message: str) -> None:
    with served(ScriptedBucket([], status), monkeypatch), pytest.raises(StorageError, match=message):
        await apply()


async def test_a_folder_has_no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPOFF_LANDING", "file://var/landing")
    with pytest.raises(CommandError, match="a folder, from which the schedule retention removes old files"):
        await apply()
