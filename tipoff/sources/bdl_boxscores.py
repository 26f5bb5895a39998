"""balldontlie's box scores of a date: api.balldontlie.io /v1/box_scores, in its shape of 2024 and in the current one.

Minutes are whole minutes. A player with no minutes and no counts did not play, although it may have been some seconds.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.bdl_injuries import ENTRIES_PER_PAGE
from tipoff.sources.box_players import Entry, PlayerReaders, keep_players, read_players
from tipoff.sources.boxscore_rules import (
    INCOMPLETE,
    NO_FIGURE,
    ROWS_PER_GAME,
    games_to_request,
    not_final,
    read_minutes,
)
from tipoff.sources.boxscores import PlayerBoxscores
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.game_boxscores import LiveBoxscores
from tipoff.sources.game_status import POSTPONED, GameStatus, status_of_text
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import BALLDONTLIE
from tipoff.sources.rejections import NOT_ON_SLATE, another_date
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, SlateGame

_PAGE_NAMES = ("", "page 2", "page 3", "page 4")
"""More pages than the games of a date can fill."""
_COUNTS: Mapping[str, str] = {
    **{name: name for name in names("fgm fga fg3m fg3a ftm fta oreb dreb reb ast stl blk pf")},
    "tov": "turnover",
    "points": "pts",
}
"""Our count column -> the provider's field."""
_SIDES = ("home_team", "visitor_team")


class BdlBoxscores(Feed):
    """Results from balldontlie, which knows players by name only: names are resolved within the two rosters."""

    name = "bdl_player_boxscores"
    title = "balldontlie player box scores"
    number = 17
    provider = BALLDONTLIE
    role = Role.POST
    fallback_for = (PlayerBoxscores.name, LiveBoxscores.name)
    table = "raw_player_boxscores"
    natural_key = ("game_date", "game_id", "player_id")
    needs_players = True
    paged = True
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        per_page season period time postseason datetime ist_stage id conference division city name
        abbreviation fg_pct fg3_pct ft_pct position height weight jersey_number college country draft_year
        draft_round draft_number team_id
        home_q1 home_q2 home_q3 home_q4 home_ot1 home_ot2 home_ot3 home_timeouts_remaining home_in_bonus
        visitor_q1 visitor_q2 visitor_q3 visitor_q4 visitor_ot1 visitor_ot2 visitor_ot3
        visitor_timeouts_remaining visitor_in_bonus
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not games_to_request(slate, as_of):
            return ()
        params = {"date": f"{slate.game_date}", "per_page": ENTRIES_PER_PAGE}
        return (Request(host=BALLDONTLIE.host, path="/v1/box_scores", params=params, part=_PAGE_NAMES[0]),)

    def next_page(self, request: Request, body: bytes) -> Request | None:
        """The request for the page at the response's cursor, up to as many pages as a date's games can fill."""
        cursor, page = _next_cursor(JsonPayload(self.name, body).top()), _PAGE_NAMES.index(request.part) + 1
        if cursor in (None, request.params.get("cursor")) or page == len(_PAGE_NAMES):
            return None
        return request.model_copy(update={"params": {**request.params, "cursor": cursor}, "part": _PAGE_NAMES[page]})

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        present, reasons = {row["game_id"] for row in (*reading.rows, *reading.unresolved)}, reading.rejected.keys()
        verdict = judged_by_games(slate.games, present, _judged_without_games(reasons, slate))
        cursor = _next_cursor(JsonPayload(self.name, response).top())
        if present and cursor:
            return judged(Outcome.PARTIAL, f"{verdict.reason}; the next page starts at cursor {cursor}")
        return verdict

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        top = payload.top()
        _next_cursor(top)  # counts as read; raises ContractError for an invalid cursor
        of_the_nba = collector.read_each(top.each("data"), lambda box: self._read_box(box, collector, context))
        if of_the_nba and not any(of_the_nba):
            raise top.problem("data", "has no NBA game")
        return collector.reading(payload.unknown(self.ignored_fields))

    def _read_box(self, box: Fields, collector: RowCollector, context: ReadContext) -> bool:
        """Whether the game is between NBA teams; other leagues' responses have the same shape."""
        teams, listed, slate = _teams(box), _listed_players(box), context.slate
        game = _slate_game(box, slate)
        if box.date("date") != slate.game_date:
            collector.reject(another_date(slate.game_date), max(len(listed), 1))
        elif game is None or not (status := _status(box)).is_final:
            collector.reject(not_final(status) if game else NOT_ON_SLATE, max(len(listed), 1))
        else:
            players = read_players(collector, listed)
            keep_players(collector, players, _score(box), game, context, self.origin(context))
        return None not in teams

    def expected_rows(self, slate: Slate) -> int:
        return ROWS_PER_GAME * len(slate.games)


def _judged_without_games(reasons: Collection[str], slate: Slate) -> Judgement:
    """What a response without any complete game of the slate means, by the reasons for leaving out its games."""
    other_date = another_date(slate.game_date)
    if set(reasons) == {other_date}:
        return judged(Outcome.STALE, f"received box scores of another date, requested {slate.game_date}")
    if set(reasons) - {other_date, NOT_ON_SLATE} and INCOMPLETE not in reasons:
        return judged(Outcome.NOT_PUBLISHED_YET, "no game is final yet")
    return judged(Outcome.SUSPICIOUSLY_EMPTY, "no complete box score of any game of the slate")


def _teams(box: Fields) -> tuple[str | None, str | None]:
    """Tricodes of home team and visitor; None for a team outside the NBA."""
    home, visitor = (find_team(box.fields(side).text("full_name")) for side in _SIDES)
    return home.tricode if home else None, visitor.tricode if visitor else None


def _slate_game(box: Fields, slate: Slate) -> SlateGame | None:
    """The slate's game between the two teams."""
    teams = set(_teams(box))
    return next((game for game in slate.games if {game.home, game.away} == teams), None)


def _status(box: Fields) -> GameStatus:
    if box.flag("postponed"):
        return GameStatus(POSTPONED)
    return status_of_text(box.text("status"), lambda: (box.integer(f"{side}_score") for side in _SIDES))


def _next_cursor(top: Fields) -> str | None:
    """The cursor of the next page; None on the last page."""
    meta = top.fields("meta") if top.has("meta") else None
    return meta.identifier("next_cursor") if meta and meta.has("next_cursor") else None


def _score(box: Fields) -> dict[str, int]:
    points = (box.integer(f"{side}_score") for side in _SIDES)
    return {team: scored for team, scored in zip(_teams(box), points, strict=True) if team}


def _listed_players(box: Fields) -> list[Entry]:
    """Every listed player; those who did not play are among them. None before the game."""
    sides = [(team, box.fields(side)) for team, side in zip(_teams(box), _SIDES, strict=True)]
    listed = [(team, side) for team, side in sides if side.has("players")]
    return [Entry(team or "", player, _PLAYER) for team, side in listed for player in side.each("players")]


def _did_play(player: Fields) -> bool:
    """Whether the player has minutes, or any count although the minutes are zero."""
    if not player.has("min") or player.identifier("min").strip() in NO_FIGURE:
        return False
    return read_minutes(player, "min") > 0 or any(
        player.has(name) and player.integer(name) for name in _COUNTS.values()
    )


def _player_row(player: Fields) -> Row:
    return {
        "player_name": _player_name(player),
        "minutes": read_minutes(player, "min"),
        **{column: player.integer(name) for column, name in _COUNTS.items()},
        "plus_minus": player.number("plus_minus") if player.has("plus_minus") else None,
    }


def _player_name(player: Fields) -> str:
    """First and last name; some players have only one of them."""
    person = player.fields("player")
    known = " ".join(person.text(name) for name in ("first_name", "last_name") if person.has(name)).strip()
    if not known:
        raise person.problem("last_name", "is missing")
    return known


_PLAYER = PlayerReaders(_did_play, _player_row, _player_name)
