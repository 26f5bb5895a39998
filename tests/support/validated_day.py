"""A date with two games as its tables and exports hold it at a time, small enough to damage each part."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import polars as pl

from tests.support.rows import rows_of
from tests.support.unchecked import implausible_rows
from tipoff.publishing.registry import EXPORTS
from tipoff.publishing.store import ExportStore
from tipoff.systems.registry import SYSTEMS
from tipoff.validation.published import PublishedFile
from tipoff.validation.records import (
    ACTIVE_PREDICTIONS,
    BEST_BETS_EXPORT,
    LATEST_BETS_EXPORT,
    LATEST_RESULTS_EXPORT,
    PREDICTIONS_EXPORT,
    RESULTS_EXPORT,
    RUNS,
    SCHEDULE,
    SUMMARY_EXPORT,
    TABLES_OF_A_DATE,
    TODAY_EXPORT,
    DayRecords,
    export_path,
)
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
GAMES = {"0022301062": ("GSW", "CHA", 19), "0022301066": ("LAC", "ORL", 22)}
"""Game -> away, home, Eastern hour of its tip-off."""
SIDES = ("away", "home")
Row = dict[str, Any]
PLAYERS = range(9)
POINTS = 14


def at(hour: float) -> datetime:
    """An Eastern time of the date; hours over 24 are of the next one."""
    return eastern(DAY, 0) + timedelta(hours=hour)


def day_at(hour: float) -> DayRecords:
    """The records of a healthy day at an Eastern hour: what a day has stored by then."""
    tables = {name: rows for name, rows in _tables().items() if _STORED_AT.get(name, 0) <= hour}
    tables["predictions"] = tables.get("predictions", rows_of("predictions", []))
    empty = {name: rows_of(name, []) for name in (*TABLES_OF_A_DATE, SCHEDULE, RUNS)}
    all_tables = {**empty, **tables}
    all_tables[ACTIVE_PREDICTIONS] = all_tables["predictions"]
    exports = _exports(all_tables, hour)
    files = tuple(PublishedFile(export_path(name, DAY)) for name in exports)
    return DayRecords(game_date=DAY, as_of=at(hour), tables=all_tables, exports=exports, files=files)


_STORED_AT = {
    SCHEDULE: 5,
    "raw_players": 6.5,
    "raw_rosters": 7,
    "raw_injuries": 8,
    "raw_game_lines": 10,
    "raw_player_props": 10,
    **dict.fromkeys(("upcoming_team_game_context", "upcoming_player_game_context", "ml_feature_store"), 13.25),
    "predictions": 13.25,
    **dict.fromkeys(("raw_scoreboard", "raw_player_boxscores"), 24.75),
    **dict.fromkeys(("team_offense_game_summary", "player_game_summary", "prediction_accuracy"), 25),
}
"""Table -> Eastern hour at which a day has its rows."""


def with_rows(records: DayRecords, table: str, condition: pl.Expr | None = None, **values: Any) -> DayRecords:
    """The records with other values in the rows of a table that a condition selects."""
    selected = pl.lit(value=True) if condition is None else condition
    changes = {name: pl.when(selected).then(pl.lit(value)).otherwise(pl.col(name)) for name, value in values.items()}
    return with_table(records, table, records.tables[table].with_columns(**changes))


def without_rows(records: DayRecords, table: str, condition: pl.Expr | None = None) -> DayRecords:
    """The records without the rows of a table that a condition selects; without one, without all."""
    kept = records.tables[table].filter(~condition) if condition is not None else records.tables[table].clear()
    return with_table(records, table, kept)


def with_table(records: DayRecords, table: str, rows: pl.DataFrame) -> DayRecords:
    """The records with other rows of a table."""
    tables = {**records.tables, table: rows}
    if table == "predictions":
        tables[ACTIVE_PREDICTIONS] = rows
    return replace(records, tables=tables)


def with_export(records: DayRecords, name: str, **fields: Any) -> DayRecords:
    """The records with other fields in an export."""
    return replace(records, exports={**records.exports, name: {**records.exports[name], **fields}})


def without_export(records: DayRecords, name: str) -> DayRecords:
    """The records without an export."""
    return replace(records, exports={path: export for path, export in records.exports.items() if path != name})


def store_day(records: DayRecords, warehouse: Warehouse, store: ExportStore) -> None:
    """Write the records to a warehouse and an export store, with schemas that allow everything."""
    with implausible_rows():
        for name, rows in records.tables.items():
            if name in TABLES and TABLES[name].append_only:
                warehouse.append(name, rows)
            elif name in TABLES:
                warehouse.replace(name, rows, {})
    for declared in EXPORTS:
        store.write_once(declared.schema_path, b"{}")
    for name, export in records.exports.items():
        content = json.dumps(export, default=str).encode()
        store.write_if_changed(export_path(name, records.game_date), content)


@cache
def _tables() -> dict[str, pl.DataFrame]:
    games = [_game(game_id, *game) for game_id, game in GAMES.items()]
    of_game = ("game_date", "game_id", "season", "tip_off")
    sides = [{name: game[name] for name in of_game} | {"team": game[side]} for game in games for side in SIDES]
    players = [
        {**side, "player_id": f"{side['team']}{number}", "player_name": f"{side['team']} Player {number}"}
        for side in sides
        for number in PLAYERS
    ]
    rows = {**_rows_of_games(games, sides), **_rows_of_players(players), RUNS: [{"game_date": DAY - timedelta(days=1)}]}
    return {name: _frame(name, of_table) for name, of_table in rows.items()}


def _rows_of_games(games: list[Row], sides: list[Row]) -> dict[str, list[Row]]:
    scores = {"status": "final", "home_points": len(PLAYERS) * POINTS, "away_points": len(PLAYERS) * POINTS}
    return {
        SCHEDULE: games,
        "raw_injuries": [{**side, "player_id": side["team"], "status": "Submitted"} for side in sides],
        "raw_game_lines": [{**game, "total": 220.5} for game in games],
        "raw_scoreboard": [{**game, **scores} for game in games],
        "team_offense_game_summary": sides,
        "upcoming_team_game_context": sides,
    }


def _rows_of_players(players: list[Row]) -> dict[str, list[Row]]:
    quotes = {"line": 13.5, "over_price_american": -110.0, "under_price_american": -110.0, "book": "fanduel"}
    predictions = [_prediction(player, system_id) for player in players for system_id in SYSTEMS]
    return {
        "raw_players": players,
        "raw_rosters": players,
        "raw_player_props": [{**player, **quotes} for player in players],
        "raw_player_boxscores": [{**player, "minutes": 30.0, "points": POINTS} for player in players],
        "player_game_summary": players,
        "upcoming_player_game_context": players,
        "ml_feature_store": [{**player, "eligible": True} for player in players],
        "predictions": predictions,
        "prediction_accuracy": [{**row, "grade": "win", "actual_points": POINTS} for row in predictions],
    }


def _frame(table: str, rows: list[Row]) -> pl.DataFrame:
    names = set(TABLES[table].column_names)
    as_of = {"as_of": at(_STORED_AT.get(table, 5))} if "as_of" in names else {}
    return rows_of(table, [{name: value for name, value in row.items() if name in names} for row in rows], **as_of)


def _game(game_id: str, away: str, home: str, tip_off: int) -> Row:
    game = {"game_date": DAY, "game_id": game_id, "away": away, "home": home, "tip_off": at(tip_off)}
    return {**game, "season": "2023-24", "season_type": "regular", "status": "scheduled"}


def _prediction(player: Row, system_id: str) -> Row:
    return {
        **player,
        "prediction_id": f"{player['player_id']} {system_id}",
        "system_id": system_id,
        "points": 14.25,
        "line": 13.5,
        "line_as_of": at(10),
        "lean": "OVER",
        "recommendation": "OVER",
    }


def _exports(tables: dict[str, pl.DataFrame], hour: float) -> dict[str, Row]:
    if hour < 5:
        return {}
    envelope = {"game_date": DAY.isoformat(), "status": "complete"}
    games = [{"game_id": game_id} for game_id in GAMES]
    predictions, graded = tables["predictions"].to_dicts(), tables["prediction_accuracy"].to_dicts()
    published: Row = {**envelope, "games": games, "players": [{"systems": [row]} for row in predictions]}
    bets: Row = {**envelope, "bets": [{"prediction_id": "GSW0 ensemble_v1", "team": "GSW"}] if predictions else []}
    exports = {PREDICTIONS_EXPORT: published, TODAY_EXPORT: published}
    if predictions:
        exports |= {BEST_BETS_EXPORT: bets, LATEST_BETS_EXPORT: bets}
    if graded:
        results = {**envelope, "players": [{"systems": [row]} for row in graded]}
        summary = {**envelope, "systems": {"all": {"model": {"outcomes": {"win": len(graded)}}}}}
        exports |= {RESULTS_EXPORT: results, LATEST_RESULTS_EXPORT: results, SUMMARY_EXPORT: summary}
    return exports
