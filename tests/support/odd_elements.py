"""Where each source's response has its list of entries, and responses with odd entries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.support.made_responses import MadeResponse
from tipoff.errors import ContractError
from tipoff.processing import rows_read
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Source
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.vocabulary import Outcome

Path = tuple[str | int, ...]

ENTRIES: Mapping[str, Path] = {
    "nbac_schedule": ("leagueSchedule", "gameDates", 0, "games"),
    "nbac_player_list_current": ("resultSets", 0, "rowSet"),
    "espn_team_rosters": ("team", "athletes"),
    "bdl_injuries": ("data",),
    "nbac_referee_assignments": ("nba", "Table", "rows"),
    "nbac_standings": ("data",),
    "nbac_player_movement": ("NBA_Player_Movement", "rows"),
    "odds_api_events": ("data",),
    "odds_api_game_lines": ("data", 0, "bookmakers"),
    "espn_scoreboard": ("events",),
    "espn_schedule": ("events",),
    "bettingpros_events": ("events",),
    "bettingpros_player_points_props": ("offers",),
    "odds_api_player_points_props": ("bookmakers", 0, "markets", 0, "outcomes"),
    "nbac_scoreboard": ("scoreboard", "games"),
    "nbac_player_boxscores": ("resultSets", 0, "rowSet"),
    "nbac_player_history": ("resultSets", 0, "rowSet"),
    "nbac_team_boxscore": ("resultSets", 1, "rowSet"),
    "bdl_player_boxscores": ("data",),
    "nbac_live_boxscore": ("game", "homeTeam", "players"),
    "espn_boxscores": ("boxscore", "players", 0, "statistics", 0, "athletes"),
    "nbac_play_by_play": ("game", "actions"),
}
"""Source -> path of the list of entries in its recorded response."""
MADE_ENTRIES: Mapping[str, Path] = {
    **{name: path for name, path in ENTRIES.items() if name != "nbac_team_boxscore"},
    "nbac_team_history": ("resultSets", 0, "rowSet"),
    "odds_api_events": (),
    "odds_api_game_lines": (0, "bookmakers"),
}
"""Source -> path of the list of entries in its made response; a box score of teams has fixed sides instead."""


def at(document: Any, path: Path) -> Any:
    for name in path:
        document = document[name]
    return document


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every path in a document below the top."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, content in inner:
            yield (*path, name)
            yield from places(content, (*path, name))


class Sample(NamedTuple):
    """A JSON response with everything that is needed to judge and read variants of it."""

    name: str
    source: Source
    document: Any
    entries: Path
    request: Request
    context: ReadContext

    def judge(self, document: Any) -> Judgement:
        return self.source.judge(self.request, self._response(document), self.context.slate)

    def _response(self, document: Any) -> Response:
        body = json.dumps(document).encode()
        return Response(status=200, headers={}, body=body, url="https://provider", fetched_at=self.context.as_of)

    def read(self, document: Any) -> Reading:
        """Raises ContractError. Judges the response, too: a response is usable only if it can be read."""
        return read_as_judged(self.source, self.request, self._response(document), self.context)

    def copy(self) -> Any:
        """A new copy of the document."""
        return json.loads(json.dumps(self.document))

    def size(self) -> int:
        """The number of entries in the list."""
        return len(at(self.document, self.entries))

    @property
    def longest(self) -> int:
        """The number of entries in the longest list of the kind."""
        return max(map(len, lists_of(self.document, self.entries)))

    def without(self, index: int) -> Any:
        """The document without an entry."""
        document = self.copy()
        del at(document, self.entries)[index]
        return document

    def with_entry(self, index: int, entry: object) -> Any:
        """The document with another entry."""
        document = self.copy()
        at(document, self.entries)[index] = entry
        return document

    def with_odd_entries(self, share: float) -> Any:
        """The document with a null for this share of the entries, rounded down, of all lists of the kind."""
        document = self.copy()
        for entries in lists_of(document, self.entries):
            count = int(share * len(entries))
            entries[:count] = [None] * count
        return document


def lists_of(document: Any, path: Path) -> Iterator[list[Any]]:
    """The lists of the kind at a path: an index in it stands for every element."""
    if not path:
        yield document
        return
    values = document if isinstance(path[0], int) else [document[path[0]]] if path[0] in document else []
    for value in values:
        yield from lists_of(value, path[1:])


def read_as_judged(source: Source, request: Request, response: Response, context: ReadContext) -> Reading:
    """The reading of a response. Raises ContractError for one that cannot be read, which must not be judged usable."""
    judgement = source.judge(request, response, context.slate)
    reading = _reading_or_error(source, response, context)
    if isinstance(reading, ContractError):
        assert not OUTCOME_POLICIES[judgement.outcome].usable, f"judged {judgement.outcome}, but unreadable: {reading}"
        raise reading
    assert judgement.outcome is not Outcome.WRONG_TYPE, f"readable, but judged: {judgement.reason}"
    return reading


def _reading_or_error(source: Source, response: Response, context: ReadContext) -> Reading | ContractError:
    try:
        reading = source.read(response.body, context)
        rows_read(source, reading.rows)
        return reading
    except ContractError as error:
        return error


def made_sample(source: Source, made: MadeResponse) -> Sample:
    """The sample of a made JSON response."""
    request, context = made.request(source), made.context(source)
    return Sample(source.name, source, made.body, MADE_ENTRIES[source.name], request, context)
