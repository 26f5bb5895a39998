"""An invented season: 8 games of BOS at LAL, in which Ada scores 20 or 10 and Bo 6; figures are computed by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli.commands import run
from tests.support.invented_archive import write_invented_archive
from tipoff.errors import ArchiveError, BadInputError
from tipoff.evaluation.evaluation import Evaluation, SystemEvaluation, evaluate_file
from tipoff.evaluation.page import render_evaluation
from tipoff.evaluation.prediction_file import COLUMNS
from tipoff.evaluation.tables import as_text
from tipoff.replay.archive import Archive
from tipoff.vocabulary import FEW_PICKS

FIRST = date(2023, 10, 24)
ADA, BO, CY = "1", "2", "3"
NAMES = {ADA: "Ada Byron", BO: "Bo Diddley", CY: "Cy Young"}
POINTS = {ADA: (20, 10, 20, 10, 20, 10, 20, 26), BO: (6, 6, 6, 6, 6, 6, 6, 6)}


def day(game: int) -> date:
    """A game every two days."""
    return FIRST + timedelta(days=2 * game)


def tip_off(game: int) -> datetime:
    return datetime(2023, 10, 25, 0, 30, tzinfo=UTC) + timedelta(days=2 * game)


def game_id(game: int) -> str:
    return f"00223000{game:02d}"


def quote(game: int, player: str, line: float, over: int = -110, under: int = -110, **changes: Any) -> dict[str, Any]:
    return {
        "game_id": game_id(game),
        "game_date": day(game),
        "book": "draftkings",
        "player_name": NAMES[player],
        "line": line,
        "over_price_american": over,
        "under_price_american": under,
        "snapshot_at": tip_off(game) - timedelta(hours=6),
        **changes,
    }


def archive(folder: Path, *quotes: dict[str, Any], games: int = 8) -> Archive:
    """Bo is on the court for seconds in the last game; Cy never plays."""
    box = [
        {
            "game_id": game_id(game),
            "game_date": day(game),
            "season": "2023-24",
            "player_id": player,
            "player_name": NAMES[player],
            "team": "LAL",
            "home": player == ADA,
            "minutes": 0.0 if (player, game) == (BO, 7) else 30.0 if player == ADA else 12.0,
            "points": POINTS[player][game],
        }
        for player in (ADA, BO)
        for game in range(games)
    ]
    return write_invented_archive(
        folder,
        games=[
            {
                "game_id": game_id(game),
                "season": "2023-24",
                "game_date": day(game),
                "tip_off": tip_off(game),
                "home": "LAL",
                "away": "BOS",
                "home_points": 100 if game < games else None,
                "away_points": 90 if game < games else None,
            }
            for game in range(8)
        ],
        player_box=box,
        players=[{"player_id": player, "player_name": name} for player, name in NAMES.items()],
        availability=[
            {"game_id": game_id(game), "game_date": day(game), "team": "LAL", "player_id": CY, "player_name": NAMES[CY]}
            for game in range(8)
        ],
        prop_lines=quotes,
    )


def prediction(game: int, player: str = ADA, **changes: Any) -> dict[str, Any]:
    return {
        "game_date": day(game),
        "game_id": game_id(game),
        "player_id": player,
        "system_id": "catboost_v8",
        "view": "model",
        "line": None,
        "predicted_points": 18.0,
        "p_over": None,
        "interval_low": 8.0,
        "interval_high": 22.0,
        "recommendation": "NO_LINE",
        "best_price": None,
        "edge": None,
        "feature_quality_score": 90.0,
        **changes,
    }


def lined(game: int, line: float, p_over: float, player: str = ADA, **changes: Any) -> dict[str, Any]:
    return prediction(game, player, line=line, p_over=p_over, **{"recommendation": "PASS", **changes})


SCHEMA: Mapping[str, Any] = {"line": pl.Float64, "p_over": pl.Float64, "best_price": pl.Float64, "edge": pl.Float64}


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "predictions.parquet"
    pl.DataFrame(rows, schema_overrides=SCHEMA, infer_schema_length=None).write_parquet(path)
    return path


def measure(folder: Path, *rows: dict[str, Any], quotes: tuple[dict[str, Any], ...] = ()) -> SystemEvaluation:
    [system] = evaluate(folder, *rows, quotes=quotes).systems
    return system


def evaluate(folder: Path, *rows: dict[str, Any], quotes: tuple[dict[str, Any], ...] = ()) -> Evaluation:
    return evaluate_file(write(folder, *rows), archive(folder / "archive", *quotes))


def test_baselines_use_only_games_before_the_date(tmp_path: Path) -> None:
    """Before the third game Ada scored 20 and 10: mean 15; weighted by 0.5 ** (1 / 5), (10 + 20 w) / (1 + w)."""
    system = measure(tmp_path, prediction(2))
    weight = 0.5**0.2
    assert system.error.value == 2
    assert system.against_last10.other.value == 5
    assert system.against_ewma.other.value == pytest.approx(20 - (10 + 20 * weight) / (1 + weight))


def test_the_first_game_of_a_player_has_figures_without_a_last_10(tmp_path: Path) -> None:
    system = measure(tmp_path, lined(0, 18.5, 0.5))
    assert (system.error.value, system.against_line.difference.value) == (2, 0.5)
    assert (system.against_last10.difference.n, system.against_last10.difference.value) == (0, None)


def test_each_comparison_is_on_the_rows_that_have_both(tmp_path: Path) -> None:
    system = measure(tmp_path, lined(0, 18.5, 0.5), prediction(2), lined(3, 12.5, 0.5))
    assert (system.error.n, system.against_line.difference.n, system.against_last10.difference.n) == (3, 2, 2)
    assert system.against_line.system.value == (2 + 8) / 2
    assert system.against_line.other.value == (1.5 + 2.5) / 2


def test_a_player_without_a_box_score_did_not_play_and_one_on_the_court_for_seconds_did(tmp_path: Path) -> None:
    system = measure(tmp_path, prediction(7, CY), prediction(7, BO, predicted_points=7.0))
    assert (system.rows, system.played, system.error.value) == (2, 1, 1)


def test_the_market_is_the_mean_of_the_main_lines_at_the_line_without_their_hold(tmp_path: Path) -> None:
    """At -110 and -110 it gives .5; at -150 and +130, .6 / (.6 + .4348). The alternate and the in-play quote do not."""
    quotes = (
        quote(2, ADA, 18.5),
        quote(2, ADA, 18.5, -150, 130, book="fanduel"),
        quote(2, ADA, 25.5, 400, -600, book="fanduel"),
        quote(2, ADA, 18.5, -900, 600, book="late", snapshot_at=tip_off(2)),
        quote(2, ADA, 17.5, book="betmgm"),
    )
    system = measure(tmp_path, lined(2, 18.5, 0.7), quotes=quotes)
    market = (0.5 + 0.6 / (0.6 + 100 / 230)) / 2
    assert system.brier.system.value == pytest.approx(0.09)
    assert system.brier.other.value == pytest.approx((1 - market) ** 2)


def test_a_line_that_no_book_quotes_has_no_market(tmp_path: Path) -> None:
    system = measure(tmp_path, lined(2, 19.5, 0.7), quotes=(quote(2, ADA, 18.5),))
    assert (system.brier.difference.n, system.calibration.n) == (0, 1)


def test_picks_have_profit_at_their_price_and_pushes_and_voids_no_say_in_the_hit_rate(tmp_path: Path) -> None:
    """Won at +120, lost at -110, pushed, void: ROI (1.2 - 1 + 0) / 3; break-even 3 / (2.2 + 210 / 110 + 2.2)."""
    system = measure(
        tmp_path,
        lined(2, 18.5, 0.6, recommendation="OVER", best_price=120.0),
        lined(3, 12.5, 0.6, recommendation="OVER", best_price=-110.0),
        lined(4, 20.0, 0.4, recommendation="UNDER", best_price=120.0),
        lined(4, 5.5, 0.4, CY, recommendation="UNDER", best_price=-105.0),
        lined(5, 12.5, 0.4),
    )
    picks = system.picks
    assert (picks.picks, picks.wins, picks.losses, picks.pushes, picks.voids) == (4, 1, 1, 1, 1)
    assert (picks.hit_rate, picks.share_of_lines, picks.over_share) == (0.5, 0.8, 0.5)
    assert picks.roi.value == pytest.approx(0.2 / 3)
    assert picks.break_even == pytest.approx(3 / (2.2 + 210 / 110 + 2.2))
    assert picks.too_few
    assert not picks.model_copy(update={"wins": FEW_PICKS - 200, "losses": 200}).too_few
    assert picks.low == pytest.approx(0.0945, abs=1e-4)
    assert picks.high == pytest.approx(0.9055, abs=1e-4)


@pytest.mark.parametrize(("price", "profit"), [(-125.0, 0.8), (-100.0, 1.0), (150.0, 1.5)])
def test_a_pick_that_won_has_the_profit_of_its_price(tmp_path: Path, price: float, profit: float) -> None:
    picks = measure(tmp_path, lined(2, 18.5, 0.6, recommendation="OVER", best_price=price)).picks
    assert picks.wins == 1
    assert picks.roi.value == pytest.approx(profit)


def test_closing_line_value_needs_a_snapshot_later_than_that_of_the_line(tmp_path: Path) -> None:
    quotes = (
        quote(2, ADA, 18.5),
        quote(2, ADA, 18.5, book="fanduel", snapshot_at=tip_off(2) - timedelta(hours=5, minutes=50)),
        quote(2, ADA, 20.5, snapshot_at=tip_off(2) - timedelta(hours=1)),
        quote(3, ADA, 12.5),
    )
    over: dict[str, Any] = {"recommendation": "OVER", "best_price": -110.0}
    system = measure(tmp_path, lined(2, 18.5, 0.6, **over), lined(3, 12.5, 0.6, **over), quotes=quotes)
    assert (system.picks.closing_line_value.n, system.picks.closing_line_value.value) == (1, 2.0)
    assert measure(tmp_path, lined(2, 20.5, 0.6, **over), quotes=quotes).picks.closing_line_value.n == 0


@pytest.mark.parametrize(
    ("last_lines", "known"),
    [((18.5,), False), ((18.5, 20.5), False), ((20.5, 18.5, 20.5), False), ((20.5, 20.5), True)],
)
def test_a_pick_that_may_be_of_the_last_snapshot_has_no_closing_line_value(
    tmp_path: Path, last_lines: tuple[float, ...], *, known: bool
) -> None:
    """18.5 was the consensus in the first of three snapshots; what the books have in the last one decides."""
    books = ("draftkings", "fanduel", "betmgm")
    early = (quote(2, ADA, 18.5), quote(2, ADA, 19.5, snapshot_at=tip_off(2) - timedelta(hours=3)))
    late = [
        quote(2, ADA, line, book=book, snapshot_at=tip_off(2) - timedelta(hours=1))
        for book, line in zip(books, last_lines, strict=False)
    ]
    over: dict[str, Any] = {"recommendation": "OVER", "best_price": -110.0}
    system = measure(tmp_path, lined(2, 18.5, 0.6, **over), quotes=(*early, *late))
    assert system.picks.closing_line_value.n == int(known)


def test_intervals_are_measured_by_line(tmp_path: Path) -> None:
    system = measure(tmp_path, lined(2, 18.5, 0.5), lined(3, 9.5, 0.5), lined(7, 18.5, 0.5))
    figures = {each.label: (each.n, each.covered, each.width) for each in system.intervals}
    assert figures == {"all lines": (3, 2 / 3, 14), "under 10": (1, 1, 14), "15 to 20": (2, 0.5, 14)}


def test_rows_are_grouped_by_week_line_and_venue(tmp_path: Path) -> None:
    system = measure(tmp_path, lined(0, 18.5, 0.5), lined(4, 18.5, 0.5), lined(7, 9.5, 0.5, BO), lined(7, 25.5, 0.5))
    labels = {
        name: [(group.label, group.against_line.difference.n) for group in groups]
        for name, groups in system.groups.items()
    }
    assert labels == {
        "week of the season": [("week 1", 1), ("week 2", 1), ("weeks 3 to 4", 2)],
        "line": [("under 10", 1), ("15 to 20", 2), ("25 and more", 1)],
        "venue": [("home", 3), ("away", 1)],
    }


def test_players_with_a_line_who_played_are_counted_whether_predicted_or_not(tmp_path: Path) -> None:
    quotes = (quote(2, ADA, 18.5), quote(2, BO, 5.5), quote(2, CY, 3.5))
    evaluation = evaluate(tmp_path, lined(2, 18.5, 0.5), quotes=quotes)
    assert (evaluation.lined, evaluation.systems[0].lined_predicted) == (2, 1)


def test_results_in_the_file_are_not_used(tmp_path: Path) -> None:
    assert measure(tmp_path, prediction(2, points=99, last10=99.0, market_over=1.0)).error.value == 2


def test_each_view_of_each_system_has_figures_of_its_own(tmp_path: Path) -> None:
    views = [("b", "model"), ("a", "market"), ("a", "model")]
    evaluation = evaluate(tmp_path, *(prediction(2, system_id=system, view=view) for system, view in views))
    assert [(each.system_id, each.view) for each in evaluation.systems] == sorted(views)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"predicted_points": float("nan")}, "predicted_points is no number of 0 or more"),
        ({"predicted_points": None}, "predicted_points is no number of 0 or more"),
        ({"predicted_points": -1.0}, "predicted_points is no number of 0 or more"),
        ({"p_over": 1.2}, "p_over is not between 0 and 1"),
        ({"p_over": float("nan")}, "p_over is not between 0 and 1"),
        ({"line": 20.5}, "p_over is not between 0 and 1"),
        ({"line": float("nan"), "p_over": 0.5}, "line is no number"),
        ({"interval_low": 30.0}, "interval_low and interval_high are no interval"),
        ({"interval_high": float("inf")}, "interval_low and interval_high are no interval"),
        ({"recommendation": "OVER"}, "pick without a line"),
        ({"recommendation": "HOLD"}, "recommendation is not one of OVER, UNDER, PASS, NO_LINE"),
        ({"line": 20.5, "p_over": 0.5, "recommendation": "OVER"}, "best_price of a pick is no American price"),
        (
            {"line": 20.5, "p_over": 0.5, "recommendation": "OVER", "best_price": 1.9},
            "best_price of a pick is no American price",
        ),
        ({"view": "other"}, "view is not model or market"),
        ({"player_id": None}, "key without a value"),
        ({"player_id": "77"}, "the archive has no such player"),
        ({"game_id": "0022399999"}, "the archive has no such game"),
        ({"game_date": date(2024, 1, 1)}, "the game is of another date"),
    ],
)
def test_a_row_that_cannot_be_evaluated_is_left_out_counted_and_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    evaluation = evaluate(tmp_path, prediction(3, **changes), prediction(2))
    [left_out] = evaluation.left_out
    assert (left_out.reason, left_out.rows, evaluation.systems[0].rows) == (reason, 1, 1)
    assert left_out.text in as_text(evaluation)


def test_a_date_without_results_is_left_out_and_named(tmp_path: Path) -> None:
    path = write(tmp_path, prediction(2), prediction(7))
    [left_out] = evaluate_file(path, archive(tmp_path / "archive", games=7)).left_out
    assert left_out.reason == "the archive has no result of the date"
    assert left_out.examples == (f"{day(7)} {game_id(7)} 1 catboost_v8 model",)


def test_a_file_of_which_no_row_can_be_evaluated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no row to evaluate: 1 row left out: the archive has no such game"):
        evaluate(tmp_path, prediction(2, game_id="0022399999"))


def test_two_rows_of_one_prediction_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=f"several rows of 1 prediction: {day(2)} {game_id(2)} 1 catboost_v8 model"):
        evaluate(tmp_path, prediction(2), prediction(2, predicted_points=3.0))


@pytest.mark.parametrize("missing", COLUMNS)
def test_a_missing_column_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    row = {name: value for name, value in prediction(2).items() if name != missing}
    with pytest.raises(BadInputError, match=f"lacks {missing}; the columns of a backtest are game_date"):
        evaluate(tmp_path, row)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"game_id": 22300002}, "game_id is Int64, not a text"),
        ({"game_date": "2023-10-28"}, "game_date is String, not a date"),
        ({"predicted_points": "18"}, "predicted_points is String, not a number"),
        ({"player_id": 1.0}, "player_id is Float64, not a text or a whole number"),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInputError, match=problem):
        evaluate(tmp_path, prediction(2, **changes))


def test_a_player_id_may_be_a_number(tmp_path: Path) -> None:
    assert measure(tmp_path, prediction(2, player_id=1)).error.value == 2


def test_an_empty_file_and_one_that_is_no_parquet_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, prediction(2))
    pl.read_parquet(path).clear().write_parquet(path)
    with pytest.raises(BadInputError, match="has no rows"):
        evaluate_file(path, archive(tmp_path / "archive"))
    path.write_text("game_date,game_id")
    with pytest.raises(BadInputError, match="cannot be read as a Parquet file"):
        evaluate_file(path, archive(tmp_path / "archive"))
    with pytest.raises(BadInputError, match="cannot be read as a Parquet file"):
        evaluate_file(tmp_path / "absent.parquet", archive(tmp_path / "archive"))


def test_the_text_says_of_few_picks_that_they_are_too_few_to_read(tmp_path: Path) -> None:
    evaluation = evaluate(tmp_path, lined(2, 18.5, 0.6, recommendation="OVER", best_price=120.0))
    assert "100.0 % (20.7 to 100.0 %, n 1), too few to read" in as_text(evaluation)
    assert '<tr class="soft"><th scope="row">catboost_v8 (model)</th>' in render_evaluation(evaluation)


def test_the_command_prints_the_tables_and_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, lined(2, 18.5, 0.6))
    archive(tmp_path / "archive", quote(2, ADA, 18.5))
    out = tmp_path / "pages" / "page.html"
    assert run(["evaluate", str(path), "--archive", str(tmp_path / "archive"), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "2023-10-28 to 2023-10-28: 1 game with predictions" in printed
    assert out.read_text().count("<h2>") == 5
    assert run(["evaluate", str(path), "--archive", str(tmp_path / "archive"), "--json"]) == 0
    assert Evaluation.model_validate_json(capsys.readouterr().out).systems[0].rows == 1


def test_the_command_names_a_folder_that_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not an archive"):
        run(["evaluate", str(write(tmp_path, prediction(2))), "--archive", str(tmp_path)])
