"""A generated league, small enough for the reference evaluator and full of edge cases.

It has ties, missing and one-sided quotes, alternate and in-play lines, several books and snapshots, changing injury
reports, players who move, overtime, zero minutes, two seasons, a postponed game, a day without team totals, and a game
of that day with an unresolved name.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tipoff.vocabulary import eastern, season_of

Row = dict[str, Any]

TEAMS = ("ATL", "BOS", "CHA", "DEN")
PLAYERS = {f"{team}{number}": team for team in TEAMS for number in range(3)}
BOOKS = ("bovada", "draftkings", "fanduel", "pinnacle")
DAYS = (
    *(date(2023, 4, day) for day in (5, 7, 8)),
    *(date(2024, 3, day) for day in (20, 21, 23, 26, 28, 29)),
)
TONIGHT = DAYS[-1]


def small_league(seed: int) -> dict[str, list[Row]]:
    """Return raw rows of every table the transforms read; the same seed gives the same league."""
    generator = random.Random(seed)
    games = [game for day in DAYS for game in _games(generator, day)]
    played = [game for game in games if game["game_date"] < TONIGHT]
    boxes = [box for game in played for box in _boxes(generator, game)]
    seeded = random.Random(seed)  # of its own, so that the other rows stay what they were
    return {
        # one day of the season has box scores only
        "raw_schedule": [game for game in games if game["game_date"] != DAYS[3]],
        "raw_player_boxscores": boxes,
        "raw_team_boxscores": _team_boxes(boxes, [game for game in played if game["game_date"] != DAYS[4]]),
        "unresolved_players": [_unresolved(game) for game in _on(games, DAYS[4])[1:]],
        "raw_shots": _rows_of(_shots_of, seeded, boxes),
        "raw_gamebook_players": _rows_of(_gamebook_of, seeded, boxes),
        "raw_rosters": _rosters(generator),
        "raw_players": [
            {**_player(player), "game_date": TONIGHT, "team": team, **_origin(9)} for player, team in PLAYERS.items()
        ],
        "raw_injuries": _rows_of(_injuries, generator, _on(games, TONIGHT)),
        "raw_game_lines": _rows_of(_game_lines, generator, games),
        "raw_player_props": _rows_of(_props, generator, games),
    }


def _rows_of(
    rows_of: Callable[[random.Random, Row], list[Row]], generator: random.Random, given: list[Row]
) -> list[Row]:
    return [row for each in given for row in rows_of(generator, each)]


def _on(games: list[Row], day: date) -> list[Row]:
    return [game for game in games if game["game_date"] == day]


def _games(generator: random.Random, day: date) -> list[Row]:
    teams = generator.sample(TEAMS, 4)
    return [
        {
            "game_date": day,
            "game_id": f"{'006' if (day, number) == (DAYS[4], 0) else '002'}{day:%m%d}{number:03d}",
            "season": season_of(day),
            "season_type": "regular",
            "home": teams[2 * number],
            "away": teams[2 * number + 1],
            "tip_off": eastern(day, 19 + number),
            "status": "postponed" if (day, number) == (DAYS[5], 1) else "final",
            "neutral_site": False,
            **_origin(6, day),
        }
        for number in range(2)
    ]


def _origin(hour: int, day: date = TONIGHT, source: str = "primary") -> Row:
    return {"source": source, "as_of": eastern(day, hour)}


def _player(player: str) -> Row:
    return {"player_id": player, "player_name": f"Player {player}", "position": None}


def _boxes(generator: random.Random, game: Row) -> list[Row]:
    overtime = generator.choice((0, 0, 1))
    return [
        _box(generator, game, player, team, overtime)
        for player, team in PLAYERS.items()
        if team in (game["home"], game["away"]) and game["status"] == "final"
    ]


def _box(generator: random.Random, game: Row, player: str, team: str, overtime: int) -> Row:
    home = team == game["home"]
    minutes = generator.choice((0.0, generator.uniform(1, 9))) if player.endswith("2") else 120.0 + 25 * overtime / 2
    shots = _shots(generator) if minutes else dict.fromkeys(_shots(generator), 0)
    return {
        **{name: game[name] for name in ("game_date", "game_id", "season")},
        **{name: value for name, value in _player(player).items() if name != "position"},
        "team": team,
        "opponent": game["away"] if home else game["home"],
        "home": home,
        "minutes": minutes,
        **shots,
        "plus_minus": None,
        **_origin(8, game["game_date"] + timedelta(days=1), generator.choice(("primary", "fallback"))),
    }


def _unresolved(game: Row) -> Row:
    named = {name: game[name] for name in ("game_date", "game_id")}
    return {
        **named,
        "team": game["home"],
        "player_name": "A. Nobody",
        "candidates": "",
        **_origin(8, source="fallback"),
    }


def _shots(generator: random.Random) -> Row:
    names = ["fgm", "fg3m", "ftm", "oreb", "dreb", "reb", "ast", "stl", "blk", "tov", "pf"]
    counts = {name: generator.randint(0, 9) for name in names}
    attempts = {
        "fga": counts["fgm"] + generator.randint(0, 8),
        "fg3a": counts["fg3m"],
        "fta": counts["ftm"] + generator.randint(0, 2),
    }
    return {**counts, **attempts, "points": 2 * counts["fgm"] + counts["fg3m"] + counts["ftm"]}


def _shots_of(generator: random.Random, box: Row) -> list[Row]:
    """Return the shots of a box score; sometimes none, one too few, or one with an unresolved name."""
    if generator.random() < 0.2:
        return []
    zones = ("restricted_area", "paint", "mid_range", "corner_three", "above_break_three", "backcourt")
    count = box["fga"] - (generator.random() < 0.1)
    return [
        {
            **{name: box[name] for name in ("game_date", "game_id", "player_name", "team")},
            "shot_number": int(f"{TEAMS.index(box['team']) + 1}{box['player_id'][-1]}{number:03}"),
            "period": 1,
            "player_id": None if generator.random() < 0.02 else box["player_id"],
            "zone": (zone := generator.choice(zones)),
            "made": generator.random() < 0.5,
            "worth": 2 if zones.index(zone) < 3 else 3,
            "assisted": generator.random() < 0.5,
            **_origin(8, box["game_date"] + timedelta(days=1), generator.choice(("primary", "fallback"))),
        }
        for number in range(count)
    ]


def _gamebook_of(generator: random.Random, box: Row) -> list[Row]:
    """Return the gamebook's row of a box score; sometimes none."""
    row = {
        **{name: box[name] for name in ("game_date", "game_id", "player_id", "team", "player_name", "points")},
        "status": "played",
        "reason": None,
        "starter": box["player_id"][-1] != "2",
        "minutes": box["minutes"] + generator.choice((0.0, 0.25)),
        **_origin(9, box["game_date"] + timedelta(days=1)),
    }
    return [row] if generator.random() < 0.8 else []


def _team_boxes(boxes: list[Row], games: list[Row]) -> list[Row]:
    return [_team_box(boxes, game, side) for game in games for side in ("home", "away")]


def _team_box(boxes: list[Row], game: Row, side: str) -> Row:
    team = game[side]
    opponent = game["away" if side == "home" else "home"]
    ours = [box for box in boxes if box["game_id"] == game["game_id"] and box["team"] == team]
    theirs = [box for box in boxes if box["game_id"] == game["game_id"] and box["team"] == opponent]
    counts = [name for name, value in _shots(random.Random(0)).items() if isinstance(value, int)]
    totals = {name: sum(box[name] for box in ours) for name in counts}
    return {
        **{name: game[name] for name in ("game_date", "game_id", "season")},
        "team": team,
        "opponent": opponent,
        "home": side == "home",
        "win": totals["points"] > sum(box["points"] for box in theirs),
        "minutes": sum((box["minutes"] for box in ours), 0.0),
        **totals,
        **_origin(8, game["game_date"] + timedelta(days=1)),
    }


def _rosters(generator: random.Random) -> list[Row]:
    """One team has no roster, and one player is on two rosters."""
    listed = [(player, team) for player, team in PLAYERS.items() if team != TEAMS[0]]
    births = [date(1989, 3, 30), date(1994, 3, 29), None]
    return [
        {
            "game_date": TONIGHT,
            "team": team,
            **_player(player),
            "birth_date": births[number % 3],
            **_origin(generator.choice((8, 9))),
        }
        for number, (player, team) in enumerate([*listed, ("BOS0", "CHA")])
    ]


def _injuries(generator: random.Random, game: Row) -> list[Row]:
    statuses = ("Available", "Probable", "Questionable", "Doubtful", "Out", "Out")
    return [
        {
            **{name: game[name] for name in ("game_date", "game_id")},
            "team": team,
            **{name: value for name, value in _player(player).items() if name != "position"},
            "status": status,
            "reason": None,
            **_origin(hour, source=generator.choice(("primary", "fallback"))),
        }
        for hour in (11, 17, 23)
        for player, team, status in [
            *(
                (player, team, generator.choice(statuses))
                for player, team in PLAYERS.items()
                if generator.random() < 0.5
            ),
            *((team, team, generator.choice(("Submitted", "Not submitted"))) for team in TEAMS),
        ]
        if team in (game["home"], game["away"])
    ]


def _game_lines(generator: random.Random, game: Row) -> list[Row]:
    return [
        {
            **{name: game[name] for name in ("game_date", "game_id")},
            "event_id": "event",
            "book": book,
            "home_spread": generator.choice((None, -3.5, -3.0, 2.5)),
            "total": generator.choice((None, 220.5, 221.0, 222.5)),
            **dict.fromkeys(_GAME_PRICES),
            "last_update": None,
            "source": generator.choice(("primary", "fallback")),
            "as_of": as_of,
        }
        for as_of in _snapshots(game)
        for book in BOOKS
        if generator.random() < 0.8
    ]


_GAME_PRICES = (
    "home_spread_price_american",
    "away_spread_price_american",
    "over_price_american",
    "under_price_american",
    "home_moneyline_american",
    "away_moneyline_american",
)


def _props(generator: random.Random, game: Row) -> list[Row]:
    return [
        {
            **{name: game[name] for name in ("game_date", "game_id")},
            "event_id": "event",
            "book": book,
            "player_id": generator.choice((player, player, player, None)),
            "player_name": f"Player {player}",
            "line": line,
            "over_price_american": generator.choice((-110.0, -115.0, 100.0, 105.0, None)),
            "under_price_american": generator.choice((-110.0, -120.0, 100.0, -105.0, None)),
            "last_update": None,
            "source": generator.choice(("primary", "fallback")),
            "as_of": as_of,
        }
        for as_of in _snapshots(game)
        for player, team in PLAYERS.items()
        if team in (game["home"], game["away"]) and generator.random() < 0.7
        for book in BOOKS
        for line in generator.sample((17.5, 18.0, 18.5, 19.5), generator.randint(1, 2))
    ]


def _snapshots(game: Row) -> list[datetime]:
    """Return snapshots in the morning, an hour before tip-off, at tip-off and after it; the last two are too late."""
    tip_off: datetime = game["tip_off"]
    return [tip_off + timedelta(hours=hours) for hours in (-8, -1, 0, 1)]
