"""The configuration: `tipoff.toml`, over it the environment (`TIPOFF_…`), where alone secrets may stand."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    FilePath,
    HttpUrl,
    PrivateAttr,
    SecretStr,
    ValidationError,
)

from tipoff.errors import ConfigurationError
from tipoff.redaction import HIDDEN, redact
from tipoff.vocabulary import Frozen

PREFIX = "TIPOFF_"
OTHER_VARIABLES = frozenset({f"{PREFIX}CONFIG", f"{PREFIX}CACHE", f"{PREFIX}DEBUG"})
"""Of the prefix, and no setting: the file's place, the folder of what is fetched, whole error texts."""
DEFAULT_FILE = Path("tipoff.toml")
SECRETS = frozenset({"odds_api_key", "balldontlie_key", "bettingpros_key", "google_key", "proxies"})
"""Keys for the environment or a file of their own (`TIPOFF_…_FILE`), never for tipoff.toml."""


def _listed(value: object) -> object:
    """A list as the environment writes it: "warehouse, models"."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _paired(value: object) -> object:
    """A mapping as the environment writes it: "cdn.nba.com=http://proxy:3128, stats.nba.com=…"."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(re.fullmatch(r"https?://[^\s/]+/?", proxy.strip()) for _, _, proxy in pairs):
        raise ValueError("HOST=http://PROXY:PORT pairs separated by commas are wanted")
    return {host.strip(): proxy.strip() for host, _, proxy in pairs}


def _of_form(pattern: str, wanted: str) -> AfterValidator:
    """A check whose message shows a person the form instead of the pattern."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{wanted} is wanted")
        return value

    return AfterValidator(check)


WarehouseUrl = Annotated[
    str,
    _of_form(r"duckdb:///.+|bigquery://[^/]+/.+", "duckdb:///PATH or bigquery://PROJECT/DATASET_PREFIX"),
]
StoreUrl = Annotated[str, _of_form(r"file://.+|gs://[^/]+.*", "file://PATH or gs://BUCKET/PREFIX")]
ExportUrl = Annotated[
    str,
    _of_form(
        r"file://.+|https://(?!drive\.google\.com)[^/\s]+.*|gs://[a-z0-9][a-z0-9._-]+(/.*)?|drive://[A-Za-z0-9_-]+",
        "file://PATH, https://HOST/PATH, gs://BUCKET/PREFIX or drive://FOLDER_ID",
    ),
]
LocalUrl = Annotated[str, _of_form(r"file://.+", "file://PATH")]
Address = Annotated[str, _of_form(r"[^:\s]+:\d{1,5}", "HOST:PORT")]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Proxies = Annotated[Mapping[str, SecretStr], BeforeValidator(_paired)]


class Settings(Frozen):
    """Every value a process is configured by. Paths are relative to the folder the process runs in."""

    warehouse: WarehouseUrl = "duckdb:///var/tipoff.duckdb"
    landing: StoreUrl = "file://var/landing"
    exports: StoreUrl = "file://var/exports"
    models: StoreUrl = "file://var/models"
    work: LocalUrl = "file://var/work"
    """Parquet that is handed to model processes."""
    upstream: HttpUrl | None = None
    """A replay's server: every request then goes to {upstream}/{host}{path} and carries its as-of time."""
    history_seasons: int = Field(default=1, ge=1, le=20)
    body_cap_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    request_seconds: float = Field(default=45.0, gt=0)
    """How long one answer may take as a whole; a provider that is silent longer has failed."""
    odds_api_key: SecretStr | None = None
    balldontlie_key: SecretStr | None = None
    bettingpros_key: SecretStr | None = None
    google_key: SecretStr | None = None
    """An API key for shared files that everybody may read; None: this machine's own credentials for Google."""
    bigdataball: ExportUrl | None = None
    """Where the user's files of BigDataBall's play-by-play are; None: that source is asked nothing."""
    odds_monthly_credits: int = Field(default=500, ge=0)
    """What may be spent at the-odds-api.com in a calendar month."""
    balldontlie_per_minute: int = Field(default=5, ge=1, le=600)
    """Requests a minute that the plan at balldontlie.io allows: 5, 60 or 600."""
    rate_limits_enabled: bool | None = None
    """Whether providers are asked at the pace they bear; when not given: yes, except in a replay."""
    proxies: Proxies = Field(default={})
    """Host -> proxy URL, for hosts that refuse this machine's address."""
    as_browser: Names = ()
    """Hosts that are asked as a browser asks, for networks that refuse all else; takes the extra `browser`."""
    aliases: FilePath | None = None
    """Further spellings of players' names, a CSV file like `tipoff/sources/aliases.csv`."""
    metrics_address: Address | None = None
    """host:port where Prometheus may read; None: no metrics."""
    build_id: str | None = None
    """Version of the deployed code; when given, a run stays on the version it began with."""
    task_queues: Names = ()
    """Queues the worker serves; empty: all of them."""

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def origin(self, key: str) -> str:
        """Where a value came from: a file, an environment variable, or the default."""
        return self._origins.get(key, "default")


def folder_of(url: str) -> Path:
    """The folder of `file://PATH`; like every path here, relative unless it begins with a slash.

    Raises ConfigurationError for another kind of store.
    """
    kind, _, place = url.partition("://")
    if kind != "file" or not place:
        raise ConfigurationError(f"{url!r} is no folder on this machine: file://PATH is wanted")
    return Path(place)


class Described(NamedTuple):
    """One value as a person may see it."""

    key: str
    value: str
    origin: str


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; `path` goes before TIPOFF_CONFIG and ./tipoff.toml.

    Raises ConfigurationError that names every wrong key with its origin, its value and what is wanted.
    """
    environ = os.environ if environ is None else environ
    from_file = _from_file(path, environ)
    from_environment = _from_environment(environ)
    found = from_file | from_environment
    try:
        settings = Settings.model_validate({key: value for key, (value, _) in found.items()})
    except ValidationError as error:
        # Not chained: the validation error shows the values, and some of them are secrets.
        raise ConfigurationError(_explain(error, found)) from None
    settings._origins = {key: origin for key, (_, origin) in found.items()}
    return settings


def describe(settings: Settings) -> tuple[Described, ...]:
    """Every value, redacted, with its origin."""
    return tuple(
        Described(key, _shown(key, getattr(settings, key)), settings.origin(key)) for key in Settings.model_fields
    )


Found = dict[str, tuple[Any, str]]


def _from_file(path: Path | None, environ: Mapping[str, str]) -> Found:
    path = path or (Path(environ["TIPOFF_CONFIG"]) if environ.get("TIPOFF_CONFIG") else None)
    if path is None and not DEFAULT_FILE.exists():
        return {}
    file = path or DEFAULT_FILE
    values = _read_toml(file)
    for key in values:
        if key in SECRETS:
            raise ConfigurationError(
                f"{file}: {key} is a secret and may not stand here; take it out (change it if others could read "
                f"it), then set {PREFIX}{key.upper()} or {PREFIX}{key.upper()}_FILE"
            )
        if key not in Settings.model_fields:
            known = ", ".join(sorted(Settings.model_fields.keys() - SECRETS))
            raise ConfigurationError(f"{file}: unknown key {key!r}; known are {known}")
    return {key: (value, str(file)) for key, value in values.items()}


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"configuration file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration file {file} is no TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> Found:
    """Values of set variables; an empty one counts as not set, as environment files write it so."""
    found: Found = {}
    _refuse_unknown(environ)
    for key in Settings.model_fields:
        variable = PREFIX + key.upper()
        if value := environ.get(variable, "").strip():
            found[key] = (value, variable)
    for key in sorted(SECRETS):
        variable = f"{PREFIX}{key.upper()}_FILE"
        if file := environ.get(variable, "").strip():
            if key in found:
                raise ConfigurationError(f"both {PREFIX}{key.upper()} and {variable} are set; keep one of them")
            found[key] = (_read_secret(variable, Path(file)), variable)
    return found


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """A misspelled variable would be a setting that silently does nothing."""
    ours = {PREFIX + key.upper() for key in Settings.model_fields}
    known = ours | OTHER_VARIABLES | {f"{PREFIX}{key.upper()}_FILE" for key in SECRETS}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known:
            raise ConfigurationError(f"unknown variable {variable}; known are {', '.join(sorted(known))}")


def _read_secret(variable: str, file: Path) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{variable} names {file}, which cannot be read: {error}") from error
    if not secret:
        raise ConfigurationError(f"{variable} names {file}, which is empty; a secret is wanted there")
    return secret


def _explain(error: ValidationError, found: Found) -> str:
    """One line for each wrong value; only the first of the several things a value might have been."""
    lines: dict[str, str] = {}
    for problem in error.errors():
        key = str(problem["loc"][0])
        value, origin = found[key]
        shown = HIDDEN if key in SECRETS else redact(repr(value))
        wanted = problem["msg"].removeprefix("Value error, ")
        lines.setdefault(key, f"{key} = {shown} (from {origin}): {wanted}")
    return "\n".join(lines.values())


def _shown(key: str, value: object) -> str:
    if value in (None, (), {}):
        return "not set"
    if isinstance(value, Mapping):
        return ", ".join(f"{host}={HIDDEN}" for host in sorted(value))
    if isinstance(value, tuple):
        return ", ".join(value)
    return HIDDEN if key in SECRETS else redact(str(value))
