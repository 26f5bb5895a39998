import json
import threading
from datetime import UTC, date, datetime

import pytest

from tipoff.publishing.alerts import PATH, UNREADABLE_PATH, alerts_of, raise_alert
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert

DAY = date(2024, 3, 29)


def alert(key: str = "lines:late", text: str = "no lines by 13:30 ET") -> Alert:
    return Alert(key=key, at=datetime(2024, 3, 29, 17, 30, tzinfo=UTC), text=text)


def lines(store: ExportStore) -> list[str]:
    return (store.read(PATH) or b"").decode().splitlines()


def test_an_alert_raised_twice_is_one_line(store: ExportStore) -> None:
    assert raise_alert(store, DAY, alert())
    assert not raise_alert(store, DAY, alert(text="the same with another text"))
    assert len(lines(store)) == 1


def test_another_key_or_another_date_is_another_alert(store: ExportStore) -> None:
    raise_alert(store, DAY, alert())
    raise_alert(store, DAY, alert(key="predictions:late"))
    raise_alert(store, date(2024, 3, 30), alert())
    assert [each.key for each in alerts_of(store, DAY)] == ["lines:late", "predictions:late"]


def test_each_alert_is_one_line_of_json(store: ExportStore) -> None:
    raise_alert(store, DAY, alert(text='two\nlines, "quoted"'))
    [line] = lines(store)
    assert json.loads(line) == {
        "game_date": "2024-03-29",
        "key": "lines:late",
        "at": "2024-03-29T17:30:00Z",
        "step": "",
        "severity": "warning",
        "text": 'two\nlines, "quoted"',
    }


def test_concurrent_alerts_are_all_kept(store: ExportStore) -> None:
    raising = [threading.Thread(target=raise_alert, args=(store, DAY, alert(key=f"step-{n % 10}"))) for n in range(20)]
    for thread in raising:
        thread.start()
    for thread in raising:
        thread.join()
    assert sorted(each.key for each in alerts_of(store, DAY)) == [f"step-{n}" for n in range(10)]


def test_a_date_without_alerts_has_none(store: ExportStore) -> None:
    assert alerts_of(store, DAY) == ()


@pytest.mark.parametrize(
    "torn",
    [b'{"game_date":"2024-03-29","key":"lin', b"\xff\xfe", b"{}", b"7", b'{"game_date":"2024-03-29","key":"x"}'],
)
def test_a_line_that_cannot_be_read_is_skipped_counted_and_kept(store: ExportStore, torn: bytes) -> None:
    raise_alert(store, DAY, alert())
    store.write_if_changed(PATH, (store.read(PATH) or b"") + torn)
    assert [each.key for each in alerts_of(store, DAY)] == ["lines:late"]

    assert raise_alert(store, DAY, alert(key="predictions:late"))
    first, second, about = alerts_of(store, DAY)
    assert (first.key, second.key) == ("lines:late", "predictions:late")
    assert about.text == f"1 line of {PATH} could not be read; kept in {UNREADABLE_PATH}"
    assert store.read(UNREADABLE_PATH) == torn + b"\n"

    store.write_if_changed(PATH, (store.read(PATH) or b"") + b"another\n")
    assert not raise_alert(store, DAY, alert()), "known, but the unreadable line is moved"
    assert store.read(UNREADABLE_PATH) == torn + b"\nanother\n"
    assert "2 lines" in alerts_of(store, DAY)[-1].text
    assert len(lines(store)) == 4
