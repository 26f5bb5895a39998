"""No secret remains in a text, in any position or encoding."""

from __future__ import annotations

import json
import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.redaction import redact, redact_bytes

KEYS = st.text(alphabet=string.ascii_letters + string.digits + "-_.~!$*+/=", min_size=8, max_size=64)
WORDS = st.text(alphabet=string.ascii_letters + " :/", max_size=20)


@given(KEYS, WORDS, WORDS)
def test_a_given_secret_is_removed_in_every_url_encoding(secret: str, before: str, after: str) -> None:
    for spelled in (secret, quote(secret, safe=""), urlencode({"x": secret})):
        assert secret not in redact(f"{before}{spelled}{after}", [secret])
        assert quote(secret, safe="") not in redact(f"{before}{spelled}{after}", [secret])


@given(
    st.text(alphabet=string.ascii_letters + string.digits, min_size=8), st.sampled_from(["apiKey", "api_key", "token"])
)
def test_an_unknown_key_in_a_query_is_removed(key: str, name: str) -> None:
    url = f"https://api.the-odds-api.com/v4/odds?regions=us&{name}={key}&markets=h2h"
    assert redact(url) == f"https://api.the-odds-api.com/v4/odds?regions=us&{name}=***&markets=h2h"


@given(st.text(alphabet=string.ascii_letters + string.digits, min_size=8))
def test_a_password_in_a_url_is_removed(password: str) -> None:
    assert redact(f"proxy http://me:{password}@proxy:3128 refused") == "proxy http://***@proxy:3128 refused"


@given(KEYS, st.binary(max_size=50))
def test_a_key_repeated_in_a_body_is_removed(secret: str, around: bytes) -> None:
    assert secret.encode() not in redact_bytes(around + secret.encode() + around, [secret])


@given(st.text(), st.lists(KEYS, max_size=3))
def test_redaction_is_idempotent(text: str, secrets: list[str]) -> None:
    once = redact(text, secrets)
    assert redact(once, secrets) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'authorization': 'abcdef'}", "{'authorization': '***'}"),
        ('{"apiKey": "abcdef", "n": 1}', '{"apiKey": "***", "n": 1}'),
        ("{'api_key': \"it's\", 'n': 1}", "{'api_key': \"***\", 'n': 1}"),
        ("apiKey=abcdef&n=1", "apiKey=***&n=1"),
        ("asked with (apiKey=abcdef&n=1)", "asked with (apiKey=***&n=1)"),
        ("asked with 'token=abcdef'", "asked with 'token=***'"),
        ("TIPOFF_ODDS_API_KEY=abcdef", "TIPOFF_ODDS_API_KEY=***"),
        (r'"{\"apiKey\": \"abcdef\", \"n\": 1}"', r'"{\"apiKey\": \"***\", \"n\": 1}"'),
        ("broken=1&monkey=2", "broken=1&monkey=2"),
        ("no key here, 12 games at https://cdn.nba.com/a?x=1", "no key here, 12 games at https://cdn.nba.com/a?x=1"),
    ],
)
def test_headers_and_json_lose_only_the_secret(text: str, shown: str) -> None:
    assert redact(text) == shown


JSON_KEY = 'Ab/c+"d\\~-1234'


@pytest.mark.parametrize(
    "spelled",
    [
        JSON_KEY,
        JSON_KEY.upper(),
        JSON_KEY.lower(),
        json.dumps(JSON_KEY)[1:-1],
        json.dumps(JSON_KEY).upper()[1:-1],
        json.dumps(JSON_KEY)[1:-1].replace("/", r"\/"),
        json.dumps(JSON_KEY, ensure_ascii=False)[1:-1],
        "".join(f"\\u{ord(character):04X}" for character in JSON_KEY),
        quote(JSON_KEY, safe=""),
        quote(JSON_KEY, safe="").lower(),
        quote(JSON_KEY),
        urlencode({"x": JSON_KEY})[2:],
        "".join(f"%{byte:02X}" for byte in JSON_KEY.encode()),
        json.dumps(json.dumps(JSON_KEY)[1:-1])[1:-1],
        quote(quote(JSON_KEY, safe=""), safe=""),
    ],
)
def test_a_secret_is_removed_in_other_case_and_encoding(spelled: str) -> None:
    assert redact(f"key <{spelled}>", [JSON_KEY]) == "key <***>"
    assert redact_bytes(b"key <%b>" % spelled.encode(), [JSON_KEY]) == b"key <***>"
