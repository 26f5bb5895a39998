"""The outcome of a response by status and kind of body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.sources.base import Judgement, Response
from tipoff.sources.outcomes import OUTCOME_POLICIES, WORST_FIRST, Expected, classify, overall
from tipoff.vocabulary import Outcome

AS_OF = datetime(2024, 3, 29, 14, 0, tzinfo=UTC)
DENIED = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
BLOCK_PAGE = b"\r\n<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY>Reference #18.7</BODY></HTML>"


def response(status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, headers=headers or {}, body=body, url="https://cdn.nba.com/a", fetched_at=AS_OF)


def odds_error(code: str) -> bytes:
    return json.dumps({"message": "in many words", "error_code": code}).encode()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (401, odds_error("OUT_OF_USAGE_CREDITS"), Outcome.QUOTA_SPENT, "OUT_OF_USAGE_CREDITS"),
        (401, odds_error("INVALID_KEY"), Outcome.BAD_KEY, "INVALID_KEY"),
        (401, odds_error("MISSING_KEY"), Outcome.BAD_KEY, "MISSING_KEY"),
        (401, b"", Outcome.BAD_KEY, "HTTP 401"),
        (403, DENIED, Outcome.BLOCKED, "HTTP 403: access denied"),
        (403, BLOCK_PAGE, Outcome.BLOCKED, "access denied"),
        (404, odds_error("EVENT_NOT_FOUND"), Outcome.GONE, "EVENT_NOT_FOUND"),
        (410, b"", Outcome.GONE, "HTTP 410"),
        (422, odds_error("INVALID_MARKET"), Outcome.BAD_REQUEST, "INVALID_MARKET"),
        (400, b"[1]", Outcome.BAD_REQUEST, "HTTP 400"),
        (429, b"slow down", Outcome.THROTTLED, "HTTP 429"),
        (500, b"<html>oops</html>", Outcome.PROVIDER_ERROR, "a web page"),
        (502, b"", Outcome.PROVIDER_ERROR, "HTTP 502"),
        (204, b"", Outcome.WRONG_TYPE, "HTTP 204"),
        (302, b"", Outcome.WRONG_TYPE, "HTTP 302"),
    ],
)
def test_a_refusal_is_classified_by_status_and_code(status: int, body: bytes, outcome: Outcome, reason: str) -> None:
    judgement = classify(response(status, body), "json")
    assert judgement is not None
    assert judgement.outcome is outcome
    assert reason in judgement.reason


def test_the_reason_of_a_refusal_is_always_valid_text() -> None:
    judgement = classify(response(403, rb'{"message": "no\ud83d"}'), "json")
    assert judgement is not None
    assert "no?" in judgement.model_dump_json()


@pytest.mark.parametrize("status", [403, 404])
def test_a_status_can_mean_not_published_yet(status: int) -> None:
    judgement = classify(response(status, DENIED), "pdf", frozenset({403, 404}))
    assert judgement is not None
    assert judgement.outcome is Outcome.NOT_PUBLISHED_YET


def test_a_block_page_is_a_block_even_where_403_means_not_published_yet() -> None:
    judgement = classify(response(403, BLOCK_PAGE), "pdf", frozenset({403}))
    assert judgement is not None
    assert judgement.outcome is Outcome.BLOCKED


def test_a_404_page_in_html_can_mean_not_published_yet() -> None:
    judgement = classify(response(404, b"<html><head><title>404 Not Found</title>"), "csv", frozenset({403, 404}))
    assert judgement is not None
    assert judgement.outcome is Outcome.NOT_PUBLISHED_YET


@pytest.mark.parametrize(
    ("expects", "body"),
    [
        ("json", b'{"games": []}'),
        ("json", b"\xef\xbb\xbf []"),
        ("pdf", b"%PDF-1.4 ... \n%%EOF\n"),
        ("csv", b"game_id,team\n1,DEN\n"),
    ],
)
def test_a_body_of_the_expected_kind_is_left_to_the_source(expects: Expected, body: bytes) -> None:
    assert classify(response(body=body), expects) is None


@pytest.mark.parametrize(
    ("expects", "body"),
    [
        ("json", BLOCK_PAGE),
        ("json", DENIED),
        ("json", b'{"games": ['),
        ("json", b" "),
        ("json", b"[" * 200_000),
        ("json", b"\xff\xfe\x00"),
        ("pdf", BLOCK_PAGE),
        ("pdf", b"%PDF-1.4 cut short"),
        ("pdf", b""),
        ("csv", BLOCK_PAGE),
        ("csv", b'{"error": 1}'),
        ("csv", b""),
    ],
)
def test_a_body_of_another_kind_is_wrong_type(expects: Expected, body: bytes) -> None:
    judgement = classify(response(body=body), expects)
    assert judgement is not None
    assert judgement.outcome is Outcome.WRONG_TYPE
    assert len(judgement.reason) <= 200


@pytest.mark.parametrize(
    ("header", "time"),
    [
        ("120", AS_OF + timedelta(minutes=2)),
        ("Fri, 29 Mar 2024 15:30:00 GMT", datetime(2024, 3, 29, 15, 30, tzinfo=UTC)),
        ("Fri, 29 Mar 2024 15:30:00 -0000", datetime(2024, 3, 29, 15, 30, tzinfo=UTC)),
        ("99999999999999", AS_OF + timedelta(days=7)),
        ("Fri, 31 Dec 9999 23:59:59 -1200", AS_OF + timedelta(days=7)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_sets_the_time_of_the_next_request(header: str, time: datetime | None) -> None:
    judgement = classify(response(429, headers={"retry-after": header}), "json")
    assert judgement == Judgement(outcome=Outcome.THROTTLED, reason="HTTP 429", retry_at=time)


def test_503_with_retry_after_is_throttling_and_without_it_a_provider_error() -> None:
    stated = classify(response(503, headers={"retry-after": "60"}), "json")
    unstated = classify(response(503), "json")
    assert stated is not None
    assert unstated is not None
    assert (stated.outcome, unstated.outcome) == (Outcome.THROTTLED, Outcome.PROVIDER_ERROR)


def test_no_requests_remaining_is_a_spent_quota_for_any_body() -> None:
    judgement = classify(response(401, b"", {"x-requests-remaining": "0"}), "json")
    assert judgement is not None
    assert judgement.outcome is Outcome.QUOTA_SPENT


@given(
    st.integers(100, 599),
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from(["retry-after", "x-requests-remaining"]), st.text(max_size=40)),
    st.sampled_from(["json", "pdf", "csv"]),
)
def test_any_response_can_be_classified_and_only_200_may_be_good(
    status: int, body: bytes, headers: dict[str, str], expects: Expected
) -> None:
    judgement = classify(response(status, body, headers), expects)
    assert status == 200 or (judgement is not None and not OUTCOME_POLICIES[judgement.outcome].usable)


def test_every_outcome_has_a_policy_and_a_rank() -> None:
    assert set(OUTCOME_POLICIES) == set(Outcome) == set(WORST_FIRST)
    assert len(WORST_FIRST) == len(Outcome)


def test_an_outcome_that_parks_has_advice_for_the_operator() -> None:
    for outcome, policy in OUTCOME_POLICIES.items():
        assert policy.advice or not policy.park, outcome
        assert not (policy.park and policy.retry_now), outcome


O = Outcome  # noqa: E741 - a table of them follows


@pytest.mark.parametrize(
    ("outcomes", "one"),
    [
        ([O.OK, O.OK], O.OK),
        ([O.OK, O.EMPTY_OK], O.OK),
        ([O.EMPTY_OK], O.EMPTY_OK),
        ([O.OK, O.NOT_PUBLISHED_YET], O.PARTIAL),
        ([O.OK, O.BAD_KEY], O.PARTIAL),
        ([O.OK, O.PARTIAL], O.PARTIAL),
        ([O.NOT_PUBLISHED_YET, O.GONE], O.NOT_PUBLISHED_YET),
        ([O.NOT_PUBLISHED_YET, O.THROTTLED], O.THROTTLED),
        ([O.PROVIDER_ERROR, O.QUOTA_SPENT], O.QUOTA_SPENT),
    ],
)
def test_several_outcomes_have_one_overall_outcome(outcomes: list[Outcome], one: Outcome) -> None:
    assert overall(outcomes) is one


@given(st.lists(st.sampled_from(Outcome), min_size=1))
def test_the_overall_outcome_ignores_order_and_is_usable_if_any_is(outcomes: list[Outcome]) -> None:
    one = overall(outcomes)
    assert one is overall(reversed(outcomes))
    assert OUTCOME_POLICIES[one].usable == any(OUTCOME_POLICIES[outcome].usable for outcome in outcomes)
