"""api.bettingpros.com v3: the events of a date, and the points props of one, ten players a page.

Only books that both the archive and the provider know are quoted. Line-ups, venues, results and the provider's own
rating of a bet are not in the archive: those fields are left out.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.game_state import FINAL, SCHEDULED, state_of
from tipoff.replay.shapes.odds_api import latest_quotes
from tipoff.replay.shapes.prop_quotes import Quote, bent
from tipoff.replay.shapes.refusals import bad_request
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View, json_answer
from tipoff.teams import TEAMS
from tipoff.vocabulary import season_of

_MARKET = "156"
_PER_PAGE = 10
_BOOKS = {"fanduel": 10, "draftkings": 12, "williamhill_us": 13, "betrivers": 18, "betmgm": 19}
_STATUSES = {SCHEDULED: "scheduled", FINAL: "closed"}


def events(view: View, params: Params) -> UpstreamResponse:
    """The games of the date asked for, today's when none is."""
    game_date = date.fromisoformat(params["date"]) if "date" in params else view.today
    listed = [_event(game, view) for game in view.games_on(game_date)]
    asked = {"sport": "NBA", "date": f"{game_date}"}
    return json_answer(
        {"_parameters": asked, "events": listed, "ts": int(view.as_of.timestamp()), "utc": _utc(view.as_of)}
    )


def offers(view: View, params: Params) -> UpstreamResponse:
    """A page of one game's players, by name; none before they are quoted and from tip-off on."""
    if params.get("market_id") != _MARKET:
        return bad_request(f"the replay knows market_id {_MARKET} alone")
    listed = [offer for game in game_of_event(view, params) for offer in _offers(game, view)]
    page, start = int(params.get("page", 1)), (int(params.get("page", 1)) - 1) * _PER_PAGE
    pagination = {
        "page": page,
        "limit": _PER_PAGE,
        "total_pages": -(-len(listed) // _PER_PAGE),
        "total_items": len(listed),
    }
    return json_answer({"offers": listed[start : start + _PER_PAGE], "_pagination": pagination})


def game_of_event(view: View, params: Params) -> list[Game]:
    """The game whose offers are asked for."""
    game = view.past.by_id.get(params.get("event_id", "").zfill(10))
    return [game] if game else []


def _event_id(game: Game) -> int:
    """Made of the game's own id: the archive does not know the provider's."""
    return int(game.game_id)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _event(game: Game, view: View) -> dict[str, object]:
    return {
        "id": _event_id(game),
        "sport": "NBA",
        "scheduled": _utc(game.tip_off),
        "season": int(season_of(game.game_date)[:4]),
        "season_type": "REG",
        "event_name": None,
        "status": _STATUSES.get(state_of(game, view).status, "inprogress"),
        "home": game.home,
        "visitor": game.away,
        "participants": [_participant(side) for side in (game.home, game.away)],
    }


def _participant(tricode: str) -> dict[str, object]:
    team = TEAMS[tricode]
    return {"id": tricode, "name": team.name, "team": {"city": team.city, "abbreviation": tricode}}


def _offers(game: Game, view: View) -> list[dict[str, object]]:
    in_play = any(bend.kind is FaultKind.IN_PLAY for bend in view.bends)
    if not view.shows(game) or (view.as_of >= game.tip_off and not in_play):
        return []
    quotes = [quote for quote in bent(latest_quotes(game, view), game, view) if quote.book in _BOOKS]
    by_player = groupby(sorted(quotes, key=attrgetter("player_name")), key=attrgetter("player_name"))
    return [_offer(game, number, name, list(group)) for number, (name, group) in enumerate(by_player, start=1)]


def _offer(game: Game, number: int, player_name: str, quotes: Sequence[Quote]) -> dict[str, object]:
    return {
        "id": f"{_event_id(game)}:{number}",
        "sport": "NBA",
        "market_id": int(_MARKET),
        "event_id": _event_id(game),
        "participants": [{"name": player_name}],
        "selections": [_selection("over", quotes), _selection("under", quotes)],
    }


def _selection(side: str, quotes: Iterable[Quote]) -> dict[str, object]:
    by_book = groupby(quotes, key=attrgetter("book"))
    books = [{"id": _BOOKS[book], "lines": [_line(side, quote) for quote in group]} for book, group in by_book]
    return {"selection": side, "label": side.capitalize(), "books": books}


def _line(side: str, quote: Quote) -> dict[str, object]:
    """A side that is not offered is off and has no price."""
    cost = quote.over_price_american if side == "over" else quote.under_price_american
    return {"line": quote.line, "cost": cost, "is_off": cost is None, "updated": _utc(quote.updated_at)}
