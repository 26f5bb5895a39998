"""BettingPros v3: its events, and points props of a game in pages of ten players. Moments are UTC without saying so.

The shape of `offers` is that of public clients of the API; book 0 is BettingPros' own consensus and no book.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.odds import PropQuote, is_stale, keep_pairs, paired
from tipoff.sources.providers import BETTINGPROS
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, SlateGame, game_date_of, step_names

_SPORT = "NBA"
_POINTS = "156"
"""The market of points of NBA players."""
_PLAYERS_A_PAGE = 10
"""As many as the provider gives, whatever one asks for."""
_PAGES_A_GAME = 3
_PLAYERS_A_GAME = 14
_BOOKS = {
    "10": "fanduel",
    "12": "draftkings",
    "13": "williamhill_us",
    "18": "betrivers",
    "19": "betmgm",
    "24": "bet365",
    "33": "espnbet",
}
"""The provider's books -> the names that the-odds-api has for them."""

_NOT_TONIGHT = "of no game of the slate"


class BettingProsEvents(Feed):
    """Which of BettingPros' events is which game."""

    name = "bettingpros_events"
    title = "BettingPros events"
    provider = BETTINGPROS
    role = Role.PRE
    table = "raw_odds_events"
    natural_key = ("game_date", "game_id")
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
        events = _events(JsonPayload(self.name, response.body))
        there = [game.game_id for event in events if (game := _game_of(event, slate))]
        wanted = slate.upcoming(response.fetched_at)
        if not wanted:
            return judged(Outcome.EMPTY_OK, "every game has begun")
        nothing = judged(Outcome.SUSPICIOUSLY_EMPTY, f"{len(events)} events, none of them tonight's")
        return judged_by_games(wanted, there, nothing)

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        for event in _events(answer):
            game, event_id = _game_of(event, context.slate), event.identifier("id")
            if game is None:
                collector.reject(_NOT_TONIGHT)
                continue
            row = {
                "game_date": context.slate.game_date,
                "game_id": game.game_id,
                "event_id": event_id,
                "home": game.home,
                "away": game.away,
                "commence_time": event.moment_in_utc("scheduled"),
            }
            collector.keep({**row, **self.origin(context)})
        reading = collector.reading(answer.unknown(self.ignored_fields))
        ids = {row["game_id"]: row["event_id"] for row in reading.rows}
        return reading.model_copy(update={"provider_ids": ids})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """Its own alone: another provider has ids of the same games."""
        return {**super().replaced_rows(rows, slate), "source": self.name}

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)


class BettingProsPoints(Feed):
    """Points lines of each book for each player, of games that have not begun."""

    name = "bettingpros_player_points_props"
    title = "BettingPros player points"
    provider = BETTINGPROS
    role = Role.PRE
    fallback_for = (step_names.BETTING_LINES,)
    table = "raw_player_props"
    natural_key = ("game_date", "game_id", "book", "player_name", "line")
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
        """The first page of each game."""
        return tuple(
            Request(
                host=BETTINGPROS.host,
                path="/v3/offers",
                params={
                    "sport": _SPORT,
                    "market_id": _POINTS,
                    "event_id": provider_ids[game.game_id],
                    "limit": str(_PLAYERS_A_PAGE),
                    "page": "1",
                },
                game_id=game.game_id,
                part=_part(game.label, 1),
            )
            for game in slate.upcoming(as_of)
            if game.game_id in provider_ids
        )

    def next_page(self, request: Request, body: bytes) -> Request | None:
        """As long as the provider says that there are more, up to as many as a game's players usually fill."""
        pages = JsonPayload(self.name, body).top().fields("_pagination").integer("total_pages")
        page = int(str(request.params["page"]))
        if page >= min(pages, _PAGES_A_GAME):
            return None
        label = request.part.removesuffix(_part("", page))
        params = {**request.params, "page": str(page + 1)}
        return request.model_copy(update={"params": params, "part": _part(label, page + 1)})

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        return _bad_key(response) or super().judge(request, response, slate)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        top = JsonPayload(self.name, response.body).top()
        offers, pagination = _offers(top), top.fields("_pagination")
        _require_event(offers, request.params["event_id"])
        page, pages = pagination.integer("page"), pagination.integer("total_pages")
        if not any(game.game_id == request.game_id for game in slate.upcoming(response.fetched_at)):
            return judged(Outcome.GONE, f"{request.part}: the game has begun")
        if not offers:
            return _judged_empty(request.part, page, pages)
        updates = [_moment(line) for *_, line in _lines(offers)]
        if updates and all(is_stale(updated, response.fetched_at) for updated in updates):
            # A further page is asked for after one with fresh quotes, which must not be lost for it.
            outcome = Outcome.STALE if page == 1 else Outcome.EMPTY_OK
            return judged(outcome, f"{request.part}: the newest quote is of {max(filter(None, updates)):%F %H:%M} UTC")
        if pages > _PAGES_A_GAME:
            return judged(Outcome.PARTIAL, f"{request.part}: {_PAGES_A_GAME} pages of {pages} are asked for")
        return judged(Outcome.OK, f"{request.part}: {len(offers)} players quoted")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        offers = _offers(answer.top())
        game = next((game for game in context.slate.games if game.game_id == context.game_id), None)
        pairs = paired(_quotes(offers, collector), collector)
        if game is None:
            collector.reject(_NOT_TONIGHT, len(pairs))
        elif pairs:
            keep_pairs(pairs, game, _event_id(offers), context, collector, self.origin(context))
        return collector.reading(answer.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_A_GAME * len(slate.games)


def _bad_key(response: Response) -> Judgement | None:
    """The gateway before the API says "Forbidden" in JSON to who has no valid key."""
    if response.status == HTTPStatus.FORBIDDEN and b'"Forbidden"' in response.body:
        return judged(Outcome.BAD_KEY, "HTTP 403: Forbidden")
    return None


def _events(answer: JsonPayload) -> list[Fields]:
    """The events. Raises ContractError for those of another league, whose shape is the same."""
    events = answer.top().each("events")
    for event in events:
        sport = event.text("sport")
        if sport != _SPORT:
            raise event.problem("sport", f"is {sport!r}, asked for {_SPORT!r}")
    return events


def _game_of(event: Fields, slate: Slate) -> SlateGame | None:
    """The slate's game between the two sides on its date."""
    sides = {participant.identifier("id"): _tricode(participant) for participant in event.each("participants")}
    home, away = (sides.get(event.text(side)) for side in ("home", "visitor"))
    if game_date_of(event.moment_in_utc("scheduled")) != slate.game_date:
        return None
    return next((game for game in slate.games if {game.home, game.away} == {home, away}), None)


def _tricode(participant: Fields) -> str | None:
    """By city and name: the provider has tricodes of its own."""
    known = find_team(f"{participant.fields('team').text('city')} {participant.text('name')}")
    return known.tricode if known else None


def _part(label: str, page: int) -> str:
    return f"{label} page {page}"


def _offers(top: Fields) -> list[Fields]:
    """The offers. Raises ContractError for another market than points; other leagues have other markets."""
    offers = top.each("offers")
    for offer in offers:
        market = offer.identifier("market_id")
        if market != _POINTS:
            raise offer.problem("market_id", f"is {market!r}, points of NBA players are {_POINTS!r}")
    return offers


def _require_event(offers: Sequence[Fields], asked: object) -> None:
    """Raises ContractError for offers of another event than was asked for."""
    for offer in offers:
        event = offer.identifier("event_id")
        if event != asked:
            raise offer.problem("event_id", f"is {event!r}, asked for {asked!r}")


def _judged_empty(part: str, page: int, pages: int) -> Judgement:
    """What a page without offers means: nothing is quoted, it is behind the last, or something is wrong."""
    if not pages:
        return judged(Outcome.NOT_PUBLISHED_YET, f"{part}: no book quotes the players yet")
    if page > pages:
        return judged(Outcome.EMPTY_OK, f"{part}: the last is page {pages}")
    return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{part}: empty, and there are {pages} pages")


def _event_id(offers: Sequence[Fields]) -> str:
    """The one event they are of. Raises ContractError for offers of several."""
    first, *others = {offer.identifier("event_id") for offer in offers}
    if others:
        raise offers[0].problem("event_id", "is not that of all offers, and one event was asked for")
    return first


def _quotes(offers: Sequence[Fields], collector: RowCollector) -> Iterator[PropQuote]:
    """The quotes of known books that can be taken."""
    for offer, selection, book, line in _lines(offers):
        known = _BOOKS.get(book.identifier("id"))
        if known is None:
            collector.reject("quote of no book that we know")
        elif not _offered(line):
            collector.reject("quote that is not offered")
        else:
            yield PropQuote(
                book=known,
                player_name=_player(offer),
                line=line.number("line"),
                side=selection.text("selection").capitalize(),
                price=line.number("cost"),
                updated=_moment(line),
            )


def _lines(offers: Sequence[Fields]) -> Iterator[tuple[Fields, Fields, Fields, Fields]]:
    """Every line with its offer, selection and book."""
    for offer in offers:
        for selection in offer.each("selections"):
            for book in selection.each("books"):
                for line in book.each("lines"):
                    yield offer, selection, book, line


def _moment(line: Fields) -> datetime | None:
    return line.moment_in_utc("updated") if line.has("updated") else None


def _offered(line: Fields) -> bool:
    off = line.has("is_off") and line.boolean("is_off")
    inactive = line.has("active") and not line.boolean("active")
    return line.has("cost") and not off and not inactive


def _player(offer: Fields) -> str:
    participants = offer.each("participants")
    if len(participants) != 1:
        raise offer.problem("participants", f"names {len(participants)} players, an offer is about one")
    return participants[0].text("name")
