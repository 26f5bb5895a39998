"""api.bettingpros.com v3: the events of a date, and the points props of one event, ten players a page.

Only books that both the archive and the provider have are quoted. The archive has no line-ups, venues, results or bet
ratings of the provider; those fields are omitted.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import bad_request
from tipoff.replay.shapes.game_state import FINAL, SCHEDULED, state_of
from tipoff.replay.shapes.odds_api import latest_quotes
from tipoff.replay.shapes.prop_quotes import QUOTE_FAULTS, Quote, with_quote_faults
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import season_of

_MARKET = "156"
_PER_PAGE = 10
_BOOKS = {"fanduel": 10, "draftkings": 12, "williamhill_us": 13, "betrivers": 18, "betmgm": 19}
_STATUSES = {SCHEDULED: "scheduled", FINAL: "closed"}


def events(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The games of `date`, by default today's."""
    game_date = date.fromisoformat(params["date"]) if "date" in params else view.today
    listed = [_event(game, view) for game in view.games_on(game_date)]
    parameters = {"sport": "NBA", "date": f"{game_date}"}
    return json_response(
        {"_parameters": parameters, "events": listed, "ts": int(view.as_of.timestamp()), "utc": _utc(view.as_of)}
    )


def offers(view: ArchiveView, params: Params) -> UpstreamResponse:
    """A page of one game's players by name; empty before they are quoted and from tip-off."""
    if params.get("market_id") != _MARKET:
        return bad_request(f"the replay knows market_id {_MARKET} alone")
    listed = [offer for game in requested_games(view, params) for offer in _offers(game, view)]
    page, start = int(params.get("page", 1)), (int(params.get("page", 1)) - 1) * _PER_PAGE
    pagination = {
        "page": page,
        "limit": _PER_PAGE,
        "total_pages": -(-len(listed) // _PER_PAGE),
        "total_items": len(listed),
    }
    return json_response({"offers": listed[start : start + _PER_PAGE], "_pagination": pagination})


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The game of `event_id`."""
    game = view.index.by_id.get(params.get("event_id", "").zfill(10))
    return [game] if game else []


def _event_id(game: Game) -> int:
    """Derived from the game id, because the archive has no event ids of the provider."""
    return int(game.game_id)


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _event(game: Game, view: ArchiveView) -> dict[str, object]:
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


def _offers(game: Game, view: ArchiveView) -> list[dict[str, object]]:
    in_play = any(fault.kind is FaultKind.IN_PLAY for fault in view.quote_faults)
    if not view.shows(game) or (view.has_begun(game) and not in_play):
        return []
    quotes = [quote for quote in with_quote_faults(latest_quotes(game, view), game, view) if quote.book in _BOOKS]
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
    """A side that is not offered has no price and `is_off` set."""
    cost = quote.over_price_american if side == "over" else quote.under_price_american
    return {"line": quote.line, "cost": cost, "is_off": cost is None, "updated": _utc(quote.updated_at)}


ENDPOINTS = (
    Endpoint(
        "bettingpros_events",
        "api.bettingpros.com",
        r"v3/events",
        events,
        special_faults=frozenset({FaultKind.BAD_KEY}),
    ),
    Endpoint(
        "bettingpros_player_points_props",
        "api.bettingpros.com",
        r"v3/offers",
        offers,
        requested_games=requested_games,
        special_faults=frozenset({FaultKind.BAD_KEY, FaultKind.YESTERDAYS, FaultKind.NEVER}) | QUOTE_FAULTS.keys(),
    ),
)
