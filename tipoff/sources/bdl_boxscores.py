"""balldontlie's box scores of a date: api.balldontlie.io /v1/box_scores, as in 2024 and with what came since.

Minutes are whole ones. Who has none and did nothing has not played, though it may have been some seconds.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.played import (
    DID_NOT_PLAY,
    NOT_FINAL,
    NOT_TONIGHT,
    NOT_WHOLE,
    ROWS_A_GAME,
    due_games,
    is_whole,
    keep_named,
    minutes_of,
)
from tipoff.teams import team_called
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

HOST = "api.balldontlie.io"

_LONGEST_PAGE = "100"
_PAGES = ("", "page 2", "page 3", "page 4")
"""More than the games of a date can fill."""
_COUNTS: Mapping[str, str] = {
    **{name: name for name in names("fgm fga fg3m fg3a ftm fta oreb dreb reb ast stl blk pf")},
    "tov": "turnover",
    "points": "pts",
}
"""Our columns of counts -> the provider's."""
_SIDES = ("home_team", "visitor_team")


class BdlBoxscores(Feed):
    """Results as balldontlie has them: names only, resolved within the two rosters."""

    name = "bdl_player_boxscores"
    title = "balldontlie player box scores"
    provider = HOST
    role = Role.POST
    fallback_for = (step_names.PLAYER_BOX_SCORES, "nbac_live_boxscore")
    table = "raw_player_boxscores"
    natural_key = ("game_date", "game_id", "player_id")
    needs_players = True
    paged = True
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        per_page season period time postseason postponed datetime ist_stage id conference division city name
        abbreviation fg_pct fg3_pct ft_pct position height weight jersey_number college country draft_year
        draft_round draft_number team_id
        home_q1 home_q2 home_q3 home_q4 home_ot1 home_ot2 home_ot3 home_timeouts_remaining home_in_bonus
        visitor_q1 visitor_q2 visitor_q3 visitor_q4 visitor_ot1 visitor_ot2 visitor_ot3
        visitor_timeouts_remaining visitor_in_bonus
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not due_games(slate, as_of):
            return ()
        params = {"date": f"{slate.game_date}", "per_page": _LONGEST_PAGE}
        return (Request(host=HOST, path="/v1/box_scores", params=params, part=_PAGES[0]),)

    def next_page(self, request: Request, body: bytes) -> Request | None:
        """As long as the provider says where it begins, up to as many as a date's games can fill."""
        cursor, page = _next_cursor(JsonPayload(self.name, body).top()), _PAGES.index(request.part) + 1
        if cursor in (None, request.params.get("cursor")) or page == len(_PAGES):
            return None
        return request.model_copy(update={"params": {**request.params, "cursor": cursor}, "part": _PAGES[page]})

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        top = JsonPayload(self.name, response.body).top()
        boxes = _boxes(top)
        if boxes and all(_date(box) != f"{slate.game_date}" for box in boxes):
            return judged(Outcome.STALE, f"box scores of {_date(boxes[0])}, asked for {slate.game_date}")
        tonight = [(game, box) for box in boxes if (game := _game_of(box, slate))]
        finals = [(game, box) for game, box in tonight if _is_final(box)]
        whole = [game.game_id for game, box in finals if is_whole(_lines(box), _score(box))]
        nothing = judged(Outcome.SUSPICIOUSLY_EMPTY, "no box score of tonight's games is there and whole")
        if tonight and not finals:
            nothing = judged(Outcome.NOT_PUBLISHED_YET, "no game is final yet")
        verdict, cursor = judged_by_games(slate.games, whole, nothing), _next_cursor(top)
        if whole and cursor:
            return judged(Outcome.PARTIAL, f"{verdict.reason}; more from cursor {cursor} on")
        return verdict

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        top = answer.top()
        _next_cursor(top)
        for box in _boxes(top):
            game, listed = _game_of(box, context.slate), len(_listed(box))
            if game is None or not _is_final(box):
                collector.reject(NOT_FINAL if game else NOT_TONIGHT, max(listed, 1))
            elif not is_whole(lines := _lines(box), _score(box)):
                collector.reject(NOT_WHOLE, listed)
            else:
                collector.reject(DID_NOT_PLAY, listed - len(lines))
                keep_named(collector, lines, game, context, self.origin(context))
        return collector.reading(answer.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return ROWS_A_GAME * len(slate.games)


def _boxes(top: Fields) -> list[Fields]:
    """The games. Raises ContractError when all of them are another league's, whose shape is the same."""
    boxes = top.each("data")
    if boxes and all(None in _teams(box) for box in boxes):
        raise top.problem("data", "has no game of the NBA")
    return boxes


def _teams(box: Fields) -> tuple[str | None, str | None]:
    """Home and visitor; None for a team outside the NBA."""
    home, visitor = (team_called(box.fields(side).text("full_name")) for side in _SIDES)
    return home.tricode if home else None, visitor.tricode if visitor else None


def _date(box: Fields) -> str:
    return box.text("date")[:10]


def _game_of(box: Fields, slate: Slate) -> SlateGame | None:
    """The slate's game between the two teams; one of another date is not it."""
    teams, tonight = _teams(box), _date(box) == f"{slate.game_date}"
    return next((game for game in slate.games if tonight and {game.home, game.away} == set(teams)), None)


def _is_final(box: Fields) -> bool:
    return box.text("status").startswith("Final")


def _next_cursor(top: Fields) -> str | None:
    """Where the next page begins; None when this is the last."""
    meta = top.fields("meta") if top.has("meta") else None
    return meta.identifier("next_cursor") if meta and meta.has("next_cursor") else None


def _score(box: Fields) -> dict[str, int]:
    points = (box.integer(f"{side}_score") for side in _SIDES)
    return {team: scored for team, scored in zip(_teams(box), points, strict=True) if team}


def _listed(box: Fields) -> list[tuple[str, Fields]]:
    """Everyone listed, each with his team."""
    sides = zip(_teams(box), _SIDES, strict=True)
    return [(team or "", player) for team, side in sides for player in box.fields(side).each("players")]


def _lines(box: Fields) -> list[Row]:
    """The players who played."""
    return [_line(team, player) for team, player in _listed(box) if _played(player)]


def _played(player: Fields) -> bool:
    """Who did not has no minutes, or none and nothing else."""
    if not player.has("min") or not player.text("min"):
        return False
    return minutes_of(player, "min") > 0 or any(player.integer(name) for name in _COUNTS.values())


def _line(team: str, player: Fields) -> Row:
    who = player.fields("player")
    return {
        "team": team,
        "player_name": f"{who.text('first_name')} {who.text('last_name')}",
        "minutes": minutes_of(player, "min"),
        **{column: player.integer(name) for column, name in _COUNTS.items()},
        "plus_minus": player.number("plus_minus") if player.has("plus_minus") else None,
    }
