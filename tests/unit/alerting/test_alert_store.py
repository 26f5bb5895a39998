import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tipoff.alerting.book import AlertBook, acknowledge, escalate, reconcile
from tipoff.alerting.deliveries import claim_due
from tipoff.alerting.quiet_hours import NO_QUIET_HOURS
from tipoff.alerting.store import PATH, UNREADABLE_PATH, raise_alert, read_book, update_book
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Finding, Severity

DAY = date(2024, 3, 29)
LATE = datetime(2024, 3, 29, 17, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 30, 17, tzinfo=UTC)


def alert(key: str = "lines:late", text: str = "no lines by 13:30 ET", game_date: date = DAY) -> Finding:
    return Finding(key=key, severity=Severity.WARNING, summary=text, game_date=game_date)


def lines(store: ExportStore) -> list[str]:
    return (store.read(PATH) or b"").decode().splitlines()


def test_an_alert_raised_twice_is_one_line(store: ExportStore) -> None:
    raise_alert(store, alert(), LATE)
    raise_alert(store, alert(text="the same with another text"), LATE)
    assert len(lines(store)) == 1


def test_another_key_or_another_date_is_another_alert(store: ExportStore) -> None:
    raise_alert(store, alert(), LATE)
    raise_alert(store, alert(key="predictions:late"), LATE)
    raise_alert(store, alert(game_date=date(2024, 3, 30)), LATE)
    assert [each.key for each in read_book(store).of_date(DAY)] == ["lines:late", "predictions:late"]


def test_each_alert_is_one_line_of_json(store: ExportStore) -> None:
    raise_alert(store, alert(text='two\nlines, "quoted"'), LATE)
    [line] = lines(store)
    assert json.loads(line) == {
        "game_date": "2024-03-29",
        "key": "lines:late",
        "at": "2024-03-29T17:30:00Z",
        "step": "",
        "severity": "warning",
        "text": 'two\nlines, "quoted"',
        "deliveries": [{"kind": "trigger", "not_before": "2024-03-29T17:30:00Z"}],
    }


def test_concurrent_alerts_are_all_kept(store: ExportStore) -> None:
    raising = [threading.Thread(target=raise_alert, args=(store, alert(key=f"step-{n % 10}"), LATE)) for n in range(20)]
    for thread in raising:
        thread.start()
    for thread in raising:
        thread.join()
    assert sorted(each.key for each in read_book(store).of_date(DAY)) == [f"step-{n}" for n in range(10)]


def test_a_date_without_alerts_has_none(store: ExportStore) -> None:
    assert read_book(store).of_date(DAY) == ()


@pytest.mark.parametrize(
    "torn",
    [b'{"game_date":"2024-03-29","key":"lin', b"\xff\xfe", b"{}", b"7", b'{"game_date":"2024-03-29","key":"x"}'],
)
def test_a_line_that_cannot_be_read_is_skipped_counted_and_kept(store: ExportStore, torn: bytes) -> None:
    raise_alert(store, alert(), LATE)
    store.write_if_changed(PATH, (store.read(PATH) or b"") + torn)
    assert [each.key for each in read_book(store).of_date(DAY)] == ["lines:late"]

    raise_alert(store, alert(key="predictions:late"), LATE)
    first, second, about = read_book(store).alerts
    assert (first.key, second.key, about.game_date) == ("lines:late", "predictions:late", None)
    assert about.text == f"1 line of {PATH} could not be read; kept in {UNREADABLE_PATH}"
    assert store.read(UNREADABLE_PATH) == torn + b"\n"

    store.write_if_changed(PATH, (store.read(PATH) or b"") + b"another\n")
    raise_alert(store, alert(), LATE)  # known, but the unreadable line is moved
    assert store.read(UNREADABLE_PATH) == torn + b"\nanother\n"
    assert "2 lines" in read_book(store).alerts[-1].text
    assert len(lines(store)) == 4


def test_every_part_of_an_alert_survives_its_line(store: ExportStore) -> None:
    critical = Finding(
        key="no_worker", severity=Severity.CRITICAL, summary="no worker", command="worker.py", since=NOON, step="grade"
    )

    def change(book: AlertBook) -> AlertBook:
        book = reconcile(book, "watchdog", [critical], NOON)
        book = escalate(book, NOON + timedelta(minutes=30))
        return acknowledge(book, "no_worker", "ann", "restarting", NOON + timedelta(minutes=31))

    written = update_book(store, change, NOON)
    assert read_book(store) == written
    resolved = update_book(store, lambda book: reconcile(book, "watchdog", [], NOON), NOON)
    assert read_book(store) == resolved != written


def test_an_unchanged_book_is_not_written(store: ExportStore) -> None:
    raise_alert(store, alert(), LATE)
    before = Path(store.location(PATH)).stat()
    assert update_book(store, lambda book: book, NOON) == read_book(store)
    assert Path(store.location(PATH)).stat().st_mtime_ns == before.st_mtime_ns


def test_alerts_of_an_earlier_version_are_closed_and_delivered_already(store: ExportStore) -> None:
    line = b'{"game_date":"2024-03-29","key":"x","at":"2024-03-29T17:30:00Z","step":"","severity":"critical","text":""}'
    store.write_if_changed(PATH, line + b"\n")
    book = read_book(store)
    assert len(book.alerts) == 1
    assert reconcile(book, "watchdog", [], NOON) == book
    assert claim_due(book, NOON, NO_QUIET_HOURS).claims == ()
