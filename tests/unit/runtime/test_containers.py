"""The container files hold together, as far as that shows without a container engine."""

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


def test_the_compose_file_obeys_the_compose_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_nothing_listens_beyond_this_machine(services: Mapping[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_tells_its_health_and_waits_for_the_health_of_what_it_needs(
    services: Mapping[str, Any],
) -> None:
    for service in services.values():
        assert "healthcheck" in service
        assert all(need["condition"] == "service_healthy" for need in service.get("depends_on", {}).values())


def test_a_container_waits_longer_than_the_worker_takes_to_stop(services: Mapping[str, Any]) -> None:
    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) > 2 * GRACE.total_seconds()


def test_every_variable_the_compose_file_asks_for_is_in_the_example(example: dict[str, str]) -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert asked <= example.keys()


def test_the_example_configures_the_worker_with_its_defaults(
    example: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ=example).model_dump() == Settings().model_dump()
    known = {f"TIPOFF_{key.upper()}" for key in Settings.model_fields}
    assert {name for name in example if name.startswith("TIPOFF_")} <= known


def test_what_the_image_copies_passes_the_dockerignore() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    copied = {Path(name).parts[0] for names in copies for name in names.split()}
    let_through = re.findall(r"^!(.+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied == set(let_through)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the image's last stage copies from the project, in a folder."""
    folder = tmp_path / "app"
    folder.mkdir()
    last_stage = (PROJECT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    for names in re.findall(r"^COPY (?!--from)(.+) \S+$", last_stage, re.MULTILINE):
        for name in names.split():
            copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
            copy(PROJECT / name, folder / name)
    return folder


def versions_check(image: Path) -> dict[str, Any]:
    """What `doctor`, run from the image's files, finds of the versions."""
    environment = {**os.environ, "HOME": str(image), "TEMPORAL_ADDRESS": NOWHERE}
    done = subprocess.run(
        [sys.executable, image / "starter.py", "doctor", "--json"], cwd=image, env=environment, capture_output=True
    )
    (found,) = (found for found in json.loads(done.stdout) if found["check"] == "versions")
    return dict(found)


def test_the_image_holds_what_doctor_reads(image: Path) -> None:
    found = versions_check(image)
    assert found["ok"], found["says"]
    assert found["says"].endswith("as locked")


def test_doctor_tells_of_a_file_that_it_cannot_read(image: Path) -> None:
    (image / "requirements.lock").unlink()
    found = versions_check(image)
    assert not found["ok"]
    assert "requirements.lock" in found["says"]


def test_doctor_names_what_is_installed_in_another_version_than_the_locked_one(image: Path) -> None:
    lock = image / "requirements.lock"
    lock.write_text(re.sub(r"(?m)^duckdb==\S+", "duckdb==0.0.1", lock.read_text()))
    found = versions_check(image)
    assert not found["ok"]
    assert found["says"].endswith("locked are duckdb 0.0.1")
    assert found["fix"] == "run make setup"
