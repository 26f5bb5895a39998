"""A published bet stays as it was first published; what a later version lacks has ended, and its result counts."""

from __future__ import annotations

import json
from datetime import datetime

from tests.support.evening import DAY
from tests.unit.publishing.site.test_site import html
from tipoff.publishing.best_bets import BEST_BETS
from tipoff.publishing.envelope import Envelope, ExportStatus, decode
from tipoff.publishing.site.best_bets import Bet, BetsPayload, published_bets
from tipoff.publishing.site.exports import Published
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import eastern


def bet(player_id: str, price: float = -110, line: float = 20.5) -> Bet:
    return Bet(
        player_id=player_id,
        player_name=f"Player {player_id}",
        game_id="0022301062",
        team="GSW",
        opponent="CHA",
        home=False,
        tip_off=None,
        recommendation="OVER",
        line=line,
        price_american=price,
        book="fanduel",
        confidence=0.55,
        expected_value=0.05,
        points=22.0,
        low_80=12.0,
        high_80=32.0,
        rationale="",
    )


def version(at: datetime, *bets: Bet) -> Published[BetsPayload]:
    envelope = Envelope(game_date=DAY, generated_at=at, as_of=at, status=ExportStatus.COMPLETE)
    return Published(envelope, BetsPayload(bets=bets))


AT_15, AT_16, AT_18 = (eastern(DAY, hour) for hour in (15, 16, 18))


def test_a_bet_keeps_its_first_price_and_the_current_ones_come_first() -> None:
    shown = published_bets([version(AT_15, bet("1"), bet("2")), version(AT_16, bet("3"), bet("2", price=-125))])
    assert [(each.bet.player_id, each.bet.price_american, each.published_at, each.ended_at) for each in shown] == [
        ("3", -110, AT_16, None),
        ("2", -110, AT_15, None),
        ("1", -110, AT_15, AT_16),
    ]


def test_a_bet_with_another_line_is_another_bet() -> None:
    shown = published_bets([version(AT_15, bet("1")), version(AT_16, bet("1", line=21.5))])
    assert [(each.bet.line, each.ended_at) for each in shown] == [(21.5, None), (20.5, AT_16)]


def test_a_bet_that_comes_back_has_not_ended() -> None:
    shown = published_bets([version(AT_15, bet("1")), version(AT_16), version(AT_18, bet("1"))])
    assert [(each.published_at, each.ended_at) for each in shown] == [(AT_15, None)]


def test_a_bet_that_ended_did_so_when_it_was_first_lacking() -> None:
    shown = published_bets([version(AT_15, bet("1")), version(AT_16), version(AT_18)])
    assert [each.ended_at for each in shown] == [AT_16]


def test_bets_of_a_date_have_their_results_on_both_pages(morning_exports: ExportStore) -> None:
    publish_site(morning_exports, DAY)
    latest, of_date = html(morning_exports, "site/best-bets.html"), html(morning_exports, f"site/best-bets/{DAY}.html")
    for page in (latest, of_date):
        assert "decided bet" in page
        assert "scored" in page
        assert "Made of:" in page
    assert 'href="best-bets.html"' not in of_date
    assert 'href="../best-bets.html"' in of_date


def test_a_backfilled_date_says_why_it_has_no_bets(evening_exports: ExportStore) -> None:
    path = BEST_BETS.path.format(game_date=DAY)
    for file in (path, *evening_exports.names(path.replace(".json", "/"))):
        published = decode(evening_exports.read(file) or b"")
        evening_exports.write_if_changed(file, json.dumps({**published, "bets": [], "backfilled": True}).encode())
    publish_site(evening_exports)
    assert "None: the predictions of this date were made after its games." in html(
        evening_exports, "site/best-bets.html"
    )
