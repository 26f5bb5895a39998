"""The official scorer's report of a finished game, a PDF of statsdmz.nba.com: one page, or a book of which it is one.

The page says line by line who played, who dressed in vain and why, and below the tables who was inactive. Inactive
players have last names only, which are looked for among those of their team who are not named in full.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from itertools import takewhile
from typing import ClassVar, NamedTuple

from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, KnownPlayer, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.outcomes import Expected
from tipoff.sources.pdf import pages_of, text_of
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, normalise, resolver_of, unresolved_row
from tipoff.sources.shots import games_due
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

HOST = "statsdmz.nba.com"

_OUT_FOR_SURE = timedelta(hours=2)
"""From the end of a game, which may have an overtime or two."""
_PLAYERS_A_GAME = 26
_FINAL_BOX = "FINAL BOX"
_PLACE = "$.final_box"


class Gamebook(Feed):
    """Who played, and the reasons of those who did not."""

    name = step_names.GAMEBOOK
    title = "NBA gamebook"
    provider = HOST
    role = Role.POST
    asks_what_is_missing = True
    table = "raw_gamebook_players"
    natural_key = ("game_date", "game_id", "team", "player_name")
    needs_players = True
    expects: ClassVar[Expected] = "pdf"
    not_published_statuses = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        day = f"{slate.game_date:%Y%m%d}"
        return tuple(
            Request(
                host=HOST,
                path=f"/pdfs/{day}/{day}_{game.away}{game.home}.pdf",
                game_id=game.game_id,
                part=game.label,
            )
            for game in games_due(slate, as_of)
        )

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        out = games_due(slate, response.fetched_at - _OUT_FOR_SURE)
        return request.game_id in {game.game_id for game in out}

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        game, lines = _game(self.name, slate, request.game_id), _final_box(self.name, response.body)
        played_on = _date(self.name, lines)
        if played_on != slate.game_date:
            return judged(Outcome.STALE, f"{game.label} of {played_on}")
        players = sum(isinstance(entry, _Entry) for entry in _entries(self.name, lines, game))
        if not players:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{game.label} has no players")
        return judged(Outcome.OK, f"{game.label}: {players} players")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        game, lines = _game(self.name, context.slate, context.game_id), _final_box(self.name, body)
        played_on = _date(self.name, lines)
        if played_on != context.slate.game_date:
            raise ContractError(self.name, _PLACE, f"is of {played_on}, asked for {context.slate.game_date}")
        collector, by_team = RowCollector(self.natural_key), {team: list[_Entry]() for team in (game.away, game.home)}
        for entry in _entries(self.name, lines, game):
            reason = _left_out(entry)
            if entry is None or reason:
                collector.reject(reason)
            else:
                by_team[entry.team].append(entry)
        for team, entries in by_team.items():
            self._keep(collector, team, entries, game, context)
        return collector.reading()

    def _keep(
        self, collector: RowCollector, team: str, entries: Sequence[_Entry], game: SlateGame, context: ReadContext
    ) -> None:
        """Rows of one team's players."""
        resolver, origin = resolver_of(context, [team]), self.origin(context)
        known = [player for player in context.players if player.team == team]
        in_full = {entry.player_name: resolver.resolve(entry.player_name) for entry in entries}
        others = [player for player in known if player not in in_full.values()]
        for entry in entries:
            player = in_full[entry.player_name] or _of_last_name(entry.player_name, others)
            if player is None:
                row = unresolved_row(entry.player_name, resolver, context, game.game_id, team)
                collector.unresolved({**row, **origin})
            row = {
                "game_date": context.slate.game_date,
                "game_id": game.game_id,
                "player_id": player.player_id if player else None,
            }
            collector.keep({**row, **entry._asdict(), **origin})

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_A_GAME * len(slate.games)


class _Entry(NamedTuple):
    """What the report says of one player, by column."""

    team: str
    player_name: str
    status: str
    reason: str | None = None
    minutes: float | None = None
    points: int | None = None


_DATE = re.compile(r"[A-Z][a-z]+day, ([A-Z][a-z]+ \d{1,2}, \d{4})\b")
_SIDE = re.compile(r"(?:VISITOR|HOME): (.+?)(?: \(\d+-\d+\))?")
_HEADINGS = re.compile(r"POS MIN .*PTS")
_TOTALS = re.compile(r"\d{3,}:\d\d .*")
_PLAYED = re.compile(r"(?:\d{1,2} )?(.+?)(?: [GFC](?:-[GFC])?)? (\d{1,3}):(\d\d)(?: [+-]?\d+){15} (\d{1,3})")
"""Number, name, position of a starter, minutes, fifteen counts, points."""
_ABSENT = re.compile(r"(?:\d{1,2} )?(.+?) ((DNP|DND|NWT) ?- ?.+)")
_STATUSES: Mapping[str, str] = {"DNP": "dnp", "DND": "dnp", "NWT": "not_with_team"}
"""Did not play, did not dress, not with the team."""
_INACTIVE = re.compile(r"Inactive: (.+?) - (.*)")
_INACTIVE_PLAYER = re.compile(r"([^(),]+?)\s*(?:\(([^()]*)\)?)?\s*(?:,|$)")
_NEXT_SECTION = re.compile(r"(?:Inactive: |SCORE BY|Points|Technical)")


def _left_out(entry: _Entry | None) -> str:
    """Why a line makes no row; empty when it does."""
    if entry is None:
        return "line of a table that says nothing of a player"
    return TOO_LONG if len(entry.player_name) > LONGEST_NAME else ""


def _game(source: str, slate: Slate, asked_for: str | None) -> SlateGame:
    """The game of the question; the report itself does not say its id."""
    game = next((game for game in slate.games if game.game_id == asked_for), None)
    if game is None:
        raise ContractError(source, _PLACE, f"answers for {asked_for}, no game of the slate of {slate.game_date}")
    return game


def _final_box(source: str, body: bytes) -> tuple[str, ...]:
    """The lines of the page with the final box score."""
    for page in pages_of(source, body):
        lines = tuple(map(text_of, page))
        if any(line.endswith(_FINAL_BOX) for line in lines):
            return lines
    raise ContractError(source, _PLACE, f"is missing: no page says {_FINAL_BOX}")


def _date(source: str, lines: Iterable[str]) -> date:
    found = next(filter(None, map(_DATE.match, lines)), None)
    try:
        return datetime.strptime(found[1] if found else "", "%B %d, %Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError as error:
        raise ContractError(source, f"{_PLACE}.date", "is missing") from error


def _entries(source: str, lines: Sequence[str], game: SlateGame) -> Iterator[_Entry | None]:
    """The players of both tables, None for a line that says nothing of one, and the inactive players below."""
    team, whole = None, []
    for place, line in enumerate(lines):
        side, inactive = _SIDE.fullmatch(line), _INACTIVE.fullmatch(line)
        if side:
            team = _team(source, side[1], game)
        elif inactive:
            yield from _inactive(_team(source, inactive[1], game), inactive[2], lines[place + 1 :])
        elif team and _TOTALS.fullmatch(line):
            whole.append(team)
            team = None
        elif team and not _HEADINGS.fullmatch(line):
            yield _played(team, line) or _absent(team, line)
    if whole != [game.away, game.home]:
        found = " and ".join(whole) or "no team"
        raise ContractError(source, _PLACE, f"has whole tables of {found}, wanted those of {game.label}")


def _team(source: str, said: str, game: SlateGame) -> str:
    """The side of the game that is meant, by full name or the team's own; the home side's is in capitals."""
    for team in (TEAMS[game.away], TEAMS[game.home]):
        if said.casefold() in {name.casefold() for name in (team.full_name, f"{team.city} {team.name}", team.name)}:
            return team.tricode
    raise ContractError(source, _PLACE, f"{said!r} is no team of {game.label}")


def _played(team: str, line: str) -> _Entry | None:
    match = _PLAYED.fullmatch(line)
    if match is None:
        return None
    name, minutes, seconds, points = match.groups()
    return _Entry(team, name, "played", None, int(minutes) + int(seconds) / 60, int(points))


def _absent(team: str, line: str) -> _Entry | None:
    match = _ABSENT.fullmatch(line)
    return _Entry(team, match[1], _STATUSES[match[3]], match[2]) if match else None


def _inactive(team: str, first: str, following: Iterable[str]) -> Iterator[_Entry]:
    """The players of a list, which goes on over the lines until its last reason is closed.

    Two of one last name can not be told apart: they are numbered, and so answer to nobody.
    """
    said = first
    for more in takewhile(lambda line: not _NEXT_SECTION.match(line), following):
        if _is_whole(said):
            break
        said = f"{said} {more}"
    listed = [(name.strip(), reason or None) for name, reason in _INACTIVE_PLAYER.findall(said)]
    of_name, met = Counter(name for name, _ in listed), Counter[str]()
    for name, reason in listed:
        met[name] += 1
        yield _Entry(team, f"{name} ({met[name]})" if of_name[name] > 1 else name, "inactive", reason)


def _is_whole(said: str) -> bool:
    """Whether a list ends here: with its last reason or, in a list without reasons, without a comma."""
    if "(" in said:
        return said.endswith(")") and said.count("(") == said.count(")")
    return not said.endswith(",")


def _of_last_name(name: str, players: Iterable[KnownPlayer]) -> KnownPlayer | None:
    """The one player whose name ends so, with its suffix or, when nobody's does, without."""
    for key in (str.casefold, normalise):
        found = {player.player_id: player for player in players if key(player.player_name).endswith(f" {key(name)}")}
        if found:
            return found.popitem()[1] if len(found) == 1 else None
    return None
