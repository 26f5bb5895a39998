"""Tonight's page: each player once, the highest value of a game first, with what filters need and how it ended."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import groupby

from tests.unit.publishing.site.test_site import html
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.store import ExportStore
from tipoff.publishing.tonight import ALL_PLAYERS

PAGE = "site/tonight.html"
ROW = re.compile(r'<tr data-item data-player="(?P<name>[^"]*)".*?</tr>', re.DOTALL)


def exported_players(store: ExportStore) -> list[dict[str, str | float | None]]:
    players: list[dict[str, str | float | None]] = json.loads(store.read(ALL_PLAYERS.path) or b"{}")["players"]
    return players


def rows_of(page: str) -> dict[str, str]:
    """Player -> his row."""
    return {unescape(row["name"]): row[0] for row in ROW.finditer(page)}


def test_each_game_has_its_players_with_a_line_by_value(evening_exports: ExportStore) -> None:
    publish_site(evening_exports)
    page = html(evening_exports, PAGE)
    lined = [each for each in exported_players(evening_exports) if each["line"] is not None]
    by_game = {game: [*those] for game, those in groupby(sorted(lined, key=lambda each: each["game_id"] or 0), _game)}
    assert by_game
    for game_id, players in by_game.items():
        body = page.split(f'<tbody id="g{game_id}">')[1].split("</tbody>")[0]
        assert list(rows_of(body)) == [each["player_name"] for each in players]


def _game(player: dict[str, str | float | None]) -> object:
    return player["game_id"]


def test_a_pick_is_found_by_its_side_and_before_the_games_nobody_has_scored(evening_exports: ExportStore) -> None:
    publish_site(evening_exports)
    page = html(evening_exports, PAGE)
    picks = [each for each in exported_players(evening_exports) if each["recommendation"] in ("OVER", "UNDER")]
    assert picks
    for pick in picks:
        assert f'data-side="{str(pick["recommendation"]).lower()} pick"' in rows_of(page)[str(pick["player_name"])]
    assert "Scored" not in page


def test_after_the_games_each_graded_player_has_his_points(morning_exports: ExportStore) -> None:
    publish_site(morning_exports)
    page = html(morning_exports, PAGE)
    assert "Scored" in page
    assert re.search(r"<td>\d+ <b class=\"(win|loss)\">", page)


def test_a_name_cannot_be_markup(evening_exports: ExportStore) -> None:
    content = evening_exports.read(ALL_PLAYERS.path) or b""
    name = str(exported_players(evening_exports)[0]["player_name"])
    evening_exports.write_if_changed(ALL_PLAYERS.path, content.replace(name.encode(), b"<img src=x>'\\\""))
    publish_site(evening_exports)
    assert "<img" not in html(evening_exports, PAGE)
    assert "&lt;img src=x&gt;&#39;" in html(evening_exports, PAGE)
