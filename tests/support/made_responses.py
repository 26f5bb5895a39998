"""Small made responses with invented people, one file a source: `tests/contract/sources/responses/SOURCE.json`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime
from pydantic_core import to_jsonable_python

from devtools.handmade_responses import injury_report, pdf_of
from tipoff.sources.base import Judgement, KnownPlayer, ReadContext, Reading, Request, Response, Slate, Source
from tipoff.vocabulary import Frozen, Outcome, SlateGame

RESPONSES = Path(__file__).parents[1] / "contract" / "sources" / "responses"

_FIRST, _SECOND = datetime(2025, 1, 11, 0, 30, tzinfo=UTC), datetime(2025, 1, 11, 2, 0, tzinfo=UTC)
SLATE = Slate(
    game_date=date(2025, 1, 10),
    games=(
        SlateGame(game_id="0022400600", away="BOS", home="NYK", tip_off=_FIRST),
        SlateGame(game_id="0022400601", away="LAL", home="DEN", tip_off=_SECOND),
    ),
)
PLAYERS = tuple(
    KnownPlayer(player_id=player_id, player_name=name, team=team)
    for player_id, name, team in (
        ("900001", "Aldo Brenner", "BOS"),
        ("900002", "Milo Santoro Jr.", "BOS"),
        ("900003", "Jonas Okoye", "NYK"),
        ("900004", "Pavel Dvořák", "NYK"),
        ("900005", "Tariq Lindqvist", "LAL"),
        ("900006", "Emil Castellan", "DEN"),
    )
)


class Expected(Frozen):
    """What a source makes of a made response."""

    outcome: Outcome
    rows: list[dict[str, Any]]
    """Without `source` and `as_of`, as JSON."""
    unresolved: list[str] = []
    """Names of players."""
    rejected: int = 0
    provider_ids: dict[str, str] = {}


class MadeResponse(Frozen):
    """A body as a provider sends it, with its request, and what the source makes of it."""

    as_of: AwareDatetime
    part: str = ""
    game_id: str | None = None
    params: dict[str, str] = {}
    kind: Literal["json", "csv", "injury_report", "gamebook"] = "json"
    body: Any
    """A JSON document, the lines of a CSV file or of a gamebook's page, or the cells of an injury report."""
    expected: Expected

    @cached_property
    def content(self) -> bytes:
        """The body as bytes."""
        if self.kind == "json":
            return json.dumps(self.body).encode()
        if self.kind == "csv":
            return "".join(f"{line}\n" for line in self.body).encode()
        if self.kind == "injury_report":
            return injury_report(self.body, stamp="01/10/25 02:30 PM")
        return pdf_of([self.body])

    def judge_and_read(self, source: Source) -> Expected:
        """What the source makes of the response."""
        reading = self.read(source)
        rows = [{name: row[name] for name in row if name not in ("source", "as_of")} for row in reading.rows]
        return Expected(
            outcome=self.judge(source).outcome,
            rows=to_jsonable_python(rows),
            unresolved=[row["player_name"] for row in reading.unresolved],
            rejected=sum(reading.rejected.values()),
            provider_ids=dict(reading.provider_ids),
        )

    def request(self, source: Source) -> Request:
        return Request(host=source.provider.host, path="/", params=self.params, game_id=self.game_id, part=self.part)

    def response(self) -> Response:
        return Response(status=200, headers={}, body=self.content, url="https://provider", fetched_at=self.as_of)

    def context(self, source: Source, slate: Slate = SLATE) -> ReadContext:
        players = PLAYERS if source.needs_players else ()
        return ReadContext(slate=slate, as_of=self.as_of, game_id=self.game_id, part=self.part, players=players)

    def judge(self, source: Source) -> Judgement:
        """What the response means for the slate."""
        return source.judge(self.request(source), self.response(), SLATE)

    def read(self, source: Source, slate: Slate = SLATE) -> Reading:
        """The rows that a source reads for a slate."""
        return source.read(self.content, self.context(source, slate))


def made_response(source_name: str) -> MadeResponse:
    """The made response of a source. Raises FileNotFoundError where it has none."""
    return MadeResponse.model_validate_json((RESPONSES / f"{source_name}.json").read_text(encoding="utf-8"))
