"""Settings: precedence, refused values, and secrets that are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipoff.errors import ConfigurationError
from tipoff.settings import Settings, describe, folder_of, load_settings

SECRET = "0123456789abcdef0123456789abcdef"


def written(folder: Path, text: str) -> Path:
    file = folder / "tipoff.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_are_local_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={})
    assert settings == Settings()
    assert settings.warehouse == "duckdb:///var/tipoff.duckdb"
    assert settings.body_cap_bytes == 67_108_864
    assert {row.origin for row in describe(settings)} == {"default"}


def test_the_environment_takes_precedence_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = written(tmp_path, 'landing = "file:///data/landing"\nhistory_seasons = 2\n')
    settings = load_settings(file, {"TIPOFF_HISTORY_SEASONS": "4"})
    assert (settings.landing, settings.history_seasons) == ("file:///data/landing", 4)
    origins = {row.key: row.origin for row in describe(settings)}
    assert origins["landing"] == str(file)
    assert origins["history_seasons"] == "TIPOFF_HISTORY_SEASONS"
    assert origins["exports"] == "default"


def test_the_file_is_that_of_the_environment_or_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    written(tmp_path / "here", "history_seasons = 2")
    elsewhere = written(tmp_path, "history_seasons = 3")
    monkeypatch.chdir(tmp_path / "here")
    assert load_settings(environ={}).history_seasons == 2
    assert load_settings(environ={"TIPOFF_CONFIG": str(elsewhere)}).history_seasons == 3


def test_the_environment_of_the_process_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIPOFF_HISTORY_SEASONS", "5")
    assert load_settings().history_seasons == 5


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings(environ={"TIPOFF_ODDS_API_KEY": "", "TIPOFF_UPSTREAM": " "}).upstream is None


def test_lists_and_proxies_are_separated_by_commas() -> None:
    settings = load_settings(
        environ={
            "TIPOFF_TASK_QUEUES": "warehouse, models",
            "TIPOFF_PROXIES": "cdn.nba.com=http://me:pass@proxy:3128, stats.nba.com=http://other:1",
        }
    )
    assert settings.task_queues == ("warehouse", "models")
    assert {host: proxy.get_secret_value() for host, proxy in settings.proxies.items()} == {
        "cdn.nba.com": "http://me:pass@proxy:3128",
        "stats.nba.com": "http://other:1",
    }


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("TIPOFF_HISTORY_SEASONS", "many", "history_seasons = 'many' .*valid integer"),
        ("TIPOFF_HISTORY_SEASONS", "0", "history_seasons = '0' .*greater than or equal to 1"),
        ("TIPOFF_WAREHOUSE", "sqlite:///x", "warehouse = 'sqlite:///x' .*duckdb:///PATH or bigquery://"),
        ("TIPOFF_WAREHOUSE", "duckdb:///", "duckdb:///PATH"),
        ("TIPOFF_LANDING", "/var/landing", "landing = '/var/landing' .*file://PATH or gs://BUCKET"),
        (
            "TIPOFF_BIGDATABALL",
            "/share",
            "bigdataball = '/share' .*file://PATH, https://HOST/PATH, gs://BUCKET/PREFIX or",
        ),
        ("TIPOFF_BIGDATABALL", "gs:///files", "gs://BUCKET/PREFIX or drive://FOLDER_ID"),
        ("TIPOFF_BIGDATABALL", "drive://", "drive://FOLDER_ID"),
        ("TIPOFF_BIGDATABALL", "drive://x/y", "drive://FOLDER_ID"),
        ("TIPOFF_BIGDATABALL", "https://drive.google.com/drive/folders/1AbC", "drive://FOLDER_ID"),
        ("TIPOFF_MODELS", "var/models", "models = 'var/models' .*file://PATH or gs://BUCKET"),
        ("TIPOFF_WORK", "gs://bucket/work", "work = 'gs://bucket/work' .*file://PATH"),
        ("TIPOFF_UPSTREAM", "localhost", "upstream = 'localhost' .*valid URL"),
        ("TIPOFF_METRICS_ADDRESS", "9464", "metrics_address = '9464' .*HOST:PORT"),
        ("TIPOFF_ALIASES", "/no/such/file.csv", "aliases = '/no/such/file.csv' .*not point to a file"),
        ("TIPOFF_PROXIES", "proxy:3128", r"proxies = \*\*\* .*HOST=http://PROXY:PORT"),
        ("TIPOFF_PROXIES", "cdn.nba.com=socks5://p:1", "HOST=http://PROXY:PORT"),
        ("TIPOFF_PROXIES", "cdn.nba.com=http://p:99999", "HOST=http://PROXY:PORT"),
        ("TIPOFF_PROXIES", "cdn.nba.com=http://[::1:80", "HOST=http://PROXY:PORT"),
        ("TIPOFF_PROXIES", "cdn.nba.com=http://me:secret@:80", "HOST=http://PROXY:PORT"),
        ("TIPOFF_PROXY_MODE", "sometimes", "'auto' or 'always'"),
        ("TIPOFF_ALERT_URLS", "ada@example.org", "mailtos://USER:PASSWORD@HOST"),
        ("TIPOFF_HEARTBEAT_URL", "hc-ping.com/1", "https://HOST/PATH"),
    ],
)
def test_an_invalid_value_is_named_with_its_origin_and_the_expected_form(variable: str, value: str, error: str) -> None:
    with pytest.raises(ConfigurationError, match=error) as caught:
        load_settings(environ={variable: value})
    assert f"(from {variable})" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "folder"),
    [("file://var/landing", "var/landing"), ("file:///data/landing", "/data/landing"), ("file://a b%20c", "a b%20c")],
)
def test_the_folder_of_a_store_may_be_relative_or_absolute(url: str, folder: str) -> None:
    assert folder_of(url) == Path(folder)


@pytest.mark.parametrize("url", ["gs://bucket/x", "file://", "/var/landing", ""])
def test_another_kind_of_store_is_not_a_folder(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected file://PATH"):
        folder_of(url)


@pytest.mark.parametrize(
    ("variable", "limit", "beyond"),
    [
        ("TIPOFF_BIGQUERY_MAXIMUM_GIGABYTES", 1, 0),
        ("TIPOFF_HISTORY_SEASONS", 1, 0),
        ("TIPOFF_HISTORY_SEASONS", 20, 21),
        ("TIPOFF_BODY_CAP_BYTES", 1024, 1023),
        ("TIPOFF_ODDS_MONTHLY_CREDITS", 0, -1),
        ("TIPOFF_BALLDONTLIE_PER_MINUTE", 1, 0),
        ("TIPOFF_BALLDONTLIE_PER_MINUTE", 600, 601),
    ],
)
def test_a_number_may_be_at_its_limit_and_not_beyond(variable: str, limit: int, beyond: int) -> None:
    field = variable.removeprefix("TIPOFF_").lower()
    assert getattr(load_settings(environ={variable: str(limit)}), field) == limit
    with pytest.raises(ConfigurationError, match=variable):
        load_settings(environ={variable: str(beyond)})


def test_all_invalid_values_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ={"TIPOFF_HISTORY_SEASONS": "x", "TIPOFF_LANDING": "y"})
    assert len(str(caught.value).splitlines()) == 2


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown key 'landign'; known keys are .*landing"):
        load_settings(written(tmp_path, 'landign = "file://x"'), {})


def test_a_wrong_element_of_a_list_in_the_file_is_named_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"task_queues = .*tipoff\.toml\): Input should be a valid string"):
        load_settings(written(tmp_path, 'task_queues = ["warehouse", 2]'), {})


@pytest.mark.parametrize("variable", ["TIPOFF_LANDIGN", "TIPOFF_LANDING_FILE", "TIPOFF_SECRETS"])
def test_an_unknown_variable_is_named_without_its_value(variable: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"unknown variable {variable}; known variables are .*TIPOFF_LANDING"
    ) as caught:
        load_settings(environ={variable: SECRET})
    assert SECRET not in str(caught.value)


def test_other_variables_are_ignored(tmp_path: Path) -> None:
    others = {"TIPOFF_CACHE": str(tmp_path), "TIPOFF_DEBUG": "1", "TEMPORAL_ADDRESS": "localhost:7233", "PATH": "/bin"}
    assert load_settings(environ=others) == load_settings(environ={})


@pytest.mark.parametrize("key", ["odds_api_key", "balldontlie_key", "bettingpros_key", "proxies"])
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} is a secret.*TIPOFF_{key.upper()}_FILE") as caught:
        load_settings(written(tmp_path, f'{key} = "{SECRET}"'), {})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["history_seasons = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str | bytes) -> None:
    file = tmp_path / "tipoff.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError, match=f"{file} is not TOML"):
        load_settings(file, {})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.toml cannot be read: No such file"):
        load_settings(environ={"TIPOFF_CONFIG": str(tmp_path / "gone.toml")})


def test_a_secret_may_come_from_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n")
    settings = load_settings(environ={"TIPOFF_ODDS_API_KEY_FILE": str(file)})
    assert settings.odds_api_key is not None
    assert settings.odds_api_key.get_secret_value() == SECRET
    assert settings.origin("odds_api_key") == "TIPOFF_ODDS_API_KEY_FILE"


def test_a_missing_empty_or_duplicate_secret_file_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for variables, error in (
        ({"TIPOFF_ODDS_API_KEY_FILE": str(tmp_path / "gone")}, "gone cannot be read"),
        ({"TIPOFF_ODDS_API_KEY_FILE": str(empty)}, "empty is empty"),
        ({"TIPOFF_ODDS_API_KEY_FILE": str(empty), "TIPOFF_ODDS_API_KEY": SECRET}, "both TIPOFF_ODDS_API_KEY"),
    ):
        with pytest.raises(ConfigurationError, match=error):
            load_settings(environ=variables)


def test_secrets_are_not_shown_by_repr_description_or_errors() -> None:
    environ = {
        "TIPOFF_ODDS_API_KEY": SECRET,
        "TIPOFF_BALLDONTLIE_KEY": SECRET,
        "TIPOFF_PROXIES": f"cdn.nba.com=http://me:{SECRET}@proxy:3128",
        "TIPOFF_UPSTREAM": f"http://me:{SECRET}@localhost:1",
    }
    settings = load_settings(environ=environ)
    shown = {row.key: row.value for row in describe(settings)}
    assert SECRET not in repr(settings.model_copy(update={"upstream": None}))
    assert SECRET not in repr(shown)
    assert shown["proxies"] == "cdn.nba.com=***"
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ=environ | {"TIPOFF_PROXIES": SECRET})
    assert SECRET not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_alert_addresses_are_secrets_of_which_only_the_kind_is_shown() -> None:
    urls = f"mailtos://user:{SECRET}@mail.example.com?to=a@example.com,b@example.com,\n slack://{SECRET}/b/c"
    settings = load_settings(environ={"TIPOFF_ALERT_URLS": urls})
    assert [url.get_secret_value().partition("?")[2] for url in settings.alert_urls] == [
        "to=a@example.com,b@example.com",
        "",
    ]
    shown = {row.key: row.value for row in describe(settings)}
    assert (shown["alert_urls"], shown["alert_urls_second"]) == ("mailtos://***, slack://***", "not set")
    with pytest.raises(ConfigurationError, match="expected URLs") as caught:
        load_settings(environ={"TIPOFF_ALERT_URLS": f"me@example.com {SECRET}"})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["23:00", "24:00-08:00", "night", "23:00-8:00"])
def test_quiet_hours_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="HH:MM-HH:MM in Eastern time, or off"):
        load_settings(environ={"TIPOFF_ALERT_QUIET_HOURS": text})
