"""What is landed of the games in play: the last scoreboard, and the last box score of each game.

The landing is the only memory of the live polls: a restarted worker goes on where another one stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from tipoff.errors import ContractError
from tipoff.grading.live import GameLine, PlayerLine
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.sources.base import Judgement, ReadContext, Reading, Row, Slate, Source
from tipoff.sources.game_boxscores import BoxscoresInPlay
from tipoff.sources.game_status import FINAL, LIVE, POSTPONED
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.rate_limits import cooldown_after
from tipoff.sources.scoreboard import Scoreboard
from tipoff.vocabulary import PlanStep, SlateGame

BOX_SCORES_A_POLL: Final = 8
"""Box scores that one poll requests: with 15 seconds between requests they take two of the three minutes."""
LONGEST_GAME: Final = timedelta(hours=3)
"""For counting; one with overtimes may take longer."""
BOX_SCORES: Final = BoxscoresInPlay()
_SCOREBOARD: Final = Scoreboard()
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class LandedBox(NamedTuple):
    """The last readable box score of a game."""

    as_of: datetime
    game: GameLine
    players: Mapping[str, tuple[Row, PlayerLine]]
    """player_id -> his row, and what it says of him."""


class LandedGames(NamedTuple):
    """What is landed of the games of a date at a time."""

    board: Mapping[str, Row]
    """game_id -> its row on the last scoreboard."""
    board_as_of: datetime | None
    boxes: Mapping[str, LandedBox]
    polled_at: Mapping[str, datetime]
    """game_id -> when its box score was last requested, whatever came of it."""
    closed_until: datetime
    """When box scores may be requested again after a refusal."""

    def boxes_to_poll(self, slate: Slate, as_of: datetime) -> tuple[SlateGame, ...]:
        """The games in play and those just over whose box score is due, the one that waited longest first."""
        if as_of < self.closed_until:
            return ()
        games = sorted(filter(self._has_news, slate.games), key=lambda game: self.polled_at.get(game.game_id, _NEVER))
        return tuple(games[:BOX_SCORES_A_POLL])

    def called_off(self, slate: Slate) -> Iterator[tuple[SlateGame, str]]:
        """The games that the scoreboard calls postponed or suspended, in words for an operator."""
        for game in slate.games:
            shown = self.board.get(game.game_id, {})
            if shown.get("status") == POSTPONED:
                yield game, f"{game.label} is not played on ({shown['status_text']}): its predictions are void"

    def _has_news(self, game: SlateGame) -> bool:
        status, box = self.board.get(game.game_id, {}).get("status"), self.boxes.get(game.game_id)
        return status == LIVE or (status == FINAL and not (box and box.game.is_final))


class LiveRequests(NamedTuple):
    """The most requests that following the games of a date makes."""

    scoreboard: int
    box_scores: int


def live_requests(step: PlanStep, games: Sequence[SlateGame]) -> LiveRequests:
    """Count the polls of the scoreboard's step while games run, and the box scores that they request."""
    tips = [game.tip_off for game in games if game.tip_off]
    if not tips:
        return LiveRequests(0, 0)
    cadence = next(each for each in step.cadence if each.start == min(tips))
    polls, box_scores, time = 0, 0, cadence.start
    while time <= max(tips) + LONGEST_GAME:
        polls += 1
        box_scores += min(sum(tip <= time <= tip + LONGEST_GAME for tip in tips), BOX_SCORES_A_POLL)
        time = cadence.first_after(time)
    return LiveRequests(polls, box_scores)


def box_scores_due(landing: Landing, slate: Slate, as_of: datetime) -> tuple[SlateGame, ...]:
    """The games whose box scores a poll requests, the same for every attempt of it: it knows nothing of itself."""
    before = as_of - timedelta(microseconds=1)
    return landed_games(landing, slate, as_of, before).boxes_to_poll(slate, as_of)


def landed_games(landing: Landing, slate: Slate, as_of: datetime, boxes_as_of: datetime | None = None) -> LandedGames:
    """Read what is landed of the games of a date at a time; `boxes_as_of`: the time for the box scores."""
    board = _last_board(landing, slate, as_of)
    records = [*_known(landing.newest_first(BOX_SCORES.name, slate.game_date), boxes_as_of or as_of)]
    polled_at, last = dict[str, datetime](), dict[str, FetchRecord]()
    for record in records:
        game_id = record.game_id or ""
        polled_at.setdefault(game_id, record.fetched_at)
        if record.key and OUTCOME_POLICIES[record.outcome].usable:
            last.setdefault(game_id, record)
    boxes = {game_id: box for game_id, record in last.items() if (box := _box(landing, slate, record))}
    rows, board_as_of = board or ({}, None)
    return LandedGames(rows, board_as_of, boxes, polled_at, _closed_until(records))


def _known(records: Iterable[FetchRecord], as_of: datetime) -> Iterable[FetchRecord]:
    return (record for record in records if record.fetched_at <= as_of)


def _last_board(landing: Landing, slate: Slate, as_of: datetime) -> tuple[Mapping[str, Row], datetime] | None:
    """The rows of the last usable scoreboard by game, and its time."""
    for record in _known(landing.newest_first(_SCOREBOARD.name, slate.game_date), as_of):
        if record.key and OUTCOME_POLICIES[record.outcome].usable:
            reading = _read(_SCOREBOARD, landing, slate, record)
            return ({row["game_id"]: row for row in reading.rows} if reading else {}), record.fetched_at
    return None


def _box(landing: Landing, slate: Slate, record: FetchRecord) -> LandedBox | None:
    reading = _read(BOX_SCORES, landing, slate, record)
    if reading is None or not reading.rows:
        return None
    first = reading.rows[0]
    game = GameLine(first["minutes_left"], first["is_final"], is_complete=not reading.damaged)
    players = {row["player_id"]: (row, PlayerLine(row["points"], row["minutes"])) for row in reading.rows}
    return LandedBox(record.fetched_at, game, players)


def _read(source: Source, landing: Landing, slate: Slate, record: FetchRecord) -> Reading | None:
    """The rows of a landed response; None if it is unreadable, which its poll has reported."""
    context = ReadContext(slate=slate, as_of=record.fetched_at, game_id=record.game_id, part=record.part)
    try:
        return source.read(landing.get(record.key or ""), context)
    except ContractError:
        return None


def _closed_until(records: Sequence[FetchRecord]) -> datetime:
    """The end of the cooldown after a refusal of the last poll, also where no rate limiter keeps it, as in a replay."""
    last_poll = (record for record in records if record.fetched_at == records[0].fetched_at)
    refused = next((record for record in last_poll if OUTCOME_POLICIES[record.outcome].stop), None)
    if refused is None:
        return _NEVER
    refusal = Judgement(outcome=refused.outcome, reason=refused.reason)
    cooldown = cooldown_after(refusal, None, BOX_SCORES.provider.rate_limit)
    return refused.fetched_at + cooldown if cooldown else _NEVER
