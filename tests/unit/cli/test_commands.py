"""The options of every command, and their limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cli.commands import COMMANDS, parse, parse_date_to_start
from cli.exit_codes import ExitCode
from tipoff.vocabulary import eastern, game_date_of

DAY = date(2024, 3, 29)
DATED = {"date": DAY, "json": False, "replay": None}
OPERATOR = {**DATED, "who": "ann", "why": "", "id": None}
START = {**OPERATOR, "wait": False, "rerun": False, "step": "", "again": False, "from_phase": None, "to_phase": None}
START.pop("id")
FORCE = {**OPERATOR, "phase": "lines", "yes": False}
MODELS = {"json": False, "replay": None}
AIMED = {"json": False, "replay": None}
BACKFILL = {**AIMED, "first": date(2024, 3, 2), "last": date(2024, 3, 29)}
SOURCES = {**DATED, "date": None, "who": "ann", "why": "", "reset_cooldown": None}


def parsed(typed: str) -> dict[str, Any]:
    options = vars(parse(typed.split()))
    return {name: value for name, value in options.items() if name not in {"command", "module", "parser"}}


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.getpass.getuser", lambda: "ann")


EVERY_OPTION: list[tuple[str, dict[str, Any]]] = [
    ("--date 2024-03-29", START),
    (
        "start --date 2024-03-29 --wait --rerun --step grade --who bob --why late",
        {**START, "wait": True, "rerun": True, "step": "grade", "who": "bob", "why": "late"},
    ),
    ("start --date 2024-03-29 --again --from-phase lines", {**START, "again": True, "from_phase": "lines"}),
    ("status --date 2024-03-29 --json --replay out", {**DATED, "json": True, "replay": Path("out")}),
    ("status --date 2024-03-29 --replay", {**DATED, "replay": Path("var/demo")}),
    ("days --date 2024-03-29", {**DATED, "last": 7}),
    ("days --date 2024-03-29 --last 366", {**DATED, "last": 366}),
    *((f"{name} --date 2024-03-29", DATED) for name in ("watch", "plan", "page", "best-bets", "results")),
    *((name, {**DATED, "date": None}) for name in ("best-bets", "results")),
    *((name, {"json": False, "replay": None}) for name in ("systems", "site")),
    ("player luka doncic", {"name": ["luka", "doncic"], "json": False, "replay": None}),
    ("tonight", {"team": None, "side": None, "all": False, "top": 30, "json": False, "replay": None}),
    (
        "tonight --team BOS --side OVER --all --top 5",
        {"team": "BOS", "side": "OVER", "all": True, "top": 5, "json": False, "replay": None},
    ),
    ("service-levels --date 2024-03-29", {**DATED, "last": 30}),
    ("service-levels --date 2024-03-29 --last 7", {**DATED, "last": 7}),
    ("validate --date 2024-03-29", {**DATED, "as_of": None}),
    (
        "validate --date 2024-03-29 --as-of 2024-03-30T09:15 --json",
        {**DATED, "json": True, "as_of": eastern(date(2024, 3, 30), 9, 15)},
    ),
    (
        "validate --date 2024-03-29 --as-of 2024-03-30T13:15+00:00",
        {**DATED, "as_of": datetime(2024, 3, 30, 13, 15, tzinfo=UTC)},
    ),
    ("force-continue --phase lines --date 2024-03-29", FORCE),
    ("force-continue --phase lines --date 2024-03-29 --yes --id 7", {**FORCE, "yes": True, "id": "7"}),
    ("lines-available --date 2024-03-29", {**OPERATOR, "games": []}),
    ("lines-available --date 2024-03-29 --games A@B C@D", {**OPERATOR, "games": ["A@B", "C@D"]}),
    ("retry-step --date 2024-03-29 --step grade", {**OPERATOR, "step": "grade"}),
    ("skip-step --date 2024-03-29 --step grade", {**OPERATOR, "step": "grade"}),
    *((f"{name} --date 2024-03-29", OPERATOR) for name in ("refresh-lines", "release-picks", "resume-clock")),
    ("cancel --date 2024-03-29 --why done", {**DATED, "who": "ann", "why": "done"}),
    ("train --date 2024-03-29", {**DATED, "system": None}),
    ("train --date 2024-03-29 --system moving_average", {**DATED, "system": "moving_average"}),
    (
        "backtest --from 2024-03-02 --to 2024-04-14 --out file",
        {
            "archive": Path("var/archive"),
            "first": date(2024, 3, 2),
            "last": date(2024, 4, 14),
            "system": None,
            "refit": "weekly",
            "seasons": 3,
            "out": Path("file"),
        },
    ),
    (
        "backtest --archive a --from 2024-03-02 --to 2024-03-02 --system x --refit daily --seasons 1 --out f",
        {
            "archive": Path("a"),
            "first": date(2024, 3, 2),
            "last": date(2024, 3, 2),
            "system": ["x"],
            "refit": "daily",
            "seasons": 1,
            "out": Path("f"),
        },
    ),
    ("evaluate file", {"predictions": Path("file"), "archive": Path("var/archive"), "out": None, "json": False}),
    (
        "evaluate file --archive folder --out page.html --json",
        {"predictions": Path("file"), "archive": Path("folder"), "out": Path("page.html"), "json": True},
    ),
    ("sources", SOURCES),
    ("sources --date 2024-03-29 --reset-cooldown host", {**SOURCES, "date": DAY, "reset_cooldown": "host"}),
    (
        "collect --date 2024-03-29 --source nbac_schedule",
        {**DATED, "source": "nbac_schedule", "dry_run": False, "ignore_cooldown": False},
    ),
    (
        "collect --date 2024-03-29 --source nbac_schedule --dry-run --ignore-cooldown",
        {**DATED, "source": "nbac_schedule", "dry_run": True, "ignore_cooldown": True},
    ),
    ("unresolved --date 2024-03-29", DATED),
    ("models rollback catboost_v8", {**MODELS, "action": "rollback", "system": "catboost_v8"}),
    (
        "models promote catboost_v8 c0ffee",
        {**MODELS, "action": "promote", "system": "catboost_v8", "version": "c0ffee"},
    ),
    ("models list", {**MODELS, "action": "list"}),
    ("alerts", {"action": None, "json": False, "replay": None}),
    ("alerts list --json", {"action": "list", "json": True, "replay": None}),
    ("alerts test", {"action": "test", "json": False, "replay": None}),
    (
        "alerts ack grades --who bob --why late",
        {"action": "ack", "key": "grades", "who": "bob", "why": "late", "json": False, "replay": None},
    ),
    ("schedules apply --dry-run", {"action": "apply", "dry_run": True, "json": False, "replay": None}),
    ("schedules list --json", {"action": "list", "json": True, "replay": None}),
    (
        "schedules pause day --until 2027-10-01 --who bob --why summer",
        {
            "action": "pause",
            "name": "day",
            "all": False,
            "until": date(2027, 10, 1),
            "who": "bob",
            "why": "summer",
            "json": False,
            "replay": None,
        },
    ),
    ("schedules resume --all", {"action": "resume", "name": None, "all": True, "json": False, "replay": None}),
    (
        "deploy 0.1.0 --check 50 --move-from 0.2.0",
        {
            "build_id": "0.1.0",
            "check": 50,
            "move_from": "0.2.0",
            "json": False,
            "replay": None,
        },
    ),
    ("watchdog --once --alert", {"once": True, "alert": True, "json": False, "replay": None}),
    ("landing apply", {"action": "apply", "dry_run": False, "json": False, "replay": None}),
    ("landing apply --dry-run", {"action": "apply", "dry_run": True, "json": False, "replay": None}),
    ("warehouse apply", {"action": "apply", "dry_run": False, "json": False, "replay": None}),
    ("warehouse apply --dry-run", {"action": "apply", "dry_run": True, "json": False, "replay": None}),
    ("warehouse backup to", {"action": "backup", "to": Path("to"), "json": False, "replay": None}),
    (
        "backfill plan --from 2024-03-02 --to 2024-03-29",
        {**BACKFILL, "action": "plan", "mode": "missing", "from_phase": "slate", "to_phase": "grade"},
    ),
    (
        "backfill start --plan c0ffee --parallelism 4 --who bob --why late",
        {**AIMED, "action": "start", "digest": "c0ffee", "parallelism": 4, "who": "bob", "why": "late"},
    ),
    ("backfill status --watch", {**AIMED, "action": "status", "watch": True}),
    *(
        (f"backfill {name}", {**AIMED, "action": name, "who": "ann", "why": ""})
        for name in ("pause", "resume", "cancel")
    ),
    ("backfill parallelism 3", {**AIMED, "action": "parallelism", "parallelism": 3, "who": "ann", "why": ""}),
    ("watchdog", {"once": False, "alert": False, "json": False, "replay": None}),
    ("watchdog --once --alert", {"once": True, "alert": True, "json": False, "replay": None}),
    ("dev", {}),
    ("doctor --json", {"json": True, "replay": None}),
]


@pytest.mark.parametrize(("typed", "options"), EVERY_OPTION, ids=[typed for typed, _ in EVERY_OPTION])
def test_every_option_of_a_command_is_read(typed: str, options: dict[str, Any]) -> None:
    assert parsed(typed) == options


def test_every_command_is_run_by_a_module_that_exists() -> None:
    assert {typed.split()[0] for typed, _ in EVERY_OPTION} - {"--date"} == {command.name for command in COMMANDS}
    for command in COMMANDS:
        assert find_spec(f"cli.{command.module}"), command.name
        assert " " in command.help


@pytest.mark.parametrize(
    ("typed", "limit"),
    [
        ("start --who", 100),
        ("start --why", 500),
        ("start --step", 100),
        ("skip-step --step", 100),
        ("skip-step --step a --id", 100),
        ("force-continue --phase", 100),
        ("lines-available --games", 20),
        ("train --system", 100),
        ("sources --reset-cooldown", 100),
        ("collect --source", 100),
    ],
)
def test_a_text_may_be_as_long_as_its_limit(typed: str, limit: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed(f"{typed} {'x' * limit}")
    with pytest.raises(SystemExit):
        parsed(f"{typed} {'x' * (limit + 1)}")
    assert f"has {limit + 1} characters; at most {limit} are allowed" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["0", "367", "-1", "x", "1.5", ""])
def test_days_lists_from_one_to_366_dates(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed("days --last 1")["last"] == 1
    with pytest.raises(SystemExit):
        parse(["days", "--last", typed])
    assert "is not a number from 1 to 366" in capsys.readouterr().err or typed == "-1"


def test_a_day_may_be_started_up_to_thirty_days_ahead(capsys: pytest.CaptureFixture[str]) -> None:
    last = game_date_of(datetime.now(UTC)) + timedelta(days=30)
    assert parse_date_to_start(str(last)) == last
    with pytest.raises(SystemExit):
        parsed(f"start --date {last + timedelta(days=2)}")
    assert "is too far ahead; the last date that may be started is" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["status --date 1946-10-31", "status --date 20240329"])
def test_a_date_before_the_first_game_or_written_otherwise_is_refused(typed: str) -> None:
    assert parsed("status --date 1946-11-01")["date"] == date(1946, 11, 1)
    with pytest.raises(SystemExit) as refused:
        parsed(typed)
    assert refused.value.code == ExitCode.USAGE


def test_an_argument_of_a_thousand_characters_is_read() -> None:
    assert parsed(f"page --replay {'x' * 1000}")["replay"] == Path("x" * 1000)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("doktor", "did you mean doctor?"), ("status --dat today", "did you mean --date?"), ("status --x", "--x\n")],
)
def test_a_misspelled_word_is_named_with_a_similar_one(
    typed: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(typed)
    assert hint in capsys.readouterr().err
