"""The league's live scoreboard: cdn.nba.com todaysScoreboard_00, which switches to the new date in the morning."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games, judged_implausible
from tipoff.sources.game_status import OVER
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

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        board = _board(JsonPayload(self.name, response))
        shown = _date(board)
        if shown != slate.game_date:
            return judged(Outcome.STALE, f"received the scoreboard of {shown}, requested {slate.game_date}")
        rows = [row for row in map(_scoreboard_row, board.each("games")) if row and row["game_date"] == shown]
        listed = [row["game_id"] for row in rows]
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"the scoreboard has none of the {len(slate.games)} games")
        implausible = judged_implausible([row["status"] for row in rows], f"on {shown}")
        return implausible or judged_by_games(slate.games, listed, if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        board = _board(payload)
        _date(board)
        for game in board.each("games"):
            row = _scoreboard_row(game)
            if row is None:
                collector.reject(nba.OUTSIDE)
            elif row["game_date"] != context.slate.game_date:
                collector.reject(another_date(context.slate.game_date))
            else:
                row = {**row, **self.origin(context)}
                collector.keep_game(row, game.time("gameTimeUTC"), context.as_of)
        return collector.reading(payload.unknown(self.ignored_fields))

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


def _date(board: Fields) -> date:
    text = board.text("gameDate")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise board.problem("gameDate", f"{text!r} is not a date") from error


def _scoreboard_row(game: Fields) -> Row | None:
    """The row of a game, its status as a GameStatus; None unless it is between two NBA teams."""
    game_id, text = game.text("gameId"), game.text("gameStatusText").strip()
    sides = {side: game.fields(f"{side}Team") for side in ("home", "away")}
    points = {f"{side}_points": team.integer("score") for side, team in sides.items()}
    status = nba.status_of(game, points.values)
    tip_off, period = game.time("gameTimeUTC"), game.integer("period")
    if None in map(nba.tricode_of, sides.values()) or not nba.is_nba_game(game_id):
        return None
    return {
        "game_date": game_date_of(tip_off),
        "game_id": game_id,
        "status": status,
        "status_text": text,
        "period": period,
        **points,
    }
