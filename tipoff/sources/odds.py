"""the-odds-api v4: events, game lines and player-points props, as live responses and as historical ones.

A historical response wraps the live shape and names the time it shows; that time is the as-of time of its rows.
Quotes of tip-off or later are rejected, and so are quotes that are too old.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import ClassVar, NamedTuple

from tipoff.odds import american_price
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, resolver_of, unresolved_row
from tipoff.sources.providers import THE_ODDS_API
from tipoff.sources.rejections import NOT_ON_SLATE, REPEATED
from tipoff.sources.tip_off import seconds_from_tip_off
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, eastern, game_date_of, step_names

_SPORT = "basketball_nba"
_PATH = f"/v4/sports/{_SPORT}"
_AMERICAN = {"regions": "us", "oddsFormat": "american", "dateFormat": "iso"}
_MONEYLINE = "h2h"
_GAME_MARKETS = (_MONEYLINE, "spreads", "totals")
_PROP_MARKET = "player_points"
_SIDES = ("Over", "Under")
_PLAYERS_PER_GAME = 14
"""Players who usually have lines in a game."""
_BOOKS_PER_GAME = 5

_OTHER_MARKET = "market not requested"
_NOT_AMERICAN = "price that is not American"
_IN_PLAY = "quoted at or after tip-off"
_STALE = "quoted too long ago"
_STALE_AFTER = timedelta(hours=18)
"""Longer than from a morning's snapshot to the last tip-off of its date; yesterday's quotes are older."""
_IGNORED = names("sport_title title previous_timestamp next_timestamp")


class OddsEvents(Feed):
    """The provider's event of each game; this request costs no credits."""

    name = step_names.BETTING_EVENTS
    title = "The Odds API events"
    number = 6
    provider = THE_ODDS_API
    role = Role.PRE
    answers_for_past = False
    table = "raw_odds_events"
    natural_key = ("game_date", "game_id")
    fault_outcomes = {"stale": Outcome.SUSPICIOUSLY_EMPTY}
    undetectable_faults = {"late": "the games of the date are listed long before"}
    ignored_fields: ClassVar[frozenset[str]] = _IGNORED | {"bookmakers"}

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.upcoming(as_of):
            return ()
        return (Request(host=THE_ODDS_API.host, path=f"{_PATH}/events", params={"dateFormat": "iso"}),)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        events, shown_at = _events(JsonPayload(self.name, response), response.fetched_at)
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"{counted(len(events), 'event')}, none of a game on the slate")
        return _judge_upcoming(slate, shown_at, reading, if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        events, as_of = _events(payload, context.as_of)
        matched = _matched_events(events, context.slate, collector)
        for event in matched:
            row = {
                "game_date": context.slate.game_date,
                "game_id": event.game.game_id,
                "event_id": event.event_id,
                "home": event.game.home,
                "away": event.game.away,
                "commence_time": event.starts_at,
            }
            collector.keep({**row, "source": self.name, "as_of": as_of})
        reading = collector.reading(payload.unknown(self.ignored_fields) if matched else ())
        ids = {row["game_id"]: row["event_id"] for row in reading.rows}
        return reading.model_copy(update={"provider_ids": ids})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """The rows of this source only: other providers have events of the same games."""
        return {**super().replaced_rows(rows, slate), "source": self.name}

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)


class GameLines(Feed):
    """Spread, total and moneyline of each book."""

    name = step_names.GAME_BETTING_LINES
    title = "The Odds API game lines"
    number = 7
    provider = THE_ODDS_API
    role = Role.PRE
    answers_for_past = False
    table = "raw_game_lines"
    natural_key = ("game_date", "game_id", "book")
    fault_outcomes = {"empty": Outcome.NOT_PUBLISHED_YET}
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.upcoming(as_of):
            return ()
        # One credit per market and region; an empty response is free, one with games of another date is not.
        params = {**_AMERICAN, "markets": ",".join(_GAME_MARKETS), **_date_range(slate.game_date)}
        return (Request(host=THE_ODDS_API.host, path=f"{_PATH}/odds", params=params, credits=len(_GAME_MARKETS)),)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        _, shown_at = _events(JsonPayload(self.name, response), response.fetched_at)
        return _judge_upcoming(slate, shown_at, reading, judge_without_lines("game lines", reading))

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        events, as_of = _events(payload, context.as_of)
        matched = _matched_events(events, context.slate, collector, with_books=True)
        for event in matched:
            origin = {
                "game_date": context.slate.game_date,
                "game_id": event.game.game_id,
                "event_id": event.event_id,
                "source": self.name,
                "as_of": as_of,
            }
            for book in collector.read_each(event.books, partial(_game_markets, game=event.game, collector=collector)):
                row = {"book": book.book, "last_update": book.updated_at, **origin}
                lines = _line_columns(book.quotes, event.game, collector)
                if reason := _time_rejection(row, event.game):
                    collector.reject(reason)
                elif all(value is None for value in lines.values()):
                    collector.reject("book without a line")
                else:
                    collector.keep({**row, **lines})
        return collector.reading(payload.unknown(self.ignored_fields) if matched else ())

    def expected_rows(self, slate: Slate) -> int:
        return _BOOKS_PER_GAME * len(slate.games)


class PlayerPointsProps(Feed):
    """Points lines of each book for each player, main and alternate; one request per game that has not begun."""

    name = step_names.BETTING_LINES
    title = "The Odds API player points"
    number = 8
    provider = THE_ODDS_API
    role = Role.PRE
    answers_for_past = False
    table = "raw_player_props"
    natural_key = ("game_date", "game_id", "book", "player_name", "line")
    fault_outcomes = {"empty": Outcome.NOT_PUBLISHED_YET, "gone": Outcome.NOT_PUBLISHED_YET}
    needs_players = True
    needs_ids_of = OddsEvents.name
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        params = {**_AMERICAN, "markets": _PROP_MARKET}
        return tuple(
            Request(
                host=THE_ODDS_API.host,
                path=f"{_PATH}/events/{provider_ids[game.game_id]}/odds",
                params=params,
                game_id=game.game_id,
                part=game.label,
                credits=1,
            )
            for game in slate.upcoming(as_of)
            if game.game_id in provider_ids
        )

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        if response.status != HTTPStatus.NOT_FOUND:
            return super().judge(request, response, slate)
        begun = not any(game.game_id == request.game_id for game in slate.upcoming(response.fetched_at))
        if begun:
            return judged(Outcome.GONE, f"{request.part} has begun")
        return judged(Outcome.NOT_PUBLISHED_YET, f"the event of {request.part} is not listed yet")

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        event, shown_at = _event(JsonPayload(self.name, response), response.fetched_at)
        game = _requested_game(event, slate, request.game_id)
        if game is None:
            return judged(Outcome.GONE, f"the event of {request.part} is now {_event_text(event)}")
        if game.has_begun(shown_at):
            return judged(Outcome.GONE, f"{request.part} has begun")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        players = {row["player_name"] for row in reading.rows}
        if not players:
            return judge_without_lines(f"lines for {request.part}", reading)
        few = 2 * len(players) < _PLAYERS_PER_GAME
        shown = f"{request.part}: lines for {counted(len(players), 'player')}"
        return judged(Outcome.PARTIAL if few else Outcome.OK, shown)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        event, as_of = _event(payload, context.as_of)
        game = _requested_game(event, context.slate, context.game_id)
        pairs = pair_sides(_prop_quotes(event, collector), collector)
        if game is None:
            collector.reject(NOT_ON_SLATE, len(pairs))
            return collector.reading()
        keep_pairs(pairs, game, event.text("id"), context, collector, {"source": self.name, "as_of": as_of})
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_PER_GAME * len(slate.games)


def _date_range(game_date: date) -> dict[str, str]:
    """The parameters that limit events to an Eastern date."""
    first, last = eastern(game_date, 0), eastern(game_date + timedelta(days=1), 0) - timedelta(seconds=1)
    return {"commenceTimeFrom": f"{first:%FT%TZ}", "commenceTimeTo": f"{last:%FT%TZ}"}


def _judge_upcoming(slate: Slate, shown_at: datetime, reading: Reading, if_none: Judgement) -> Judgement:
    """Judge by the games that have not begun: the provider lists no others."""
    upcoming = slate.upcoming(shown_at)
    if not upcoming:
        return judged(Outcome.EMPTY_OK, "every game has begun")
    return judged_by_games(upcoming, (row["game_id"] for row in reading.rows), if_none)


def judge_without_lines(lines: str, reading: Reading) -> Judgement:
    """The judgement of a readable response without rows. `lines`: such as "game lines"."""
    if _STALE in reading.rejected:
        return judged(Outcome.STALE, f"the {lines} are too old")
    left_out = "".join(f"; left out: {reason} ({count})" for reason, count in reading.rejected.items())
    return judged(Outcome.NOT_PUBLISHED_YET, f"no {lines} yet{left_out}")


def _events(payload: JsonPayload, fetched_at: datetime) -> tuple[list[Fields], datetime]:
    """The events of a response and the time it shows."""
    if payload.is_list():
        return payload.each(), fetched_at
    top = payload.top()
    return top.each("data"), min(top.time("timestamp"), fetched_at)


def _event(payload: JsonPayload, fetched_at: datetime) -> tuple[Fields, datetime]:
    """The one event of a response and the time it shows."""
    top = payload.top()
    if not top.has("data"):
        return top, fetched_at
    return top.fields("data"), min(top.time("timestamp"), fetched_at)


def _slate_game(event: Fields, slate: Slate) -> SlateGame | None:
    """The slate's game between the two teams; None when the event starts on another date.

    Raises ContractError for an event of another league, which has the same shape.
    """
    sport = event.text("sport_key")
    if sport != _SPORT:
        raise event.problem("sport_key", f"is {sport!r}, requested {_SPORT!r}")
    sides = {find_team(event.text(side)) for side in ("home_team", "away_team")}
    tricodes = {side.tricode for side in sides if side}
    if game_date_of(event.time("commence_time")) != slate.game_date:
        return None
    return next((game for game in slate.games if {game.home, game.away} == tricodes), None)


def _event_text(event: Fields) -> str:
    """Teams and date of an event, for a reason text."""
    date = game_date_of(event.time("commence_time"))
    return f"{event.text('away_team')} at {event.text('home_team')} on {date}"


def _requested_game(event: Fields, slate: Slate, requested: str | None) -> SlateGame | None:
    """The event's game; None when it is not on the slate. Raises ContractError when another one was requested."""
    game = _slate_game(event, slate)
    if game and requested and game.game_id != requested:
        raise event.problem("id", f"is the event of {game.label}, requested game {requested}")
    return game


class SlateEvent(NamedTuple):
    """The event of a game on the slate."""

    game: SlateGame
    event_id: str
    starts_at: datetime
    books: Sequence[Fields] = ()


def _matched_events(
    events: Sequence[Fields], slate: Slate, collector: RowCollector, *, with_books: bool = False
) -> list[SlateEvent]:
    """The events of the slate's games; of two events of a game, the one that starts nearer to tip-off first."""

    def read(event: Fields) -> SlateEvent | None:
        game = _slate_game(event, slate)
        if game is None:
            return None
        books = event.each("bookmakers") if with_books else ()
        return SlateEvent(game, event.text("id"), event.time("commence_time"), books)

    readable_events = collector.read_each(events, read)
    matched = sorted(filter(None, readable_events), key=event_order)
    collector.reject(NOT_ON_SLATE, len(readable_events) - len(matched))
    return matched


def event_order(event: SlateEvent) -> tuple[str, float, str]:
    """The sort key of an event: its game, the seconds between tip-off and its start, its id."""
    return event.game.game_id, seconds_from_tip_off(event.game, event.starts_at), event.event_id


def _updated_at(part: Fields) -> datetime | None:
    """The update time of a book or a market; None when it has none."""
    return part.time("last_update") if part.has_time("last_update") else None


def is_stale(updated_at: datetime | None, as_of: datetime) -> bool:
    """Whether a quote is too old to count; a quote without an update time is not."""
    return updated_at is not None and updated_at < as_of - _STALE_AFTER


def _newest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time), default=None)


def _time_rejection(row: Row, game: SlateGame) -> str:
    """Why the times of a row's quotes make it unusable; empty when they do not."""
    if _is_in_play(row, game):
        return _IN_PLAY
    return _STALE if is_stale(row["last_update"], row["as_of"]) else ""


def _is_in_play(row: Row, game: SlateGame) -> bool:
    times = (row["as_of"], row["last_update"])
    return any(time is not None and game.has_begun(time) for time in times)


class _GameQuote(NamedTuple):
    """One side of a game market."""

    price: float
    point: float
    """The line; 0 where the market has none."""


def _game_quotes(market: Fields, game: SlateGame, collector: RowCollector) -> dict[str, _GameQuote]:
    """The quotes of a game market by tricode, or by Over and Under."""
    has_line = market.text("key") != _MONEYLINE

    def read(outcome: Fields) -> tuple[str, float | None, float]:
        point = outcome.number("point") if has_line else 0.0
        return outcome.text("name"), american_price(outcome.number("price")), point

    quotes: dict[str, _GameQuote] = {}
    for name, price, point in collector.read_each(market.each("outcomes"), read):
        team = find_team(name)
        side = team.tricode if team else name
        if side not in (game.home, game.away, *_SIDES):
            collector.reject("quote on neither side of the game")
        elif price is None:
            collector.reject(_NOT_AMERICAN)
        elif side in quotes:
            collector.reject(REPEATED)
        else:
            quotes[side] = _GameQuote(price, point)
    return quotes


class _GameMarkets(NamedTuple):
    """What a book quotes on a game."""

    book: str
    updated_at: datetime | None
    """The newest update time of book and markets."""
    quotes: Mapping[str, Mapping[str, _GameQuote]]
    """By market and side."""


def _game_markets(book: Fields, game: SlateGame, collector: RowCollector) -> _GameMarkets:
    key, updated_at, quotes = book.filled_text("key"), [_updated_at(book)], dict[str, dict[str, _GameQuote]]()

    def read(market: Fields) -> None:
        name = market.text("key")
        if name not in _GAME_MARKETS or name in quotes:
            collector.reject(REPEATED if name in quotes else _OTHER_MARKET)
        else:
            updated_at.append(_updated_at(market))
            quotes[name] = _game_quotes(market, game, collector)

    collector.read_each(book.each("markets"), read)
    return _GameMarkets(key, _newest(*updated_at), quotes)


def _line_columns(
    quotes: Mapping[str, Mapping[str, _GameQuote]], game: SlateGame, collector: RowCollector
) -> dict[str, float | None]:
    """The columns of a book's game lines; None where the book has no quote."""
    moneyline, spreads, totals = (quotes.get(market, {}) for market in _GAME_MARKETS)
    home_spread, home_price, away_price = _line_and_prices(spreads, game.home, game.away, -1, collector)
    total, over_price, under_price = _line_and_prices(totals, *_SIDES, 1, collector)
    return {
        "home_spread": home_spread,
        "home_spread_price_american": home_price,
        "away_spread_price_american": away_price,
        "total": total,
        "over_price_american": over_price,
        "under_price_american": under_price,
        "home_moneyline_american": moneyline[game.home].price if game.home in moneyline else None,
        "away_moneyline_american": moneyline[game.away].price if game.away in moneyline else None,
    }


def _line_and_prices(
    quotes: Mapping[str, _GameQuote], first: str, second: str, sign: int, collector: RowCollector
) -> tuple[float | None, float | None, float | None]:
    """The first side's line, and both prices; the second side's line is `sign` times the first's."""
    one, other = quotes.get(first), quotes.get(second)
    lines = {quote.point * factor for quote, factor in ((one, 1), (other, sign)) if quote}
    if len(lines) > 1:
        collector.reject("two sides with different lines")
    if len(lines) != 1:
        return None, None, None
    return lines.pop(), one and one.price, other and other.price


class PropQuote(NamedTuple):
    """One side of a book's line on a player."""

    book: str
    player_name: str
    line: float
    side: str
    price: float
    updated_at: datetime | None


class PartialQuote(NamedTuple):
    """What is known of a quote with an unreadable part; None: not known."""

    book: str | None = None
    player_name: str | None = None
    line: float | None = None
    side: str | None = None

    def may_belong_to(self, pair: Row) -> bool:
        """Whether it may be the side that a pair lacks."""
        known = {"book": self.book, "player_name": self.player_name, "line": self.line}
        lacks_side = any(pair[column] is None for side, column in _PRICE_COLUMNS.items() if self.side in (None, side))
        return lacks_side and all(value in (None, pair[name]) for name, value in known.items())


def pair_sides(quotes: Iterable[PropQuote | PartialQuote], collector: RowCollector) -> list[Row]:
    """A row with both prices for each book, player and line.

    A price is None when the side is not offered, and the worse one when a side is quoted twice. A line is left out when
    its other side may be one of the unreadable quotes.
    """
    pairs, unreadable = dict[tuple[str, str, float], Row](), list[PartialQuote]()
    for quote in quotes:
        if isinstance(quote, PartialQuote):
            unreadable.append(quote)
            continue
        side, price = _PRICE_COLUMNS.get(quote.side), american_price(quote.price)
        if side is None or price is None:
            collector.reject(_NOT_AMERICAN if side else "quote that is neither over nor under")
            continue
        if len(quote.player_name) > LONGEST_NAME:
            collector.reject(TOO_LONG)
            continue
        key = (quote.book, quote.player_name, quote.line)
        pair = pairs.setdefault(key, _pair_without_prices(*key, quote.updated_at))
        if pair[side] is not None:
            collector.reject(REPEATED)
        pair[side] = price if pair[side] is None else min(price, pair[side])
        pair["last_update"] = _newest(pair["last_update"], quote.updated_at)
    complete = [pair for pair in pairs.values() if not any(quote.may_belong_to(pair) for quote in unreadable)]
    collector.reject("line whose other side is unreadable", len(pairs) - len(complete))
    return complete


def keep_pairs(
    pairs: Iterable[Row], game: SlateGame, event_id: str, context: ReadContext, collector: RowCollector, origin: Row
) -> None:
    """Keep the pairs as rows of `raw_player_props` with resolved names; reject those in play or too old."""
    pairs = tuple(pairs)
    player_ids = _player_ids(pairs, game, context, collector, origin)
    for pair in pairs:
        row = {
            "game_date": context.slate.game_date,
            "game_id": game.game_id,
            "event_id": event_id,
            "player_id": player_ids[pair["player_name"]],
            **pair,
            **origin,
        }
        if reason := _time_rejection(row, game):
            collector.reject(reason)
        else:
            collector.keep(row)


_PRICE_COLUMNS = {"Over": "over_price_american", "Under": "under_price_american"}


def _prop_quotes(event: Fields, collector: RowCollector) -> Iterator[PropQuote | PartialQuote]:
    """The quotes of the points markets."""
    for market in _prop_markets(event, collector):
        yield from collector.read_each(market.outcomes, partial(_prop_quote, market), partial(_partial_quote, market))


class _PropMarket(NamedTuple):
    """A points market of a book."""

    book: str
    updated_at: datetime | None
    """The newest update time of market and book."""
    outcomes: list[Fields]


def _prop_markets(event: Fields, collector: RowCollector) -> Iterator[_PropMarket]:
    def read_book(book: Fields) -> tuple[str, datetime | None, list[Fields]]:
        return book.filled_text("key"), _updated_at(book), book.each("markets")

    def read_market(market: Fields) -> tuple[datetime | None, list[Fields]] | None:
        if market.text("key") != _PROP_MARKET:
            collector.reject(_OTHER_MARKET)
            return None
        return _updated_at(market), market.each("outcomes")

    for key, book_updated_at, markets in collector.read_each(event.each("bookmakers"), read_book):
        for updated_at, outcomes in filter(None, collector.read_each(markets, read_market)):
            yield _PropMarket(key, _newest(book_updated_at, updated_at), outcomes)


def _prop_quote(market: _PropMarket, outcome: Fields) -> PropQuote:
    return PropQuote(
        book=market.book,
        player_name=outcome.filled_text("description"),
        line=outcome.number("point"),
        side=outcome.text("name"),
        price=outcome.number("price"),
        updated_at=market.updated_at,
    )


def _partial_quote(market: _PropMarket, outcome: Fields) -> PartialQuote:
    return PartialQuote(
        book=market.book,
        player_name=readable(outcome.filled_text, "description"),
        line=readable(outcome.number, "point"),
        side=readable(outcome.text, "name"),
    )


def _pair_without_prices(book: str, player_name: str, line: float, updated_at: datetime | None) -> Row:
    return {
        "book": book,
        "player_name": player_name,
        "line": line,
        "over_price_american": None,
        "under_price_american": None,
        "last_update": updated_at,
    }


def _player_ids(
    pairs: Iterable[Row], game: SlateGame, context: ReadContext, collector: RowCollector, origin: Row
) -> dict[str, str | None]:
    """Player ids by quoted name, resolved within the two rosters; a name without one is kept as unresolved."""
    resolver = resolver_of(context, (game.home, game.away))
    ids: dict[str, str | None] = {}
    for name in sorted({pair["player_name"] for pair in pairs}):
        player = resolver.resolve(name)
        ids[name] = player.player_id if player else None
        if player is None:
            collector.unresolved({**unresolved_row(name, resolver, context, game.game_id), **origin})
    return ids
