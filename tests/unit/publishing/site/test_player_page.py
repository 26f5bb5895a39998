"""A player's page: his prediction, his games before it, and how it and earlier ones ended."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.support.evening import DAY
from tests.unit.publishing.site.test_site import html
from tipoff.publishing.figures import games_figure
from tipoff.publishing.player_history import PastPick, PlayedGame
from tipoff.publishing.site.player import record, terms
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.store import ExportStore

CURRY = "201939"


def past(recommendation: str, grade: str, profit: float | None) -> PastPick:
    of_every_pick = {"game_date": DAY, "game_id": "1", "opponent": "CHA", "home": True, "points": 20.0, "low_80": 11.0}
    unknown = dict.fromkeys(PastPick.model_fields)
    return PastPick.model_validate(
        {
            **unknown,
            **of_every_pick,
            "high_80": 30.0,
            "recommendation": recommendation,
            "grade": grade,
            "profit_units": profit,
        }
    )


def test_only_decided_picks_count_and_a_pass_is_none() -> None:
    predictions = [past("OVER", "win", 0.9), past("UNDER", "loss", -1.0), past("OVER", "void", 0.0)]
    counted = record([*predictions, past("PASS", "win", None), past("OVER", "push", 0.0)])
    assert (counted.picks, counted.decided, counted.wins, round(counted.profit, 2)) == (4, 2, 1, -0.1)


def test_the_terms_of_a_prediction_are_drawn_from_the_middle() -> None:
    base, up, down = terms(["19.8 own scoring so far", "+4.0 mean points", "-2.0 minutes, 7 days"])
    assert (base.points, base.name, base.bar) == (19.8, "own scoring so far", "")
    assert (up.points, down.points, down.name) == (4.0, -2.0, "minutes, 7 days")
    assert 'x="50.0%" width="50.0%"' in up.bar
    assert 'x="25.0%" width="25.0%"' in down.bar


def test_games_are_counted_against_the_line_and_a_push_is_neither() -> None:
    figure = games_figure("games", [(DAY, 21, None), (DAY, 20, 18.5), (DAY, 7, None)], 20.0)
    assert "Over 20 in 1 of 3 games." in figure
    assert [figure.count(f'class="{kind}"') for kind in ("over", "under", "game", "closing")] == [1, 1, 1, 1]


def test_before_the_games_a_page_shows_the_prediction(evening_exports: ExportStore) -> None:
    publish_site(evening_exports)
    page = html(evening_exports, f"site/players/{CURRY}.html")
    assert "Fri, Mar 29, 2024: at CHA, 19:00 ET" in page
    assert "P(over) at every half point" in page
    assert "Scored" not in page


def test_a_graded_prediction_is_shown_with_its_result(morning_exports: ExportStore) -> None:
    path = f"v1/tonight/player/{CURRY}.json"
    exported = json.loads(morning_exports.read(path) or b"")
    graded = past("UNDER", "win", 1.1).model_dump(mode="json")
    graded |= {"game_id": exported["player"]["game_id"], "actual_points": 23}
    game = dict.fromkeys(PlayedGame.model_fields) | {"season": "2023-24", "team": "GSW", "opponent": "CHA"}
    game |= {"game_id": graded["game_id"], "game_date": str(DAY), "points": 23, "home": False}
    exported |= {"past_picks": [graded], "recent_games": [{**game, "minutes": 32.0, "fga": 18, "fta": 1}]}
    morning_exports.write_if_changed(path, json.dumps(exported).encode())
    publish_site(morning_exports)
    page = html(morning_exports, f"site/players/{CURRY}.html")
    assert "Scored <b>23</b>" in page
    assert "1 of 1 won" in page
    assert "against the line" not in page  # the game itself is none of those before it


def write_index(store: ExportStore, last_games: dict[str, date]) -> None:
    """Export an index of these players."""
    path = "v1/players/index.json"
    exported = json.loads(store.read(path) or b"")
    means = {"team": "GSW", "games": 1, "points": 9.0, "minutes": 9.0}
    exported["players"] = [
        {"player_id": player_id, "player_name": f"Player {player_id}", "last_game": str(last_game), **means}
        for player_id, last_game in last_games.items()
    ]
    store.write_if_changed(path, json.dumps(exported).encode())


@pytest.mark.parametrize("later", [date(2024, 3, 30), date(2024, 3, 29)])
def test_a_day_renders_the_players_of_tonight_and_of_the_last_games(morning_exports: ExportStore, later: date) -> None:
    """The page of a player who played last would otherwise show his old prediction as the next one."""
    write_index(morning_exports, {"1": DAY, "2": date(2024, 3, 1)})
    for player_id in ("1", "2"):
        morning_exports.write_if_changed(f"v1/players/{player_id}.json", b"{}")
    written = publish_site(morning_exports, later)
    assert {f"site/players/{CURRY}.html", "site/players/1.html"} <= set(written)
    assert "site/players/2.html" not in written
    assert "cannot be read" in html(morning_exports, "site/players/1.html")


def test_the_index_has_every_player_and_links_those_with_a_page(morning_exports: ExportStore) -> None:
    write_index(morning_exports, {CURRY: DAY, "2": date(2024, 3, 1)})
    publish_site(morning_exports)
    page = html(morning_exports, "site/players.html")
    assert page.count("<tr data-item") == 2
    assert f'<a href="players/{CURRY}.html">Player {CURRY}</a>' in page
    assert '<th scope="row">Player 2</th>' in page
