"""Eastern time, seasons and display times."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.vocabulary import (
    Phase,
    clock_time,
    counted,
    date_and_time,
    did_you_mean,
    eastern,
    first_day,
    game_date_of,
    season_of,
    shortened,
)

DATES = st.dates(date(1996, 7, 1), date(2040, 6, 30))


@pytest.mark.parametrize(
    ("game_date", "utc_hour"),
    [
        (date(2024, 3, 9), 18),  # EST
        (date(2024, 3, 10), 17),  # the clock goes forward at 02:00
        (date(2024, 11, 2), 17),  # EDT
        (date(2024, 11, 3), 18),  # the clock goes back at 02:00
    ],
)
def test_an_eastern_time_is_right_when_the_clock_changes(game_date: date, utc_hour: int) -> None:
    assert eastern(game_date, 13, 30) == datetime(*game_date.timetuple()[:3], utc_hour, 30, tzinfo=UTC)


@given(DATES, st.integers(3, 23), st.integers(0, 59))
def test_an_eastern_time_is_on_its_own_game_date(day: date, hour: int, minute: int) -> None:
    moment = eastern(day, hour, minute)
    assert moment.tzinfo is UTC
    assert game_date_of(moment) == day
    assert clock_time(moment, day) == f"{hour:02}:{minute:02} ET"


def test_a_late_tip_off_is_on_the_eastern_date_and_not_on_the_utc_date() -> None:
    assert game_date_of(datetime(2024, 3, 30, 2, 30, tzinfo=UTC)) == date(2024, 3, 29)


def test_a_time_without_time_zone_has_no_game_date() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        game_date_of(datetime(2024, 3, 29, 19, 0))  # noqa: DTZ001 - the point


def test_a_time_on_another_date_is_shown_with_its_weekday() -> None:
    saturday = eastern(date(2024, 3, 30), 9)
    assert clock_time(saturday, date(2024, 3, 29)) == "Sat 09:00 ET"
    assert clock_time(saturday, date(2024, 3, 31)) == "Sat 09:00 ET"


def test_a_time_without_a_game_date_has_its_weekday() -> None:
    """A cooldown lasts up to a week: "until 09:00" could be any day of it."""
    assert clock_time(eastern(date(2024, 3, 30), 9)) == "Sat 09:00 ET"


def test_a_time_a_week_away_is_shown_with_its_date() -> None:
    """A backfill computes a past date today: a weekday alone would mean the week of the games."""
    week_later = eastern(date(2024, 4, 5), 9)
    assert clock_time(week_later, date(2024, 3, 30)) == "Fri 09:00 ET"
    assert clock_time(week_later, date(2024, 3, 29)) == "2024-04-05 09:00 ET"
    assert date_and_time(week_later) == "2024-04-05 09:00 ET"


@pytest.mark.parametrize(
    ("game_date", "season"),
    [
        (date(2024, 3, 29), "2023-24"),
        (date(2024, 6, 30), "2023-24"),
        (date(2024, 7, 1), "2024-25"),
        (date(1999, 12, 31), "1999-00"),
    ],
)
def test_a_season_starts_in_july(game_date: date, season: str) -> None:
    assert season_of(game_date) == season


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lnies", " (did you mean lines?)"),
        ("LINES", " (did you mean lines?)"),
        ("resluts", " (did you mean results?)"),
        ("tea", ""),
        ("", ""),
        ("x" * 60_000, ""),
    ],
)
def test_a_misspelled_name_is_recognized(name: str, hint: str) -> None:
    assert did_you_mean(name, Phase) == hint


@pytest.mark.parametrize(("count", "text"), [(0, "0 games"), (1, "1 game"), (2, "2 games"), (1200, "1,200 games")])
def test_a_number_of_things_has_its_plural(count: int, text: str) -> None:
    assert counted(count, "game") == text


def test_a_shortened_text_is_cut_between_words() -> None:
    text = "blocked: access denied to a published file (this address is refused); " * 9
    beginning, _, end = shortened(text, 200).partition(" … ")
    assert text.startswith(f"{beginning} ")
    assert text.endswith(f" {end}")
    assert len(beginning) + len(end) > 160


@given(DATES)
def test_a_date_lies_within_its_season(day: date) -> None:
    first = first_day(season_of(day))
    assert first <= day < first + timedelta(days=366)
    assert season_of(first) == season_of(day)


@given(st.text(max_size=400), st.integers(10, 300))
def test_a_shortened_text_keeps_its_beginning_and_its_end_within_the_limit(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert (short == text) is (len(text) <= limit)
    assert (short[:3], short[-3:]) == (text[:3], text[-3:])


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (
            f"https://stats.nba.com/stats/{'x' * 300}?Season=2023-24: [Errno -2] Name or service not known",
            "stats.nba.com: [Errno -2] Name or service not known",
        ),
        (
            f"GSW@CHA (http://127.0.0.1:9/{'x' * 90}: no data for 20 s); DEN@MIN (https://a.com?{'y' * 90}). No lines",
            "GSW@CHA (127.0.0.1:9: no data for 20 s); DEN@MIN (a.com). No lines",
        ),
        ("see https://api.the-odds-api.com/v4/sports/basketball_nba", "see api.the-odds-api.com"),
    ],
)
def test_a_shortened_reason_keeps_host_and_cause_rather_than_the_path(text: str, short: str) -> None:
    assert shortened(text, len(text) - 1) == short
    assert shortened(text, len(text)) == text
