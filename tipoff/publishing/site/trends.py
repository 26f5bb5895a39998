"""What tonight's players did lately: who is hot or cold, whose streak goes on, and how often each beat his line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from tipoff.grading.metrics import wilson
from tipoff.publishing.envelope import Envelope
from tipoff.publishing.figures import range_bar, share_bar
from tipoff.publishing.player_history import GAMES_SHOWN
from tipoff.publishing.site.exports import Exports, Payload, Published
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.trends import (
    BAD_GAME,
    BOUNCE_BACK,
    HOT_COLD,
    LEAST_MEAN,
    LEAST_STREAK,
    PLAYS,
    STREAKS,
    UNUSUAL,
    BounceBackPayload,
    Form,
    HotColdPayload,
    Play,
    PlaysPayload,
    StreaksPayload,
)

LONGEST_BAR: Final = 5.0
"""Standard errors that fill a bar."""


class FormRow(NamedTuple):
    """A player whose mean is unusual."""

    form: Form
    bar: str


class PlayRow(NamedTuple):
    """How often a player scored more than tonight's line, in its 95 % interval beside P(over)."""

    play: Play
    share: float
    low: float
    high: float
    bar: str


def _content(exports: Exports, _: Key) -> Content:
    forms = exports.read_as(HOT_COLD.path, HotColdPayload)
    streaks = exports.read_as(STREAKS.path, StreaksPayload)
    bounces = exports.read_as(BOUNCE_BACK.path, BounceBackPayload)
    plays = exports.read_as(PLAYS.path, PlaysPayload)
    envelopes = [each.envelope for each in (forms, streaks, bounces, plays) if each]
    envelope = max(envelopes, key=lambda each: each.game_date, default=None)
    if envelope is None:
        return Content({"published": False})
    shown_forms = _of_date(forms, envelope, HotColdPayload(hot=(), cold=()))
    shown_streaks = _of_date(streaks, envelope, StreaksPayload(streaks=())).streaks
    shown_plays = _of_date(plays, envelope, PlaysPayload(players=())).players
    values = {
        "published": True,
        "forms": {"hot": form_rows(shown_forms.hot), "cold": form_rows(shown_forms.cold)},
        "streaks": shown_streaks,
        "kinds": sorted({each.kind for each in shown_streaks}),
        "bounces": _of_date(bounces, envelope, BounceBackPayload(players=())).players,
        "plays": tuple(map(play_row, shown_plays)),
        "teams": sorted({each.team for each in shown_plays}),
        "games_shown": GAMES_SHOWN,
        "unusual": UNUSUAL,
        "least_streak": LEAST_STREAK,
        "bad_game": BAD_GAME,
        "least_mean": LEAST_MEAN,
    }
    return Content(values, envelope)


def _of_date(published: Published[Payload] | None, newest: Envelope, empty: Payload) -> Payload:
    """Return an export if it is of the newest date; another one's players are not tonight's."""
    return published.payload if published and published.envelope.game_date == newest.game_date else empty


def form_rows(forms: Iterable[Form]) -> tuple[FormRow, ...]:
    """Return players with their bars."""
    return tuple(FormRow(each, share_bar(min(abs(each.standard_errors) / LONGEST_BAR, 1.0))) for each in forms)


def play_row(play: Play) -> PlayRow:
    """Return a player with the share of his games over the line."""
    share = play.games_over / play.games
    low, high = wilson(play.games_over, play.games)
    return PlayRow(play, share, low, high, range_bar(low, share, high, 1.0, play.over_probability))


TRENDS_PAGE: Final = Page(
    name="trends",
    path="trends.html",
    title="Trends and streaks",
    summary="What tonight's players did lately: hot and cold ones, streaks, and games over tonight's line.",
    template="trends.html.j2",
    content=_content,
    menu="Trends",
)
