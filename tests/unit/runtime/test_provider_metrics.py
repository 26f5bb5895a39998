"""The metrics of providers, as Prometheus reads them, from the manifests of a real landing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from runtime.provider_metrics import publish
from runtime.temporal_server import free_port
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.provider_success import recent_success
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome

NOW = datetime(2024, 3, 29, 22, tzinfo=UTC)


def test_the_success_rate_of_each_provider_in_the_last_24_hours_is_a_metric(tmp_path: Path) -> None:
    landing = Landing(FolderStore(tmp_path))
    outcomes = {
        Outcome.OK: 1,
        Outcome.EMPTY_OK: 2,
        Outcome.PARTIAL: 3,
        Outcome.BLOCKED: 4,
        Outcome.NOT_PUBLISHED_YET: 5,
    }
    for outcome, hours in {**outcomes, Outcome.PROVIDER_ERROR: 25}.items():
        landing.record(
            FetchRecord(
                source="espn_team_rosters",
                game_date=date(2024, 3, 29),
                url="https://site.api.espn.com/a",
                outcome=outcome,
                fetched_at=NOW - timedelta(hours=hours),
            )
        )
    address = f"127.0.0.1:{free_port()}"
    runtime = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))
    publish(runtime.metric_meter, recent_success(landing, NOW))
    with httpx.Client(trust_env=False) as client:
        lines = client.get(f"http://{address}/metrics").text.splitlines()
    values = {
        tuple(label for label in ("usable", "not_yet", "failed") if label in name) or "rate": float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if 'provider="site.api.espn.com"' in line)
    }
    assert values == {"rate": 0.75, ("usable",): 3, ("not_yet",): 1, ("failed",): 1}
    assert any('tipoff_provider_success_rate{provider="stats.nba.com"' in line and "NaN" in line for line in lines)
