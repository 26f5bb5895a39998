"""BettingPros v3: its events, and the points props of a game in pages of ten players.

Times are UTC, although they have no zone. The shape of `offers` is known from public clients of the API; book 0 is
BettingPros' own consensus and not a book.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import ClassVar, NamedTuple

from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.odds import (
    PartialQuote,
    PlayerPointsProps,
    PropQuote,
    SlateEvent,
    event_order,
    judge_without_lines,
    keep_pairs,
    pair_sides,
)
from tipoff.sources.provider_ids import UNSAFE_ID, is_safe_id
from tipoff.sources.providers import BETTINGPROS
from tipoff.sources.rejections import NOT_ON_SLATE
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, counted, game_date_of

_SPORT = "NBA"
_POINTS_MARKET = "156"
"""The market of points of NBA players."""
_PLAYERS_PER_PAGE = 10
"""The provider never sends more, whatever the request says."""
_PAGES_PER_GAME = 3
_PLAYERS_PER_GAME = 14
_BOOKS = {
    "10": "fanduel",
    "12": "draftkings",
    "13": "williamhill_us",
    "18": "betrivers",
    "19": "betmgm",
    "24": "bet365",
    "33": "espnbet",
}
"""The provider's id of a book -> its name at the-odds-api."""


class BettingProsEvents(Feed):
    """BettingPros' event of each game."""

    name = "bettingpros_events"
    title = "BettingPros events"
    provider = BETTINGPROS
    role = Role.PRE
    answers_for_past = False
    table = "raw_odds_events"
    natural_key = ("game_date", "game_id")
    undetectable_faults = dict.fromkeys(("stale", "late"), "the games of the date are listed days before")
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        _parameters ts utc sr_id season season_type event_name status link series_summary popularity lineups venue
        broadcasts results is_free conference division record slug abbreviation
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.upcoming(as_of):
            return ()
        params = {"sport": _SPORT, "date": slate.game_date.isoformat()}
        return (Request(host=BETTINGPROS.host, path="/v3/events", params=params),)

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        return _bad_key(response) or super().judge(request, response, slate)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        upcoming = slate.upcoming(response.fetched_at)
        if not upcoming:
            return judged(Outcome.EMPTY_OK, "every game has begun")
        events = JsonPayload(self.name, response).top().each("events")
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"{counted(len(events), 'event')}, none of a game on the slate")
        return judged_by_games(upcoming, (row["game_id"] for row in reading.rows), if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        events = collector.read_each(payload.top().each("events"), partial(_slate_event, slate=context.slate))
        matched = sorted(filter(None, events), key=event_order)
        collector.reject(NOT_ON_SLATE, len(events) - len(matched))
        for event in matched:
            row = {
                "game_date": context.slate.game_date,
                "game_id": event.game.game_id,
                "event_id": event.event_id,
                "home": event.game.home,
                "away": event.game.away,
                "commence_time": event.starts_at,
            }
            collector.keep({**row, **self.origin(context)})
        reading = collector.reading(payload.unknown(self.ignored_fields))
        ids = {row["game_id"]: row["event_id"] for row in reading.rows}
        return reading.model_copy(update={"provider_ids": ids})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """The rows of this source only: other providers have events of the same games."""
        return {**super().replaced_rows(rows, slate), "source": self.name}

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)


class BettingProsPoints(Feed):
    """Points lines of each book for each player in games that have not begun."""

    name = "bettingpros_player_points_props"
    title = "BettingPros player points"
    number = 9
    provider = BETTINGPROS
    role = Role.PRE
    answers_for_past = False
    fallback_for = (PlayerPointsProps.name,)
    table = "raw_player_props"
    natural_key = ("game_date", "game_id", "book", "player_name", "line")
    fault_outcomes = {"empty": Outcome.NOT_PUBLISHED_YET}
    needs_players = True
    needs_ids_of = BettingProsEvents.name
    paged = True
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        _parameters _pagination ts utc id sport player_id link links active player image opening_line label
        short_label param type main best replaced
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        """A request for the first page of each game."""
        return tuple(
            Request(
                host=BETTINGPROS.host,
                path="/v3/offers",
                params={
                    "sport": _SPORT,
                    "market_id": _POINTS_MARKET,
                    "event_id": provider_ids[game.game_id],
                    "limit": str(_PLAYERS_PER_PAGE),
                    "page": "1",
                },
                game_id=game.game_id,
                part=_part(game.label, 1),
            )
            for game in slate.upcoming(as_of)
            if game.game_id in provider_ids
        )

    def next_page(self, request: Request, body: bytes) -> Request | None:
        """The request for the next page, up to as many pages as a game's players usually fill."""
        _, pages = _page_and_pages(JsonPayload(self.name, body).top())
        page = int(str(request.params["page"]))
        if page >= min(pages, _PAGES_PER_GAME):
            return None
        label = request.part.removesuffix(_part("", page))
        params = {**request.params, "page": str(page + 1)}
        return request.model_copy(update={"params": params, "part": _part(label, page + 1)})

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        return _bad_key(response) or super().judge(request, response, slate)

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        top = JsonPayload(self.name, response).top()
        page, pages = _page_and_pages(top)
        if not any(game.game_id == request.game_id for game in slate.upcoming(response.fetched_at)):
            return judged(Outcome.GONE, f"{request.part}: the game has begun")
        return None if top.each("offers") else _judge_empty_page(request.part, page, pages)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        top = JsonPayload(self.name, response).top()
        page, pages = _page_and_pages(top)
        if not reading.rows:
            without = judge_without_lines(f"lines for {request.part}", reading)
            # A later page is requested only after a page with fresh quotes: STALE would discard those as well.
            return without if page == 1 else judged(Outcome.EMPTY_OK, without.reason)
        event_id, requested = reading.rows[0]["event_id"], request.params["event_id"]
        if event_id != requested:
            raise top.problem("offers", f"are of event {event_id!r}, requested {requested!r}")
        if pages > _PAGES_PER_GAME:
            return judged(
                Outcome.PARTIAL, f"{request.part}: only {_PAGES_PER_GAME} of {counted(pages, 'page')} requested"
            )
        players = {row["player_name"] for row in reading.rows}
        return judged(Outcome.OK, f"{request.part}: lines for {counted(len(players), 'player')}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        _page_and_pages(payload.top())  # raises ContractError for a page without its number
        offers = _offers(payload.top(), collector)
        game = next((game for game in context.slate.games if game.game_id == context.game_id), None)
        pairs = pair_sides(_prop_quotes(offers, collector), collector)
        if game is None:
            collector.reject(NOT_ON_SLATE, len(pairs))
        elif pairs:
            keep_pairs(pairs, game, offers[0].event_id, context, collector, self.origin(context))
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_PER_GAME * len(slate.games)


def _bad_key(response: Response) -> Judgement | None:
    """BAD_KEY when the API's gateway refuses the key: it sends 403 and "Forbidden" in JSON."""
    if response.status == HTTPStatus.FORBIDDEN and b'"Forbidden"' in response.body:
        return judged(Outcome.BAD_KEY, "HTTP 403: Forbidden")
    return None


def _slate_event(event: Fields, slate: Slate) -> SlateEvent | None:
    """The event of a game on the slate; None when it is of another game or date.

    Raises ContractError for an event of another league, which has the same shape.
    """
    sport = event.text("sport")
    if sport != _SPORT:
        raise event.problem("sport", f"is {sport!r}, requested {_SPORT!r}")
    sides = {participant.identifier("id"): _tricode(participant) for participant in event.each("participants")}
    teams = {sides.get(event.text(side)) for side in ("home", "visitor")}
    starts_at = event.time_in_utc("scheduled")
    if game_date_of(starts_at) != slate.game_date:
        return None
    game = next((game for game in slate.games if {game.home, game.away} == teams), None)
    return SlateEvent(game, event.identifier("id"), starts_at) if game else None


def _tricode(participant: Fields) -> str | None:
    """The tricode by city and name: the provider has its own tricodes."""
    known = find_team(f"{participant.fields('team').text('city')} {participant.text('name')}")
    return known.tricode if known else None


def _part(label: str, page: int) -> str:
    return f"{label} page {page}"


class _Offer(NamedTuple):
    """What the books offer on one player."""

    event_id: str
    player_name: str
    selections: list[Fields]
    """Over and under."""


def _offers(top: Fields, collector: RowCollector) -> list[_Offer]:
    """The offers of the event that most of them have. Raises ContractError when no event has most of them."""
    offers = collector.read_each(top.each("offers"), _offer)
    if not offers:
        return []
    event_id, count = Counter(offer.event_id for offer in offers).most_common(1)[0]
    if 2 * count <= len(offers):
        raise top.problem("offers", "are of several events, although one event was requested")
    collector.reject("offer of another event", len(offers) - count)
    return [offer for offer in offers if offer.event_id == event_id]


def _offer(offer: Fields) -> _Offer:
    """Raises ContractError for another market than NBA points; other leagues have other markets."""
    market, participants = offer.identifier("market_id"), offer.each("participants")
    if market != _POINTS_MARKET:
        raise offer.problem("market_id", f"is {market!r}, requested {_POINTS_MARKET!r}: points of NBA players")
    if len(participants) != 1:
        raise offer.problem("participants", f"are {counted(len(participants), 'player')}, expected 1")
    event_id = offer.identifier("event_id")
    if not is_safe_id(event_id):
        raise offer.problem("event_id", UNSAFE_ID)
    return _Offer(event_id, participants[0].filled_text("name"), offer.each("selections"))


def _page_and_pages(top: Fields) -> tuple[int, int]:
    """The number of this page and of all pages."""
    pagination = top.fields("_pagination")
    return pagination.integer("page"), pagination.integer("total_pages")


def _judge_empty_page(part: str, page: int, pages: int) -> Judgement:
    """The judgement of a page without offers: no lines yet, a page after the last one, or an error."""
    if not pages:
        return judged(Outcome.NOT_PUBLISHED_YET, f"{part}: no lines yet")
    if page > pages:
        return judged(Outcome.EMPTY_OK, f"{part}: page {pages} is the last")
    return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{part}: empty, although the game has {counted(pages, 'page')}")


_Quotes = list[PropQuote | PartialQuote]


def _prop_quotes(offers: Iterable[_Offer], collector: RowCollector) -> _Quotes:
    """The quotes of known books that are on offer."""
    quotes: _Quotes = []
    for offer in offers:
        known = PartialQuote(player_name=offer.player_name)
        read, damaged = partial(_selection_quotes, known, collector), partial(_damaged_selection, known)
        quotes += chain.from_iterable(collector.read_each(offer.selections, read, damaged))
    return quotes


def _selection_quotes(known: PartialQuote, collector: RowCollector, selection: Fields) -> _Quotes:
    known = known._replace(side=_side(selection))
    read, damaged = partial(_book_quotes, known, collector), partial(_damaged_book, known)
    return list(chain.from_iterable(collector.read_each(selection.each("books"), read, damaged)))


def _book_quotes(known: PartialQuote, collector: RowCollector, book: Fields) -> _Quotes:
    book_id, lines = book.identifier("id"), book.each("lines")
    if book_id not in _BOOKS:
        collector.reject("quote of an unknown book", len(lines))
        return []
    known = known._replace(book=_BOOKS[book_id])
    quotes = collector.read_each(lines, partial(_quote, known), partial(_damaged_line, known))
    offered = [quote for quote in quotes if quote]
    collector.reject("quote that is not offered", len(quotes) - len(offered))
    return offered


def _quote(known: PartialQuote, line: Fields) -> PropQuote | None:
    """The quote of a line; None when it is not on offer."""
    if not _is_offered(line):
        return None
    updated_at = line.time_in_utc("updated") if line.has_time("updated") else None
    price = line.number("cost")
    return PropQuote(**known._replace(line=line.number("line"))._asdict(), price=price, updated_at=updated_at)


def _damaged_selection(known: PartialQuote, selection: Fields) -> _Quotes:
    return [known._replace(side=readable(_side, selection))]


def _damaged_book(known: PartialQuote, book: Fields) -> _Quotes:
    book_id = readable(book.identifier, "id")
    return [] if book_id and book_id not in _BOOKS else [known._replace(book=book_id and _BOOKS[book_id])]


def _damaged_line(known: PartialQuote, line: Fields) -> PartialQuote:
    return known._replace(line=readable(line.number, "line"))


def _side(selection: Fields) -> str:
    return selection.text("selection").capitalize()


def _is_offered(line: Fields) -> bool:
    off = line.flag("is_off")
    inactive = line.has("active") and not line.flag("active")
    return line.has("cost") and not off and not inactive
