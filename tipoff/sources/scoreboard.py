"""The league's live scoreboard: cdn.nba.com todaysScoreboard_00, which switches to the new date in the morning."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games, judged_implausible
from tipoff.sources.game_status import BEGUN, OVER
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import NBA_CDN
from tipoff.sources.rejections import another_date
from tipoff.vocabulary import Outcome, Role, game_date_of, step_names


class Scoreboard(Feed):
    """Status and score of each game of one date."""

    name = step_names.LIVE_SCOREBOARD
    title = "NBA live scoreboard"
    number = 11
    provider = NBA_CDN
    role = Role.LIVE
    table = "raw_scoreboard"
    natural_key = ("game_date", "game_id")
    fault_outcomes = {"stale": Outcome.STALE, "late": Outcome.PARTIAL}
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        meta leagueName gameCode gameClock gameEt regulationPeriods ifNecessary seriesGameNumber seriesText
        seriesConference poRoundDesc gameSubtype gameLeaders pbOdds teamName teamCity teamTricode wins
        losses seed inBonus timeoutsRemaining periods
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.games:
            return ()
        return (Request(host=NBA_CDN.host, path="/static/json/liveData/scoreboard/todaysScoreboard_00.json"),)

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        shown = _board(JsonPayload(self.name, response)).date("gameDate")
        if shown != slate.game_date:
            return judged(Outcome.STALE, f"received the scoreboard of {shown}, requested {slate.game_date}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"no game on the scoreboard, {len(slate.games)} expected")
        implausible = judged_implausible([row["status"] for row in reading.rows], f"on {slate.game_date}")
        return implausible or judged_by_games(slate.games, (row["game_id"] for row in reading.rows), if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        board = _board(payload)
        shown = board.date("gameDate")
        for game in board.each("games"):
            with collector.element(game):
                self._keep(game, shown, collector, context)
        return collector.reading(payload.unknown(self.ignored_fields))

    def _keep(self, game: Fields, shown: date, collector: RowCollector, context: ReadContext) -> None:
        game_id, sides = game.text("gameId"), {side: game.fields(f"{side}Team") for side in ("home", "away")}
        if None in map(nba.tricode_of, sides.values()) or not nba.is_nba_game(game_id):
            collector.reject(nba.OUTSIDE)
            return
        tip_off = nba.tip_off_of(game, "gameTimeUTC")
        game_date = game_date_of(tip_off) if tip_off else shown
        if game_date != context.slate.game_date:
            collector.reject(another_date(context.slate.game_date))
            return
        status = nba.status_of(game, lambda: (team.count("score") for team in sides.values()))
        read = Fields.integer if status.status in BEGUN else Fields.count
        row = {
            "game_date": game_date,
            "game_id": game_id,
            "status": status,
            "status_text": game.text("gameStatusText").strip(),
            "period": read(game, "period"),
            **{f"{side}_points": read(team, "score") for side, team in sides.items()},
        }
        collector.keep_game({**row, **self.origin(context)}, tip_off, context.as_of)

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """The slate's games that are over: polls go on until all of them are."""
        over = {row["game_id"] for row in rows if row["status"] in OVER}
        return frozenset(game.game_id for game in slate.games if game.game_id in over)


def _board(payload: JsonPayload) -> Fields:
    board = payload.top().fields("scoreboard")
    nba.require_nba(board, "leagueId")
    return board
