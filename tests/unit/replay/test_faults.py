"""Reading fault files, and which requests a fault affects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tipoff.errors import ConfigurationError
from tipoff.replay.faults import ANY_SOURCE, SPECIAL_KINDS, Fault, FaultKind, FaultPlan
from tipoff.replay.upstream.endpoints import ENDPOINTS, SERVED_SOURCES, kinds_of_source, sources_of_kind
from tipoff.replay.upstream.fault_file import format_faults, load_faults
from tipoff.sources.providers import provider_of

NOON = datetime(2024, 3, 29, 16, 0, tzinfo=UTC)
BY_LABEL = {"GSW@CHA": "0022301062"}


def ids_of(names: frozenset[str], as_of: datetime) -> frozenset[str]:
    return frozenset(BY_LABEL.get(name, name) for name in names)


def fault(**fields: Any) -> Fault:
    return Fault.model_validate({"source": "odds_api_player_points_props", "kind": "server_error", **fields})


def affected(plan: FaultPlan, about: frozenset[str] | None = None, source: str = "odds_api_player_points_props") -> int:
    return len(plan.active_faults(source, NOON, about, ids_of))


def loaded(folder: Path, toml: str) -> tuple[Fault, ...]:
    file = folder / "faults.toml"
    file.write_text(toml, encoding="utf-8")
    return load_faults(file)


def test_times_without_an_offset_are_eastern(tmp_path: Path) -> None:
    (entry,) = loaded(
        tmp_path,
        """
        [[fault]]
        source = "nbac_schedule"
        kind = "server_error"
        from = "2024-03-29T12:00"
        until = 2024-11-04T12:00:00  # after the clocks went back
        """,
    )
    assert entry.begins == datetime(2024, 3, 29, 16, tzinfo=UTC)
    assert entry.until == datetime(2024, 11, 4, 17, tzinfo=UTC)


def test_written_faults_are_read_again_as_they_were(tmp_path: Path) -> None:
    some = Fault.model_validate(
        {"source": "odds_api_player_points_props", "kind": "one_sided", "from": "2024-03-29T08:00", "count": 2}
        | {"books": ["fanduel", "draftkings"], "until": datetime(2024, 3, 29, 13, 30, tzinfo=UTC)}
    )
    other = Fault(source=ANY_SOURCE, kind=FaultKind.TOO_MANY_REQUESTS, retry_after_seconds=60)
    file = tmp_path / "faults.toml"
    file.write_text(format_faults([some, other]))
    assert load_faults(file) == (some, other)


def test_a_file_without_entries_has_no_faults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[[fault]]\nkind = 'empty'", "entry 1, field 'source': Field required"),
        ("[[fault]]\nsource = 'nbac_scedule'\nkind = 'empty'", "'nbac_scedule'"),
        ("[[fault]]\nsource = '*'\nkind = 'empty'\n[[fault]]\nsource = '*'\nkind = 'lost'", "entry 2, field 'kind'"),
        ("[[fault]]\nsource = '*'\nkind = 'empty'\ncolour = 'red'", "field 'colour'"),
        ("[[fault]]\nsource = '*'\nkind = 'late'", "kind late needs the field delay_minutes"),
        ("[[fault]]\nsource = '*'\nkind = 'too_many_requests'", "needs the field retry_after_seconds"),
        ("[[fault]]\nsource = '*'\nkind = 'partial_slate'", "needs the field games"),
        ("[[fault]]\nsource = 'nbac_schedule'\nkind = 'quota_spent'", "not for nbac_schedule"),
        (
            "[[fault]]\nsource = 'nbac_schedule'\nkind = 'one_sided'",
            "is for bettingpros_player_points_props, odds_api_player_points_props",
        ),
        ("[[fault]]\nsource = 'nbac_schedule'\nkind = 'hang'\ngames = ['GSW@CHA']", "cannot select single games"),
        ("[[fault]]\nsource = '*'\nkind = 'hang'\nfrom = '2024-03-29T12:00'\nuntil = '2024-03-29T11:00'", "before it"),
        ("[[fault]]\nsource = '*'\nkind = 'hang'\ncount = 0", "field 'count'"),
        ("[[fault]]\nsource = '*'\nkind = 'hang'\nfrom = 'noon'", "field 'from'"),
        ("[fault]\nsource = '*'\nkind = 'hang'", "double brackets"),
        ("[[faults]]\nsource = '*'", "unknown table 'faults'"),
        ("fault = ", "is not valid TOML"),
    ],
)
def test_an_invalid_entry_is_reported_with_file_and_field(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, toml)
    assert message in str(caught.value)
    assert "faults.toml" in str(caught.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml cannot be read: No such file"):
        load_faults(tmp_path / "none.toml")


def test_an_open_period_is_all_day() -> None:
    assert fault().covers("odds_api_player_points_props", NOON)
    assert not fault().covers("odds_api_events", NOON)
    assert fault(source="*").covers("odds_api_events", NOON)


@pytest.mark.parametrize(
    ("period", "covered"),
    [
        ({"from": "2024-03-29T12:00"}, True),
        ({"from": "2024-03-29T12:01"}, False),
        ({"until": "2024-03-29T12:00"}, False),
        ({"until": "2024-03-29T12:01"}, True),
    ],
)
def test_a_period_includes_its_start_and_excludes_its_end(period: Mapping[str, str], covered: bool) -> None:
    assert fault(**period).covers("odds_api_player_points_props", NOON) is covered


def test_named_games_select_the_requests_about_them() -> None:
    plan = FaultPlan((fault(games=["GSW@CHA"]),))
    assert affected(plan, frozenset({"0022301062"})) == 1
    assert affected(plan, frozenset({"0022301063"})) == 0
    assert affected(plan, None) == 0


def test_games_of_a_content_fault_do_not_select_requests() -> None:
    assert affected(FaultPlan((fault(kind="never", games=["GSW@CHA"]),)), frozenset({"0022301063"})) == 1


def test_a_count_decreases_only_with_affected_requests() -> None:
    plan = FaultPlan((fault(games=["GSW@CHA"], count=2),))
    hornets, pacers = frozenset({"0022301062"}), frozenset({"0022301063"})
    assert [affected(plan, about) for about in (pacers, hornets, pacers, hornets, hornets)] == [0, 1, 0, 1, 0]


def test_faults_apply_in_the_order_of_the_file() -> None:
    plan = FaultPlan((fault(kind="empty"), fault(kind="server_error")))
    assert [entry.kind for entry in plan.active_faults("odds_api_player_points_props", NOON, None, ids_of)] == [
        FaultKind.EMPTY,
        FaultKind.SERVER_ERROR,
    ]


def test_bad_key_faults_are_possible_for_every_host_that_needs_a_key() -> None:
    with_key = {endpoint.source for endpoint in ENDPOINTS if provider_of(endpoint.host).api_key}
    assert with_key == sources_of_kind(FaultKind.BAD_KEY)


def test_special_kinds_apply_only_to_the_endpoints_that_name_them() -> None:
    assert {kind for endpoint in ENDPOINTS for kind in endpoint.special_faults} == SPECIAL_KINDS
    for source in SERVED_SOURCES:
        assert frozenset(FaultKind) - SPECIAL_KINDS <= kinds_of_source(source)
    assert sources_of_kind(FaultKind.POSTPONED) == {"nbac_schedule", "nbac_scoreboard", "espn_scoreboard"}
    assert sources_of_kind(FaultKind.TIP_OFF_TBD) == sources_of_kind(FaultKind.POSTPONED)
    assert kinds_of_source(ANY_SOURCE) & SPECIAL_KINDS == {FaultKind.POSTPONED, FaultKind.TIP_OFF_TBD}
