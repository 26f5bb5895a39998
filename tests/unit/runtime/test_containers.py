"""The container files are consistent, as far as this can be checked without a container engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runtime import PROJECT
from runtime.temporal_binary import MINIMUM_SERVER_VERSION
from runtime.temporal_server import DYNAMIC_CONFIG, RETENTION_DAYS
from runtime.workers import GRACE
from tests.support.starter import NOWHERE
from tipoff.settings import Settings, load_settings

COMPOSE = PROJECT / "docker-compose.yml"


@pytest.fixture
def services() -> Mapping[str, Any]:
    return dict(YAML(typ="safe").load(COMPOSE)["services"])


@pytest.fixture
def example() -> dict[str, str]:
    """The variables of .env.example, as a container would get them."""
    lines = (PROJECT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_compose_file_matches_the_compose_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_nothing_listens_beyond_this_machine(services: Mapping[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_waits_until_the_others_are_healthy_and_set_up(services: Mapping[str, Any]) -> None:
    """A service that is not restarted sets something up and ends; every other one has a health check."""
    set_up = {name for name, service in services.items() if service.get("restart") == "no"}
    assert set_up == {"temporal-schema", "temporal-namespace"}
    for name, service in services.items():
        assert ("healthcheck" in service) == (name not in set_up)
        for need, condition in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if need in set_up else "service_healthy"
            assert condition == {"condition": expected}
    assert "temporal-schema" in services["temporal"]["depends_on"]
    assert {"temporal", "temporal-namespace"} <= services["worker"]["depends_on"].keys()


def test_every_image_is_pinned_by_version_and_digest(services: Mapping[str, Any]) -> None:
    images = [service["image"] for service in services.values() if service["image"] != "tipoff"]
    images += re.findall(r"^FROM (\S+)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 9
    assert [
        image for image in images if not re.fullmatch(r"[\w/-]+:v?\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}", image)
    ] == []


def test_server_and_its_tools_have_the_same_version(services: Mapping[str, Any]) -> None:
    names = ("temporal", "temporal-schema", "temporal-namespace")
    (version,) = {services[name]["image"].partition("@")[0].rpartition(":")[2] for name in names}
    assert tuple(map(int, version.split(".")[:2])) >= MINIMUM_SERVER_VERSION


def test_the_server_has_the_dynamic_configuration_of_the_development_server(services: Mapping[str, Any]) -> None:
    (volume,) = services["temporal"]["volumes"]
    folder, mounted, _ = volume.split(":")
    file = Path(services["temporal"]["environment"]["DYNAMIC_CONFIG_FILE_PATH"]).relative_to(mounted)
    config = YAML(typ="safe").load(PROJECT / folder / file)
    assert config == {key: [{"value": value}] for key, value in DYNAMIC_CONFIG.items()}


def test_the_namespace_keeps_ended_runs_as_long_as_that_of_the_development_server(services: Mapping[str, Any]) -> None:
    retention = services["temporal-namespace"]["environment"]["NAMESPACE_RETENTION"]
    assert retention == f"{RETENTION_DAYS * 24}h"


def test_worker_and_pages_share_the_exports(services: Mapping[str, Any], example: dict[str, str]) -> None:
    (pages,), (written,) = services["pages"]["volumes"], services["worker"]["volumes"]
    assert pages == f"{written}:ro"
    command = services["pages"]["command"]
    assert example["TIPOFF_EXPORTS"] == f"file://{command[command.index('--directory') + 1]}"


def test_the_files_of_prometheus_and_grafana_are_where_their_services_read_them(services: Mapping[str, Any]) -> None:
    mounted = [volume for name in ("prometheus", "grafana") for volume in services[name]["volumes"]]
    assert mounted.count("./deploy:/deploy:ro") == 2
    paths = [services["prometheus"]["command"][0].partition("=")[2], *services["grafana"]["environment"].values()]
    named = [PROJECT / path.removeprefix("/") for path in paths if path.startswith("/deploy/")]
    assert len(named) == 3
    assert all(path.exists() for path in named)
    provisioned = YAML(typ="safe").load(PROJECT / "deploy" / "grafana" / "provisioning" / "dashboards" / "tipoff.yml")
    assert [each["options"]["path"] for each in provisioned["providers"]] == ["/deploy/grafana"]
    scraped = YAML(typ="safe").load(PROJECT / "deploy" / "prometheus" / "prometheus.yml")["scrape_configs"]
    port = services["worker"]["environment"]["TIPOFF_METRICS_ADDRESS"].rpartition(":")[2]
    assert [target for each in scraped for target in each["static_configs"][0]["targets"]] == [f"worker:{port}"]


def test_google_credentials_are_a_secret_of_the_worker(services: Mapping[str, Any]) -> None:
    secrets = YAML(typ="safe").load(COMPOSE)["secrets"]
    (name,) = services["worker"]["secrets"]
    assert secrets[name] == {"file": "${GOOGLE_CREDENTIALS_FILE:-/dev/null}"}
    credentials = services["worker"]["environment"]["GOOGLE_APPLICATION_CREDENTIALS"]
    assert credentials == f"${{GOOGLE_CREDENTIALS_FILE:+/run/secrets/{name}}}"


def test_the_container_stop_timeout_exceeds_the_workers(services: Mapping[str, Any]) -> None:
    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) > 2 * GRACE.total_seconds()


def test_every_variable_of_the_compose_file_is_in_the_example(example: dict[str, str]) -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert used <= example.keys()


def test_the_example_sets_the_defaults(
    example: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ=example).model_dump() == Settings().model_dump()
    known = {f"TIPOFF_{key.upper()}" for key in Settings.model_fields}
    assert {name for name in example if name.startswith("TIPOFF_")} <= known


def test_the_dockerignore_lets_through_what_the_image_copies() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    copied = {Path(name).parts[0] for names in copies for name in names.split()}
    let_through = re.findall(r"^!(.+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied == set(let_through)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the image's last stage copies from the project."""
    folder = tmp_path / "app"
    folder.mkdir()
    last_stage = (PROJECT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    for names in re.findall(r"^COPY (?!--from)(.+) \S+$", last_stage, re.MULTILINE):
        for name in names.split():
            copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
            copy(PROJECT / name, folder / name)
    return folder


def versions_check(image: Path) -> dict[str, Any]:
    """The result of `doctor`'s version check, run from the image's files."""
    environment = {**os.environ, "HOME": str(image), "TEMPORAL_ADDRESS": NOWHERE}
    done = subprocess.run(
        [sys.executable, image / "starter.py", "doctor", "--json"], cwd=image, env=environment, capture_output=True
    )
    (result,) = (result for result in json.loads(done.stdout) if result["check"] == "versions")
    return dict(result)


def test_the_image_contains_what_doctor_reads(image: Path) -> None:
    result = versions_check(image)
    assert result["ok"], result["summary"]
    assert result["summary"].endswith("as in requirements.lock")


def test_doctor_reports_a_file_that_it_cannot_read(image: Path) -> None:
    (image / "requirements.lock").unlink()
    result = versions_check(image)
    assert not result["ok"]
    assert "requirements.lock" in result["summary"]


def test_doctor_names_packages_whose_version_is_not_the_locked_one(image: Path) -> None:
    lock = image / "requirements.lock"
    lock.write_text(re.sub(r"(?m)^duckdb==\S+", "duckdb==0.0.1", lock.read_text()))
    result = versions_check(image)
    assert not result["ok"]
    assert result["summary"].endswith("requirements.lock has duckdb 0.0.1")
    assert result["fix"] == "run make setup"
