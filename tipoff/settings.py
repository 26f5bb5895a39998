"""Settings from `tipoff.toml` and from the environment (`TIPOFF_…`), which takes precedence. Secrets are not allowed in
the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

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
from tipoff.vocabulary import Frozen, did_you_mean, reason_of

PREFIX = "TIPOFF_"
OTHER_VARIABLES = frozenset({f"{PREFIX}CONFIG", f"{PREFIX}CACHE", f"{PREFIX}DEBUG"})
"""Variables with the prefix that are no settings: the settings file, the cache folder, and full error texts."""
DEFAULT_FILE = Path("tipoff.toml")
NOT_SET = "not set"
"""How an optional setting without a value is shown."""
ANY_HOST = "*"
"""In `proxies`: every host without a proxy of its own."""


def _parse_list(value: object) -> object:
    """Parse a list from the environment, such as "warehouse, models"."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _parse_urls(value: object) -> object:
    """Parse URLs separated by commas, spaces or lines; a comma within a URL does not separate."""
    urls = re.split(r"[\s,]+(?=[A-Za-z][\w+.-]*://)", value.strip()) if isinstance(value, str) else value
    if isinstance(urls, list) and not all(re.fullmatch(r"[A-Za-z][\w+.-]*://\S+", url) for url in urls):
        raise ValueError("expected URLs such as mailtos://USER:PASSWORD@HOST, separated by commas")
    return urls


def _parse_mapping(value: object) -> object:
    """Parse a mapping from the environment, such as "cdn.nba.com=http://proxy:3128, stats.nba.com=…"."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(_is_proxy_url(proxy.strip()) for _, _, proxy in pairs):
        raise ValueError("expected HOST=http://PROXY:PORT pairs separated by commas")
    return {host.strip(): proxy.strip() for host, _, proxy in pairs}


def _is_proxy_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return bool(re.fullmatch(r"https?://[^\s/]+/?", text) and url.hostname and url.port != 0)
    except ValueError:  # of an impossible port or address
        return False


def _matching(pattern: str, form: str) -> AfterValidator:
    """A validator whose message shows the expected form instead of the pattern."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {form}")
        return value

    return AfterValidator(check)


def _require_http(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not re.fullmatch(r"https?://[^\s/]+\S*", url.get_secret_value()):
        raise ValueError("expected https://HOST/PATH")
    return url


WarehouseUrl = Annotated[
    str,
    _matching(
        r"duckdb:///.+|bigquery://[a-z][a-z0-9.:-]+/[A-Za-z0-9_]{1,900}",
        "duckdb:///PATH or bigquery://PROJECT/DATASET_PREFIX",
    ),
]
StoreUrl = Annotated[str, _matching(r"file://.+|gs://[^/]+.*", "file://PATH or gs://BUCKET/PREFIX")]
ExportUrl = Annotated[
    str,
    _matching(
        r"file://.+|https://(?!drive\.google\.com)[^/\s]+.*|gs://[a-z0-9][a-z0-9._-]+(/.*)?|drive://[A-Za-z0-9_-]+",
        "file://PATH, https://HOST/PATH, gs://BUCKET/PREFIX or drive://FOLDER_ID",
    ),
]
LocalUrl = Annotated[str, _matching(r"file://.+", "file://PATH")]
_HOUR = r"([01]\d|2[0-3]):[0-5]\d"
Address = Annotated[str, _matching(r"[^:\s]+:\d{1,5}", "HOST:PORT")]
Names = Annotated[tuple[str, ...], BeforeValidator(_parse_list)]
AlertUrls = Annotated[tuple[SecretStr, ...], BeforeValidator(_parse_urls)]
Proxies = Annotated[Mapping[str, SecretStr], BeforeValidator(_parse_mapping)]


class Settings(Frozen):
    """All settings of a process. Paths are relative to its working directory."""

    warehouse: WarehouseUrl = "duckdb:///var/tipoff.duckdb"
    bigquery_location: Annotated[str, _matching(r"[A-Za-z0-9-]+", "a location such as US or europe-west4")] = "US"
    """Location of the warehouse's BigQuery dataset."""
    bigquery_maximum_gigabytes: int = Field(default=50, ge=1)
    """Gigabytes that one BigQuery statement may read; a larger one is refused and costs nothing."""
    landing: StoreUrl = "file://var/landing"
    exports: StoreUrl = "file://var/exports"
    models: StoreUrl = "file://var/models"
    work: LocalUrl = "file://var/work"
    """Folder of Parquet files for model processes."""
    upstream: HttpUrl | None = None
    """The server of a replay: every request goes to {upstream}/{host}{path} with its as-of time."""
    history_seasons: int = Field(default=3, ge=1, le=20)
    """Seasons of results to keep and learn from, the current one included."""
    body_cap_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    request_seconds: float = Field(default=45.0, gt=0)
    """Time limit of a whole response."""
    odds_api_key: SecretStr | None = None
    balldontlie_key: SecretStr | None = None
    bettingpros_key: SecretStr | None = None
    google_key: SecretStr | None = None
    """An API key for publicly shared files; None: the Google credentials of this machine."""
    bigdataball: ExportUrl | None = None
    """Location of BigDataBall's play-by-play files; None: that source is not polled."""
    odds_monthly_credits: int = Field(default=500, ge=0)
    """Credits that may be spent at the-odds-api.com in a calendar month."""
    balldontlie_per_minute: int = Field(default=5, ge=1, le=600)
    """Requests a minute that the account at balldontlie.io allows: 5, 60 or 600."""
    rate_limits_enabled: bool | None = None
    """Whether the rate limits of providers are applied; None: yes, except in a replay."""
    proxies: Proxies = Field(default={})
    """Proxy URL by host, for hosts that refuse the address of this machine; `*`: for every other host."""
    proxy_mode: Literal["auto", "always"] = "auto"
    """auto: a host is requested through its proxy only while it blocks this machine's address."""
    as_browser: Names = ()
    """Hosts that are requested like a browser does, because they refuse other clients; needs the extra `browser`."""
    alert_urls: AlertUrls = ()
    """Where alerts are sent, as URLs of apprise; they also go to the log and to `alerts.jsonl`."""
    alert_urls_second: AlertUrls = ()
    """Where critical alerts are sent, too, if nobody acknowledges them in time."""
    alert_quiet_hours: Annotated[str, _matching(rf"off|{_HOUR}-{_HOUR}", "HH:MM-HH:MM in Eastern time, or off")] = (
        "23:00-08:00"
    )
    """Eastern time in which only critical alerts are sent: HH:MM-HH:MM, or off."""
    aliases: FilePath | None = None
    """Additional spellings of player names, in a CSV file like `tipoff/sources/aliases.csv`."""
    metrics_address: Address | None = None
    """HOST:PORT of the Prometheus endpoint; None: no metrics."""
    heartbeat_url: Annotated[SecretStr | None, AfterValidator(_require_http)] = None
    """URL that the watchdog requests after each pass, so that a service elsewhere notices its silence; None: none."""
    build_id: str | None = None
    """Version of the deployed code; if set, a run stays on the version it started with."""
    task_queues: Names = ()
    """Task queues that the worker serves; empty: all."""

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def origin(self, key: str) -> str:
        """The origin of a value: a file, an environment variable, or the default."""
        return self._origins.get(key, "default")


SECRETS = frozenset(key for key, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation))
"""Settings that are read from the environment or from a file of their own (`TIPOFF_…_FILE`), never from tipoff.toml."""


def folder_of(url: str) -> Path:
    """The folder of `file://PATH`; relative unless it starts with a slash. Raises ConfigurationError for other URLs."""
    kind, _, path = url.partition("://")
    if kind != "file" or not path:
        raise ConfigurationError(f"{url!r} is not a folder on this machine: expected file://PATH")
    return Path(path)


class DescribedSetting(NamedTuple):
    """A setting with its redacted value."""

    key: str
    value: str
    origin: str


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load the settings; `path` takes precedence over TIPOFF_CONFIG and ./tipoff.toml.

    Raises ConfigurationError that names each invalid key with its origin, value and expected form.
    """
    environ = os.environ if environ is None else environ
    from_file = _from_file(path, environ)
    from_environment = _from_environment(environ)
    values = from_file | from_environment
    try:
        settings = Settings.model_validate({key: value for key, (value, _) in values.items()})
    except ValidationError as error:
        # Not chained: the validation error contains the values, and some are secrets.
        raise ConfigurationError(_explain(error, values)) from None
    settings._origins = {key: origin for key, (_, origin) in values.items()}
    return settings


def describe(settings: Settings) -> tuple[DescribedSetting, ...]:
    """All settings with redacted values and their origins."""
    return tuple(
        DescribedSetting(key, _shown(key, getattr(settings, key)), settings.origin(key))
        for key in Settings.model_fields
    )


SettingValues = dict[str, tuple[Any, str]]


def _from_file(path: Path | None, environ: Mapping[str, str]) -> SettingValues:
    path = path or (Path(environ["TIPOFF_CONFIG"]) if environ.get("TIPOFF_CONFIG") else None)
    if path is None and not DEFAULT_FILE.exists():
        return {}
    file = path or DEFAULT_FILE
    values = _read_toml(file)
    for key in values:
        if key in SECRETS:
            raise ConfigurationError(
                f"{file}: {key} is a secret and not allowed in this file; remove it (change it if others could "
                f"read it), then set {PREFIX}{key.upper()} or {PREFIX}{key.upper()}_FILE"
            )
        if key not in Settings.model_fields:
            known = sorted(Settings.model_fields.keys() - SECRETS)
            hint = did_you_mean(key, known)
            raise ConfigurationError(f"{file}: unknown key {key!r}; known keys are {', '.join(known)}{hint}")
    return {key: (value, str(file)) for key, value in values.items()}


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"configuration file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration file {file} is not TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> SettingValues:
    """Values of the environment variables; an empty variable counts as not set."""
    values: SettingValues = {}
    _refuse_unknown(environ)
    for key in Settings.model_fields:
        variable = PREFIX + key.upper()
        if value := environ.get(variable, "").strip():
            values[key] = (value, variable)
    for key in sorted(SECRETS):
        variable = f"{PREFIX}{key.upper()}_FILE"
        if file := environ.get(variable, "").strip():
            if key in values:
                raise ConfigurationError(f"both {PREFIX}{key.upper()} and {variable} are set; set only one of them")
            values[key] = (_read_secret(variable, Path(file)), variable)
    return values


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """Raise ConfigurationError for an unknown variable; a misspelled setting would have no effect."""
    settings = {PREFIX + key.upper() for key in Settings.model_fields}
    known = settings | OTHER_VARIABLES | {f"{PREFIX}{key.upper()}_FILE" for key in SECRETS}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known:
            hint = f"known variables are {', '.join(sorted(known))}{did_you_mean(variable, known)}"
            raise ConfigurationError(f"unknown variable {variable}; {hint}")


def _read_secret(variable: str, file: Path) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{variable}={file} cannot be read: {reason_of(error)}") from error
    if not secret:
        raise ConfigurationError(f"{variable}={file} is empty; it must contain the secret")
    return secret


def _explain(error: ValidationError, values: SettingValues) -> str:
    """One line for each invalid value, with its first problem."""
    lines: dict[str, str] = {}
    for problem in error.errors():
        key = str(problem["loc"][0])
        value, origin = values[key]
        shown = HIDDEN if key in SECRETS else redact(repr(value))
        reason = problem["msg"].removeprefix("Value error, ")
        lines.setdefault(key, f"{key} = {shown} (from {origin}): {reason}")
    return "\n".join(lines.values())


def _shown(key: str, value: object) -> str:
    if value in (None, (), {}):
        return NOT_SET
    if isinstance(value, Mapping):
        return ", ".join(f"{host}={HIDDEN}" for host in sorted(value))
    if isinstance(value, tuple):
        return ", ".join(_without_address(each) if isinstance(each, SecretStr) else each for each in value)
    return HIDDEN if key in SECRETS else redact(str(value))


def _without_address(url: SecretStr) -> str:
    return f"{url.get_secret_value().partition('://')[0]}://{HIDDEN}"
