"""The operator's commands without a server: their output and their exit codes."""

import json
import re
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.server_state import QueueStatus
from cli.commands import COMMANDS, parse
from cli.doctor_checks.workers import format_queue
from cli.exit_codes import ExitCode
from cli.operator_commands import update_ids
from cli.render import ago
from runtime.replay_session import NoReplayError, ReplaySession, read_session, write_session
from tests.support.small_day import small_plan
from tests.support.starter import NOWHERE, PROJECT, Starter
from tipoff.errors import BadInputError
from tipoff.publishing.status import publish_status
from tipoff.publishing.store import ExportStore
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import game_date_of
from workflows.contracts import CommandName, OperatorCommand, Queue
from workflows.day_state import DayLedger
from workflows.day_status import day_status

DAY = date(2024, 3, 29)


@pytest.fixture
def starter(tmp_path: Path) -> Starter:
    return Starter(tmp_path)


def export_status(exports: Path, written_at: datetime) -> None:
    plan = small_plan(DAY, written_at)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    status = day_status(ledger, written_at, virtual=False, held=False)
    publish_status(ExportStore(FolderStore(exports)), status, written_at)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "COMMAND"),
        ("--date", "expected one argument"),
        ("--date 2024-02-30", "'2024-02-30' is not a date; write it like 2024-03-29"),
        ("--date 20240329", "write '20240329' like this: 2024-03-29"),
        ("--date 2024-W13-5", "write '2024-W13-5' like this: 2024-03-29"),
        ("--date 1812-06-24", "before the first NBA game"),
        ("--date 2999-01-01", "too far ahead"),
        ("--date 1946-10-31", "1946-10-31 is before the first NBA game, on 1946-11-01"),
        ("--date 2024-03-29 --from-phase tip", "choose from"),
        ("--date 2024-03-29 --step grade", "--step needs --rerun: --date 2024-03-29 --rerun --step grade"),
        ("--date 2024-03-29 --rerun --step grade --from-phase grade", "leave out --from-phase"),
        ("--date 2024-03-29 --rerun --step grad", "2024-03-29 has no step 'grad' (did you mean grade"),
        ("--date 2024-03-29 --rerun --step nbac_play_by_pay", "(did you mean nbac_play_by_play"),
        (f"--date 2024-03-29 --rerun --step {'x' * 101}", "has 101 characters; at most 100 are allowed"),
        ("status --date tomorow", "or today or yesterday"),
        ("status --date yesterdy", "(did you mean yesterday?)"),
        ("statsu", "(did you mean status"),
        ("status --jsn", "unrecognized arguments: --jsn (did you mean --json?)"),
        ("--from-phase predcit", "(did you mean predict?)"),
        ("collect --source nbac_schedul", "(did you mean nbac_schedule"),
        ("train --system ensembl_v1", "(did you mean ensemble_v1?)"),
        ("sources --reset-cooldown stats.nba.con", "(did you mean stats.nba.com"),
        ("force-continue --date 2024-03-29", "--phase"),
        ("retry-step --date 2024-03-29", "--step"),
        ("improve --date 2024-03-29", "'improve'"),
        (f"retry-step --date 2024-03-29 --step {'x' * 101}", "has 101 characters; at most 100 are allowed"),
        (f"force-continue --date 2024-03-29 --phase {'x' * 101}", "has 101 characters; at most 100 are allowed"),
        (f"cancel --date 2024-03-29 --why {'x' * 501}", "has 501 characters; at most 500 are allowed"),
        ("train --date 2024-03-29 --system oracle", "'oracle' is not a system; the systems: moving_average, zone"),
    ],
)
def test_wrong_arguments_have_precise_errors_and_exit_code_2(starter: Starter, typed: str, error: str) -> None:
    ended = starter(typed)
    assert ended.code == 2
    assert error in ended.err
    assert "Traceback" not in ended.err


def test_an_unknown_step_is_compared_with_the_steps_of_that_date(starter: Starter, tmp_path: Path) -> None:
    export_status(tmp_path / "var" / "exports", datetime(2024, 3, 29, 12, tzinfo=UTC))
    ended = starter(f"--date {DATE} --rerun --step grade")
    assert ended.code == 2
    assert f"{DATE} has no step 'grade'; its steps: nbac_schedule, " in ended.err


NOW_COMMANDS = ["status", "cancel", "force-continue --phase lines", "collect --source nbac_schedule", "train", ""]


@pytest.mark.parametrize("command", NOW_COMMANDS)
@pytest.mark.parametrize(("typed", "days_ago"), [("", 0), ("--date today", 0), ("--date yesterday", 1)])
def test_a_date_is_todays_by_default_and_may_be_named(command: str, typed: str, days_ago: int) -> None:
    words = [*command.split(), *typed.split()]
    options = parse(words or ["start"])
    assert options.date == game_date_of(datetime.now(UTC)) - timedelta(days=days_ago)


def test_help_names_every_command_and_every_exit_code(starter: Starter) -> None:
    ended = starter("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command.name}\b", ended.out, re.MULTILINE)
    for code in ExitCode:
        assert re.search(rf"\b{code.value} ", ended.out)


@pytest.mark.parametrize("typed", ["--date 2024-03-29", "status --date 2024-03-29", "cancel --date 2024-03-29"])
def test_without_a_server_a_command_names_the_address_and_ends_with_6(starter: Starter, typed: str) -> None:
    ended = starter(typed)
    assert ended.code == 6
    assert NOWHERE in ended.err
    assert "make server" in ended.err
    assert "Traceback" not in ended.err


def test_without_a_server_status_shows_the_last_export_and_its_age(starter: Starter, tmp_path: Path) -> None:
    export_status(tmp_path / "var/exports", datetime.now(UTC) - timedelta(hours=3, minutes=20))
    ended = starter(f"status --date {DAY}")
    assert ended.code == 0
    assert "last known status, exported 3 h 20 min ago: no Temporal server answers" in ended.text
    shown = starter(f"status --date {DAY} --json").json
    assert shown["from"] == "export"
    assert shown["steps"][0]["name"] == "nbac_schedule"
    assert shown["server"] is None


def test_a_damaged_export_is_not_shown_as_a_status(starter: Starter, tmp_path: Path) -> None:
    file = tmp_path / "var/exports/v1/status" / f"{DAY}.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"generated_at": "2024-03-29T12:00:00Z", "state": ')
    ended = starter(f"status --date {DAY}")
    assert ended.code == 6
    assert "there is no readable exported status" in ended.err


def test_page_prints_the_path_once_the_page_exists(starter: Starter, tmp_path: Path) -> None:
    page = tmp_path / "var/exports/pages" / f"{DAY}.html"
    before = starter(f"page --date {DAY}")
    assert (before.code, before.out) == (5, "")
    assert str(page) in before.err
    page.parent.mkdir(parents=True)
    page.write_text("<html>")
    assert starter(f"page --date {DAY}").out.strip() == str(page)
    assert starter(f"page --date {DAY} --json").json["page"] == str(page)


@pytest.mark.parametrize(
    ("variable", "value", "typed"),
    [
        ("TIPOFF_EXPORTS", "ftp://exports", "page --date 2024-03-29"),
        ("TIPOFF_EXPORTS", "file:/exports", "page --date 2024-03-29"),
        ("TEMPORAL_PROFILE", "nobody", "status --date 2024-03-29"),
        ("TEMPORAL_ADDRESS", "http://local host", "status --date 2024-03-29"),
    ],
)
def test_a_wrong_configuration_is_named_and_ends_with_2(tmp_path: Path, variable: str, value: str, typed: str) -> None:
    ended = Starter(tmp_path, {variable: value})(typed)
    assert ended.code == 2
    assert variable in ended.err
    assert "Traceback" not in ended.err


def test_an_unexpected_error_is_one_line_with_the_details_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("raise RuntimeError('this installation is broken')")
    broken = {"PYTHONPATH": str(tmp_path), "TIPOFF_CACHE": str(tmp_path / "cache")}
    ended = Starter(tmp_path, broken)(f"status --date {DAY}")
    details = tmp_path / "cache" / "errors.log"
    assert ended.code == 1
    assert ended.err.startswith("starter: unexpected error: this installation is broken; details at the end of ")
    assert str(details) in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "Traceback" in details.read_text()
    assert "RuntimeError" not in ended.err
    assert "Traceback" in Starter(tmp_path, {**broken, "TIPOFF_DEBUG": "1"})(f"status --date {DAY}").err


# ── a running replay ─────────────────────────────────────────────────────────────────────────────


def replay_session(folder: Path) -> ReplaySession:
    return ReplaySession(
        address=NOWHERE,
        namespace="replay",
        ui="http://127.0.0.1:8080",
        exports=f"file://{folder}/elsewhere",
        archive=folder / "archive",
        pid=4711,
    )


def test_a_replay_is_found_by_its_folder(tmp_path: Path) -> None:
    write_session(tmp_path / "demo", replay_session(tmp_path))
    assert read_session(tmp_path / "demo") == replay_session(tmp_path)


def test_only_its_owner_may_read_a_session(tmp_path: Path) -> None:
    write_session(tmp_path / "demo", replay_session(tmp_path))
    assert stat.S_IMODE((tmp_path / "demo" / "session.json").stat().st_mode) == 0o600


DATE = "2024-03-29"
LONG = "x" * 100_000
NOT_UTF8 = "\udcff\udcfe"
"""How Python passes the bytes FF FE as an argument."""


@pytest.mark.parametrize("bad", [LONG, NOT_UTF8], ids=["long", "not UTF-8"])
@pytest.mark.parametrize(
    "words",
    [
        *(
            ["status", "--date", ""],
            ["retry-step", "--date", DATE, "--step", ""],
            ["status", "--date", DATE, "--replay", ""],
        ),
        *(["force-continue", "--date", DATE, "--phase", "lines", option, ""] for option in ("--who", "--why", "--id")),
        *(["lines-available", "--date", DATE, "--games", ""], ["train", "--date", DATE, "--system", ""]),
        *(
            ["collect", "--date", DATE, "--source", ""],
            ["sources", "--reset-cooldown", ""],
            ["warehouse", "backup", ""],
        ),
    ],
    ids=" ".join,
)
def test_an_argument_that_is_too_long_or_not_utf8_is_refused(words: list[str], bad: str) -> None:
    with pytest.raises(BadInputError, match=r"the argument .* (characters|is not UTF-8)") as error:
        parse([*words[:-1], bad])
    assert len(str(error.value)) < 120
    str(error.value).encode()


@pytest.mark.parametrize("bad", [LONG, NOT_UTF8], ids=["long", "not UTF-8"])
def test_a_refused_argument_is_one_sentence_and_exit_code_2(starter: Starter, bad: str) -> None:
    ended = starter.call(["retry-step", "--date", DATE, "--step", bad])
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("starter: the argument ")


@pytest.mark.parametrize("option", ["--step", "--who", "--why", "--id"])
def test_an_option_that_is_longer_than_a_command_may_be_is_refused(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["retry-step", "--date", DATE, "--step", "grade", option, "x" * 900])
    assert "are allowed" in capsys.readouterr().err


def test_a_malformed_address_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    ended = Starter(tmp_path, {"TEMPORAL_ADDRESS": "http://localhost:7233"})(f"status --date {DAY}")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "starter: TEMPORAL_ADDRESS = 'http://localhost:7233' must be HOST:PORT, such as localhost:7233"
    ]


@pytest.mark.parametrize("content", ["", "{}", '{"address": "127.0.0.1:9"', "\x00"])
def test_a_damaged_session_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "session.json").write_text(content)
    with pytest.raises(NoReplayError, match="make demo KEEP=1"):
        read_session(tmp_path)


def test_without_a_replay_the_command_says_how_to_start_one(starter: Starter) -> None:
    ended = starter(f"--date {DAY} --replay")
    assert ended.code == 6
    assert "var/demo" in ended.err
    assert "make demo KEEP=1" in ended.err


def test_a_stopped_replay_does_not_fall_back_to_the_configured_server(starter: Starter, tmp_path: Path) -> None:
    write_session(tmp_path / "demo", replay_session(tmp_path))
    ended = starter(f"status --date {DAY} --replay demo")
    assert ended.code == 6
    assert "process 4711" in ended.err


def test_the_status_of_a_finished_replay_comes_from_its_folder(starter: Starter, tmp_path: Path) -> None:
    export_status(tmp_path / "demo/exports", datetime.now(UTC))
    assert starter(f"status --date {DAY} --replay demo --json").json["from"] == "export"


# ── doctor ───────────────────────────────────────────────────────────────────────────────────────────────


def checks(starter: Starter) -> dict[str, dict[str, object]]:
    ended = starter("doctor --json")
    assert ended.code == 1
    return {result["check"]: result for result in ended.json}


def test_doctor_shows_every_setting_with_its_origin_and_never_a_key(tmp_path: Path) -> None:
    (tmp_path / "tipoff.toml").write_text('landing = "file://var/raw"\n')
    ended = Starter(tmp_path, {"TIPOFF_ODDS_API_KEY": "hush-hush-4711"})("doctor")
    assert "hush-hush" not in ended.out + ended.err
    assert "landing = file://var/raw  (tipoff.toml)" in ended.out
    assert "(TIPOFF_ODDS_API_KEY)" in ended.out
    assert "odds_api_player_points_props: odds_api_key present" in ended.out


def test_an_absent_key_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    results = checks(Starter(tmp_path))
    assert (results["keys"]["ok"], results["keys"]["warning"]) == (True, True)
    assert "absent: balldontlie_key" in str(results["keys"]["summary"])
    assert "TIPOFF_ODDS_API_KEY" in str(results["keys"]["fix"])
    assert "of this terminal, because no server answers" in str(results["configuration"]["summary"])
    every_key = {f"TIPOFF_{key}_KEY": "x" for key in ("ODDS_API", "BALLDONTLIE", "BETTINGPROS", "GOOGLE")}
    assert not checks(Starter(tmp_path, every_key))["keys"]["warning"]


def test_doctor_runs_without_a_server_and_with_a_wrong_configuration(tmp_path: Path) -> None:
    results = checks(Starter(tmp_path, {"TIPOFF_WAREHOUSE": "sqlite:///x"}))
    assert not results["server"]["ok"]
    assert NOWHERE in str(results["server"]["summary"])
    assert "TIPOFF_WAREHOUSE" in str(results["configuration"]["details"])
    assert not results["stores"]["ok"]
    assert results["versions"]["ok"]


def test_doctor_reports_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "blocking_file").write_text("a file in place of a folder")
    results = checks(Starter(tmp_path, {"TIPOFF_LANDING": "file://blocking_file/landing"}))
    assert results["stores"]["summary"] == "cannot write: landing"
    assert results["warehouse"]["ok"]


def test_doctor_accepts_a_warehouse_that_a_worker_has_open(starter: Starter, tmp_path: Path) -> None:
    file = tmp_path / "var/tipoff.duckdb"
    file.parent.mkdir()
    holding = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "held\n"
        held = checks(starter)["warehouse"]
        worker.communicate()
    assert held["ok"]
    assert "open in the worker" in str(held["summary"])
    assert "free for a worker" in str(checks(starter)["warehouse"]["summary"])


def test_doctor_shows_when_a_queue_was_last_polled_even_if_the_servers_clock_is_ahead() -> None:
    now = datetime(2024, 3, 29, 12, tzinfo=UTC)
    polled = QueueStatus(queue=Queue.FETCH, kind="activities", last_polled=now + timedelta(seconds=1))
    assert format_queue(polled, now) == "tipoff-fetch (activities): polled 0 s ago"


def test_no_command_imports_slow_libraries() -> None:
    heavy = {"polars", "duckdb", "catboost", "pyarrow", "httpx", "sqlglot", "temporalio.worker", "runtime.workers"}
    modules = sorted({f"cli.{command.module}" for command in COMMANDS} - {"cli.collect"})
    code = (
        "import importlib, sys\n"
        f"for name in {modules}:\n"
        "    importlib.import_module(name)\n"
        f"    assert not (slow := {heavy} & sys.modules.keys()), f'{{name}} imports {{slow}}'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.stderr == ""


# ── small parts ──────────────────────────────────────────────────────────────────────────────────────────

COMMAND = OperatorCommand(
    name=CommandName.RETRY_STEP, target="nbac_injury_report", game_date=DAY, who="ann", why="it is out"
)


@given(first=st.floats(min_value=0, max_value=4e9), later=st.floats(min_value=0, max_value=59.9))
def test_a_command_repeated_within_a_minute_finds_its_first_update_id(first: float, later: float) -> None:
    assert update_ids(COMMAND, first)[0] in update_ids(COMMAND, first + later)


@given(first=st.floats(min_value=0, max_value=4e9), later=st.floats(min_value=70, max_value=4e9))
def test_a_command_repeated_after_a_minute_is_a_new_one(first: float, later: float) -> None:
    assert update_ids(COMMAND, first)[0] not in update_ids(COMMAND, first + later)


@pytest.mark.parametrize("change", [{"target": "nbac_schedule"}, {"who": "bob"}, {"why": ""}, {"games": ("DEN@MIN",)}])
def test_another_command_has_another_update_id(change: dict[str, object]) -> None:
    other = COMMAND.model_copy(update=change)
    assert not set(update_ids(COMMAND, 0)) & set(update_ids(other, 0))


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-3), "0 s ago"),
        (timedelta(seconds=119), "119 s ago"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(hours=1), "1 h 0 min ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_ages_are_rounded_for_readers(age: timedelta, text: str) -> None:
    now = datetime(2024, 3, 30, tzinfo=UTC)
    assert ago(now - age, now) == text


def test_json_output_is_one_line(starter: Starter, tmp_path: Path) -> None:
    export_status(tmp_path / "var/exports", datetime.now(UTC))
    ended = starter(f"status --date {DAY} --json")
    assert len(ended.out.splitlines()) == 1
    assert json.loads(ended.out)["game_date"] == str(DAY)


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert parse(["cancel"]).who == "unknown"
