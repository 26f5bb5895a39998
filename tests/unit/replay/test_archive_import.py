"""Importing a small handmade folder of past seasons with two games, the second with overtime."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tipoff.errors import ArchiveError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.__main__ import main
from tipoff.replay.archive.importing import Imported, import_folder
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.writer import write_archive

Row = dict[str, Any]

COUNTS = ("FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB", "REB", "AST", "STL", "BLK", "TOV", "PF")
OPENING, CUP_NIGHT = "0023000001", "0023000002"


def name_of(player: str) -> str:
    return f"Player {chr(64 + int(player))}"


def player_game(game_id: str, player: str, team: str, opponent: str, points: int, **more: Any) -> Row:
    day = "2030-11-01" if game_id == OPENING else "2030-11-02"
    home = team in ("BOS", "PHX")
    return {
        **dict.fromkeys(COUNTS, 0),
        "GAME_ID": game_id,
        "GAME_DATE": day,
        "SEASON": "2030-31",
        "PLAYER_NAME": name_of(player),
        "PLAYER_ID": int(player),
        "TEAM_ABBREVIATION": team,
        "OPP_ABBREVIATION": opponent,
        "HOME": int(home),
        "PTS": points,
        "FGM": points // 2,
        "PLUS_MINUS": 0,
        "MIN": 120,
        "MIN_EXACT": 120.0,
        "STARTER": 1,
        "BREF_ID": f"ref{player}",
        "NEUTRAL_SITE": 0,
        "USG_PCT": 20.0,
        **more,
    }


def season() -> list[Row]:
    return [
        player_game(OPENING, "1", "BOS", "BKN", 60),
        player_game(OPENING, "2", "BOS", "BKN", 50),
        player_game(OPENING, "3", "BKN", "BOS", 99),
        player_game(OPENING, "4", "BKN", "BOS", 2),
        player_game(CUP_NIGHT, "5", "PHX", "LAC", 101, MIN_EXACT=145.0, MIN=133),
        player_game(CUP_NIGHT, "6", "PHX", "LAC", 1, MIN_EXACT=119.9, MIN=132),
        player_game(CUP_NIGHT, "7", "LAC", "PHX", 100, MIN_EXACT=None, MIN=133),
        player_game(CUP_NIGHT, "8", "LAC", "PHX", 0, MIN_EXACT=None, MIN=133),
    ]


def quote(player: str, snapshot: str, **more: Any) -> Row:
    return {
        "event_id": "e2",
        "commence_time": "2030-11-03T02:10:00Z",
        "snapshot": snapshot,
        "book": "betmgm",
        "home_team": "Phoenix Suns",
        "away_team": "Los Angeles Clippers",
        "player": player,
        "line": 20.5,
        "over_price": -110.0,
        "under_price": -110.0,
        "game_date": "2030-11-02",
        "player_id": 5.0,
        "actual_pts": 101.0,
        "actual_min": 53.0,
        "team": "PHX",
        "game_id": CUP_NIGHT,
        "season_type": "Regular Season",
        "pregame": True,
        **more,
    }


def book_line(**more: Any) -> Row:
    return {
        "snapshot": "2030-11-01T11:55:00Z",
        "event_id": "e1",
        "commence_time": "2030-11-01T23:10:00Z",
        "home_team": "Boston Celtics",
        "away_team": "Brooklyn Nets",
        "book": "betmgm",
        "last_update": "2030-11-01T11:50:00Z",
        "total": 220.5,
        "total_price_over": -110.0,
        "total_price_under": -110.0,
        "spread_home": -7.5,
        "spread_price_home": -108.0,
        "spread_price_away": -112.0,
        "ml_home": -300.0,
        "ml_away": 250.0,
        **more,
    }


def listed(game: str, team: str, player: str, status: str, name: str | None = None) -> Row:
    return {
        "bref_game": game,
        "team": team,
        "bref_id": f"ref{player}",
        "status": status,
        "player": name or name_of(player),
    }


def official_game(game: str, when: str, arena: str) -> Row:
    return {"bref_game": game, "when": when, "arena": arena, "officials": "Ann Lee; Bo Ray; Cy Fox"}


def save(folder: Path, name: str, rows: Iterable[Row]) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(list(rows), infer_schema_length=None).write_parquet(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "past"
    save(folder, "player_games/player_game_logs_2030-31.parquet", season())
    save(folder, "player_props/points.parquet", [quote("P. Five", "2030-11-02T19:00:00Z")])
    save(folder, "game_lines/any_game_lines_by_book_x.parquet", [book_line()])
    closing = {
        "date": "2030-11-01",
        "HOME_ABBR": "BOS",
        "AWAY_ABBR": "BKN",
        "home_spread": -8.0,
        "total": 221.0,
    }
    save(folder, "game_lines/some_closing_lines.parquet", [closing])
    save(
        folder,
        "officials_and_inactives/any_games.parquet",
        [
            official_game("203011010BOS", "7:30 PM, November 1, 2030", "The Garden, Boston"),
            official_game("203011020PHO", "In-Season Tournament", "10:00 PM, November 2, 2030"),
        ],
    )
    save(
        folder,
        "officials_and_inactives/any_players.parquet",
        [
            listed("203011010BOS", "BOS", "1", "PLAYED"),
            listed("203011010BOS", "BRK", "3", "PLAYED"),
            listed("203011010BOS", "BRK", "4", "Did Not Play"),
            listed("203011020PHO", "PHO", "9", "INACTIVE", "Rookie Unseen"),
            listed("203011020PHO", "PHO", "6", "Player Suspended"),
        ],
    )
    shot = {"GAME_ID": OPENING, "PLAYER_ID": 1, "TEAM_ID": 1610612738, "SHOT_MADE": True}
    save(
        folder,
        "shots/shots.parquet",
        [
            {**shot, "SHOT_TYPE": "2PT Field Goal", "BASIC_ZONE": "Above the Break 3"},
            {**shot, "SHOT_TYPE": "3PT Field Goal", "BASIC_ZONE": "Mid-Range"},
            {**shot, "SHOT_TYPE": "3PT Field Goal", "BASIC_ZONE": "Right Corner 3", "SHOT_MADE": False},
        ],
    )
    return folder


Change = Callable[..., Imported]


@pytest.fixture
def imported_with(folder: Path) -> Change:
    """Imports the folder with the rows of one file replaced."""

    def change(name: str, rows: Iterable[Row]) -> Imported:
        save(folder, name, rows)
        return import_folder(folder)

    return change


def test_a_tip_off_is_the_earlier_of_the_official_and_the_odds_time(folder: Path) -> None:
    """Official 19:30, commence time 19:10 less ten minutes: the tip-off is 19:00 ET."""
    opening = import_folder(folder).frames["games"].row(0, named=True)
    assert opening["tip_off"] == datetime(2030, 11, 1, 23, 0, tzinfo=UTC)
    assert opening["tip_off_source"] == "odds"


def test_a_cup_game_has_its_time_in_the_arena_column(folder: Path) -> None:
    cup = import_folder(folder).frames["games"].row(1, named=True)
    assert cup["tip_off"] == datetime(2030, 11, 3, 2, 0, tzinfo=UTC)
    assert (cup["tip_off_source"], cup["arena"]) == ("official", None)


def test_the_newest_commence_time_quoted_before_the_start_counts(folder: Path, imported_with: Change) -> None:
    (folder / "officials_and_inactives/any_games.parquet").unlink()
    imported = imported_with(
        "game_lines/any_game_lines_by_book_x.parquet",
        [
            book_line(snapshot="2030-11-01T04:00:00Z", commence_time="2030-11-01T05:00:00Z"),
            book_line(snapshot="2030-11-01T11:55:00Z", commence_time="2030-11-02T00:00:00Z"),
            book_line(snapshot="2030-11-02T00:30:00Z", commence_time="2030-11-02T00:12:00Z"),
        ],
    )
    assert imported.frames["games"]["tip_off"][0] == datetime(2030, 11, 2, 0, 0, tzinfo=UTC)


def test_a_game_without_a_recorded_time_gets_an_estimated_tip_off(folder: Path) -> None:
    (folder / "officials_and_inactives/any_games.parquet").unlink()
    (folder / "game_lines/any_game_lines_by_book_x.parquet").unlink()
    imported = import_folder(folder)
    opening = imported.frames["games"].row(0, named=True)
    assert opening["tip_off"] == datetime(2030, 11, 1, 23, 30, tzinfo=UTC)  # 19:30 EDT
    assert opening["tip_off_source"] == "estimated"
    assert "tip-offs of 1 game (19:30 ET is assumed)" in imported.missing


def test_overtime_is_derived_from_minutes_and_team_minutes_are_exact(folder: Path) -> None:
    """264.9 exact minutes on one side and 266 rounded ones on the other are one overtime, 265 minutes."""
    frames = import_folder(folder).frames
    assert frames["games"]["overtime_periods"].to_list() == [0, 1]
    assert frames["team_box"].select("team", "minutes", "win", "plus_minus").rows() == [
        ("BKN", 240.0, False, -9),
        ("BOS", 240.0, True, 9),
        ("LAC", 265.0, False, -2),
        ("PHX", 265.0, True, 2),
    ]


def test_statuses_are_normalized_and_unknown_players_have_a_name_but_no_id(
    folder: Path,
) -> None:
    rows = import_folder(folder).frames["availability"].select("team", "player_id", "player_name", "status", "reason")
    assert sorted(rows.rows(), key=str) == [
        ("BKN", "3", "Player C", "PLAYED", None),
        ("BKN", "4", "Player D", "DNP", None),
        ("BOS", "1", "Player A", "PLAYED", None),
        ("PHX", "6", "Player F", "SUSPENDED", "League Suspension"),
        ("PHX", None, "Rookie Unseen", "INACTIVE", None),
    ]


def test_a_listed_player_without_reference_id_is_matched_by_name(
    imported_with: Change,
) -> None:
    without_reference = [{k: v for k, v in row.items() if k != "BREF_ID"} for row in season()]
    imported = imported_with("player_games/player_game_logs_2030-31.parquet", without_reference)
    assert imported.frames["availability"]["player_id"].drop_nulls().sort().to_list() == ["1", "3", "4", "6"]


def test_shots_are_counted_in_the_zones_of_their_points(folder: Path) -> None:
    """Twos above the break count as mid-range, threes in mid-range as corner threes."""
    zones = import_folder(folder).frames["shots_by_zone"].select("zone", "made", "attempts")
    assert zones.rows() == [("corner_three", 1, 2), ("mid_range", 1, 1)]


def test_results_joined_to_the_props_are_not_imported(folder: Path) -> None:
    """Neither columns nor values: the same lines are imported with other results in those columns."""
    expected = import_folder(folder).frames["prop_lines"]
    other_results = {"player_id": 8.0, "actual_pts": 0.0, "actual_min": 1.0, "team": "LAC", "game_id": OPENING}
    save(folder, "player_props/points.parquet", [quote("P. Five", "2030-11-02T19:00:00Z", **other_results)])
    imported = import_folder(folder).frames["prop_lines"]
    assert imported.equals(expected)
    assert not {"player_id", "actual_pts", "actual_min", "team", "season_type"} & set(expected.columns)
    assert expected["game_id"].to_list() == [CUP_NIGHT]


def test_a_file_that_is_no_parquet_is_named_and_nothing_is_imported(folder: Path) -> None:
    (folder / "player_props/points.parquet").write_text("moved to another place")
    with pytest.raises(ArchiveError, match=r"points\.parquet cannot be read as Parquet .*nothing was imported"):
        import_folder(folder)


def test_prop_files_with_different_columns_are_merged_and_a_missing_snapshot_time_is_reported(
    folder: Path,
) -> None:
    pick = quote("Player G", "", book="PrizePicks")
    save(
        folder,
        "player_props/pickem.parquet",
        [
            {k: v for k, v in {**pick, "line": line}.items() if k not in ("snapshot", "pregame")}
            for line in (20.5, 21.5)
        ],
    )
    imported = import_folder(folder)
    by_book = {row["book"]: row for row in imported.frames["prop_lines"].iter_rows(named=True)}
    assert by_book["prizepicks"]["snapshot_at"] == datetime(2030, 11, 3, 1, 10, tzinfo=UTC)
    assert by_book["prizepicks"]["snapshot_source"] == "estimated"
    assert by_book["betmgm"]["snapshot_source"] == "provider"
    assert "snapshot times of 2 prop lines (an hour before the start is assumed)" in imported.missing


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"home_team": "Seattle SuperSonics"}, "unknown team"),
        ({"commence_time": "tonight"}, "unreadable time"),
        ({"commence_time": "2030-11-02T02:10:00Z"}, "no such game on that date (postponed or Cup final)"),
        ({"commence_time": "2030-11-20T02:10:00Z"}, "play-in or playoffs"),
        ({"commence_time": "2029-11-03T02:10:00Z"}, "season not among the player games"),
        ({"line": None}, "no player or line"),
        ({"over_price": None, "under_price": None}, "no price"),
        ({}, "repeated quote"),
    ],
)
def test_a_rejected_quote_is_counted_by_reason(imported_with: Change, more: Row, reason: str) -> None:
    valid = quote("P. Five", "2030-11-02T19:00:00Z")
    imported = imported_with("player_props/points.parquet", [valid, valid | more])
    assert imported.rejected["prop_lines"] == {reason: 1}
    assert imported.rows_in["prop_lines"] == 2
    assert imported.frames["prop_lines"].height == 1


def test_one_sided_alternate_and_in_play_quotes_are_imported(imported_with: Change) -> None:
    snapshot = "2030-11-02T19:00:00Z"
    rows = [
        quote("P. Five", snapshot),
        quote("P. Five", snapshot, line=30.5),
        quote("P. Six", snapshot, under_price=None),
        quote("P. Five", "2030-11-03T03:00:00Z", line=11.0, pregame=False),
    ]
    imported = imported_with("player_props/points.parquet", rows)
    assert imported.frames["prop_lines"].height == 4
    assert not imported.rejected["prop_lines"]


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (season()[:1], "repeated player in a game"),
        ([player_game(OPENING, "9", "XXX", "BOS", 3)], "unknown team"),
        ([player_game(OPENING, "9", "BOS", "BKN", 3, PTS=None)], "no name, minutes, side or count"),
        ([player_game("0023000003", "9", "BOS", "BKN", 3)], "game without a home and an away team"),
    ],
)
def test_a_rejected_player_game_is_counted_by_reason(imported_with: Change, extra: list[Row], reason: str) -> None:
    imported = imported_with("player_games/player_game_logs_2030-31.parquet", season() + extra)
    assert imported.rejected["player_box"] == {reason: 1}
    assert imported.frames["player_box"].height == len(season())


def test_a_game_at_a_neutral_site_keeps_its_home_team(imported_with: Change) -> None:
    rows = [row | {"NEUTRAL_SITE": 1} for row in season()]
    games = imported_with("player_games/player_game_logs_2030-31.parquet", rows).frames["games"]
    assert games.select("home", "neutral_site").rows() == [("BOS", True), ("PHX", True)]


@pytest.mark.parametrize(
    ("absent", "table"),
    [
        ("shots", "shots_by_zone"),
        ("player_props", "prop_lines"),
        ("game_lines", "game_lines"),
        ("game_lines", "closing_lines"),
        ("officials_and_inactives", "officials"),
        ("officials_and_inactives", "availability"),
    ],
)
def test_an_absent_folder_is_reported_and_the_rest_is_imported(
    folder: Path, tmp_path: Path, absent: str, table: str
) -> None:
    for file in (folder / absent).iterdir():
        file.unlink()
    (folder / absent).rmdir()
    assert main(["import", str(folder), "--to", str(tmp_path / "archive")]) == 0
    archive = Archive(tmp_path / "archive")
    assert getattr(archive, table).is_empty()
    assert archive.games.height == 2
    assert f"2030-31: no {table} for 2 of 2 games" in archive.missing
    assert any(text.startswith(f"no files {absent}/") for text in archive.missing)


def test_an_additional_season_is_imported_with_the_others(folder: Path) -> None:
    later = [row | {"SEASON": "2031-32", "GAME_DATE": "2031-11-01", "GAME_ID": "0023100001"} for row in season()[:4]]
    save(folder, "player_games/player_game_logs_2031-32.parquet", later)
    imported = import_folder(folder)
    assert imported.frames["games"]["season"].to_list() == ["2030-31", "2030-31", "2031-32"]
    assert "2031-32: no availability for 1 of 1 game" in imported.missing
    known = imported.frames["players"].filter(pl.col("player_id") == "1").row(0, named=True)
    assert (known["first_season"], known["last_season"]) == ("2030-31", "2031-32")


def test_the_import_report_has_rows_in_out_and_rejected_by_reason(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder, "player_props/points.parquet", [quote("A", "2030-11-02T19:00:00Z", home_team="Nobody")])
    save(folder, "game_lines/notes.parquet", [{"anything": 1}])
    assert main(["import", str(folder), "--to", str(tmp_path / "archive")]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "player_box 8 8 0" in lines
    assert lines[lines.index("prop_lines 1 0 1") + 1] == "1 unknown team"
    assert "not read: game_lines/notes.parquet" in lines


@pytest.mark.parametrize("problem", ["no folder", "no player games", "missing columns", "not Parquet"])
def test_an_import_failure_is_explained_without_a_traceback(
    folder: Path, tmp_path: Path, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    games = folder / "player_games/player_game_logs_2030-31.parquet"
    match problem:
        case "no folder":
            folder = tmp_path / "nowhere"
        case "no player games":
            games.unlink()
        case "missing columns":
            pl.read_parquet(games).drop("PTS", "HOME").write_parquet(games)
        case _:
            games.write_text("not Parquet")
    assert main(["import", str(folder), "--to", str(tmp_path / "archive")]) == 2
    printed = capsys.readouterr().err
    named = {"missing columns": "HOME, PTS", "no folder": "nowhere"}.get(problem, "player_game")
    assert printed.startswith("error: ")
    assert named in printed
    assert not (tmp_path / "archive").exists()


def test_an_archive_is_replaced_completely_and_a_foreign_folder_is_not_touched(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    assert main(["import", str(folder), "--to", str(target)]) == 0
    assert main(["import", str(folder), "--to", str(target)]) == 0
    assert {file.name for file in target.iterdir()} == {"archive.json"} | {f"{name}.parquet" for name in TABLES}
    assert main(["import", str(folder), "--to", str(folder)]) == 2
    assert not (folder / "archive.json").exists()


def test_files_of_a_killed_import_do_not_stop_the_next_import(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    (target / ".writing").mkdir(parents=True)
    for unfinished in (target / "games.parquet", target / ".writing" / "archive.json"):
        unfinished.write_bytes(b"half")
    with pytest.raises(ArchiveError, match="is not an archive"):
        Archive(target)
    assert main(["import", str(folder), "--to", str(target)]) == 0
    assert {file.name for file in target.iterdir()} == {"archive.json"} | {f"{name}.parquet" for name in TABLES}
    assert Archive(target).games.height > 0


def test_an_empty_folder_is_not_an_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not an archive"):
        Archive(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("games.parquet", b"PAR1 and nothing else", "damaged"),
        ("games.parquet", None, "no table games"),
        ("archive.json", b"{", "damaged"),
        ("archive.json", b"newer", "format 99"),
    ],
)
def test_a_damaged_or_newer_archive_is_rejected_with_the_reason(
    folder: Path, tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    target = tmp_path / "archive"
    imported = import_folder(folder)
    write_archive(target, imported.frames, source="import", missing=imported.missing)
    if content is None:
        (target / file).unlink()
    elif content == b"newer":
        manifest = json.loads((target / file).read_text())
        (target / file).write_text(json.dumps(manifest | {"format": 99}))
    else:
        (target / file).write_bytes(content)
    with pytest.raises(ArchiveError, match=message):
        _ = Archive(target).games


def test_the_slate_of_a_date_is_its_eastern_games(folder: Path, tmp_path: Path) -> None:
    """The Cup game tips off at 02:00 UTC of the next date but belongs to the Eastern date before."""
    imported = import_folder(folder)
    write_archive(tmp_path / "archive", imported.frames, source="import", missing=imported.missing)
    archive = Archive(tmp_path / "archive")
    assert archive.slate(date(2030, 11, 2))["game_id"].to_list() == [CUP_NIGHT]
    assert archive.slate(date(2030, 11, 3)).is_empty()
