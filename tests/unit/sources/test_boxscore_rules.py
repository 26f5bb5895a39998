"""How providers write minutes, and which games are due for a result."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.recorded_responses import game, slate, utc
from tipoff.sources.boxscore_rules import due_games, parse_minutes
from tipoff.sources.registry import SOURCES

EVENING = slate(
    utc(2024, 3, 29, 12, 0).date(),
    game("0022301062", "GSW@CHA", utc(2024, 3, 29, 23, 0)),
    game("0022301073", "DAL@SAC", utc(2024, 3, 30, 2, 0)),
)


@given(st.integers(0, 400), st.integers(0, 59))
def test_minutes_are_the_same_in_every_notation(minutes: int, seconds: int) -> None:
    written = (f"{minutes}:{seconds:02d}", f"{minutes}.000000:{seconds:02d}", f"PT{minutes:02d}M{seconds:02d}.00S")
    assert {parse_minutes(text) for text in written} == {minutes + seconds / 60}
    assert parse_minutes(str(minutes)) == parse_minutes(f"PT{minutes}M") == minutes


@given(st.text(max_size=12) | st.from_regex(r"-?[0-9]{1,4}:[6-9][0-9]", fullmatch=True))
def test_any_other_text_is_refused_or_parses_to_plausible_minutes(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= parse_minutes(text) < 1000


def test_a_game_is_due_two_and_a_quarter_hours_after_tip_off() -> None:
    assert due_games(EVENING, utc(2024, 3, 30, 1, 14)) == ()
    assert [due.label for due in due_games(EVENING, utc(2024, 3, 30, 1, 15))] == ["GSW@CHA"]
    assert len(due_games(EVENING, utc(2024, 3, 30, 12, 0))) == 2


@pytest.mark.parametrize("name", ["nbac_team_boxscore", "nbac_live_boxscore"])
def test_box_scores_are_requested_per_due_game(name: str) -> None:
    requests = SOURCES[name].requests(EVENING, utc(2024, 3, 30, 12, 0), {})
    assert [(request.game_id, request.part) for request in requests] == [
        ("0022301062", "GSW@CHA"),
        ("0022301073", "DAL@SAC"),
    ]
    assert all((request.game_id or "") in request.url for request in requests)
    assert SOURCES[name].requests(EVENING, utc(2024, 3, 29, 23, 30), {}) == ()
