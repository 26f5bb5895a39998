from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.rows import rows_of
from tipoff.errors import BadInputError
from tipoff.warehouse.dialect import incompatibilities, to_bigquery, to_duckdb
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("points / minutes", "points / minutes fails in BigQuery if the divisor is 0; use SAFE_DIVIDE"),
        ("points / 0", "use SAFE_DIVIDE"),
        ("TIMESTAMP_DIFF(as_of, as_of, HOUR)", "TIMESTAMP_DIFF counts boundaries"),
        ("EXTRACT(DAYOFWEEK FROM game_date)", "DAYOFWEEK"),
        ("EXTRACT(ISOWEEK FROM game_date)", "ISOWEEK"),
        ("FORMAT_TIMESTAMP('%F', as_of, 'America/New_York')", "format in Python"),
        ("FORMAT('%d', points)", "format in Python"),
        ("team || opponent", "use CONCAT"),
        ("JSON_VALUE(source, '$.x')", "JSON_VALUE"),
        ("TO_JSON_STRING(points)", "TO_JSON_STRING"),
        ("FARM_FINGERPRINT(team)", "FARM_FINGERPRINT"),
        ("SUBSTR(team, 0, 2)", "SUBSTR treats position 0"),
        ("DIV(points, 2)", "DIV loses"),
        ("CAST(minutes AS STRING)", "CAST(minutes AS STRING) formats numbers differently"),
        ("SAFE_CAST(1.0 AS STRING)", "formats numbers differently"),
        ("STRING(as_of, 'America/New_York')", "STRING returns other text"),
        ("EXTRACT(MILLISECOND FROM as_of)", "MILLISECOND"),
        ("TIMESTAMP_TRUNC(as_of, WEEK)", "TIMESTAMP_TRUNC return other types"),
        ("DATE_TRUNC(game_date, MONTH)", "DATE_TRUNC and"),
        ("team LIKE 'a\\\\_b'", "LIKE has no escape character"),
        ("APPROX_QUANTILES(points, 4)", "PERCENTILE_DISC"),
        ("CAST(minutes AS INT64)", "CAST(minutes AS INT64) rounds a half differently"),
        ("CAST(2.5 AS INT64)", "rounds a half differently"),
        ("CAST(-2.5 AS INT64)", "rounds a half differently"),
        ("CAST('2.5' AS INT64)", "rounds a half differently"),
        ("SAFE_CAST(minutes AS INTEGER)", "rounds a half differently"),
        ("CAST(ROUND(minutes, 1) AS INT64)", "rounds a half differently"),
        ("CAST(ROUND(minutes) / 5 AS BIGINT)", "rounds a half differently"),
        ("CAST(IF(home, minutes, 0) AS INT64)", "rounds a half differently"),
        ("INT64(minutes)", "rounds a half differently"),
        ("CAST(lines AS ARRAY<INT64>)", "CAST(lines AS ARRAY<INT64>) casts its elements"),
        ("SAFE_CAST(x AS STRUCT<points INT64, line NUMERIC>)", "casts its elements"),
        ("ARRAY<INT64>[2.5]", "casts its elements"),
        ("CAST(minutes AS NUMERIC)", "CAST(minutes AS NUMERIC) keeps 3 decimals"),
        ("SAFE_CAST(minutes AS DECIMAL)", "keeps 3 decimals"),
        ("CAST(minutes AS BIGNUMERIC)", "keeps 3 decimals"),
    ],
)
def test_an_incompatible_construct_is_rejected(expression: str, message: str) -> None:
    sql = f"SELECT {expression} AS x FROM raw_player_boxscores"  # noqa: S608
    assert any(message in reason for reason in incompatibilities(sql))
    with pytest.raises(BadInputError, match="may return other values in BigQuery"):
        to_duckdb(sql, {})


@pytest.mark.parametrize(
    "expression",
    [
        "SAFE_DIVIDE(a, b)",
        "a / 5",
        "a / (2.5)",
        "a / NULLIF(b, 0)",
        "EXTRACT(YEAR FROM d)",
        "CAST(NULL AS STRING)",
        "CAST(ROUND(a) AS INT64)",
        "CAST(-ROUND(a) AS INT64)",
        "CAST((FLOOR(a / 5)) AS INT64)",
        "CAST(CEIL(a) AS INT64)",
        "CAST(a > b AS INT64)",
        "CAST(NOT a AS INT64)",
        "CAST(a AND b AS INT64)",
        "CAST(NULL AS INT64)",
        "CAST(NULL AS ARRAY<INT64>)",
        "ARRAY<INT64>[1, 2]",
        "CAST([] AS ARRAY<INT64>)",
        "CAST('12' AS INT64)",
        "CAST(COUNT(*) AS INT64)",
        "CAST(a AS NUMERIC(18, 9))",
    ],
)
def test_a_compatible_construct_passes(expression: str) -> None:
    assert incompatibilities(f"SELECT {expression} AS x FROM t") == []  # noqa: S608


@pytest.mark.usefixtures("unchecked")
def test_means_and_deviations_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    generator = random.Random(7)
    paces = [{"game_id": str(n), "pace": generator.uniform(90, 110)} for n in range(2000)]
    sql = "SELECT AVG(pace) AS mean, STDDEV_SAMP(pace) AS deviation FROM team_offense_game_summary"
    results = set()
    for _ in range(5):
        generator.shuffle(paces)
        warehouse.replace("team_offense_game_summary", rows_of("team_offense_game_summary", []), {})
        warehouse.replace("team_offense_game_summary", rows_of("team_offense_game_summary", paces), {})
        results.add(warehouse.query(sql).row(0))
    warehouse.close()
    assert len(results) == 1


def test_bigquery_computes_means_from_exact_sums() -> None:
    def mean(x: str) -> str:
        return f"SAFE_DIVIDE(CAST(SUM(CAST({x} AS NUMERIC)) AS FLOAT64), COUNT({x}))"

    sent = to_bigquery("SELECT avg(x), AVG(y + (SELECT AVG(z) FROM u)) FROM t")
    of_both = f"y + (SELECT {mean('z')} FROM u)"  # noqa: S608
    assert sent == f"SELECT {mean('x')}, {mean(of_both)} FROM t"  # noqa: S608


def test_bigquery_gets_all_but_means_and_deviations_as_written() -> None:
    sql = "-- AVG(x)\nSELECT 'AVG(x)' AS text, AVG(x) OVER (ORDER BY y) AS mean, SUM(x) AS `avg`, t.avg FROM t"
    assert to_bigquery(sql) == sql
    assert "AVG(y) OVER" in to_bigquery("SELECT AVG(y) OVER (ORDER BY z), AVG(x) FROM t")
    assert "COUNT(x)" in to_bigquery("SELECT AVG(y) OVER (ORDER BY z), AVG(x) FROM t")


def test_a_parenthesis_that_is_not_closed_is_named() -> None:
    with pytest.raises(BadInputError, match="a parenthesis is not closed"):
        to_bigquery("SELECT AVG(x FROM t")
