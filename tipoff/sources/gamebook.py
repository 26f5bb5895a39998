"""The official scorer's report of a finished game, a PDF of statsdmz.nba.com: one page, or one page of a whole book.

The tables list who played, and who did not and why; below them stand the inactive players. Inactive players have last
names only: each is resolved among the players of the team who are not named in full.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from itertools import takewhile
from typing import ClassVar, NamedTuple

from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, KnownPlayer, ReadContext, Reading, Request, Response, Slate, body_of
from tipoff.sources.boxscore_rules import due_games, games_to_request
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.outcomes import Expected
from tipoff.sources.pdf import pages_of, text_of
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, normalise, resolver_of, unresolved_row
from tipoff.sources.providers import NBA_GAMEBOOKS
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, shortened, step_names

_PUBLISHED_AFTER = timedelta(hours=2)
"""From the time a result is due until the report is certainly published, even after an overtime or two."""
_PLAYERS_PER_GAME = 26
_FINAL_BOX = "FINAL BOX"
_PATH = "$.final_box"


class Gamebook(Feed):
    """Who played, and the reasons of those who did not."""

    name = step_names.GAMEBOOK
    title = "NBA gamebook"
    number = 16
    provider = NBA_GAMEBOOKS
    role = Role.POST
    polls_missing_games_only = True
    table = "raw_gamebook_players"
    natural_key = ("game_date", "game_id", "team", "player_name")
    needs_players = True
    expects: ClassVar[Expected] = "pdf"
    not_published_statuses = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        day = f"{slate.game_date:%Y%m%d}"
        return tuple(
            Request(
                host=NBA_GAMEBOOKS.host,
                path=f"/pdfs/{day}/{day}_{game.away}{game.home}.pdf",
                game_id=game.game_id,
                part=game.label,
            )
            for game in games_to_request(slate, as_of)
        )

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        published = due_games(slate, response.fetched_at - _PUBLISHED_AFTER)
        return request.game_id in {game.game_id for game in published}

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        game, lines = _requested_game(self.name, slate, request.game_id), _final_box(self.name, response.body)
        played_on = _date(self.name, lines)
        if played_on != slate.game_date:
            return judged(Outcome.STALE, f"received {game.label} of {played_on}, requested {slate.game_date}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        if not reading.rows:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part} has no players")
        return judged(Outcome.OK, f"{request.part}: {counted(len(reading.rows), 'player')}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        game = _requested_game(self.name, context.slate, context.game_id)
        lines = _final_box(self.name, body_of(response))
        played_on = _date(self.name, lines)
        if played_on != context.slate.game_date:
            raise ContractError(self.name, _PATH, f"is of {played_on}, requested {context.slate.game_date}")
        collector = RowCollector(self.natural_key)
        by_team = {team: list[_PlayerLine]() for team in (game.away, game.home)}
        for player in _numbered(collector.read_each(_entries(self.name, lines, game), _player)):
            if len(player.player_name) > LONGEST_NAME:
                collector.reject(TOO_LONG)
            else:
                by_team[player.team].append(player)
        for team, players in by_team.items():
            self._keep_team(collector, team, players, game, context)
        return collector.reading()

    def _keep_team(
        self, collector: RowCollector, team: str, players: Sequence[_PlayerLine], game: SlateGame, context: ReadContext
    ) -> None:
        """Keep a row for each of one team's players."""
        resolver, origin = resolver_of(context, [team]), self.origin(context)
        roster = [player for player in context.players if player.team == team]
        by_full_name = {listed.player_name: resolver.resolve(listed.player_name) for listed in players}
        others = [player for player in roster if player not in by_full_name.values()]
        for listed in players:
            player = by_full_name[listed.player_name] or _by_last_name(listed.player_name, others, roster)
            if player is None:
                row = unresolved_row(listed.player_name, resolver, context, game.game_id, team)
                collector.unresolved({**row, **origin})
            row = {
                "game_date": context.slate.game_date,
                "game_id": game.game_id,
                "player_id": player.player_id if player else None,
            }
            collector.keep({**row, **listed._asdict(), **origin})

    def expected_rows(self, slate: Slate) -> int:
        return _PLAYERS_PER_GAME * len(slate.games)


class _PlayerLine(NamedTuple):
    """One player of the report; the fields are columns of the table."""

    team: str
    player_name: str
    status: str
    reason: str | None = None
    starter: bool | None = None
    minutes: float | None = None
    points: int | None = None


_DATE = re.compile(r"[A-Z][a-z]+day, ([A-Z][a-z]+ \d{1,2}, \d{4})\b")
_SIDE = re.compile(r"(?:VISITOR|HOME): (.+?)(?: \(\d+-\d+\))?")
_HEADINGS = re.compile(r"POS MIN .*PTS")
_TOTALS = re.compile(r"\d{3,}:\d\d .*")
_PLAYED = re.compile(r"(?:\d{1,2} )?(.+?)( [GFC](?:-[GFC])?)? (\d{1,3}):(\d\d)(?: [+-]?\d+){15} (\d{1,3})")
"""Number, name, a starter's position, minutes, fifteen counts, points."""
_ABSENT = re.compile(r"(?:\d{1,2} )?(.+?) ((DNP|DND|NWT) ?- ?.+)")
_STATUSES: Mapping[str, str] = {"DNP": "dnp", "DND": "dnp", "NWT": "not_with_team"}
"""Did not play, did not dress, not with the team."""
_INACTIVE = re.compile(r"Inactive: (.+?) - (.*)")
_INACTIVE_PARTS = re.compile(r"(?:[^(),]|\([^()]*\)?)+")
"""What stands between commas outside of brackets."""
_INACTIVE_PLAYER = re.compile(r"([^(),]+?)\s*(?:\(([^()]*)\)?)?")
_NEXT_SECTION = re.compile(r"(?:Inactive: |SCORE BY|Points|Technical)")


def _requested_game(source: str, slate: Slate, requested: str | None) -> SlateGame:
    """The requested game: the report itself has no id. Raises ContractError when it is not on the slate."""
    game = next((game for game in slate.games if game.game_id == requested), None)
    if game is None:
        raise ContractError(source, _PATH, f"was requested for {requested}, no game of the slate of {slate.game_date}")
    return game


def _final_box(source: str, body: bytes) -> tuple[str, ...]:
    """The lines of the page with the final box score."""
    for page in pages_of(source, body):
        lines = tuple(map(text_of, page))
        if any(line.endswith(_FINAL_BOX) for line in lines):
            return lines
    raise ContractError(source, _PATH, f"is missing: no page has the words {_FINAL_BOX}")


def _date(source: str, lines: Iterable[str]) -> date:
    match = next(filter(None, map(_DATE.match, lines)), None)
    try:
        return datetime.strptime(match[1] if match else "", "%B %d, %Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError as error:
        raise ContractError(source, f"{_PATH}.date", "is missing") from error


class _Entry(NamedTuple):
    """The text about one player."""

    source: str
    path: str
    """Such as "$.final_box.line[7]"."""
    team: str
    text: str
    inactive: bool
    """Whether the player is listed below the tables."""


def _entries(source: str, lines: Sequence[str], game: SlateGame) -> list[_Entry]:
    """The lines of both tables, and the inactive players below.

    Raises ContractError unless the table of each team is there and ends with its totals.
    """
    entries: list[_Entry] = []
    team, complete = None, []
    for index, line in enumerate(lines):
        side, inactive, path = _SIDE.fullmatch(line), _INACTIVE.fullmatch(line), f"{_PATH}.line[{index}]"
        if side:
            team = _team(source, side[1], game)
        elif inactive:
            of_team, players = _team(source, inactive[1], game), _inactive(inactive[2], lines[index + 1 :])
            entries += [_Entry(source, path, of_team, text, inactive=True) for text in players]
        elif team and _TOTALS.fullmatch(line):
            complete.append(team)
            team = None
        elif team and not _HEADINGS.fullmatch(line):
            entries.append(_Entry(source, path, team, line, inactive=False))
    if complete != [game.away, game.home]:
        teams = " and ".join(complete) or "no team"
        raise ContractError(source, _PATH, f"has complete tables of {teams}, expected those of {game.label}")
    return entries


def _team(source: str, name: str, game: SlateGame) -> str:
    """The tricode of the side with this name, with or without its city, in any case. Raises ContractError."""
    for team in (TEAMS[game.away], TEAMS[game.home]):
        spellings = (team.full_name, f"{team.city} {team.name}", team.name)
        if name.casefold() in {spelling.casefold() for spelling in spellings}:
            return team.tricode
    raise ContractError(source, _PATH, f"{name!r} is not a team of {game.label}")


def _player(entry: _Entry) -> _PlayerLine:
    """Raises ContractError for a text that is about no player."""
    readers = (_inactive_player,) if entry.inactive else (_played, _absent)
    player = next(filter(None, (read(entry.team, entry.text) for read in readers)), None)
    if player is None:
        raise ContractError(entry.source, entry.path, f"{shortened(entry.text, 80)!r} is no player")
    return player


def _played(team: str, line: str) -> _PlayerLine | None:
    match = _PLAYED.fullmatch(line)
    if match is None:
        return None
    name, position, minutes, seconds, points = match.groups()
    return _PlayerLine(team, name, "played", None, position is not None, int(minutes) + int(seconds) / 60, int(points))


def _absent(team: str, line: str) -> _PlayerLine | None:
    match = _ABSENT.fullmatch(line)
    return _PlayerLine(team, match[1], _STATUSES[match[3]], match[2]) if match else None


def _inactive_player(team: str, text: str) -> _PlayerLine | None:
    match = _INACTIVE_PLAYER.fullmatch(text)
    return _PlayerLine(team, match[1], "inactive", match[2] or None) if match else None


def _inactive(first_line: str, next_lines: Iterable[str]) -> list[str]:
    """The texts about the players of a list of inactive players, which may run over several lines."""
    text = first_line
    for line in takewhile(lambda line: not _NEXT_SECTION.match(line), next_lines):
        if _is_complete_list(text):
            break
        text = f"{text} {line}"
    return [part.strip() for part in _INACTIVE_PARTS.findall(text) if part.strip()]


def _numbered(players: Sequence[_PlayerLine]) -> Iterator[_PlayerLine]:
    """The players; two inactive ones with one last name are ambiguous: each gets a number, so that neither resolves."""
    inactive = [(player.team, player.player_name) for player in players if player.status == "inactive"]
    per_name, numbers = Counter(inactive), Counter[tuple[str, str]]()
    for player in players:
        name = (player.team, player.player_name)
        if player.status == "inactive" and per_name[name] > 1:
            numbers[name] += 1
            yield player._replace(player_name=f"{player.player_name} ({numbers[name]})")
        else:
            yield player


def _is_complete_list(text: str) -> bool:
    """Whether a list ends here: after its last closed reason or, in a list without reasons, without a comma."""
    if "(" in text:
        return text.endswith(")") and text.count("(") == text.count(")")
    return not text.endswith(",")


def _by_last_name(name: str, players: Sequence[KnownPlayer], roster: Sequence[KnownPlayer]) -> KnownPlayer | None:
    """The one of the players with this last name, compared with its suffix first and then without.

    None if two have it, and for another suffix if two of the roster have it.
    """
    for key, namesakes in ((str.casefold, players), (normalise, roster)):
        matches = _with_last_name(name, players, key)
        if matches:
            return matches.popitem()[1] if len(_with_last_name(name, namesakes, key)) == 1 else None
    return None


def _with_last_name(name: str, players: Iterable[KnownPlayer], key: Callable[[str], str]) -> dict[str, KnownPlayer]:
    """The players, by id, whose names end with this last name."""
    return {player.player_id: player for player in players if key(player.player_name).endswith(f" {key(name)}")}
