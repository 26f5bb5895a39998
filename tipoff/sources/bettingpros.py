"""BettingPros v3: its events, and the points props of a game in pages of ten players.

Times are UTC, although they have no zone. The shape of `offers` is known from public clients of the API; book 0 is
BettingPros' own consensus and not a book.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.odds import PlayerPointsProps, PropQuote, is_stale, keep_pairs, pair_sides
from tipoff.sources.providers import BETTINGPROS
from tipoff.sources.rejections import NOT_ON_SLATE
from tipoff.sources.tip_off import seconds_from_tip_off
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, SlateGame, game_date_of

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

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        events = _events(JsonPayload(self.name, response))
        listed = [game.game_id for event in events if (game := _slate_game(event, slate))]
        upcoming = slate.upcoming(response.fetched_at)
        if not upcoming:
            return judged(Outcome.EMPTY_OK, "every game has begun")
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"{len(events)} events, none of a game on the slate")
        return judged_by_games(upcoming, listed, if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        events = _events(payload)
        matched = [(game, event) for event in events if (game := _slate_game(event, context.slate))]
        collector.reject(NOT_ON_SLATE, len(events) - len(matched))
        for game, event in sorted(matched, key=_start_difference):
            row = {
                "game_date": context.slate.game_date,
                "game_id": game.game_id,
                "event_id": event.identifier("id"),
                "home": game.home,
                "away": game.away,
                "commence_time": event.time_in_utc("scheduled"),
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
        pages = JsonPayload(self.name, body).top().fields("_pagination").integer("total_pages")
        page = int(str(request.params["page"]))
        if page >= min(pages, _PAGES_PER_GAME):
            return None
        label = request.part.removesuffix(_part("", page))
        params = {**request.params, "page": str(page + 1)}
        return request.model_copy(update={"params": params, "part": _part(label, page + 1)})

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        return _bad_key(response) or super().judge(request, response, slate)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        top = JsonPayload(self.name, response).top()
        offers, pagination = _offers(top), top.fields("_pagination")
        _require_event(offers, request.params["event_id"])
        page, pages = pagination.integer("page"), pagination.integer("total_pages")
        if not any(game.game_id == request.game_id for game in slate.upcoming(response.fetched_at)):
            return judged(Outcome.GONE, f"{request.part}: the game has begun")
        if not offers:
            return _judge_empty_page(request.part, page, pages)
        update_times = [_updated_at(line) for *_, line in _lines(offers)]
        if update_times and all(is_stale(updated_at, response.fetched_at) for updated_at in update_times):
            # A later page is requested only after a page with fresh quotes: STALE would discard those as well.
            outcome = Outcome.STALE if page == 1 else Outcome.EMPTY_OK
            newest = max(filter(None, update_times))
            return judged(outcome, f"{request.part}: the newest line is of {newest:%F %H:%M} UTC")
        if pages > _PAGES_PER_GAME:
            return judged(Outcome.PARTIAL, f"{request.part}: only {_PAGES_PER_GAME} of {pages} pages are requested")
        return judged(Outcome.OK, f"{request.part}: lines for {len(offers)} players")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        offers = _offers(payload.top())
        game = next((game for game in context.slate.games if game.game_id == context.game_id), None)
        pairs = pair_sides(_prop_quotes(offers, collector), collector)
        if game is None:
            collector.reject(NOT_ON_SLATE, len(pairs))
        elif pairs:
            keep_pairs(pairs, game, _event_id(offers), context, collector, self.origin(context))
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_PER_GAME * len(slate.games)


def _bad_key(response: Response) -> Judgement | None:
    """BAD_KEY when the API's gateway refuses the key: it sends 403 and "Forbidden" in JSON."""
    if response.status == HTTPStatus.FORBIDDEN and b'"Forbidden"' in response.body:
        return judged(Outcome.BAD_KEY, "HTTP 403: Forbidden")
    return None


def _events(payload: JsonPayload) -> list[Fields]:
    """The events. Raises ContractError for an event of another league, which has the same shape."""
    events = payload.top().each("events")
    for event in events:
        sport = event.text("sport")
        if sport != _SPORT:
            raise event.problem("sport", f"is {sport!r}, requested {_SPORT!r}")
    return events


def _start_difference(matched: tuple[SlateGame, Fields]) -> tuple[str, float, str]:
    """The sort key of a game and its event: of two events of a game, the one that starts nearer to tip-off first."""
    game, event = matched
    return game.game_id, seconds_from_tip_off(game, event.time_in_utc("scheduled")), event.identifier("id")


def _slate_game(event: Fields, slate: Slate) -> SlateGame | None:
    """The slate's game between the two teams; None when the event is of another date."""
    sides = {participant.identifier("id"): _tricode(participant) for participant in event.each("participants")}
    home, away = (sides.get(event.text(side)) for side in ("home", "visitor"))
    if game_date_of(event.time_in_utc("scheduled")) != slate.game_date:
        return None
    return next((game for game in slate.games if {game.home, game.away} == {home, away}), None)


def _tricode(participant: Fields) -> str | None:
    """The tricode by city and name: the provider has its own tricodes."""
    known = find_team(f"{participant.fields('team').text('city')} {participant.text('name')}")
    return known.tricode if known else None


def _part(label: str, page: int) -> str:
    return f"{label} page {page}"


def _offers(top: Fields) -> list[Fields]:
    """The offers. Raises ContractError for another market than NBA points; other leagues have other markets."""
    offers = top.each("offers")
    for offer in offers:
        market = offer.identifier("market_id")
        if market != _POINTS_MARKET:
            raise offer.problem("market_id", f"is {market!r}, requested {_POINTS_MARKET!r}: points of NBA players")
    return offers


def _require_event(offers: Sequence[Fields], requested: object) -> None:
    """Raise ContractError for an offer of another event than the requested one."""
    for offer in offers:
        event = offer.identifier("event_id")
        if event != requested:
            raise offer.problem("event_id", f"is {event!r}, requested {requested!r}")


def _judge_empty_page(part: str, page: int, pages: int) -> Judgement:
    """The judgement of a page without offers: no lines yet, a page after the last one, or an error."""
    if not pages:
        return judged(Outcome.NOT_PUBLISHED_YET, f"{part}: no lines yet")
    if page > pages:
        return judged(Outcome.EMPTY_OK, f"{part}: page {pages} is the last")
    return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{part}: empty, although there are {pages} pages")


def _event_id(offers: Sequence[Fields]) -> str:
    """The event id that all offers share. Raises ContractError when they have several."""
    first, *others = {offer.identifier("event_id") for offer in offers}
    if others:
        raise offers[0].problem("event_id", "is not that of all offers, although one event was requested")
    return first


def _prop_quotes(offers: Sequence[Fields], collector: RowCollector) -> Iterator[PropQuote]:
    """The quotes of known books that are on offer."""
    for offer, selection, book, line in _lines(offers):
        book_name = _BOOKS.get(book.identifier("id"))
        if book_name is None:
            collector.reject("quote of an unknown book")
        elif not _is_offered(line):
            collector.reject("quote that is not offered")
        else:
            yield PropQuote(
                book=book_name,
                player_name=_player(offer),
                line=line.number("line"),
                side=selection.text("selection").capitalize(),
                price=line.number("cost"),
                updated_at=_updated_at(line),
            )


def _lines(offers: Sequence[Fields]) -> Iterator[tuple[Fields, Fields, Fields, Fields]]:
    """Every line with its offer, selection and book."""
    for offer in offers:
        for selection in offer.each("selections"):
            for book in selection.each("books"):
                for line in book.each("lines"):
                    yield offer, selection, book, line


def _updated_at(line: Fields) -> datetime | None:
    return line.time_in_utc("updated") if line.has("updated") else None


def _is_offered(line: Fields) -> bool:
    off = line.flag("is_off")
    inactive = line.has("active") and not line.flag("active")
    return line.has("cost") and not off and not inactive


def _player(offer: Fields) -> str:
    participants = offer.each("participants")
    if len(participants) != 1:
        raise offer.problem("participants", f"are {len(participants)} players, expected 1")
    return participants[0].text("name")
