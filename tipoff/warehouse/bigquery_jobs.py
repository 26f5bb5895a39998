"""Runs jobs in BigQuery, each bounded in bytes, time and attempts. Only this module imports google.cloud.bigquery."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple
from uuid import uuid4

import polars as pl
from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound, RetryError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from tipoff.errors import ConcurrentUpdateError, StorageError, TipoffError
from tipoff.warehouse.bigquery_errors import TRANSIENT, reason_of, translated_errors
from tipoff.warehouse.bigquery_sql import Statement, TypedParameters, abandoned_sessions, temporary_table
from tipoff.warehouse.job_labels import current_labels
from tipoff.warehouse.migrations import INCOMING_DAYS, StoredTable
from tipoff.warehouse.schema import NOT_SET, element_type
from tipoff.warehouse.tables import Column, Table

EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"
"""The variable with the URL of an emulator, which needs no credentials."""
RETRY: Final = DEFAULT_RETRY.with_timeout(90)
"""Of one request: 429, 500, 502, 503, backendError, rateLimitExceeded, broken connections."""
JOB_ATTEMPTS: Final = 3
"""Of a statement or load whose job failed by an error that passes: it has written nothing."""
REQUEST_SECONDS: Final = 60.0
JOB_SECONDS: Final = 600.0
UPLOAD_RETRIES: Final = 5
CELLS_OF_STATEMENT: Final = 100_000
"""Values that one INSERT carries as parameters: about 4 MB of the 10 MB that a request may have."""
_VIEWS: Final = ("VIEW", "MATERIALIZED_VIEW")
_DAY_MS: Final = 24 * 60 * 60 * 1000


class Location(NamedTuple):
    """Where the tables are: a project, a dataset, and the region of the dataset."""

    project: str
    dataset: str
    region: str

    @property
    def incoming(self) -> str:
        """The dataset of loaded rows."""
        return f"{self.dataset}_incoming"

    def __str__(self) -> str:
        return f"bigquery://{self.project}/{self.dataset}"


class BigQueryJobs:
    """Runs statements and loads in one project."""

    def __init__(self, location: Location, maximum_gigabytes: int) -> None:
        """Raises ConfigurationError without usable credentials."""
        self.location = location
        self.on_emulator = EMULATOR in os.environ
        self._maximum_bytes = maximum_gigabytes * 10**9
        with translated_errors(str(location)):
            self._client = bigquery.Client(
                project=location.project,
                location=location.region,
                credentials=AnonymousCredentials() if self.on_emulator else None,
            )

    def select(self, statement: Statement, session: str | None = None) -> pl.DataFrame:
        """Return the rows of a SELECT."""
        with translated_errors(str(self.location)):
            _, rows = self._run(statement, session)
            table = rows.to_arrow(create_bqstorage_client=False)
        frame = pl.from_arrow(table)
        if not isinstance(frame, pl.DataFrame):
            raise TypeError("the rows of a query are no table")
        return frame

    def write(self, statement: Statement, session: str | None = None) -> int:
        """Run a MERGE or DELETE; return the number of rows it changed."""
        with self._translated_errors_of_writes():
            job, _ = self._run(statement, session)
        return int(job.num_dml_affected_rows or 0)

    def define(self, sql: str) -> None:
        """Run a statement that changes a schema."""
        with translated_errors(str(self.location)):
            self._run(Statement(sql, {}))

    def begin(self) -> str:
        """Begin a transaction in a session of its own; return the session's id."""
        with translated_errors(str(self.location)):
            job, _ = self._run(Statement("BEGIN TRANSACTION", {}), create_session=True)
        return str(job.session_info.session_id)

    def end(self, session: str, *, commit: bool) -> None:
        """End a session, which rolls back its transaction unless it is to be committed."""
        try:
            if commit:
                with self._translated_errors_of_writes():
                    self._run(Statement("COMMIT TRANSACTION", {}), session)
        finally:
            self._abort(session)

    def end_abandoned_sessions(self) -> None:
        """End the sessions of killed workers: their open transactions block the others' writes for up to 24 hours."""
        for session in self.select(abandoned_sessions(self.location.region))["session_id"]:
            self._abort(session)

    def insert(self, table: Table, rows: pl.DataFrame, session: str) -> str:
        """Insert rows into a temporary table of a session; return its name.

        A transaction reads tables as they were when it began, so it would not see loaded rows.
        """
        name = f"incoming_{uuid4().hex}"
        with translated_errors(f"{self.location}: {table.name}"):
            for number, part in enumerate(rows.iter_slices(max(1, CELLS_OF_STATEMENT // len(table.columns)))):
                sql = temporary_table(table, name, exists=number > 0)
                self._run(Statement(sql, {}), session, rows=_rows(table, part))
        return name

    def load(self, table: Table, rows: pl.DataFrame) -> str:
        """Load rows into a table of their own, which is removed after a day; return its name."""
        content = _parquet(rows)
        name = f"{self.location.project}.{self.location.incoming}.{table.name}_{uuid4().hex}"
        with translated_errors(f"{self.location}: {table.name}"):
            for _ in range(JOB_ATTEMPTS):
                if self._load(table, content, name):
                    return name
        raise StorageError(f"{self.location}: loading rows of {table.name} failed {JOB_ATTEMPTS} times; retry the step")

    def tables(self) -> dict[str, StoredTable]:
        """Return the tables of the dataset, which must exist; no views."""
        with translated_errors(str(self.location)):
            listed = list(self._client.list_tables(self._dataset(self.location.dataset), **self._request))
            stored = [item.reference for item in listed if item.table_type not in _VIEWS]
            tables = [self._client.get_table(reference, **self._request) for reference in stored]
        return {table.table_id: _stored_table(table) for table in tables}

    def incoming_expiry(self) -> str:
        """Return the days after which new tables of loaded rows are removed; the declared ones without a dataset."""
        with translated_errors(str(self.location)):
            try:
                dataset = self._client.get_dataset(self._dataset(self.location.incoming), **self._request)
            except NotFound:
                return str(INCOMING_DAYS)
        return _days(dataset.default_table_expiration_ms)

    def region_of_dataset(self) -> str | None:
        """Return the region of the dataset; None if it does not exist."""
        with translated_errors(str(self.location)):
            try:
                return str(self._client.get_dataset(self._dataset(self.location.dataset), **self._request).location)
            except NotFound:
                return None

    def create_datasets(self) -> None:
        """Create the dataset, and that of loaded rows, whose tables are removed after a day, where they are missing."""
        incoming = self._dataset(self.location.incoming)
        incoming.default_table_expiration_ms = INCOMING_DAYS * _DAY_MS
        with translated_errors(str(self.location)):
            for dataset in (self._dataset(self.location.dataset), incoming):
                try:  # asking first: to create an existing dataset needs a right that writing into it does not
                    self._client.get_dataset(dataset.reference, **self._request)
                except NotFound:
                    self._client.create_dataset(dataset, exists_ok=True, **self._request)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def _request(self) -> dict[str, Any]:
        return {"retry": RETRY, "timeout": REQUEST_SECONDS}

    def _dataset(self, name: str) -> bigquery.Dataset:
        dataset = bigquery.Dataset(f"{self.location.project}.{name}")
        dataset.location = self.location.region
        return dataset

    def _run(
        self,
        statement: Statement,
        session: str | None = None,
        *,
        rows: bigquery.ArrayQueryParameter | None = None,
        create_session: bool = False,
    ) -> tuple[bigquery.QueryJob, Any]:
        """Run a statement; return its job and rows. A statement that fails ends the transaction of its session."""
        config = bigquery.QueryJobConfig(
            default_dataset=f"{self.location.project}.{self.location.dataset}",
            query_parameters=[*_query_parameters(statement.parameters), *([rows] if rows else [])],
            maximum_bytes_billed=self._maximum_bytes,
            labels=current_labels(),
            job_timeout_ms=int(JOB_SECONDS * 1000),
            use_query_cache=False,
            create_session=create_session or None,
            connection_properties=[bigquery.ConnectionProperty("session_id", session)] if session else [],
        )
        for attempts_left in reversed(range(1 if session else JOB_ATTEMPTS)):
            # The client's own repetition of jobs (job_retry) would go on for ten minutes whatever its time limit.
            job = self._client.query(statement.sql, job_config=config, job_retry=None, **self._request)
            try:
                return job, self._result(job, job_retry=None)
            except (GoogleAPICallError, RetryError):
                if not attempts_left or not self._failed_in_passing(job):
                    raise
        raise AssertionError("a statement has at least one attempt")

    def _result(self, job: Any, **options: Any) -> Any:
        try:
            return job.result(timeout=JOB_SECONDS, retry=RETRY, **options)
        except TimeoutError:
            job.cancel(**self._request)
            raise

    def _failed_in_passing(self, job: bigquery.QueryJob) -> bool:
        job.reload(**self._request)
        return bool(job.error_result) and job.error_result.get("reason") in TRANSIENT

    def _load(self, table: Table, content: bytes, name: str) -> bool:
        """Load rows by one job; return False if it failed by an error that passes."""
        job_id = f"tipoff_load_{table.name}_{uuid4().hex}"
        try:
            job = self._client.load_table_from_file(
                io.BytesIO(content),
                name,
                size=len(content),
                job_id=job_id,
                num_retries=UPLOAD_RETRIES,
                timeout=REQUEST_SECONDS,
                job_config=_load_config(table),
            )
        except Conflict:  # the response to this upload was lost, and the client repeated it
            job = self._client.get_job(job_id, **self._request)
        try:
            self._result(job)
        except GoogleAPICallError as error:
            if reason_of(error) in TRANSIENT:
                return False
            raise
        return True

    def _abort(self, session: str) -> None:
        with suppress(TipoffError):  # another worker may have ended it, and whether a write succeeded is known already
            self.define(f"CALL BQ.ABORT_SESSION('{session}')")

    @contextmanager
    def _translated_errors_of_writes(self) -> Iterator[None]:
        try:
            with translated_errors(str(self.location)):
                yield
        except ConcurrentUpdateError:
            with suppress(TipoffError):  # the conflict counts
                self.end_abandoned_sessions()
            raise


def _load_config(table: Table) -> bigquery.LoadJobConfig:
    parquet = bigquery.ParquetOptions()
    parquet.enable_list_inference = True
    return bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        schema=[_field(column) for column in table.columns],
        write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
        labels=current_labels(),
        job_timeout_ms=int(JOB_SECONDS * 1000),
        parquet_options=parquet,
    )


def _parquet(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_parquet(buffer, statistics=False)
    return buffer.getvalue()


def _field(column: Column) -> bigquery.SchemaField:
    element = element_type(column.type)
    return bigquery.SchemaField(column.name, element or column.type, mode="REPEATED" if element else "NULLABLE")


_TYPES: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
"""Names of types in BigQuery's replies that are not those of GoogleSQL."""


def _stored_table(table: bigquery.Table) -> StoredTable:
    partitions = table.time_partitioning or bigquery.TimePartitioning()
    is_daily = partitions.type_ == bigquery.TimePartitioningType.DAY
    return StoredTable(
        columns={field.name: _column(field) for field in table.schema},
        partitioned_by=(partitions.field or "") if table.time_partitioning and is_daily else "",
        cluster_by=tuple(table.clustering_fields or ()),
        options={
            "require_partition_filter": "true" if table.require_partition_filter else "false",
            "partition_expiration_days": _days(partitions.expiration_ms),
        },
    )


def _days(milliseconds: int | None) -> str:
    return f"{milliseconds / _DAY_MS:g}" if milliseconds else NOT_SET


def _column(field: bigquery.SchemaField) -> Column:
    type_ = _TYPES.get(field.field_type, field.field_type)
    return Column(
        name=field.name,
        type=f"ARRAY<{type_}>" if field.mode == "REPEATED" else type_,
        description=field.description or "",
        nullable=field.mode == "NULLABLE",
    )


def _query_parameters(parameters: TypedParameters) -> Iterator[Any]:
    for name, (type_, value) in parameters.items():
        yield _query_parameter(name, type_, value)


def _query_parameter(name: str, type_: str, value: Any) -> Any:
    element = element_type(type_)
    if element:
        return bigquery.ArrayQueryParameter(name, element, value)
    return bigquery.ScalarQueryParameter(name, type_, value)


def _rows(table: Table, rows: pl.DataFrame) -> bigquery.ArrayQueryParameter:
    """Return rows as one parameter, an array of structs."""
    columns = [(column.name, column.type) for column in table.columns]
    types = bigquery.StructQueryParameterType(*(_parameter_type(name, type_) for name, type_ in columns))
    structs = [
        bigquery.StructQueryParameter(
            None, *(_query_parameter(*column, value) for column, value in zip(columns, row, strict=True))
        )
        for row in rows.iter_rows()
    ]
    return bigquery.ArrayQueryParameter("rows", types, structs)


def _parameter_type(name: str, type_: str) -> Any:
    element = element_type(type_)
    if element:
        return bigquery.ArrayQueryParameterType(bigquery.ScalarQueryParameterType(element), name=name)
    return bigquery.ScalarQueryParameterType(type_, name=name)
