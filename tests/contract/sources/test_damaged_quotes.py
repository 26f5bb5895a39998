"""A damaged event, book, market or quote costs itself only; damage in most of them refuses the response."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tipoff.errors import ContractError
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Request, Response, Slate, Source
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame

AFTERNOON = datetime(2025, 1, 10, 20, tzinfo=UTC)
SLATE = Slate(
    game_date=date(2025, 1, 10),
    games=(
        SlateGame(game_id="0022400600", away="BOS", home="NYK", tip_off=datetime(2025, 1, 11, 0, 30, tzinfo=UTC)),
        SlateGame(game_id="0022400601", away="LAL", home="DEN", tip_off=datetime(2025, 1, 11, 2, 0, tzinfo=UTC)),
    ),
)
NAMES = ("Aldo Brenner", "Milo Santoro", "Jonas Okoye", "Pavel Dvorak")
PLAYERS = tuple(KnownPlayer(player_id=name, player_name=name, team="BOS") for name in NAMES)

Json = Any
Damage = Callable[[Json], object]


class Asked:
    """A source that was asked for the first game, and how it judges and reads a document."""

    def __init__(self, source: str, params: Mapping[str, str] | None = None) -> None:
        self.source: Source = SOURCES[source]
        self.game_id = None if source.endswith(("events", "lines")) else SLATE.games[0].game_id
        self.params = params or {}

    def read(self, document: Json) -> Reading:
        context = ReadContext(slate=SLATE, as_of=AFTERNOON, game_id=self.game_id, players=PLAYERS)
        return self.source.read(json.dumps(document).encode(), context)

    def judged(self, document: Json) -> Outcome:
        request = Request(
            host=self.source.provider.host, path="/", params=self.params, game_id=self.game_id, part="BOS@NYK"
        )
        response = Response(
            status=200, headers={}, body=json.dumps(document).encode(), url=request.url, fetched_at=AFTERNOON
        )
        return self.source.judge(request, response, SLATE).outcome

    def usable_rows(self, document: Json) -> int:
        """The rows of a document that is judged usable."""
        assert OUTCOME_POLICIES[self.judged(document)].usable
        return len(self.read(document).rows)

    def assert_refused(self, document: Json) -> None:
        assert self.judged(document) is Outcome.WRONG_TYPE
        with pytest.raises(ContractError):
            self.read(document)


def fault(damage: Damage, document: Json) -> Json:
    damage(document)
    return document


def change(name: str, value: object) -> Damage:
    return lambda element: element.update({name: value})


def remove(name: str) -> Damage:
    return lambda element: element.pop(name)


def event(number: int, away: str, home: str, tip_off: str, **fields: Json) -> Json:
    teams = {"away_team": away, "home_team": home}
    return {"id": f"ev{number}", "sport_key": "basketball_nba", "commence_time": tip_off, **teams, **fields}


def knicks(**fields: Json) -> Json:
    return event(1, "Boston Celtics", "New York Knicks", "2025-01-11T00:40:00Z", **fields)


def nuggets(**fields: Json) -> Json:
    return event(2, "Los Angeles Lakers", "Denver Nuggets", "2025-01-11T02:10:00Z", **fields)


def book(key: str, *markets: Json) -> Json:
    return {"key": key, "title": key, "markets": list(markets)}


def market(key: str, *outcomes: Json) -> Json:
    return {"key": key, "last_update": "2025-01-10T19:55:00Z", "outcomes": list(outcomes)}


# Player points of the-odds-api


PROPS = Asked("odds_api_player_points_props")


def points_market() -> Json:
    sides = (
        {"name": side, "description": name, "price": -110, "point": 10.5 + number}
        for number, name in enumerate(NAMES)
        for side in ("Over", "Under")
    )
    return market("player_points", *sides)


def props(books: int = 2) -> Json:
    return knicks(bookmakers=[book(f"book{number}", points_market()) for number in range(books)])


def first_outcome(document: Json) -> Json:
    return document["bookmakers"][0]["markets"][0]["outcomes"][0]


DAMAGED_QUOTES: dict[str, Damage] = {
    "point missing": remove("point"),
    "point null": change("point", None),
    "point a text": change("point", "11.5"),
    "point not a number": change("point", float("nan")),
    "price missing": remove("price"),
    "price null": change("price", None),
    "price a text": change("price", "-110"),
    "price endless": change("price", float("inf")),
    "player missing": remove("description"),
    "player null": change("description", None),
    "player blank": change("description", " "),
    "player a number": change("description", 7),
    "player a list": change("description", ["Aldo", "Brenner"]),
    "side null": change("name", None),
}


@pytest.mark.parametrize("damage", DAMAGED_QUOTES.values(), ids=DAMAGED_QUOTES)
def test_a_damaged_quote_costs_its_line_at_its_book(damage: Damage) -> None:
    assert PROPS.usable_rows(props()) == 8
    document = props()
    damage(first_outcome(document))
    assert PROPS.usable_rows(document) == 7
    reading = PROPS.read(document)
    ((path, count),) = reading.damaged.items()
    assert (path.startswith("$.bookmakers[0].markets[0].outcomes[0]."), count) == (True, 1)
    assert reading.rejected == {"line whose other side is unreadable": 1}
    assert all(row["over_price_american"] and row["under_price_american"] for row in reading.rows)


def test_a_quote_that_is_no_object_costs_its_line() -> None:
    document = props()
    document["bookmakers"][0]["markets"][0]["outcomes"][0] = None
    assert PROPS.usable_rows(document) == 7
    assert PROPS.read(document).damaged == {
        "$.bookmakers[0].markets[0].outcomes[0]: is null, expected an object": 1,
    }


def test_a_damaged_quote_leaves_lines_with_one_side_that_it_cannot_belong_to() -> None:
    document = props()
    outcomes = document["bookmakers"][0]["markets"][0]["outcomes"]
    outcomes[0]["price"] = None
    outcomes += [
        {"name": "Over", "description": NAMES[0], "price": 300, "point": 25.5},
        {"name": "Under", "description": NAMES[1], "price": 300, "point": 25.5},
    ]
    assert {(row["player_name"], row["line"]) for row in PROPS.read(document).rows if row["line"] > 20} == {
        (NAMES[0], 25.5),
        (NAMES[1], 25.5),
    }
    outcomes[0]["description"] = outcomes[0]["point"] = None
    assert PROPS.read(document).rejected == {"line whose other side is unreadable": 2}


DAMAGED_BOOKS: dict[str, Damage] = {
    "no markets": remove("markets"),
    "markets null": change("markets", None),
    "key missing": remove("key"),
    "key blank": change("key", ""),
    "key a number": change("key", 7),
    "a market that is no object": change("markets", [None]),
    "no key of the market": lambda book: book["markets"][0].pop("key"),
    "no quotes": lambda book: book["markets"][0].pop("outcomes"),
    "quotes null": lambda book: book["markets"][0].update(outcomes=None),
    "update time a number": lambda book: book["markets"][0].update(last_update=7),
    "update time another text": lambda book: book["markets"][0].update(last_update="just now"),
    "update time of the book": change("last_update", "just now"),
}


@pytest.mark.parametrize("damage", DAMAGED_BOOKS.values(), ids=DAMAGED_BOOKS)
def test_a_damaged_book_or_market_leaves_the_other_books(damage: Damage) -> None:
    document = props()
    damage(document["bookmakers"][0])
    assert PROPS.usable_rows(document) == 4
    reading = PROPS.read(document)
    assert {row["book"] for row in reading.rows} == {"book1"}
    assert sum(reading.damaged.values()) == 1


def test_a_book_that_is_no_object_leaves_the_other_books() -> None:
    document = props()
    document["bookmakers"][0] = None
    assert PROPS.usable_rows(document) == 4


@pytest.mark.parametrize("value", [None, "", "0001-01-01T00:00:00Z"])
def test_a_quote_without_an_update_time_is_kept(value: object) -> None:
    document = props()
    document["bookmakers"][0]["markets"][0]["last_update"] = value
    document["bookmakers"][0]["last_update"] = value
    assert PROPS.usable_rows(document) == 8
    assert {row["last_update"] for row in PROPS.read(document).rows if row["book"] == "book0"} == {None}


def test_fields_that_are_not_needed_may_be_missing() -> None:
    document = props()
    del document["bookmakers"][0]["title"]
    document["bookmakers"][0]["markets"].append({"key": "player_rebounds"})
    assert PROPS.usable_rows(document) == 8


@pytest.mark.parametrize("field", ["point", "price", "description", "name"])
def test_the_same_damage_in_most_quotes_refuses_the_response(field: str) -> None:
    for damaged in (8, 9):
        document = props()
        quotes = [quote for book in document["bookmakers"] for quote in book["markets"][0]["outcomes"]]
        for quote in quotes[:damaged]:
            quote["renamed"] = quote.pop(field)
        if damaged == 8:
            assert PROPS.usable_rows(document) == 4
        else:
            PROPS.assert_refused(document)


def test_damage_in_most_books_refuses_the_response() -> None:
    document = props(books=3)
    del document["bookmakers"][0]["markets"]
    assert PROPS.usable_rows(document) == 8
    del document["bookmakers"][1]["markets"]
    PROPS.assert_refused(document)


FRAMES: dict[str, Damage] = {
    "no books": remove("bookmakers"),
    "books null": change("bookmakers", None),
    "no start": remove("commence_time"),
    "no team": remove("home_team"),
    "no league": remove("sport_key"),
    "another league": change("sport_key", "basketball_wnba"),
    "no id": remove("id"),
}


@pytest.mark.parametrize("damage", FRAMES.values(), ids=FRAMES)
def test_a_damaged_frame_refuses_the_response_about_one_game(damage: Damage) -> None:
    PROPS.assert_refused(fault(damage, props()))


# Game lines of the-odds-api


LINES = Asked("odds_api_game_lines")


def game_book(key: str, away: str, home: str) -> Json:
    return book(
        key,
        market("h2h", {"name": away, "price": 120}, {"name": home, "price": -140}),
        market("spreads", {"name": away, "price": -110, "point": 3.5}, {"name": home, "price": -110, "point": -3.5}),
        market(
            "totals", {"name": "Over", "price": -110, "point": 220.5}, {"name": "Under", "price": -110, "point": 220.5}
        ),
    )


def game_lines() -> Json:
    return [
        make(bookmakers=[game_book(f"book{number}", make()["away_team"], make()["home_team"]) for number in range(2)])
        for make in (knicks, nuggets)
    ]


DAMAGED_EVENTS: dict[str, Damage] = FRAMES | {
    "books a text": change("bookmakers", "none"),
    "start a text": change("commence_time", "tonight"),
    "start of the year 1": change("commence_time", "0001-01-01T00:00:00Z"),
    "team null": change("away_team", None),
    "id null": change("id", None),
}


@pytest.mark.parametrize("damage", DAMAGED_EVENTS.values(), ids=DAMAGED_EVENTS)
def test_a_damaged_event_costs_its_game(damage: Damage) -> None:
    assert LINES.usable_rows(game_lines()) == 4
    document = game_lines()
    damage(document[0])
    assert LINES.usable_rows(document) == 2
    assert LINES.judged(document) is Outcome.PARTIAL
    assert {row["game_id"] for row in LINES.read(document).rows} == {"0022400601"}
    damage(document[1])
    LINES.assert_refused(document)


def test_an_event_that_is_no_object_costs_its_game() -> None:
    nothing: tuple[Json, ...] = (None, 7, [], "event")
    for none in nothing:
        document = [none, game_lines()[1]]
        assert LINES.usable_rows(document) == 2
        LINES.assert_refused([none, none, game_lines()[1]])


@pytest.mark.parametrize("damage", DAMAGED_BOOKS.values(), ids=DAMAGED_BOOKS)
def test_a_damaged_book_or_market_costs_itself_in_its_game(damage: Damage) -> None:
    document = game_lines()
    damage(document[0]["bookmakers"][0])
    rows = {(row["game_id"], row["book"]): row for row in LINES.read(document).rows}
    assert LINES.judged(document) is Outcome.PARTIAL
    assert len(rows) >= 3
    damaged = rows.get(("0022400600", "book0"))
    assert damaged is None or damaged["home_moneyline_american"] is None
    assert damaged is None or damaged["total"] == 220.5


@pytest.mark.parametrize(
    "damage",
    [
        *(remove("price"), change("price", None), change("price", "-110"), change("price", float("nan"))),
        *(remove("point"), change("point", None), change("point", "3.5"), remove("name"), change("name", 7)),
    ],
)
def test_a_damaged_quote_of_a_game_costs_itself(damage: Damage) -> None:
    document = game_lines()
    damage(document[0]["bookmakers"][0]["markets"][1]["outcomes"][0])
    assert LINES.usable_rows(document) == 4
    (row,) = (row for row in LINES.read(document).rows if (row["game_id"], row["book"]) == ("0022400600", "book0"))
    assert (row["away_spread_price_american"], row["home_spread"], row["total"]) == (None, -3.5, 220.5)


def test_a_moneyline_needs_no_point() -> None:
    document = game_lines()
    document[0]["bookmakers"][0]["markets"][0]["outcomes"][0]["point"] = None
    assert LINES.read(document).damaged == {}


@pytest.mark.parametrize("value", [None, "", "0001-01-01T00:00:00Z"])
def test_game_lines_without_an_update_time_are_kept(value: object) -> None:
    document = game_lines()
    for quoted in document[0]["bookmakers"][0]["markets"]:
        quoted["last_update"] = value
    assert LINES.usable_rows(document) == 4


def test_renamed_prices_refuse_all_game_lines() -> None:
    document = game_lines()
    quotes = [
        quote
        for listed in document
        for book in listed["bookmakers"]
        for market in book["markets"]
        for quote in market["outcomes"]
    ]
    for quote in quotes[: len(quotes) // 2]:
        quote["odds"] = quote.pop("price")
    assert LINES.usable_rows(document) == 2
    quotes[-1]["odds"] = quotes[-1].pop("price")
    LINES.assert_refused(document)


def test_game_lines_without_a_usable_price_are_not_published_yet_and_say_why() -> None:
    document = game_lines()
    for listed in document:
        for quoted in listed["bookmakers"]:
            for market in quoted["markets"]:
                for quote in market["outcomes"]:
                    quote["price"] = 1.91
    assert LINES.judged(document) is Outcome.NOT_PUBLISHED_YET
    assert LINES.read(document).rejected["price that is not American"] == 24


# Events


EVENTS = Asked("odds_api_events")


def events() -> Json:
    later = event(3, "Miami Heat", "Chicago Bulls", "2025-01-12T02:10:00Z")
    return {"timestamp": "2025-01-10T19:50:00Z", "data": [knicks(), nuggets(), later]}


@pytest.mark.parametrize(
    "damage",
    [damage for name, damage in DAMAGED_EVENTS.items() if "books" not in name],
    ids=[name for name in DAMAGED_EVENTS if "books" not in name],
)
def test_a_damaged_event_leaves_the_ids_of_the_others(damage: Damage) -> None:
    document = events()
    damage(document["data"][0])
    assert EVENTS.usable_rows(document) == 1
    assert EVENTS.judged(document) is Outcome.PARTIAL
    assert EVENTS.read(document).provider_ids == {"0022400601": "ev2"}
    assert sum(EVENTS.read(document).damaged.values()) == 1
    damage(document["data"][1])
    EVENTS.assert_refused(document)


@pytest.mark.parametrize("name", ["commence_time", "home_team", "sport_key"])
def test_a_damaged_event_of_another_date_costs_no_game(name: str) -> None:
    document = events()
    document["data"][2][name] = None
    assert EVENTS.usable_rows(document) == 2


def test_an_event_of_another_date_needs_no_id() -> None:
    document = events()
    del document["data"][2]["id"]
    assert EVENTS.read(document).damaged == {}


@pytest.mark.parametrize("damage", [remove("data"), change("data", None), remove("timestamp"), change("timestamp", 7)])
def test_a_damaged_frame_refuses_all_events(damage: Damage) -> None:
    EVENTS.assert_refused(fault(damage, events()))


# BettingPros


BP_EVENTS = Asked("bettingpros_events")
BP_POINTS = Asked("bettingpros_player_points_props", {"event_id": "501", "page": "1"})


def bp_event(number: int, away: tuple[str, str], home: tuple[str, str], start: str) -> Json:
    participants = [
        {"id": side, "name": name, "team": {"city": city}} for side, (city, name) in (("A", away), ("H", home))
    ]
    ids = {"home": "H", "visitor": "A"}
    return {"id": number, "sport": "NBA", "scheduled": start, **ids, "participants": participants}


def bp_events() -> Json:
    return {
        "events": [
            bp_event(501, ("Boston", "Celtics"), ("New York", "Knicks"), "2025-01-11 00:30:00"),
            bp_event(502, ("Los Angeles", "Lakers"), ("Denver", "Nuggets"), "2025-01-11 02:00:00"),
            bp_event(503, ("Miami", "Heat"), ("Chicago", "Bulls"), "2025-01-12 00:30:00"),
        ]
    }


BP_DAMAGED_EVENTS: dict[str, Damage] = {
    "no start": remove("scheduled"),
    "start null": change("scheduled", None),
    "start of the year 1": change("scheduled", "0001-01-01 00:00:00"),
    "no sides": remove("participants"),
    "sides null": change("participants", [None, None]),
    "side without a name": lambda listed: listed["participants"][0].pop("name"),
    "no league": remove("sport"),
    "another league": change("sport", "WNBA"),
    "no id": remove("id"),
}


@pytest.mark.parametrize("damage", BP_DAMAGED_EVENTS.values(), ids=BP_DAMAGED_EVENTS)
def test_a_damaged_bettingpros_event_costs_its_game(damage: Damage) -> None:
    document = bp_events()
    assert BP_EVENTS.usable_rows(document) == 2
    damage(document["events"][0])
    assert BP_EVENTS.usable_rows(document) == 1
    assert BP_EVENTS.judged(document) is Outcome.PARTIAL
    damage(document["events"][1])
    BP_EVENTS.assert_refused(document)
    BP_EVENTS.assert_refused({"event": []})
    BP_EVENTS.assert_refused({"events": None})


def bp_line(line: float) -> Json:
    return {"line": line, "cost": -110, "updated": "2025-01-10 19:40:11"}


def bp_offer(name: str, line: float) -> Json:
    return {
        "market_id": 156,
        "event_id": 501,
        "participants": [{"name": name}],
        "selections": [
            {"selection": side, "books": [{"id": number, "lines": [bp_line(line)]} for number in (10, 12, 0)]}
            for side in ("over", "under")
        ],
    }


def bp_points() -> Json:
    offers = [bp_offer(name, 10.5 + number) for number, name in enumerate(NAMES)]
    return {"offers": offers, "_pagination": {"page": 1, "total_pages": 1}}


def selection_of(document: Json) -> Json:
    return document["offers"][0]["selections"][0]


def line_of(document: Json) -> Json:
    return selection_of(document)["books"][0]["lines"][0]


BP_DAMAGED_LINES: dict[str, Damage] = {
    "no line": lambda top: line_of(top).pop("line"),
    "line null": lambda top: line_of(top).update(line=None),
    "line a text": lambda top: line_of(top).update(line="10.5"),
    "price a text": lambda top: line_of(top).update(cost="-110"),
    "price not a number": lambda top: line_of(top).update(cost=float("nan")),
    "update time a text": lambda top: line_of(top).update(updated="just now"),
    "update time a number": lambda top: line_of(top).update(updated=7),
    "flag unclear": lambda top: line_of(top).update(is_off="perhaps"),
    "a line that is no object": lambda top: selection_of(top)["books"][0].update(lines=[None]),
    "no lines": lambda top: selection_of(top)["books"][0].pop("lines"),
    "lines null": lambda top: selection_of(top)["books"][0].update(lines=None),
}
BP_DAMAGED_OFFERS: dict[str, Damage] = {
    "no side": lambda top: selection_of(top).pop("selection"),
    "side null": lambda top: selection_of(top).update(selection=None),
    "no books": lambda top: selection_of(top).pop("books"),
    "a selection that is no object": lambda top: top["offers"][0]["selections"].__setitem__(0, None),
    "no selections": lambda top: top["offers"][0].pop("selections"),
    "no player": lambda top: top["offers"][0].update(participants=[]),
    "player without a name": lambda top: top["offers"][0].update(participants=[{}]),
    "player with a blank name": lambda top: top["offers"][0].update(participants=[{"name": ""}]),
    "no market": lambda top: top["offers"][0].pop("market_id"),
    "another market": lambda top: top["offers"][0].update(market_id=157),
    "no event": lambda top: top["offers"][0].pop("event_id"),
    "an odd event": lambda top: top["offers"][0].update(event_id="../501"),
    "an offer that is no object": lambda top: top["offers"].__setitem__(0, None),
}


@pytest.mark.parametrize("damage", BP_DAMAGED_LINES.values(), ids=BP_DAMAGED_LINES)
def test_a_damaged_bettingpros_line_costs_this_line_at_its_book(damage: Damage) -> None:
    assert BP_POINTS.usable_rows(bp_points()) == 8
    document = fault(damage, bp_points())
    assert BP_POINTS.usable_rows(document) == 7
    assert sum(BP_POINTS.read(document).damaged.values()) == 1


@pytest.mark.parametrize("damage", BP_DAMAGED_OFFERS.values(), ids=BP_DAMAGED_OFFERS)
def test_a_damaged_bettingpros_offer_costs_its_player(damage: Damage) -> None:
    document = fault(damage, bp_points())
    assert BP_POINTS.usable_rows(document) == 6
    assert NAMES[0] not in {row["player_name"] for row in BP_POINTS.read(document).rows}
    assert sum(BP_POINTS.read(document).damaged.values()) == 1


def test_a_book_without_a_readable_id_costs_the_lines_that_it_may_belong_to() -> None:
    document = bp_points()
    selection_of(document)["books"][0]["id"] = None
    assert BP_POINTS.usable_rows(document) == 7
    del selection_of(document)["books"][2]["lines"]  # the consensus is no book
    assert BP_POINTS.usable_rows(document) == 7


def test_an_offer_of_another_event_is_left_out() -> None:
    document = bp_points()
    document["offers"][0]["event_id"] = 502
    assert BP_POINTS.usable_rows(document) == 6
    assert BP_POINTS.read(document).rejected["offer of another event"] == 1
    document["offers"][1]["event_id"] = 502
    BP_POINTS.assert_refused(document)


def test_a_line_that_is_not_offered_needs_no_other_field() -> None:
    document = bp_points()
    selection_of(document)["books"][0]["lines"] = [{"is_off": "Y"}, {"cost": None}, {"cost": -110, "active": 0}]
    assert BP_POINTS.read(document).damaged == {}


@pytest.mark.parametrize("flags", [{"is_off": None, "active": None}, {"is_off": "false", "active": "true"}])
def test_flags_of_a_line_have_their_plain_meaning(flags: Mapping[str, object]) -> None:
    document = bp_points()
    line_of(document).update(flags, updated="0001-01-01 00:00:00")
    assert BP_POINTS.usable_rows(document) == 8


def test_most_lines_damaged_refuse_the_bettingpros_page() -> None:
    document = bp_points()
    lines = [
        line
        for offer in document["offers"]
        for selection in offer["selections"]
        for quoted in selection["books"][:2]
        for line in quoted["lines"]
    ]
    for line in lines[:8]:
        line["odds"] = line.pop("line")
    assert BP_POINTS.usable_rows(document) == 4
    lines[8]["odds"] = lines[8].pop("line")
    BP_POINTS.assert_refused(document)


@pytest.mark.parametrize("pagination", [None, {}, {"page": 1}, {"page": 1, "total_pages": None}])
def test_a_bettingpros_page_without_its_number_is_refused(pagination: object) -> None:
    BP_POINTS.assert_refused(bp_points() | {"_pagination": pagination})


def test_offers_without_a_quote_of_a_known_book_are_not_published_yet() -> None:
    document = bp_points()
    for offer in document["offers"]:
        for selection in offer["selections"]:
            selection["books"] = selection["books"][2:]
    assert BP_POINTS.judged(document) is Outcome.NOT_PUBLISHED_YET
