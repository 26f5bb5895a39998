"""A fault file: what it means, and what it says when it means nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tipoff.errors import ConfigurationError
from tipoff.replay.faults import (
    REQUESTED_PER_GAME,
    SOURCES_OF_KIND,
    Fault,
    FaultKind,
    FaultPlan,
    ReplaySource,
    load_faults,
)
from tipoff.replay.upstream.endpoints import ENDPOINTS
from tipoff.sources.providers import provider_of

NOON = datetime(2024, 3, 29, 16, 0, tzinfo=UTC)
BY_LABEL = {"GSW@CHA": "0022301062"}


def ids_of(names: frozenset[str], as_of: datetime) -> frozenset[str]:
    return frozenset(BY_LABEL.get(name, name) for name in names)


def fault(**fields: Any) -> Fault:
    return Fault.model_validate({"source": "odds_api_player_points_props", "kind": "server_error", **fields})


def struck(plan: FaultPlan, about: frozenset[str] | None = None, source: ReplaySource = ReplaySource.PROPS) -> int:
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


def test_a_file_without_entries_means_no_faults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("toml", "complaint"),
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
def test_a_wrong_entry_is_named_with_its_file_and_field(tmp_path: Path, toml: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, toml)
    assert complaint in str(caught.value)
    assert "faults.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml cannot be read: No such file"):
        load_faults(tmp_path / "none.toml")


def test_an_open_period_is_all_day() -> None:
    assert fault().covers(ReplaySource.PROPS, NOON)
    assert not fault().covers(ReplaySource.EVENTS, NOON)
    assert fault(source="*").covers(ReplaySource.EVENTS, NOON)


@pytest.mark.parametrize(
    ("period", "covered"),
    [
        ({"from": "2024-03-29T12:00"}, True),
        ({"from": "2024-03-29T12:01"}, False),
        ({"until": "2024-03-29T12:00"}, False),
        ({"until": "2024-03-29T12:01"}, True),
    ],
)
def test_a_period_includes_its_begin_and_excludes_its_end(period: Mapping[str, str], covered: bool) -> None:
    assert fault(**period).covers(ReplaySource.PROPS, NOON) is covered


def test_named_games_strike_only_requests_about_them() -> None:
    plan = FaultPlan((fault(games=["GSW@CHA"]),))
    assert struck(plan, frozenset({"0022301062"})) == 1
    assert struck(plan, frozenset({"0022301063"})) == 0
    assert struck(plan, None) == 0


def test_games_left_out_of_an_answer_do_not_limit_which_requests_are_struck() -> None:
    assert struck(FaultPlan((fault(kind="never", games=["GSW@CHA"]),)), frozenset({"0022301063"})) == 1


def test_a_count_runs_down_with_each_struck_request_only() -> None:
    plan = FaultPlan((fault(games=["GSW@CHA"], count=2),))
    hornets, pacers = frozenset({"0022301062"}), frozenset({"0022301063"})
    assert [struck(plan, about) for about in (pacers, hornets, pacers, hornets, hornets)] == [0, 1, 0, 1, 0]


def test_entries_strike_in_the_order_of_the_file() -> None:
    plan = FaultPlan((fault(kind="empty"), fault(kind="server_error")))
    assert [entry.kind for entry in plan.active_faults(ReplaySource.PROPS, NOON, None, ids_of)] == [
        FaultKind.EMPTY,
        FaultKind.SERVER_ERROR,
    ]


def test_a_key_can_be_refused_wherever_one_is_wanted() -> None:
    with_key = {endpoint.source for endpoint in ENDPOINTS if provider_of(endpoint.host).api_key}
    assert with_key == SOURCES_OF_KIND[FaultKind.BAD_KEY]


def test_every_source_that_a_fault_may_name_is_asked_for_somewhere() -> None:
    assert {endpoint.source for endpoint in ENDPOINTS} == set(ReplaySource) - {ReplaySource.ANY}


def test_single_games_can_be_struck_wherever_questions_are_about_them() -> None:
    assert {endpoint.source for endpoint in ENDPOINTS if endpoint.requested_games} == REQUESTED_PER_GAME - {
        ReplaySource.ANY
    }
