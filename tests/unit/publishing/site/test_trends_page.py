"""The page of trends: every figure with its number of games, and only what was published for the newest date."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.support.evening import DAY, WITH_LINES
from tests.unit.publishing.conftest import WALL_CLOCK
from tests.unit.publishing.site.test_site import html
from tipoff.publishing.envelope import Completeness, Edition
from tipoff.publishing.player_history import PlayedGame
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.store import ExportStore
from tipoff.publishing.tonight import ALL_PLAYERS, TonightPayload, TonightPlayer
from tipoff.publishing.trends import BOUNCE_BACK, HOT_COLD, PLAYS, STREAKS, bounce_back, hot_cold, plays, streaks
from tipoff.publishing.writing import write_export

PAGE = "site/trends.html"
USUAL = (18, 20, 22, 17, 23, 19, 21, 20, 18, 22, 20, 19, 21, 20, 20)


@pytest.fixture
def with_trends(evening_exports: ExportStore) -> ExportStore:
    """The first three players of the evening with a line: one is hot, one is cold, one comes from a bad game."""
    exported = json.loads(evening_exports.read(ALL_PLAYERS.path) or b"")
    payload = TonightPayload.model_validate({name: exported[name] for name in TonightPayload.model_fields})
    hot, cold, bad = [each for each in payload.players if each.line is not None][:3]
    known = (
        (_with_line(hot, 19.5), _games((31, 29, 33, 30, 32), USUAL)),
        (_with_line(cold, 19.5), _games((9, 10, 8, 11, 12), USUAL)),
        (_with_line(bad, 19.5), _games((2, 20, 21, 19, 20), USUAL)),
    )
    envelope = Edition(DAY, WITH_LINES, WALL_CLOCK).envelope(Completeness())
    write_export(evening_exports, HOT_COLD, envelope, hot_cold(known))
    write_export(evening_exports, BOUNCE_BACK, envelope, bounce_back(known))
    write_export(evening_exports, PLAYS, envelope, plays(known))
    write_export(evening_exports, STREAKS, envelope, streaks(known))
    return evening_exports


def _with_line(player: TonightPlayer, line: float) -> TonightPlayer:
    return player.model_copy(update={"line": line, "over_probability": 0.52})


def _games(recent: Sequence[int], earlier: Sequence[int]) -> list[PlayedGame]:
    """Games with these points, the newest first; the closing line of each was 19.5."""
    return [
        PlayedGame(
            game_date=DAY - timedelta(days=2 * number + 1),
            game_id=f"00223{number:05}",
            season="2023-24",
            team="DEN",
            opponent="LAL",
            home=True,
            starter=True,
            usage_rate=None,
            minutes=33.0,
            points=points,
            fga=15,
            fta=4,
            closing_line=19.5,
        )
        for number, points in enumerate((*recent, *earlier))
    ]


def section(page: str, key: str) -> str:
    """Return the rows of a table."""
    return page.split(f'id="{key}"')[1].split("</table>")[0]


def test_every_figure_has_its_number_of_games(with_trends: ExportStore) -> None:
    publish_site(with_trends)
    page = html(with_trends, PAGE)
    assert "31.0 <small>n 5</small>" in section(page, "hot")
    assert "20.0 <small>n 15</small>" in section(page, "hot")
    assert "10.0 <small>n 5</small>" in section(page, "cold")
    assert "– <small>n 0</small>" in section(page, "bounces")
    assert re.search(r"\d+ % <small>\d+ of 20</small>", section(page, "plays-tonight"))
    assert page.count("By chance alone") == 2


def test_nothing_is_green_or_red_on_so_few_games(with_trends: ExportStore) -> None:
    publish_site(with_trends)
    assert not re.search(r'class="[^"]*\b(good|bad)\b', html(with_trends, PAGE).split("<main")[1])


def test_streaks_are_named_in_words_and_can_be_filtered(with_trends: ExportStore) -> None:
    publish_site(with_trends)
    page = html(with_trends, PAGE)
    rows = section(page, "streaks-today").split("<tr data-item")[1:]
    assert [re.findall(r"<td[^>]*>([^<]*)</td>", row)[:2] for row in rows] == [
        ["under his line", "6"],
        ["at least 20 points", "5"],
        ["over his line", "5"],
    ]
    assert re.findall(r'<option value="(\w+)">', page) == ["at_least_20_points", "over_line", "under_line"]


def test_a_date_without_trends_says_so(evening_exports: ExportStore) -> None:
    publish_site(evening_exports)
    page = html(evening_exports, PAGE)
    assert page.count("Nobody.") == 3
    assert "Nobody has one." in page


def test_trends_of_an_earlier_date_are_not_shown_beside_newer_ones(with_trends: ExportStore) -> None:
    tomorrow = Edition(DAY + timedelta(days=1), WITH_LINES + timedelta(days=1), WALL_CLOCK).envelope(Completeness())
    write_export(with_trends, STREAKS, tomorrow, streaks(()))
    publish_site(with_trends)
    page = html(with_trends, PAGE)
    assert "March 30, 2024" in page
    assert "data-item" not in page.split("<main")[1].split("<script")[0]
