"""Alerts reach real local receivers, at least once, and none is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.support.alert_receivers import PASSWORD, TOKEN, HookServer, MailServer, hook_server
from tipoff.alerting.apprise_channel import AppriseChannel
from tipoff.alerting.book import ESCALATE_AFTER, AlertBook, Notice, NoticeKind, acknowledge, escalate, reconcile
from tipoff.alerting.channels import Channel, Channels, ConsoleChannel, channels_of
from tipoff.alerting.deliveries import CLAIMED_FOR, MOST_AT_ONCE, PAUSES, claim_due, undelivered
from tipoff.alerting.delivery import Delivered, deliver_due
from tipoff.alerting.quiet_hours import NO_QUIET_HOURS, QuietHours, quiet_hours
from tipoff.alerting.sender import AlertSender
from tipoff.alerting.store import read_book, update_book
from tipoff.errors import DeliveryError
from tipoff.publishing.store import ExportStore
from tipoff.settings import Settings
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Finding, Severity, eastern

DAY = date(2026, 11, 30)
NOON = eastern(DAY, 12)
NIGHT = QuietHours(time(23), time(8))


class FakeChannel:
    """Keeps what it receives; refuses while `error` says why."""

    def __init__(self, name: str, error: str = "") -> None:
        self.name, self.error = name, error
        self.received: list[tuple[NoticeKind, str]] = []

    def send(self, notice: Notice) -> None:
        if self.error:
            raise DeliveryError(f"{self.name}: {self.error}")
        self.received.append((notice.kind, notice.alert.dedupe_key))


def finding(key: str = "no_worker", severity: Severity = Severity.CRITICAL) -> Finding:
    return Finding(key=key, severity=severity, summary=f"{key} is wrong", command="worker.py", game_date=DAY)


def notice() -> Notice:
    return Notice(NoticeKind.TRIGGER, reconcile(AlertBook(), "watchdog", [finding()], NOON).alerts[0])


def check(store: ExportStore, findings: Sequence[Finding], now: datetime) -> None:
    update_book(store, lambda book: escalate(reconcile(book, "watchdog", findings, now), now), now)


def deliver(
    store: ExportStore, *channels: Channel, now: datetime = NOON, quiet: QuietHours = NO_QUIET_HOURS
) -> Delivered:
    return deliver_due(store, Channels(channels), now, quiet)


def test_a_mail_and_a_webhook_say_what_is_wrong_and_what_helps(
    store: ExportStore, mail: MailServer, hook: HookServer
) -> None:
    check(store, [finding()], NOON)
    channels = channels_of(Settings.model_validate({"alert_urls": f"{mail.url}, {hook.url}"}))
    assert deliver_due(store, channels, NOON, NO_QUIET_HOURS) == Delivered(1)
    assert mail.subjects == ["tipoff CRITICAL: no_worker is wrong"]
    assert mail.bodies[0].splitlines() == [
        "no_worker is wrong",
        "Game date: 2026-11-30",
        "Since: 12:00 ET",
        "What helps: worker.py",
        "To take it on: starter.py alerts ack 2026-11-30:no_worker",
        "More, by the key: docs/runbook.md#an-alert-arrives",
        "Key: 2026-11-30:no_worker",
    ]
    assert (hook.titles, hook.payloads[0]["type"]) == (mail.subjects, "failure")
    assert hook.payloads[0]["message"].splitlines() == mail.bodies[0].splitlines()

    check(store, [], NOON + timedelta(minutes=20))
    deliver_due(store, channels, NOON + timedelta(minutes=20), NO_QUIET_HOURS)
    assert mail.subjects[1:] == ["tipoff all clear: no_worker is wrong"]
    assert mail.bodies[1].splitlines()[1:] == [
        "Game date: 2026-11-30",
        "Since: 12:00 ET",
        "Until: 12:20 ET",
        "Key: 2026-11-30:no_worker",
    ]
    assert hook.payloads[1]["type"] == "success"
    assert deliver_due(store, channels, NOON + timedelta(days=1), NO_QUIET_HOURS) == Delivered()


def test_a_failed_delivery_is_kept_counted_and_made_again_to_the_channels_that_lack_it(
    store: ExportStore, mail: MailServer, hook: HookServer
) -> None:
    channels = channels_of(Settings.model_validate({"alert_urls": f"{mail.url} {hook.url}"}))
    mail.refusal = "451 try again later"
    check(store, [finding()], NOON)
    now = NOON
    for failures, pause in enumerate((*PAUSES, PAUSES[-1]), 1):
        delivered = deliver_due(store, channels, now, NO_QUIET_HOURS)
        assert delivered.sent == 0
        assert "alert_urls 1 (mailto)" in delivered.errors[0]
        assert "try again later" in delivered.errors[0]
        [delivery] = read_book(store).alerts[0].deliveries
        assert (delivery.failures, delivery.error) == (failures, delivered.errors[0])
        assert delivery.sent_to == ("console", "alert_urls 2 (json)")
        assert deliver_due(store, channels, now + pause - timedelta(seconds=1), NO_QUIET_HOURS) == Delivered()
        now += pause
    mail.refusal = ""
    assert deliver_due(store, channels, now, NO_QUIET_HOURS) == Delivered(1)
    assert (len(mail.mails), len(hook.payloads)) == (1, 1)
    assert read_book(store).alerts[0].deliveries == ()


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_error_of_a_webhook_names_the_cause_and_no_secret(hook: HookServer, status: int) -> None:
    hook.status = status
    channel = AppriseChannel(hook.url, "alert_urls 1")
    with pytest.raises(DeliveryError) as caught:
        channel.send(notice())
    assert f"error={status}" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_receiver_that_is_down_and_a_wrong_password_are_named_without_secrets(
    mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    with hook_server() as hook:
        pass
    with caplog.at_level(logging.INFO):  # the level of a worker
        for url, reason in (
            (hook.url, "refused"),
            (mail.url.replace(PASSWORD, "wrong-password"), "uthentication"),
            ("slack://T1JJ3T3L2/A1BRTD4JD/not-a-token/#nba", "no address that apprise knows"),
        ):
            with pytest.raises(DeliveryError) as caught:
                AppriseChannel(url, "alert_urls 1").send(notice())
            assert reason in str(caught.value)
            for secret in (TOKEN, "wrong-password", "T1JJ3T3L2", "A1BRTD4JD", "not-a-token"):
                assert secret not in str(caught.value) + caplog.text
    assert mail.mails == []


def test_a_critical_alert_goes_to_the_second_channels_once_and_so_does_its_all_clear(store: ExportStore) -> None:
    first, second = FakeChannel("first"), FakeChannel("second")
    channels = Channels((first,), (second,))
    for minutes in (0, 5, 25, 30, 35, 90):
        check(store, [finding()], NOON + timedelta(minutes=minutes))
        deliver_due(store, channels, NOON + timedelta(minutes=minutes), NO_QUIET_HOURS)
    key = "2026-11-30:no_worker"
    assert first.received == [(NoticeKind.TRIGGER, key)]
    assert second.received == [(NoticeKind.ESCALATION, key)]
    check(store, [], NOON + timedelta(minutes=95))
    deliver_due(store, channels, NOON + timedelta(minutes=95), NO_QUIET_HOURS)
    assert first.received[1:] == second.received[1:] == [(NoticeKind.ALL_CLEAR, key)]


def test_an_acknowledged_alert_never_reaches_the_second_channels(store: ExportStore) -> None:
    first, second = FakeChannel("first"), FakeChannel("second")
    check(store, [finding()], NOON)
    update_book(store, lambda book: acknowledge(book, "no_worker", "ann", "on it", NOON), NOON)
    for minutes in (30, 60):
        check(store, [finding()], NOON + timedelta(minutes=minutes))
        deliver_due(store, Channels((first,), (second,)), NOON + timedelta(minutes=minutes), NO_QUIET_HOURS)
    check(store, [], NOON + timedelta(hours=2))
    deliver_due(store, Channels((first,), (second,)), NOON + timedelta(hours=2), NO_QUIET_HOURS)
    assert [kind for kind, _ in first.received] == [NoticeKind.TRIGGER, NoticeKind.ALL_CLEAR]
    assert second.received == []


def test_without_second_channels_an_escalation_goes_to_the_first_ones_again(store: ExportStore) -> None:
    channel = FakeChannel("first")
    check(store, [finding()], NOON)
    check(store, [finding()], NOON + ESCALATE_AFTER)
    deliver(store, channel, now=NOON + ESCALATE_AFTER)
    assert [kind for kind, _ in channel.received] == [NoticeKind.TRIGGER, NoticeKind.ESCALATION]


def test_quiet_hours_hold_back_warnings_until_they_end(store: ExportStore) -> None:
    channel, midnight = FakeChannel("first"), eastern(DAY, 0)
    check(store, [finding("warning", Severity.WARNING), finding("critical")], midnight)
    deliver(store, channel, now=midnight, quiet=NIGHT)
    assert [key for _, key in channel.received] == ["2026-11-30:critical"]
    deliver(store, channel, now=eastern(DAY, 7, 59), quiet=NIGHT)
    assert len(channel.received) == 1
    deliver(store, channel, now=eastern(DAY, 8), quiet=NIGHT)
    assert [key for _, key in channel.received[1:]] == ["2026-11-30:warning"]


def test_what_came_and_went_in_quiet_hours_is_one_notice_afterwards(store: ExportStore) -> None:
    channel = FakeChannel("first")
    check(store, [finding(severity=Severity.WARNING)], eastern(DAY, 1))
    check(store, [], eastern(DAY, 2))
    deliver(store, channel, now=eastern(DAY, 2), quiet=NIGHT)
    assert channel.received == []
    deliver(store, channel, now=eastern(DAY, 8, 4), quiet=NIGHT)
    assert [kind for kind, _ in channel.received] == [NoticeKind.ALL_CLEAR]


@pytest.mark.parametrize(
    ("now", "held_back"),
    [
        (eastern(DAY, 22, 59), False),
        (eastern(DAY, 23), True),
        (eastern(DAY, 7, 59), True),
        (eastern(DAY, 8), False),
        # the clock goes back and forward during these nights
        (eastern(date(2026, 11, 1), 7, 59), True),
        (eastern(date(2026, 11, 1), 8), False),
        (eastern(date(2027, 3, 14), 7, 59), True),
        (eastern(date(2027, 3, 14), 8), False),
    ],
)
def test_quiet_hours_are_eastern_and_never_concern_critical_alerts(now: datetime, held_back: bool) -> None:
    assert quiet_hours("23:00-08:00") == NIGHT
    assert NIGHT.hold_back(Severity.WARNING, now) == NIGHT.hold_back(Severity.INFO, now) == held_back
    assert not NIGHT.hold_back(Severity.CRITICAL, now)
    assert not quiet_hours("off").hold_back(Severity.WARNING, now)


def test_quiet_hours_may_lie_within_one_day() -> None:
    lunch = quiet_hours("13:00-14:00")
    held = [lunch.hold_back(Severity.WARNING, eastern(DAY, *at)) for at in ((12, 59), (13, 0), (13, 59), (14, 0))]
    assert held == [False, True, True, False]


def test_a_process_that_dies_between_claim_and_delivery_loses_nothing(store: ExportStore) -> None:
    check(store, [finding()], NOON)
    update_book(store, lambda book: claim_due(book, NOON, NO_QUIET_HOURS).book, NOON)  # and then it is killed
    channel = FakeChannel("first")
    assert deliver(store, channel, now=NOON + CLAIMED_FOR - timedelta(seconds=1)) == Delivered()
    assert deliver(store, channel, now=NOON + CLAIMED_FOR) == Delivered(1)
    assert deliver(store, channel, now=NOON + 2 * CLAIMED_FOR) == Delivered()
    assert channel.received == [(NoticeKind.TRIGGER, "2026-11-30:no_worker")]


def test_processes_that_deliver_at_the_same_time_send_each_notice_once(store: ExportStore) -> None:
    channel = FakeChannel("first")
    check(store, [finding(f"finding {number}") for number in range(MOST_AT_ONCE)], NOON)
    threads = [threading.Thread(target=deliver, args=(store, channel)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(channel.received) == len(set(channel.received)) == MOST_AT_ONCE


def test_alerts_that_are_raised_during_a_delivery_stay_due(store: ExportStore) -> None:
    class RaisingChannel(FakeChannel):
        def send(self, notice: Notice) -> None:
            super().send(notice)
            check(store, [finding("another")], NOON)

    channel = RaisingChannel("first")
    check(store, [finding()], NOON)
    deliver(store, channel)
    deliver(store, channel)
    assert channel.received == [
        (NoticeKind.TRIGGER, "2026-11-30:no_worker"),
        (NoticeKind.ALL_CLEAR, "2026-11-30:no_worker"),
        (NoticeKind.TRIGGER, "2026-11-30:another"),
    ]


def test_one_pass_delivers_the_most_urgent_first_and_a_bounded_number(store: ExportStore) -> None:
    channel = FakeChannel("first")
    warnings = [finding(f"warning {number}", Severity.WARNING) for number in range(MOST_AT_ONCE)]
    check(store, [*warnings, finding("critical")], NOON)
    assert deliver(store, channel) == Delivered(MOST_AT_ONCE)
    assert channel.received[0] == (NoticeKind.TRIGGER, "2026-11-30:critical")
    assert deliver(store, channel) == Delivered(1)


def test_a_channel_that_fails_is_left_alone_for_the_pass_and_does_not_stop_the_others(store: ExportStore) -> None:
    class CountingChannel(FakeChannel):
        attempts = 0

        def send(self, notice: Notice) -> None:
            self.attempts += 1
            super().send(notice)

    broken, sound = CountingChannel("broken", "down"), FakeChannel("sound")
    check(store, [finding("a"), finding("b")], NOON)
    assert deliver(store, broken, sound) == Delivered(0, ("broken: down",))
    assert (broken.attempts, len(sound.received)) == (1, 2)


def test_a_channel_that_fails_three_times_is_a_finding_for_the_others(store: ExportStore) -> None:
    broken, now = FakeChannel("broken", "down"), NOON
    check(store, [finding()], NOON)
    for pause in PAUSES[:3]:
        assert undelivered(read_book(store)) == ()
        deliver(store, broken, now=now)
        now += pause
    [about_channels] = undelivered(read_book(store))
    assert (about_channels.severity, about_channels.since) == (Severity.WARNING, NOON)
    assert about_channels.summary == "1 notice could not be delivered so far: broken: down"
    assert about_channels.command == "starter.py alerts test"
    update_book(store, lambda book: reconcile(book, "alerts", [about_channels], now), now)
    broken.error = ""
    deliver(store, broken, now=now)
    assert undelivered(read_book(store)) == ()


def test_an_all_clear_replaces_a_trigger_that_could_not_be_delivered(store: ExportStore) -> None:
    broken, sound = FakeChannel("broken", "down"), FakeChannel("sound")
    check(store, [finding()], NOON)
    deliver(store, broken, sound)
    check(store, [], NOON + timedelta(minutes=5))
    broken.error = ""
    deliver(store, broken, sound, now=NOON + timedelta(minutes=5))
    assert [kind for kind, _ in broken.received] == [NoticeKind.ALL_CLEAR]
    assert [kind for kind, _ in sound.received] == [NoticeKind.TRIGGER, NoticeKind.ALL_CLEAR]


def test_a_replay_reaches_nobody(mail: MailServer) -> None:
    replay = {"upstream": "http://127.0.0.1:1", "alert_urls": mail.url, "alert_urls_second": mail.url}
    assert channels_of(Settings.model_validate(replay)) == Channels((ConsoleChannel(),))


def test_the_log_shows_alerts_by_their_severity(store: ExportStore, caplog: pytest.LogCaptureFixture) -> None:
    check(store, [finding("a"), finding("b", Severity.WARNING)], NOON)
    with caplog.at_level(logging.INFO):
        deliver(store, ConsoleChannel())
        check(store, [], NOON)
        deliver(store, ConsoleChannel())
    assert [(record.levelname, record.getMessage().splitlines()[0]) for record in caplog.records] == [
        ("CRITICAL", "tipoff CRITICAL: a is wrong"),
        ("WARNING", "tipoff WARNING: b is wrong"),
        ("INFO", "tipoff all clear: a is wrong"),
        ("INFO", "tipoff all clear: b is wrong"),
    ]


def test_a_sender_delivers_beside_the_work_of_its_process(store: ExportStore, hook: HookServer) -> None:
    check(store, [finding()], NOON)
    sender = AlertSender(store, Settings.model_validate({"alert_urls": hook.url}), lambda: NOON)
    with hook.held():
        sender.send_soon()
        assert hook.payloads == []
    wait_until(lambda: read_book(store).alerts[0].deliveries == ())
    sender.close()
    assert hook.titles == ["tipoff CRITICAL: no_worker is wrong"]


def test_a_damaged_store_does_not_stop_the_work_of_a_sender(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "exports").write_text("no folder")
    store = ExportStore(FolderStore(tmp_path / "exports"))
    AlertSender(store, Settings.model_validate({"upstream": "http://127.0.0.1:1"}), lambda: NOON).send_soon()
    assert "alerts are delivered later" in caplog.text


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 20
    while not condition():
        assert monotonic() < deadline
        sleep(0.01)
