"""What the BigQuery warehouse sends and makes of BigQuery's answers; a scripted server answers Google's own client."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import psutil
import pytest
from google.cloud.bigquery.retry import DEFAULT_RETRY

import tipoff
from cli.doctor_checks.warehouse import check
from cli.exit_codes import CommandError, ExitCode
from cli.warehouse_apply import apply
from cli.warehouse_copy import copy
from tests.support.rows import rows_of
from tests.support.scripted_bigquery import Reply, ScriptedBigQuery, failed_job, refusal, rows, serving
from tipoff.errors import (
    BadInputError,
    ChecksFailedError,
    ConcurrentUpdateError,
    ConfigurationError,
    StorageError,
    TipoffError,
)
from tipoff.settings import Settings
from tipoff.vocabulary import RERUN_DAYS
from tipoff.warehouse import bigquery_jobs
from tipoff.warehouse.base import DateRange, Parameters, Slice, Warehouse, WriteResult
from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.job_labels import current_labels, job_labels
from tipoff.warehouse.open import open_warehouse
from tipoff.warehouse.tables import TABLES, Layer

# A connection that the client drops before a retry is closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

FRIDAY, SATURDAY = date(2024, 3, 29), date(2024, 3, 30)
PLAYERS = rows_of("raw_players", [{"player_id": "1"}, {"player_id": "2"}], game_date=FRIDAY)
QUOTES = rows_of("raw_player_props", [{"line": 17.5}], game_date=FRIDAY)
WHERE: Slice = {"game_date": FRIDAY}
DAY_MS = 24 * 60 * 60 * 1000

Opened = Callable[..., tuple[BigQueryWarehouse, ScriptedBigQuery]]


def compared(stored: int, equal: int, clashes: int = 0) -> dict[str, Reply]:
    """The counts of the stored rows of a slice, of those equal to a new row, and of clashing keys."""
    counts = {"stored_rows": stored, "equal_rows": equal, "clashes": clashes}
    return {"AS equal_rows": rows(**{name: ("INTEGER", count) for name, count in counts.items()})}


def suspects(table: str, *lines: dict[str, Any]) -> dict[str, Reply]:
    """The rows that violate a check of a table."""
    columns = [*TABLES[table].natural_key, *(f"measure_{number}" for number in range(len(TABLES[table].checks)))]
    fields = [{"name": name, "type": "FLOAT" if name.startswith("measure") else "STRING"} for name in columns]
    cells = [{"f": [{"v": line.get(name)} for name in columns]} for line in lines]
    return {"AS measure_0": Reply(200, {"schema": {"fields": fields}, "totalRows": str(len(lines)), "rows": cells})}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(0.3)
    monkeypatch.setattr(bigquery_jobs, "RETRY", quick)
    monkeypatch.setattr(bigquery_jobs, "UPLOAD_RETRIES", 0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Opens a warehouse on a server with a script."""
    with ExitStack() as stack:

        def open_scripted(**script: Any) -> tuple[BigQueryWarehouse, ScriptedBigQuery]:
            server = ScriptedBigQuery(**script)
            monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", stack.enter_context(serving(server)))
            warehouse = BigQueryWarehouse("bigquery://project/tipoff", region="US", maximum_gigabytes=3)
            stack.callback(warehouse.close)
            return warehouse, server

        yield open_scripted


def write_players(warehouse: Warehouse) -> WriteResult:
    return warehouse.replace("raw_players", PLAYERS, WHERE)


def merge_of(server: ScriptedBigQuery) -> str:
    """The only MERGE that was sent."""
    (merge,) = [statement for statement in server.statements() if statement.startswith("MERGE")]
    return merge


def test_a_closed_warehouse_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ScriptedBigQuery(), keeps_connections=True) as url:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)

        def connections() -> int:
            known = psutil.Process().net_connections("tcp")
            ours = (each for each in known if each.raddr and each.raddr.port == urlsplit(url).port)
            return sum(each.status == psutil.CONN_ESTABLISHED for each in ours)

        warehouse = BigQueryWarehouse("bigquery://project/tipoff", region="US", maximum_gigabytes=3)
        warehouse.query("SELECT 1 AS one")
        assert connections() == 1
        warehouse.close()
        assert connections() == 0


def test_a_query_is_bounded_labelled_and_typed(opened: Opened) -> None:
    warehouse, server = opened()
    parameters: Parameters = {
        "day": FRIDAY,
        "ids": ["1"],
        "at": datetime(2024, 3, 29, 14, tzinfo=UTC),
        "x": 0.5,
        "unused": 1,
    }
    sql = "SELECT 1 AS one FROM raw_players WHERE game_date = @day AND team IN UNNEST(@ids) AND as_of < @at AND @x > 0"
    with job_labels(game_date=FRIDAY, phase="Collect"), job_labels(step="raw: players & teams", phase=None):
        assert warehouse.query(sql, parameters)["one"].to_list() == [1]
    assert current_labels() == {}, "the next job of the thread has labels of its own"
    configuration = server.sent("query")[0]["configuration"]
    query = configuration["query"]
    assert query["query"] == sql
    assert query["maximumBytesBilled"] == "3000000000"
    assert query["defaultDataset"] == {"projectId": "project", "datasetId": "tipoff"}
    assert int(configuration["jobTimeoutMs"]) == 600_000
    assert configuration["labels"] == {"game_date": "2024-03-29", "phase": "collect", "step": "raw--players---teams"}
    types = {each["name"]: each["parameterType"] for each in query["queryParameters"]}
    assert types == {
        "day": {"type": "DATE"},
        "ids": {"type": "ARRAY", "arrayType": {"type": "STRING"}},
        "at": {"type": "TIMESTAMP"},
        "x": {"type": "FLOAT64"},
    }


def test_a_query_without_a_filter_on_dates_is_refused_unsent(opened: Opened) -> None:
    warehouse, server = opened()
    with pytest.raises(BadInputError, match="reads raw_players without a filter on game_date"):
        warehouse.query("SELECT player_id FROM raw_players")
    assert server.received == []


def test_a_view_is_read_with_the_filter_inside(opened: Opened) -> None:
    warehouse, server = opened()
    warehouse.query("SELECT 1 AS one FROM book_quotes WHERE game_date = @day", {"day": FRIDAY})
    (sent,) = server.statements()
    assert "FROM (SELECT * FROM raw_player_props WHERE game_date BETWEEN @day AND @day) AS props" in sent


def test_a_slice_is_replaced_by_one_statement_with_its_condition_on_both_sides(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(2, 1))
    where: Slice = {"game_date": DateRange(first=FRIDAY, last=SATURDAY), "team": ["BOS"]}
    players = PLAYERS.with_columns(team=pl.lit("BOS"))
    assert warehouse.replace("raw_players", players, where) == WriteResult(rows=2, changed=True)
    merge = merge_of(server)
    condition = "{0}.`game_date` BETWEEN @first_game_date AND @last_game_date AND {0}.`team` IN UNNEST(@team)"
    assert merge.startswith("MERGE `raw_players` AS stored USING (SELECT * FROM `project.tipoff_incoming.raw_players_")
    assert f"WHERE {condition.format('incoming')}) AS incoming ON FALSE" in merge
    assert f"WHEN NOT MATCHED BY SOURCE AND {condition.format('stored')} THEN DELETE" in merge
    (query,) = [body["configuration"]["query"] for body in server.sent("query")][server.statements().index(merge) :][:1]
    assert query["queryParameters"][-1]["parameterValue"] == {"arrayValues": [{"value": "BOS"}]}


def test_equal_rows_are_not_written(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(2, 2))
    assert write_players(warehouse) == WriteResult(rows=2, changed=False)
    assert not any(statement.startswith("MERGE") for statement in server.statements())


def test_no_statement_is_sent_for_a_slice_of_an_empty_list(opened: Opened) -> None:
    warehouse, server = opened()
    where: Slice = {"game_date": FRIDAY, "team": []}
    assert warehouse.replace("raw_players", PLAYERS.clear(), where) == WriteResult(rows=0, changed=False)
    assert warehouse.append("raw_player_props", QUOTES.clear()) == WriteResult(rows=0, changed=False)
    assert server.received == []


def test_a_slice_without_dates_is_filtered_to_all_dates(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(0, 0))
    game = rows_of("raw_schedule", [{"game_id": "1", "season": "2023-24"}], game_date=FRIDAY)
    warehouse.replace("raw_schedule", game, {"season": "2023-24"})
    of_table = [statement for statement in server.statements() if "raw_schedule" in statement]
    assert [statement.split()[0] for statement in of_table] == ["SELECT", "MERGE"]
    assert all("stored.`game_date` BETWEEN @first_game_date" in statement for statement in of_table)


def test_a_key_outside_the_slice_is_rejected_unwritten(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(0, 0, 1))
    game = rows_of("raw_schedule", [{"game_id": "1"}], game_date=FRIDAY)
    with pytest.raises(BadInputError, match="1 row outside the slice with the key"):
        warehouse.replace("raw_schedule", game, WHERE)
    (comparison,) = server.statements()
    assert "MIN(game_date)" not in comparison, "the key has no date, so the row may be on any"


def test_the_same_rows_can_be_loaded_any_number_of_times(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(0, 0))
    for _ in range(7):
        write_players(warehouse)
    sent = server.sent("upload")
    loads = [body["configuration"]["load"] for body in sent]
    assert len({body["jobReference"]["jobId"] for body in sent}) == 7
    assert len({load["destinationTable"]["tableId"] for load in loads}) == 7
    assert {load["writeDisposition"] for load in loads} == {"WRITE_TRUNCATE"}
    assert {body["configuration"]["jobTimeoutMs"] for body in sent} == {"600000"}


@pytest.mark.parametrize(
    ("end", "loads"), [(Reply(), 1), (failed_job("backendError"), 2)], ids=["it ended well", "it failed in passing"]
)
def test_a_load_whose_response_was_lost_counts_by_how_it_ended(opened: Opened, end: Reply, loads: int) -> None:
    repeated = refusal(409, "duplicate", "Already Exists: Job")
    warehouse, server = opened(upload=[repeated], job=[end], selects=compared(0, 0))
    assert write_players(warehouse).changed
    assert len({body["jobReference"]["jobId"] for body in server.sent("upload")}) == loads
    assert len({body["configuration"]["load"]["destinationTable"]["tableId"] for body in server.sent("upload")}) == 1


def test_a_load_whose_response_was_lost_and_that_failed_for_good_is_not_repeated(opened: Opened) -> None:
    repeated = refusal(409, "duplicate", "Already Exists: Job")
    warehouse, server = opened(upload=[repeated], job=[failed_job("invalid", "Provided Schema does not match")])
    with pytest.raises(BadInputError, match=r"raw_players: the request is rejected .*Provided Schema"):
        write_players(warehouse)
    assert len(server.sent("upload")) == 1


def test_a_load_that_fails_for_good_names_the_table(opened: Opened) -> None:
    warehouse, _ = opened(upload=[failed_job("invalid", "Provided Schema does not match")])
    with pytest.raises(BadInputError, match="bigquery://project/tipoff: raw_players: the request is rejected"):
        write_players(warehouse)


def test_new_quotes_are_added_and_names_filled_by_one_statement(opened: Opened) -> None:
    warehouse, server = opened(selects=suspects("raw_player_props"))
    assert warehouse.append("raw_player_props", QUOTES) == WriteResult(rows=1, changed=True)
    merge = merge_of(server)
    assert "ON stored.`game_date` BETWEEN @first_game_date AND @last_game_date AND stored.`game_date` = " in merge
    assert "WHEN MATCHED AND ((stored.`player_id` IS NULL AND incoming.`player_id` IS NOT NULL)) THEN UPDATE" in merge
    assert "DELETE" not in merge


def test_rows_that_violate_a_check_are_not_written(opened: Opened) -> None:
    impossible = {"player_name": "default", "measure_0": "-3"}
    warehouse, server = opened(selects=suspects("raw_player_props", impossible))
    with pytest.raises(ChecksFailedError, match=r"raw_player_props: .* is -3, allowed: .*player_name default"):
        warehouse.append("raw_player_props", QUOTES)
    assert not any(statement.startswith("MERGE") for statement in server.statements())


TRANSACTION = ["BEGIN", "CREATE", "SELECT", "UPDATE", "MERGE", "COMMIT", "CALL"]
SINGLE_WRITE = ["SELECT", "BEGIN", "UPDATE", "MERGE", "COMMIT", "CALL"]


def verbs(server: ScriptedBigQuery) -> list[str]:
    return [statement.split()[0] for statement in server.statements()]


def test_a_transaction_runs_in_a_session_that_ends(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(0, 0))
    with warehouse.transaction():
        write_players(warehouse)
    statements = server.statements()
    assert verbs(server) == TRANSACTION
    properties = [body["configuration"]["query"].get("connectionProperties") for body in server.sent("query")[1:]]
    assert properties == [*[[{"key": "session_id", "value": "session-1"}]] * 5, []]
    assert statements[-1] == "CALL BQ.ABORT_SESSION('session-1')"
    assert server.sent("upload") == [], "a transaction would not see loaded rows"
    (incoming,) = set(re.findall(r"incoming_[0-9a-f]{32}", statements[1]))
    assert [statement.split()[0] for statement in statements if incoming in statement] == ["CREATE", "SELECT", "MERGE"]


def test_of_two_first_writes_of_a_slice_one_is_stopped(opened: Opened) -> None:
    """BigQuery lets two transactions add rows to a table at once, but not change the same row, that of the lock."""
    warehouse, server = opened(selects=compared(0, 0))
    write_players(warehouse)
    assert verbs(server) == SINGLE_WRITE
    assert server.statements()[2] == "UPDATE `write_lock` SET writes = writes + 1 WHERE TRUE"


def test_a_write_over_stored_rows_is_one_statement_without_the_lock(opened: Opened) -> None:
    """BigQuery stops one of two that delete the same rows."""
    warehouse, server = opened(selects=compared(2, 0))
    assert write_players(warehouse).changed
    assert verbs(server) == ["SELECT", "MERGE"]


def test_a_lock_that_locks_nothing_is_named_and_nothing_is_written(opened: Opened) -> None:
    no_row = {"statistics": {"query": {"numDmlAffectedRows": "0"}, "sessionInfo": {"sessionId": "session-1"}}}
    before = SINGLE_WRITE.index("UPDATE")
    warehouse, server = opened(query=[*[Reply()] * before, Reply(200, no_row)], selects=compared(0, 0))
    with pytest.raises(StorageError, match=r"write_lock must have one row; drop it, then run `starter\.py warehouse"):
        write_players(warehouse)
    assert verbs(server) == [*SINGLE_WRITE[: before + 1], "CALL"]


def test_a_transaction_takes_the_lock_once_and_only_to_write(opened: Opened) -> None:
    warehouse, server = opened(selects=compared(0, 0))
    with warehouse.transaction():
        write_players(warehouse)
        write_players(warehouse)
    assert verbs(server).count("UPDATE") == 1
    with warehouse.transaction():
        warehouse.query("SELECT 1 AS one")
    assert verbs(server).count("UPDATE") == 1
    write_players(warehouse)
    assert verbs(server).count("UPDATE") == 2


CONFLICT = refusal(400, "invalidQuery", "Transaction is aborted due to concurrent update against table x.")


@pytest.mark.parametrize("failed", ["UPDATE", "MERGE", "COMMIT"])
def test_a_failed_transaction_ends_its_session_at_once(opened: Opened, failed: str) -> None:
    """That rolls the transaction back. To roll back first is refused if the failed statement has ended it."""
    before = TRANSACTION.index(failed)
    warehouse, server = opened(
        query=[*[Reply()] * before, refusal(400, "invalidQuery", "Syntax error")], selects=compared(0, 0)
    )
    with pytest.raises(BadInputError, match="the statement is rejected"), warehouse.transaction():
        write_players(warehouse)
    assert verbs(server) == [*TRANSACTION[: before + 1], "CALL"]
    assert server.statements()[-1] == "CALL BQ.ABORT_SESSION('session-1')"


def test_a_committed_write_counts_although_its_session_could_not_be_ended(opened: Opened) -> None:
    warehouse, server = opened(
        query=[*[Reply()] * 6, refusal(400, "invalidQuery", "Session is busy")], selects=compared(0, 0)
    )
    with warehouse.transaction():
        assert write_players(warehouse).changed
    assert server.statements()[-1].startswith("CALL")


@pytest.mark.parametrize("ended", [Reply(), refusal(400, "invalidQuery", "the session has ended")])
@pytest.mark.parametrize("refused", ["UPDATE", "MERGE", "COMMIT"])
@pytest.mark.parametrize("in_transaction", [True, False], ids=["in a transaction", "a single write"])
def test_a_conflict_ends_the_sessions_of_killed_workers(
    opened: Opened, in_transaction: bool, refused: str, ended: Reply
) -> None:
    """A killed worker's open transaction would block writes of the same tables for up to 24 hours."""
    before = (TRANSACTION if in_transaction else SINGLE_WRITE).index(refused)
    selects = {**compared(0, 0), "SESSIONS_BY_USER": rows(session_id=("STRING", "abandoned-1"))}
    warehouse, server = opened(query=[*[Reply()] * before, CONFLICT, Reply(), ended], selects=selects)
    with (
        pytest.raises(ConcurrentUpdateError, match=r"another worker was writing.*after 15 minutes"),
        warehouse.transaction() if in_transaction else nullcontext(),
    ):
        write_players(warehouse)
    select, abort, own = server.statements()[before + 1 :]
    assert "FROM `region-us`.INFORMATION_SCHEMA.SESSIONS_BY_USER WHERE is_active AND last_modified_time <" in select
    assert abort == "CALL BQ.ABORT_SESSION('abandoned-1')"
    assert own == "CALL BQ.ABORT_SESSION('session-1')"
    assert write_players(warehouse).changed


def test_a_conflict_is_reported_although_sessions_cannot_be_listed(opened: Opened) -> None:
    script = [*[Reply()] * SINGLE_WRITE.index("UPDATE"), CONFLICT, refusal(403, "accessDenied")]
    warehouse, _ = opened(query=script, selects=compared(0, 0))
    with pytest.raises(ConcurrentUpdateError, match="Transaction is aborted"):
        write_players(warehouse)


TRANSIENT = [
    refusal(429, "rateLimitExceeded"),
    refusal(500, "internalError"),
    refusal(502, "badGateway"),
    refusal(503, "backendError"),
    refusal(403, "rateLimitExceeded"),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda reply: f"{reply.status}")
def test_a_transient_error_of_a_request_is_retried(opened: Opened, error: Reply) -> None:
    warehouse, server = opened(query=[error, error])
    assert warehouse.query("SELECT 1 AS one")["one"].to_list() == [1]
    assert len({body["jobReference"]["jobId"] for body in server.sent("query")}) == 1


def test_a_job_that_failed_by_a_transient_error_is_run_again(opened: Opened) -> None:
    failed = failed_job("backendError")
    warehouse, server = opened(query=[failed, failed], job=[failed, failed])
    assert warehouse.query("SELECT 1 AS one")["one"].to_list() == [1]
    assert len({body["jobReference"]["jobId"] for body in server.sent("query")}) == bigquery_jobs.JOB_ATTEMPTS == 3


def test_the_attempts_of_a_job_are_bounded(opened: Opened) -> None:
    failed = failed_job("backendError", "Try later")
    warehouse, server = opened(query=[failed] * 9, job=[failed] * 9)
    with pytest.raises(StorageError, match=r"BigQuery failed: .*Try later.*; retry the step later"):
        warehouse.query("SELECT 1 AS one")
    assert len(server.sent("query")) == bigquery_jobs.JOB_ATTEMPTS


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            refusal(403, "accessDenied", "Access Denied"),
            ConfigurationError,
            "permission denied; grant .* BigQuery User on the project",
        ),
        (refusal(403, "quotaExceeded", "Quota exceeded"), StorageError, "a quota is used up; wait until it is renewed"),
        (refusal(403, "billingNotEnabled", "Billing"), ConfigurationError, "the project has no billing account; link"),
        (
            refusal(404, "notFound", "Not found: Dataset project:tipoff"),
            ConfigurationError,
            "run `starter.py warehouse",
        ),
        (
            refusal(404, "notFound", "Not found: Dataset project:tipoff was not found in location EU"),
            ConfigurationError,
            "set it in tipoff.toml to the dataset's location",
        ),
        (
            refusal(404, "notFound", "Not found: Table project:tipoff.write_lock was not found in location US"),
            ConfigurationError,
            "a table is missing; run `starter.py warehouse apply",
        ),
        (
            refusal(400, "bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 3000000000"),
            ConfigurationError,
            "would read more than bigquery_maximum_gigabytes; raise it",
        ),
        (
            refusal(400, "invalidQuery", "Cannot query over table 'x' without a filter over column(s) 'game_date'"),
            BadInputError,
            "add one to its SQL",
        ),
        (refusal(400, "invalidQuery", "Syntax error"), BadInputError, "the statement is rejected and nothing was"),
        (refusal(412, "conditionNotMet", "Precondition"), StorageError, "the table changed at the same time"),
        (
            refusal(503, "backendError", "Try later"),
            StorageError,
            "BigQuery failed: .*Try later.*; retry the step later",
        ),
        (refusal(429, "rateLimitExceeded", "Too many"), StorageError, "BigQuery failed: .*Too many"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_a_refusal_says_in_one_sentence_what_to_do(
    opened: Opened, error: Reply, kind: type[TipoffError], message: str
) -> None:
    warehouse, _ = opened(query=[error] * 500)
    with pytest.raises(kind, match=rf"^bigquery://project/tipoff: .*{message}") as raised:
        warehouse.query("SELECT 1 AS one")
    assert "\n" not in str(raised.value)
    assert "http" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (400, BadInputError, "the request is rejected"),
        (403, ConfigurationError, "permission denied"),
        (404, ConfigurationError, "does not exist"),
        (412, StorageError, "the table changed at the same time"),
    ],
)
def test_a_refusal_without_a_reason_is_named_by_its_status(
    opened: Opened, status: int, kind: type[TipoffError], message: str
) -> None:
    warehouse, _ = opened(query=[Reply(status, {"error": {"message": "refused"}})] * 500)
    with pytest.raises(kind, match=message):
        warehouse.query("SELECT 1 AS one")


def test_a_job_that_does_not_end_in_time_is_cancelled(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery_jobs, "JOB_SECONDS", 0.3)
    running = Reply(200, {"status": {"state": "RUNNING"}})
    warehouse, server = opened(
        query=[running], job=[running] * 500, results=[Reply(200, {"jobComplete": False}, seconds=0.05)] * 500
    )
    with pytest.raises(StorageError, match="did not end the job in time, and it was cancelled; retry the step"):
        warehouse.query("SELECT 1 AS one")
    assert server.sent("cancel")


@pytest.mark.parametrize("upload", [Reply(200, {"status": {"state": "RUNNING"}}), refusal(409, "duplicate")])
def test_a_load_that_does_not_end_in_time_is_cancelled(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, upload: Reply
) -> None:
    monkeypatch.setattr(bigquery_jobs, "JOB_SECONDS", 0.2)
    running = Reply(200, {"status": {"state": "RUNNING"}})
    warehouse, server = opened(upload=[upload], job=[running] * 500)
    with pytest.raises(StorageError, match="raw_players: BigQuery did not end the job in time, and it was cancelled"):
        write_players(warehouse)
    assert server.sent("cancel")


def test_a_server_that_does_not_answer_is_a_storage_error(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery_jobs, "REQUEST_SECONDS", 0.1)
    warehouse, _ = opened(query=[Reply(seconds=0.3)] * 20)
    with pytest.raises(StorageError, match=r"BigQuery failed: .*timed out"):
        warehouse.query("SELECT 1 AS one")


def test_a_notebook_reads_bigquery_in_the_configured_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPOFF_BIGQUERY_LOCATION", "europe-west4")
    counts = rows(game_date=("DATE", "2024-03-29"), n=("INTEGER", 3))
    server = ScriptedBigQuery({"FROM predictions": counts})
    with serving(server) as url:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        days = tipoff.open("bigquery://project/tipoff")
    assert repr(days) == "<tipoff: warehouse bigquery://project/tipoff, predictions of 1 date, 2024-03-29>"
    assert {job["jobReference"]["location"] for job in server.sent("query")} == {"europe-west4"}


def test_a_dataset_in_another_location_is_named(opened: Opened) -> None:
    warehouse, _ = opened(dataset=[Reply(200, {"location": "EU"})])
    with pytest.raises(ConfigurationError, match=r"tipoff is in EU: set bigquery_location to EU in tipoff.toml"):
        warehouse.schema_changes()


def test_without_credentials_the_error_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(ConfigurationError, match="set GOOGLE_APPLICATION_CREDENTIALS to a service account's file"):
        open_warehouse("bigquery://project/tipoff")


@pytest.mark.parametrize(
    "url", ["bigquery://project", "bigquery://project/a-b", "bigquery://Project/a", "bigquery:///a"]
)
def test_a_url_without_a_project_and_a_prefix_is_rejected(url: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(repr(url))):
        open_warehouse(url)


def test_only_in_production_a_filter_is_required_and_rows_expire(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def created_with(option: str) -> set[str]:
        return {change.table for change in warehouse.schema_changes() if option in change.statement}

    warehouse, _ = opened(dataset=[refusal(404, "notFound") for _ in range(4)])
    assert created_with("require_partition_filter") == created_with("partition_expiration_days") == set()
    monkeypatch.setattr(warehouse._jobs, "on_emulator", False)
    assert created_with("require_partition_filter=true") == {
        name for name, table in TABLES.items() if table.layer is not Layer.VIEW
    }
    expiring = {name: table for name, table in TABLES.items() if table.expires_after_days}
    assert created_with("partition_expiration_days") == set(expiring)
    assert created_with(f"partition_expiration_days={RERUN_DAYS}") == set(expiring)


def existing(table: str, layout: Mapping[str, Any] = MappingProxyType({}), **changes: Any) -> list[Reply]:
    """The dataset with one table, some of whose columns are changed, or left out by None; `layout`: its partitions."""
    types = {column.name: column for column in TABLES[table].columns}
    fields = [
        {"name": name, "type": "TIMESTAMP" if column.type == "TIMESTAMP" else column.type, "mode": "NULLABLE"}
        | changes.get(name, {})
        for name, column in types.items()
        if changes.get(name, {}) is not None
    ]
    days = TABLES[table].expires_after_days
    partitions = {"type": "DAY", "field": "game_date"} | ({"expirationMs": str(days * DAY_MS)} if days else {})
    declared = {
        "timePartitioning": partitions,
        "clustering": {"fields": list(TABLES[table].cluster_by)},
        "requirePartitionFilter": True,
    }
    return [Reply(200, {"schema": {"fields": fields}, **declared, **layout})]


def changes_of(
    opened: Opened, table: str, layout: Mapping[str, Any] = MappingProxyType({}), **changes: Any
) -> dict[str, tuple[str, bool]]:
    """The differences of one table of BigQuery's: statement and whether it is automatic, by summary."""
    reference = {"projectId": "project", "datasetId": "tipoff", "tableId": table}
    listed = [Reply(200, {"tables": [{"tableReference": reference}]})]
    warehouse, _ = opened(tables=listed, table=existing(table, layout, **changes))
    warehouse._jobs.on_emulator = False
    changed = [change for change in warehouse.schema_changes() if change.table == table]
    return {change.summary: (change.statement, change.automatic) for change in changed}


def test_only_a_missing_column_that_may_be_null_is_added_by_itself(opened: Opened) -> None:
    assert changes_of(opened, "predictions") == {}
    added = changes_of(opened, "predictions", model_version=None, quantiles=None)
    assert {summary: automatic for summary, (_, automatic) in added.items()} == {
        "column model_version STRING is missing": True,
        "column quantiles ARRAY<FLOAT64> is missing": True,
    }
    statement, _ = added["column model_version STRING is missing"]
    assert statement.startswith(
        "ALTER TABLE `project.tipoff.predictions` ADD COLUMN IF NOT EXISTS `model_version` STRING"
    )


@pytest.mark.parametrize(
    ("changes", "summary", "statement"),
    [
        (
            {"view": None},
            "view STRING NOT NULL is missing, and stored rows need a value",
            "; UPDATE `project.tipoff.predictions` SET `view` = CASE system_id WHEN 'moving_average' THEN 'model' ELSE"
            " 'market' END WHERE game_date >= DATE '1946-11-01'",
        ),
        (
            {"points": {"type": "INTEGER"}},
            "points is INT64, declared FLOAT64",
            "RENAME COLUMN `points` TO `points_int64`; ALTER TABLE `project.tipoff.predictions` ADD COLUMN IF NOT"
            " EXISTS `points` FLOAT64",
        ),
        (
            {"points": {"type": "INTEGER"}},
            "points is INT64, declared FLOAT64",
            "; UPDATE `project.tipoff.predictions` SET `points` = CAST(`points_int64` AS FLOAT64)"
            " WHERE game_date >= DATE '1946-11-01';"
            " ALTER TABLE `project.tipoff.predictions` DROP COLUMN `points_int64`",
        ),
        (
            {"quantiles": {"type": "FLOAT", "mode": "NULLABLE"}},
            "quantiles is FLOAT64, declared ARRAY<FLOAT64>",
            "DROP COLUMN `quantiles`",
        ),
        ({"line": {"mode": "REQUIRED"}}, "line is NOT NULL, declared without", "ALTER COLUMN `line` DROP NOT NULL"),
        ({"line": {"name": "old_line"}}, "old_line is not declared", "DROP COLUMN `old_line`"),
    ],
)
def test_any_other_difference_is_refused_with_the_statement_to_run(
    opened: Opened, changes: dict[str, Any], summary: str, statement: str
) -> None:
    differences = changes_of(opened, "predictions", **changes)
    (refused,) = [(of, sql) for of, (sql, automatic) in differences.items() if not automatic]
    assert refused[0] == f"column {summary}"
    assert statement in refused[1]


@pytest.mark.parametrize(
    ("partitions", "summary", "statement"),
    [
        (
            {"expirationMs": None},
            "option partition_expiration_days is NULL, declared 730",
            "ALTER TABLE `project.tipoff.raw_standings` SET OPTIONS (partition_expiration_days=730)",
        ),
        (
            {"expirationMs": str(3 * DAY_MS // 2)},
            "option partition_expiration_days is 1.5, declared 730",
            "ALTER TABLE `project.tipoff.raw_standings` SET OPTIONS (partition_expiration_days=730)",
        ),
    ],
)
def test_another_expiry_is_migrated(opened: Opened, partitions: dict[str, Any], summary: str, statement: str) -> None:
    assert changes_of(opened, "raw_standings") == {}
    layout = {"timePartitioning": {"type": "DAY", "field": "game_date"} | partitions}
    assert changes_of(opened, "raw_standings", layout) == {summary: (statement, True)}


def test_kept_rows_do_not_expire_and_a_filter_is_required(opened: Opened) -> None:
    layout = {
        "timePartitioning": {"type": "DAY", "field": "game_date", "expirationMs": str(30 * DAY_MS)},
        "requirePartitionFilter": False,
    }
    name = "`project.tipoff.predictions`"
    assert changes_of(opened, "predictions", layout) == {
        "option require_partition_filter is false, declared true": (
            f"ALTER TABLE {name} SET OPTIONS (require_partition_filter=true)",
            True,
        ),
        "option partition_expiration_days is 30, declared NULL": (
            f"ALTER TABLE {name} SET OPTIONS (partition_expiration_days=NULL)",
            True,
        ),
    }


@pytest.mark.parametrize(
    ("reply", "change"),
    [
        (Reply(200, {"defaultTableExpirationMs": str(DAY_MS)}), {}),
        (refusal(404, "notFound"), {}),
        (
            Reply(),
            {
                "option default_table_expiration_days is NULL, declared 1": (
                    "ALTER SCHEMA `project.tipoff_incoming` SET OPTIONS (default_table_expiration_days=1)"
                )
            },
        ),
    ],
    ids=["a day", "no dataset", "never"],
)
def test_the_dataset_of_loaded_rows_removes_them_after_a_day(
    opened: Opened, reply: Reply, change: dict[str, str]
) -> None:
    warehouse, _ = opened(dataset=[Reply(), reply])
    warehouse._jobs.on_emulator = False
    changes = [change for change in warehouse.schema_changes() if change.table == "tipoff_incoming"]
    assert {change.summary: change.statement for change in changes} == change
    assert all(change.automatic for change in changes)


@pytest.mark.parametrize(
    ("layout", "summary"),
    [
        ({"clustering": {"fields": ["game_date"]}}, "clustered by game_date, declared by system_id, player_id"),
        ({"clustering": None}, "clustered by nothing, declared by system_id, player_id"),
        ({"timePartitioning": {"type": "DAY"}}, "partitioned by nothing, declared by game_date"),
        (
            {"timePartitioning": {"type": "MONTH", "field": "game_date"}},
            "partitioned by nothing, declared by game_date",
        ),
        ({"timePartitioning": {"type": "DAY", "field": "as_of"}}, "partitioned by as_of, declared by game_date"),
        ({"timePartitioning": None}, "partitioned by nothing, declared by game_date"),
    ],
)
def test_another_layout_is_refused_with_the_statements_to_run(
    opened: Opened, layout: dict[str, Any], summary: str
) -> None:
    ((of, (statements, automatic)),) = changes_of(opened, "predictions", layout).items()
    assert (of, automatic) == (f"is {summary}; stop the workers first", False)
    assert statements.startswith("CREATE OR REPLACE TABLE `project.tipoff.predictions_new` (\n")
    assert "PARTITION BY game_date\nCLUSTER BY system_id, player_id\n" in statements
    columns = ", ".join(f"`{name}`" for name in TABLES["predictions"].column_names)
    assert statements.endswith(
        f"; INSERT INTO `project.tipoff.predictions_new` ({columns}) SELECT {columns}"  # noqa: S608
        " FROM `project.tipoff.predictions` WHERE game_date >= DATE '1946-11-01';"
        "\nthen, when both have the same number of rows: DROP TABLE `project.tipoff.predictions`;"
        " ALTER TABLE `project.tipoff.predictions_new` RENAME TO `predictions`"
    )


def test_two_differences_of_layout_and_a_missing_column_need_one_copy_of_the_stored_columns(opened: Opened) -> None:
    layout = {"timePartitioning": None, "clustering": None}
    changes = changes_of(opened, "predictions", layout, model_version=None)
    ((statements, automatic),) = [
        change for of, change in changes.items() if of.startswith("is partitioned by nothing")
    ]
    assert not automatic
    assert "model_version" not in statements.partition("INSERT INTO")[2]
    assert [of for of, (_, automatic) in changes.items() if automatic] == ["column model_version STRING is missing"]


def test_a_refused_difference_leaves_the_dataset_unchanged(opened: Opened) -> None:
    reference = {"projectId": "project", "datasetId": "tipoff", "tableId": "predictions"}
    listed = [Reply(200, {"tables": [{"tableReference": reference}]})]
    warehouse, server = opened(tables=listed, table=existing("predictions", points={"type": "INTEGER"}))
    with pytest.raises(StorageError, match=r"nothing was changed, .* run ALTER TABLE .* RENAME COLUMN `points`"):
        warehouse.migrate()
    assert server.statements() == []
    assert server.sent("new dataset") == []


def test_missing_datasets_and_tables_are_created(opened: Opened) -> None:
    missing = refusal(404, "notFound")
    warehouse, server = opened(dataset=[missing, missing, missing])
    warehouse.migrate()
    created = {body["datasetReference"]["datasetId"]: body for body in server.sent("new dataset")}
    assert set(created) == {"tipoff", "tipoff_incoming"}
    assert created["tipoff_incoming"]["defaultTableExpirationMs"] == str(24 * 60 * 60 * 1000)
    stored = sum(table.layer is not Layer.VIEW for table in TABLES.values())
    assert sum(statement.startswith("CREATE TABLE IF NOT EXISTS") for statement in server.statements()) == stored + 1
    assert "CREATE TABLE IF NOT EXISTS `project.tipoff.write_lock` AS SELECT 0 AS writes" in server.statements()


def test_a_missing_dataset_of_loaded_rows_is_created_alone(opened: Opened) -> None:
    """To create the other one, too, would need a right that the worker's account lacks."""
    there = Reply(200, {"datasetReference": {"projectId": "project", "datasetId": "tipoff"}, "location": "US"})
    warehouse, server = opened(dataset=[there, there, refusal(404, "notFound")])
    warehouse.migrate()
    assert [body["datasetReference"]["datasetId"] for body in server.sent("new dataset")] == ["tipoff_incoming"]


def test_doctor_names_what_is_missing(opened: Opened) -> None:
    opened(dataset=[refusal(404, "notFound")])
    result = check(Settings(warehouse="bigquery://project/tipoff"))
    assert not result.ok
    assert "predictions is missing" in result.details
    assert result.fix == "run `starter.py warehouse apply`, first with --dry-run"


@pytest.mark.parametrize(("dry_run", "created"), [(True, False), (False, True)])
def test_apply_prints_the_differences_and_makes_them(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dry_run: bool, created: bool
) -> None:
    _, server = opened(dataset=[refusal(404, "notFound"), refusal(404, "notFound")])
    monkeypatch.setenv("TIPOFF_WAREHOUSE", "bigquery://project/tipoff")
    options = Namespace(action="apply", dry_run=dry_run, json=False, replay=None)
    assert apply(options) == ExitCode.DONE
    assert "predictions is missing\n" in capsys.readouterr().out
    assert bool(server.statements()) == created


def test_apply_refuses_what_the_operator_has_to_decide(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = {"projectId": "project", "datasetId": "tipoff", "tableId": "predictions"}
    listed = [Reply(200, {"tables": [{"tableReference": reference}]})]
    _, server = opened(tables=listed, table=existing("predictions", points={"type": "INTEGER"}))
    monkeypatch.setenv("TIPOFF_WAREHOUSE", "bigquery://project/tipoff")
    assert apply(Namespace(action="apply", dry_run=False, json=False, replay=None)) == ExitCode.REFUSED
    assert "RENAME COLUMN `points` TO `points_int64`" in capsys.readouterr().out
    assert server.statements() == []


def listed_tables(**kinds: str) -> list[Reply]:
    """The list of the tables and views of a dataset, by their type."""
    references = {name: {"projectId": "project", "datasetId": "tipoff", "tableId": name} for name in kinds}
    return [Reply(200, {"tables": [{"tableReference": references[name], "type": kinds[name]} for name in kinds]})]


def test_the_stored_columns_are_those_of_tables_without_views_and_the_lock(opened: Opened) -> None:
    lock = Reply(200, {"schema": {"fields": [{"name": "writes", "type": "INTEGER"}]}})
    listed = listed_tables(daily="VIEW", predictions="TABLE", write_lock="TABLE")
    warehouse, _ = opened(tables=listed, table=[*existing("predictions"), lock])
    declared = {column.name: column.type for column in TABLES["predictions"].columns}
    assert warehouse.stored_columns() == {"predictions": declared}
    warehouse, _ = opened(dataset=[refusal(404, "notFound")])
    assert warehouse.stored_columns() == {}


def test_a_file_is_not_copied_to_a_dataset_with_other_columns(opened: Opened, tmp_path: Path) -> None:
    file = DuckDbWarehouse(tmp_path / "from.duckdb")
    file.migrate()
    file.close()
    _, server = opened(tables=listed_tables(predictions="TABLE"), table=existing("predictions", line=None))
    urls = {"origin": f"duckdb:///{tmp_path}/from.duckdb", "destination": "bigquery://project/tipoff"}
    with pytest.raises(CommandError, match=r"\(predictions.line is missing\): run `starter.py warehouse apply` with"):
        copy(Namespace(**urls, json=False, replay=None))
    assert server.statements() == []
