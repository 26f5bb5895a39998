"""the-odds-api v4: events, game lines and player-points props, as live answers and as historical ones.

A historical answer wraps the live shape and says the moment it is of; its rows are as of that moment.
Nothing quoted at or after tip-off gets through, nor what was quoted too long ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import ClassVar, NamedTuple

from tipoff.odds import american_price
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, resolver_of, unresolved_row
from tipoff.sources.providers import THE_ODDS_API
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, SlateGame, eastern, game_date_of, step_names

_SPORT = "basketball_nba"
_PATH = f"/v4/sports/{_SPORT}"
_AMERICAN = {"regions": "us", "oddsFormat": "american", "dateFormat": "iso"}
_MONEYLINE = "h2h"
_GAME_MARKETS = (_MONEYLINE, "spreads", "totals")
_PROP_MARKET = "player_points"
_SIDES = ("Over", "Under")
_PLAYERS_A_GAME = 14
"""Players who are usually quoted in a game; a book more makes as many rows more."""
_BOOKS_A_GAME = 5

_NOT_TONIGHT = "of no game of the slate"
_NOT_ASKED = "market that was not asked for"
_NOT_AMERICAN = "price that is not American"
_IN_PLAY = "quoted at or after tip-off"
_STALE = "quoted too long ago"
_STALE_AFTER = timedelta(hours=18)
"""A live answer's quotes are minutes old; a morning's snapshot stands to the last tip, yesterday's does not."""
_IGNORED = names("sport_title title previous_timestamp next_timestamp")


class OddsEvents(Feed):
    """Which of the provider's events is which game; free of charge."""

    name = step_names.BETTING_EVENTS
    title = "The Odds API events"
    provider = THE_ODDS_API
    role = Role.PRE
    table = "raw_odds_events"
    natural_key = ("game_date", "game_id")
    ignored_fields: ClassVar[frozenset[str]] = _IGNORED | {"bookmakers"}

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.upcoming(as_of):
            return ()
        return (Request(host=THE_ODDS_API.host, path=f"{_PATH}/events", params={"dateFormat": "iso"}),)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        events, moment = _events(JsonPayload(self.name, response.body), response.fetched_at)
        there = [game.game_id for event in events if (game := _game_of(event, slate))]
        nothing = judged(Outcome.SUSPICIOUSLY_EMPTY, f"{len(events)} events, none of them tonight's")
        return _judged_open(slate, moment, there, nothing)

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        events, as_of = _events(answer, context.as_of)
        tonight = _tonight(events, context.slate, collector)
        for game, event in tonight:
            row = {
                "game_date": context.slate.game_date,
                "game_id": game.game_id,
                "event_id": event.text("id"),
                "home": game.home,
                "away": game.away,
                "commence_time": event.moment("commence_time"),
            }
            collector.keep({**row, "source": self.name, "as_of": as_of})
        reading = collector.reading(answer.unknown(self.ignored_fields) if tonight else ())
        ids = {row["game_id"]: row["event_id"] for row in reading.rows}
        return reading.model_copy(update={"provider_ids": ids})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """Its own alone: another provider has ids of the same games."""
        return {**super().replaced_rows(rows, slate), "source": self.name}

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)


class GameLines(Feed):
    """Spread, total and moneyline of each book."""

    name = step_names.GAME_BETTING_LINES
    title = "The Odds API game lines"
    provider = THE_ODDS_API
    role = Role.PRE
    table = "raw_game_lines"
    natural_key = ("game_date", "game_id", "book")
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.upcoming(as_of):
            return ()
        # One credit a market and region; an empty answer is free of charge, one of another date's games is not.
        params = {**_AMERICAN, "markets": ",".join(_GAME_MARKETS), **_within(slate.game_date)}
        return (Request(host=THE_ODDS_API.host, path=f"{_PATH}/odds", params=params, credits=len(_GAME_MARKETS)),)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        events, moment = _events(JsonPayload(self.name, response.body), response.fetched_at)
        tonight = [(game, event.each("bookmakers")) for event in events if (game := _game_of(event, slate))]
        there = [game.game_id for game, books in tonight if any(not is_stale(_updated(book), moment) for book in books)]
        if any(books for _, books in tonight):
            nothing = judged(Outcome.STALE, "tonight's games were quoted too long ago")
        else:
            nothing = judged(Outcome.NOT_PUBLISHED_YET, "no book quotes tonight's games yet")
        return _judged_open(slate, moment, there, nothing)

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        events, as_of = _events(answer, context.as_of)
        tonight = _tonight(events, context.slate, collector)
        for game, event in tonight:
            for book in event.each("bookmakers"):
                row = {
                    "game_date": context.slate.game_date,
                    "game_id": game.game_id,
                    "event_id": event.text("id"),
                    "book": book.text("key"),
                    "last_update": _updated(book),
                    "source": self.name,
                    "as_of": as_of,
                }
                lines = _lines(book.each("markets"), game, collector)
                if late := _out_of_time(row, game):
                    collector.reject(late)
                elif all(value is None for value in lines.values()):
                    collector.reject("book without a line")
                else:
                    collector.keep({**row, **lines})
        return collector.reading(answer.unknown(self.ignored_fields) if tonight else ())

    def expected_rows(self, slate: Slate) -> int:
        return _BOOKS_A_GAME * len(slate.games)


class PlayerPointsProps(Feed):
    """Points lines of each book for each player, main and alternate; one question a game that has not begun."""

    name = step_names.BETTING_LINES
    title = "The Odds API player points"
    provider = THE_ODDS_API
    role = Role.PRE
    table = "raw_player_props"
    natural_key = ("game_date", "game_id", "book", "player_name", "line")
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
        return judged(Outcome.NOT_PUBLISHED_YET, f"the event of {request.part} is not known yet")

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        event, moment = _event(JsonPayload(self.name, response.body), response.fetched_at)
        game = _asked_for(event, slate, request.game_id)
        if game is None:
            return judged(Outcome.GONE, f"the event asked for {request.part} is now {_told(event)}")
        if game.tip_off <= moment:
            return judged(Outcome.GONE, f"{request.part} has begun")
        quoted, stale = set[str](), set[str]()
        for book in event.each("bookmakers"):
            for market in book.each("markets"):
                told = stale if is_stale(_last_update(book, market), moment) else quoted
                told.update(outcome.text("description") for outcome in market.each("outcomes"))
        if not quoted and stale:
            return judged(Outcome.STALE, f"the players of {game.label} were quoted too long ago")
        if not quoted:
            return judged(Outcome.NOT_PUBLISHED_YET, f"no book quotes the players of {game.label} yet")
        few = 2 * len(quoted) < _PLAYERS_A_GAME
        return judged(Outcome.PARTIAL if few else Outcome.OK, f"{game.label}: {len(quoted)} players quoted")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        event, as_of = _event(answer, context.as_of)
        game = _asked_for(event, context.slate, context.game_id)
        pairs = paired(_prop_quotes(event, collector), collector)
        if game is None:
            collector.reject(_NOT_TONIGHT, len(pairs))
            return collector.reading()
        keep_pairs(pairs, game, event.text("id"), context, collector, {"source": self.name, "as_of": as_of})
        return collector.reading(answer.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_A_GAME * len(slate.games)


def _within(game_date: date) -> dict[str, str]:
    """The parameters that leave out the events of other Eastern dates."""
    first, last = eastern(game_date, 0), eastern(game_date + timedelta(days=1), 0) - timedelta(seconds=1)
    return {"commenceTimeFrom": f"{first:%FT%TZ}", "commenceTimeTo": f"{last:%FT%TZ}"}


def _judged_open(slate: Slate, moment: datetime, there: Iterable[str], nothing: Judgement) -> Judgement:
    """By the games that have not begun: the provider lists no others."""
    wanted = slate.upcoming(moment)
    if not wanted:
        return judged(Outcome.EMPTY_OK, "every game has begun")
    return judged_by_games(wanted, there, nothing)


def _events(answer: JsonPayload, fetched_at: datetime) -> tuple[list[Fields], datetime]:
    """The events of an answer and the moment they are of."""
    if answer.is_list():
        return _of_the_nba(answer.each()), fetched_at
    top = answer.top()
    return _of_the_nba(top.each("data")), min(top.moment("timestamp"), fetched_at)


def _event(answer: JsonPayload, fetched_at: datetime) -> tuple[Fields, datetime]:
    """The one event of an answer and the moment it is of."""
    top = answer.top()
    if not top.has("data"):
        return _of_the_nba([top])[0], fetched_at
    return _of_the_nba([top.fields("data")])[0], min(top.moment("timestamp"), fetched_at)


def _of_the_nba(events: list[Fields]) -> list[Fields]:
    """The same events. Raises ContractError for those of another league, whose shape is the same."""
    for event in events:
        sport = event.text("sport_key")
        if sport != _SPORT:
            raise event.problem("sport_key", f"is {sport!r}, asked for {_SPORT!r}")
    return events


def _game_of(event: Fields, slate: Slate) -> SlateGame | None:
    """The slate's game between the two teams; one with a start on another date is not it."""
    sides = {find_team(event.text(side)) for side in ("home_team", "away_team")}
    tricodes = {side.tricode for side in sides if side}
    if game_date_of(event.moment("commence_time")) != slate.game_date:
        return None
    return next((game for game in slate.games if {game.home, game.away} == tricodes), None)


def _told(event: Fields) -> str:
    """An event as the provider has it, for people."""
    date = game_date_of(event.moment("commence_time"))
    return f"{event.text('away_team')} at {event.text('home_team')} on {date}"


def _asked_for(event: Fields, slate: Slate, game_id: str | None) -> SlateGame | None:
    """The event's game. Raises ContractError when another one was asked for."""
    game = _game_of(event, slate)
    if game and game_id and game.game_id != game_id:
        raise event.problem("id", f"is the event of {game.label}, asked for game {game_id}")
    return game


def _tonight(events: Sequence[Fields], slate: Slate, collector: RowCollector) -> list[tuple[SlateGame, Fields]]:
    """The slate's games with their events; the one that starts nearest to tip-off first."""
    matched = [(game, event) for event in events if (game := _game_of(event, slate))]
    collector.reject(_NOT_TONIGHT, len(events) - len(matched))
    return sorted(matched, key=_distance)


def _distance(matched: tuple[SlateGame, Fields]) -> tuple[str, float, str]:
    game, event = matched
    seconds = (event.moment("commence_time") - game.tip_off).total_seconds()
    return game.game_id, abs(seconds), event.text("id")


def _last_update(*places: Fields) -> datetime | None:
    """The newest of the moments that a book and its markets name, where they do."""
    return _newest(*(place.moment("last_update") for place in places if place.has("last_update")))


def _updated(book: Fields) -> datetime | None:
    return _last_update(book, *book.each("markets"))


def is_stale(updated: datetime | None, as_of: datetime) -> bool:
    """Whether a quote is so old that it is as good as missing; one that does not say how old it is is not."""
    return updated is not None and updated < as_of - _STALE_AFTER


def _newest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def _out_of_time(row: Row, game: SlateGame) -> str:
    """Why a row's quotes are of no use any more; empty: they are."""
    if _in_play(row, game):
        return _IN_PLAY
    return _STALE if is_stale(row["last_update"], row["as_of"]) else ""


def _in_play(row: Row, game: SlateGame) -> bool:
    moments = (row["as_of"], row["last_update"])
    return any(moment is not None and moment >= game.tip_off for moment in moments)


class _Quote(NamedTuple):
    """One side of a market."""

    price: float
    point: float
    """The line; 0 where the market has none."""


def _quotes(market: Fields, game: SlateGame, collector: RowCollector) -> dict[str, _Quote]:
    """The quotes of a game market by tricode, or by Over and Under."""
    pointed = market.text("key") != _MONEYLINE
    quotes: dict[str, _Quote] = {}
    for outcome in market.each("outcomes"):
        name, price = outcome.text("name"), american_price(outcome.number("price"))
        point = outcome.number("point") if pointed else 0.0
        team = find_team(name)
        side = team.tricode if team else name
        if side not in (game.home, game.away, *_SIDES):
            collector.reject("quote on neither side of the game")
        elif price is None:
            collector.reject(_NOT_AMERICAN)
        elif side in quotes:
            collector.reject("repeated")
        else:
            quotes[side] = _Quote(price, point)
    return quotes


def _lines(markets: Iterable[Fields], game: SlateGame, collector: RowCollector) -> dict[str, float | None]:
    """The columns of a book's lines; None for what it does not quote."""
    asked: dict[str, dict[str, _Quote]] = {}
    for market in markets:
        key = market.text("key")
        if key not in _GAME_MARKETS or key in asked:
            collector.reject("repeated" if key in asked else _NOT_ASKED)
        else:
            asked[key] = _quotes(market, game, collector)
    moneyline, spreads, totals = (asked.get(market, {}) for market in _GAME_MARKETS)
    home_spread, home_price, away_price = _two_sided(spreads, game.home, game.away, -1, collector)
    total, over_price, under_price = _two_sided(totals, *_SIDES, 1, collector)
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


def _two_sided(
    quotes: Mapping[str, _Quote], first: str, second: str, sign: int, collector: RowCollector
) -> tuple[float | None, float | None, float | None]:
    """Line as the first side has it, and both prices; the second side's line is `sign` times the first's."""
    one, other = quotes.get(first), quotes.get(second)
    lines = {quote.point * factor for quote, factor in ((one, 1), (other, sign)) if quote}
    if len(lines) > 1:
        collector.reject("two sides of different lines")
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
    updated: datetime | None


def paired(quotes: Iterable[PropQuote], collector: RowCollector) -> list[Row]:
    """Both prices of each book, player and line; the worse one of a price quoted twice, None for one not offered."""
    pairs: dict[tuple[str, str, float], Row] = {}
    for quote in quotes:
        side, price = _COLUMNS.get(quote.side), american_price(quote.price)
        if side is None or price is None:
            collector.reject(_NOT_AMERICAN if side else "quote that is neither over nor under")
            continue
        if len(quote.player_name) > LONGEST_NAME:
            collector.reject(TOO_LONG)
            continue
        key = (quote.book, quote.player_name, quote.line)
        pair = pairs.setdefault(key, _unpriced(*key, quote.updated))
        if pair[side] is not None:
            collector.reject("repeated")
        pair[side] = price if pair[side] is None else min(price, pair[side])
        pair["last_update"] = _newest(pair["last_update"], quote.updated)
    return list(pairs.values())


def keep_pairs(
    pairs: Iterable[Row], game: SlateGame, event_id: str, context: ReadContext, collector: RowCollector, origin: Row
) -> None:
    """Keep the pairs as rows of `raw_player_props`, names resolved; those quoted after tip-off or too long ago not."""
    pairs = tuple(pairs)
    players = _players(pairs, game, context, collector, origin)
    for pair in pairs:
        row = {
            "game_date": context.slate.game_date,
            "game_id": game.game_id,
            "event_id": event_id,
            "player_id": players[pair["player_name"]],
            **pair,
            **origin,
        }
        if late := _out_of_time(row, game):
            collector.reject(late)
        else:
            collector.keep(row)


_COLUMNS = {"Over": "over_price_american", "Under": "under_price_american"}


def _prop_quotes(event: Fields, collector: RowCollector) -> Iterator[PropQuote]:
    """The quotes of the points markets."""
    for book, market in _prop_markets(event, collector):
        updated = _last_update(book, market)
        for outcome in market.each("outcomes"):
            yield PropQuote(
                book=book.text("key"),
                player_name=outcome.text("description"),
                line=outcome.number("point"),
                side=outcome.text("name"),
                price=outcome.number("price"),
                updated=updated,
            )


def _prop_markets(event: Fields, collector: RowCollector) -> Iterator[tuple[Fields, Fields]]:
    """The points markets, each with its book."""
    for book in event.each("bookmakers"):
        for market in book.each("markets"):
            if market.text("key") == _PROP_MARKET:
                yield book, market
            else:
                collector.reject(_NOT_ASKED)


def _unpriced(book: str, player_name: str, line: float, updated: datetime | None) -> Row:
    return {
        "book": book,
        "player_name": player_name,
        "line": line,
        "over_price_american": None,
        "under_price_american": None,
        "last_update": updated,
    }


def _players(
    pairs: Iterable[Row], game: SlateGame, context: ReadContext, collector: RowCollector, origin: Row
) -> dict[str, str | None]:
    """Each quoted name's player id within the two rosters; a name without one is kept as unresolved."""
    resolver = resolver_of(context, (game.home, game.away))
    ids: dict[str, str | None] = {}
    for name in sorted({pair["player_name"] for pair in pairs}):
        player = resolver.resolve(name)
        ids[name] = player.player_id if player else None
        if player is None:
            collector.unresolved({**unresolved_row(name, resolver, context, game.game_id), **origin})
    return ids
