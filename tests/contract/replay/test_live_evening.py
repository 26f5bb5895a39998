"""The live exports of a real evening, by the real activity over the replay's upstream."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support import evening
from tests.support.evening import DAY, NEXT_MORNING
from tests.support.live_evening import announce, at, the_evening
from tipoff.grading.accuracy import grade_date
from tipoff.live_games import BOX_SCORES_A_POLL
from tipoff.publishing.envelope import Edition
from tipoff.publishing.live import publish_live
from tipoff.replay.faults import Fault, FaultKind
from tipoff.vocabulary import Grade

GRADED = ("win", "loss", "push", "void", "no_line")


def fault(source: str, kind: FaultKind, begins: datetime, **facts: Any) -> Fault:
    return Fault.model_validate({"source": source, "kind": kind, "from": begins, **facts})


async def test_an_evening_goes_from_pending_over_trending_to_the_grades_of_the_day(
    sample: Path, tmp_path: Path
) -> None:
    async with the_evening(sample, tmp_path) as night:
        await night.follow(at(19))
        first = night.export("live-grading")["counts"]
        assert first["pending"] > 0
        assert sum(first[grade] for grade in ("win", "loss", "push", "void")) == 0

        await night.follow(at(20, 27), at(20, 30))
        live, grading = night.export("live"), night.export("live-grading")
        assert live["counts"] == {"scheduled": 3, "live": 9, "final": 0, "postponed": 0, "unknown": 0}
        assert (live["status"], live["missing_games"]) == ("complete", [])
        assert {live["game_date"], grading["game_date"]} == {str(DAY)}
        assert grading["counts"]["trending_correct"] > 0 < grading["counts"]["trending_incorrect"]
        assert sum(grading["counts"][grade] for grade in ("win", "loss", "push", "void")) == 0
        assert night.game("GSW@CHA")["status_text"] == "Q3 05:09"
        for game in live["games"]:
            sides = (game["home_points"], game["away_points"])
            assert bool(game["players"]) == (game["status"] == "live")
            assert sum(player["points"] for player in game["players"]) <= sum(points or 0 for points in sides)

        report = await night.follow(at(21, 18), at(21, 21))
        assert len(report.missing_games) == 8
        assert night.grades_of("GSW@CHA") <= set(GRADED)
        assert night.grades_of("CHI@BKN") & {"trending_correct", "trending_incorrect"}

        await night.follow(at(22, 24))
        assert (night.game("NYK@SAS")["status_text"], night.game("NYK@SAS")["overtime_periods"]) == ("OT1 03:20", 1)
        over = datetime.fromisoformat("2024-03-30T04:36:00+00:00")
        await night.follow(over)
        by_live = night.export("live-grading")
        assert by_live["counts"]["pending"] == by_live["counts"]["trending_correct"] == 0
        versions = sorted((tmp_path / "exports" / "v1" / "live-grading" / str(DAY)).iterdir())
        assert [version.name for version in versions] == ["20240330T043600Z.json"]

        warehouse, resources = night.resources.warehouse, night.resources
        evening.load_results(warehouse, sample)
        graded = grade_date(warehouse, DAY, NEXT_MORNING)
        publish_live(warehouse, resources.landing, resources.exports, Edition(DAY, NEXT_MORNING, NEXT_MORNING))
        by_grades = night.export("live-grading")["counts"]
        assert {grade: by_grades[grade] for grade in GRADED} == {
            grade: graded.outcomes.get(Grade(grade), 0) for grade in GRADED
        }
        assert by_live["counts"] == by_grades, "the live box scores said the same"
        assert not (tmp_path / "exports" / "alerts.jsonl").exists(), "a few results raise no alarm"


async def test_the_pages_of_the_evening_follow_its_live_exports(sample: Path, tmp_path: Path) -> None:
    async with the_evening(sample, tmp_path) as night:
        announce(night)
        home, tonight = (night.root / "exports" / "site" / f"{name}.html" for name in ("index", "tonight"))
        assert "How it stands" not in home.read_text()
        assert "Scored" not in tonight.read_text()

        await night.follow(at(20, 27), at(20, 30))
        assert "9 games in play, 0 final, 3 to come. As of 20:30 ET" in home.read_text()
        assert "Q3 05:09" in home.read_text()
        assert "73–62" in tonight.read_text()
        assert "trending correct</small>" in tonight.read_text()
        assert night.counts_shown(home) == night.picks()
        assert night.counts_shown(home)["Graded"] == 0

        await night.follow(at(21, 18), at(21, 21))
        shown = night.counts_shown(home)
        assert shown == night.picks()
        assert all(shown.values()), "graded, trending, pending and void picks are counted apart"
        assert "✓ won" in tonight.read_text()
        assert "%" not in home.read_text().split('id="standing"')[1].split("</section>")[0], "no rate of so few"


async def test_a_game_called_off_is_void_and_without_a_scoreboard_the_last_scores_stay(
    sample: Path, tmp_path: Path
) -> None:
    called_off = fault("nbac_scoreboard", FaultKind.POSTPONED, at(20), games=["GSW@CHA"])
    down = fault("nbac_scoreboard", FaultKind.ACCESS_DENIED, at(20, 10))
    async with the_evening(sample, tmp_path, [down, called_off]) as night:
        await night.follow(at(19, 57))
        assert night.game("GSW@CHA")["status"] == "live"
        report = await night.follow(at(20))
        assert "0022301062" not in report.missing_games
        assert report.alerts == {
            "called_off:0022301062": "GSW@CHA is not played on (PPD): its predictions are void",
        }
        assert night.game("GSW@CHA")["status"] == "postponed"
        assert night.grades_of("GSW@CHA") == {"void"}
        grading = night.export("live-grading")
        of_game = [player for player in grading["players"] if player["game_id"] == "0022301062"]
        assert grading["counts"]["void"] == sum(len(player["systems"]) for player in of_game)

        score = night.game("LAL@IND")["home_points"]
        await night.follow(at(20, 30))
        live = night.export("live")
        assert (live["status"], live["degraded_reasons"]) == ("stale", ["no scores since 20:00 ET"])
        assert night.game("LAL@IND")["home_points"] == score > 0
        assert night.game("GSW@CHA")["status"] == "postponed"


async def test_refused_box_scores_leave_the_scores_and_are_requested_again_after_the_cooldown(
    sample: Path, tmp_path: Path
) -> None:
    refused = fault("nbac_live_boxscore", FaultKind.ACCESS_DENIED, at(19, 10), until=at(21))
    async with the_evening(sample, tmp_path, [refused]) as night:
        for minute in (12, 15, 21):
            report = await night.follow(at(19, minute))
            assert report.rows == 12
        landed = night.resources.landing.records("nbac_live_boxscore/in_play", DAY)
        assert len(landed) == 2, "a second refusal in a row closes the provider for two hours"
        live = night.export("live")
        assert (live["status"], len(live["missing_games"])) == ("degraded", 4)
        assert night.grades_of("GSW@CHA") <= {"pending", "no_line"}
        assert night.game("GSW@CHA")["home_points"] > 0
        await night.follow(at(21, 15))
        with_players = [game for game in night.export("live")["games"] if game["players"]]
        assert len(with_players) == BOX_SCORES_A_POLL
