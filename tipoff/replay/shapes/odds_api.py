"""api.the-odds-api.com v4: events, game lines and player-points props as quoted up to the as-of time."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import polars as pl

from tipoff.odds import BOOK_TITLES, decimal_price
from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes import error_responses
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.prop_quotes import QUOTE_FAULTS, Quote, with_quote_faults
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, iso_z, json_response
from tipoff.teams import TEAMS

HOST = "api.the-odds-api.com"

_LISTED_AHEAD = timedelta(hours=24)
_GAME_MARKETS = ("h2h", "spreads", "totals")
_PROP_MARKET = "player_points"

Outcome = dict[str, object]
Row = Mapping[str, Any]
"""A row of the archive's game lines."""
Price = Callable[[int], float]
"""Converts an American price into the requested format."""


def events(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The games that tip off within the next 24 hours; costs no credits."""
    if "apiKey" not in params:
        return error_responses.missing_key()
    return _with_quota([_event(game, view) for game in _upcoming_games(view)], cost=0)


def game_lines(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The same games with each book's newest lines; no bookmakers before the first snapshot."""
    markets = params.get("markets", "h2h").split(",")
    error = _parameter_error(params, markets, _GAME_MARKETS)
    if error:
        return error
    games = [game for game in _upcoming_games(view) if _is_within(game, view, params)]
    rows = _newest(view, view.index.archive.game_lines, [game.game_id for game in games])
    by_game = {game_id: list(group) for game_id, group in groupby(rows, key=lambda row: row["game_id"])}
    price = _PRICES[params.get("oddsFormat", "decimal")]
    content = [
        _event(game, view)
        | {"bookmakers": [_book(row, game, view, markets, price) for row in by_game.get(game.game_id, ())]}
        for game in games
    ]
    return _with_quota(content, cost=len(markets) * _regions(params))


def player_points(view: ArchiveView, params: Params) -> UpstreamResponse:
    """One event with each book's newest prop lines; no bookmakers before the first snapshot, 404 from tip-off."""
    markets = params.get("markets", "h2h").split(",")
    error = _parameter_error(params, markets, (_PROP_MARKET,))
    if error:
        return error
    game = view.index.by_event.get(params["event_id"])
    in_play = any(fault.kind is FaultKind.IN_PLAY for fault in view.quote_faults)
    if game is None or (view.has_begun(game) and not in_play):
        return error_responses.event_not_found()
    quotes = with_quote_faults(latest_quotes(game, view), game, view) if view.shows(game) else []
    price = _PRICES[params.get("oddsFormat", "decimal")]
    books = [_prop_book(book, list(group), price) for book, group in groupby(quotes, key=attrgetter("book"))]
    return _with_quota(_event(game, view) | {"bookmakers": books}, cost=len(books) and _regions(params))


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The game of the event in the path."""
    game = view.index.by_event.get(params["event_id"])
    return [game] if game else []


def _parameter_error(params: Params, markets: list[str], known: tuple[str, ...]) -> UpstreamResponse | None:
    if "apiKey" not in params:
        return error_responses.missing_key()
    if "regions" not in params and "bookmakers" not in params:
        return error_responses.odds_api_error(422, "MISSING_REGION", "Missing regions parameter")
    if unknown := sorted(set(markets) - set(known)):
        return error_responses.odds_api_error(422, "INVALID_MARKET", f"Invalid markets: {', '.join(unknown)}")
    if params.get("oddsFormat", "decimal") not in _PRICES:
        return error_responses.odds_api_error(422, "INVALID_ODDS_FORMAT", "Invalid oddsFormat parameter")
    return None


def _regions(params: Params) -> int:
    return len(params.get("regions", "us").split(","))


def _with_quota(content: object, cost: int) -> UpstreamResponse:
    """The upstream has no state, so that every call counts as the first of the month."""
    left = error_responses.MONTHLY_CREDITS - cost
    return json_response(content, headers=error_responses.quota_headers(left=left, cost=cost))


def _upcoming_games(view: ArchiveView) -> list[Game]:
    until = view.as_of + _LISTED_AHEAD
    days = (view.today, view.today + timedelta(days=1))
    games = [game for day in days for game in view.games_on(day)]
    return [game for game in games if not view.has_begun(game) and game.tip_off < until]


def _is_within(game: Game, view: ArchiveView, params: Params) -> bool:
    """Whether the game begins within the requested times; ISO times in UTC sort as text."""
    begins = iso_z(view.index.commence_time(game, view.as_of))
    return params.get("commenceTimeFrom", begins) <= begins <= params.get("commenceTimeTo", begins)


def _event(game: Game, view: ArchiveView) -> dict[str, object]:
    return {
        "id": view.index.event_ids[game.game_id],
        "sport_key": "basketball_nba",
        "sport_title": "NBA",
        "commence_time": iso_z(view.index.commence_time(game, view.as_of)),
        "home_team": TEAMS[game.home].full_name,
        "away_team": TEAMS[game.away].full_name,
    }


def _newest(view: ArchiveView, quotes: pl.DataFrame, game_ids: list[str]) -> list[dict[str, Any]]:
    """The rows of each game's and book's newest snapshot up to `as_of`, ordered by game and book."""
    visible = quotes.filter(pl.col("game_id").is_in(game_ids), pl.col("snapshot_at") <= view.as_of)
    newest = pl.col("snapshot_at") == pl.col("snapshot_at").max().over("game_id", "book")
    return visible.filter(newest).sort("game_id", "book", maintain_order=True).to_dicts()


def latest_quotes(game: Game, view: ArchiveView) -> list[Quote]:
    """The prop lines of each book's newest snapshot up to `as_of`, ordered by book."""
    rows = _newest(view, view.index.archive.prop_lines, [game.game_id])
    quotes = (Quote.of(row) for row in rows)
    return [quote._replace(updated_at=quote.updated_at - view.quotes_backdated_by) for quote in quotes]


def _decimal(price_american: int) -> float:
    return round(decimal_price(price_american), 2)


_PRICES: Mapping[str, Price] = {"american": int, "decimal": _decimal}


def _book(row: Row, game: Game, view: ArchiveView, markets: list[str], price: Price) -> dict[str, object]:
    updated = iso_z((row["last_update"] or row["snapshot_at"]) - view.quotes_backdated_by)
    outcomes = {name: _OUTCOMES[name](row, game, price) for name in _GAME_MARKETS if name in markets}
    return {
        **_book_header(row["book"]),
        "last_update": updated,
        "markets": [
            {"key": name, "last_update": updated, "outcomes": listed} for name, listed in outcomes.items() if listed
        ],
    }


def _book_header(book: str) -> dict[str, object]:
    return {"key": book, "title": BOOK_TITLES.get(book, book)}


def _moneyline(row: Row, game: Game, price: Price) -> list[Outcome]:
    sides = {game.home: row["home_moneyline_american"], game.away: row["away_moneyline_american"]}
    return [{"name": TEAMS[side].full_name, "price": price(odds)} for side, odds in sides.items() if odds]


def _spread(row: Row, game: Game, price: Price) -> list[Outcome]:
    points = row["home_spread"]
    if points is None:
        return []
    sides = (
        (game.home, row["home_spread_price_american"], points),
        (game.away, row["away_spread_price_american"], -points),
    )
    return [
        {"name": TEAMS[side].full_name, "price": price(odds), "point": point} for side, odds, point in sides if odds
    ]


def _total(row: Row, game: Game, price: Price) -> list[Outcome]:
    sides = {"Over": row["over_price_american"], "Under": row["under_price_american"]}
    return [{"name": side, "price": price(odds), "point": row["total"]} for side, odds in sides.items() if odds]


_OUTCOMES: Mapping[str, Callable[[Row, Game, Price], list[Outcome]]] = {
    "h2h": _moneyline,
    "spreads": _spread,
    "totals": _total,
}


def _prop_book(book: str, quotes: list[Quote], price: Price) -> dict[str, object]:
    outcomes = [outcome for quote in quotes for outcome in _both_sides(quote, price)]
    updated = iso_z(max(quote.updated_at for quote in quotes))
    return {
        **_book_header(book),
        "markets": [{"key": _PROP_MARKET, "last_update": updated, "outcomes": outcomes}],
    }


def _both_sides(quote: Quote, price: Price) -> list[Outcome]:
    sides = {"Over": quote.over_price_american, "Under": quote.under_price_american}
    return [
        {"name": side, "description": quote.player_name, "price": price(odds), "point": quote.line}
        for side, odds in sides.items()
        if odds
    ]


ENDPOINTS = (
    Endpoint(
        "odds_api_events",
        HOST,
        r"v4/sports/basketball_nba/events/?",
        events,
        special_faults=frozenset({FaultKind.QUOTA_SPENT, FaultKind.BAD_KEY}),
    ),
    Endpoint(
        "odds_api_game_lines",
        HOST,
        r"v4/sports/basketball_nba/odds/?",
        game_lines,
        special_faults=frozenset({FaultKind.QUOTA_SPENT, FaultKind.BAD_KEY, FaultKind.YESTERDAYS}),
    ),
    Endpoint(
        "odds_api_player_points_props",
        HOST,
        r"v4/sports/basketball_nba/events/(?P<event_id>\w+)/odds/?",
        player_points,
        requested_games=requested_games,
        special_faults=frozenset({FaultKind.QUOTA_SPENT, FaultKind.BAD_KEY, FaultKind.YESTERDAYS, FaultKind.NEVER})
        | QUOTE_FAULTS.keys(),
    ),
)
