"""Answers that refuse, as the providers word them."""

from tipoff.replay.shapes.view import Answer, json_answer

_CODES = "https://the-odds-api.com/liveapi/guides/v4/api-error-codes.html"


def access_denied() -> Answer:
    """403 with the XML of the NBA's object store: absent, not yet there, or the address is blocked."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message>"
        "<RequestId>REPLAY</RequestId><HostId>REPLAY</HostId></Error>"
    )
    return Answer(403, xml.encode(), "application/xml")


def forbidden_not_yet() -> Answer:
    """403 without a reason, as for a file that is published later."""
    return Answer(403, b"Forbidden", "text/plain")


def not_found() -> Answer:
    """404 for a file that is not there."""
    return Answer(404, b"Not Found", "text/plain")


def unauthorized() -> Answer:
    """401 of a provider that does not know the key."""
    return Answer(401, b"Unauthorized", "text/plain")


def html_page() -> Answer:
    """200 with a page for people where data was due."""
    page = (
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
        "<body><h1>Checking your browser before you proceed</h1></body></html>"
    )
    return Answer(200, page.encode(), "text/html")


def too_many_requests(retry_after_seconds: int) -> Answer:
    """429 that says how long to wait."""
    return Answer(429, b"Too Many Requests", "text/plain", {"Retry-After": str(retry_after_seconds)})


def server_error() -> Answer:
    """500 of a provider that is down."""
    return Answer(500, b"Internal Server Error", "text/plain")


def not_understood() -> Answer:
    """422 of a provider that has changed what it may be asked."""
    return Answer(422, b"Unprocessable Content", "text/plain")


def bad_request(text: str) -> Answer:
    """400 saying what the request lacks."""
    return Answer(400, text.encode(), "text/plain")


def required(parameter: str) -> Answer:
    """400 of stats.nba.com for a query without a parameter it wants."""
    return bad_request(f"{parameter} is required")


def odds_refusal(status: int, code: str, message: str, *, credits_left: int | None = None) -> Answer:
    """An error of the-odds-api; `credits_left` goes into the quota headers."""
    anchor = code.lower().replace("_", "-")
    content = {"message": message, "error_code": code, "details_url": f"{_CODES}#{anchor}"}
    quota = {} if credits_left is None else quota_headers(left=credits_left, cost=0)
    return json_answer(content, status, quota)


def quota_headers(*, left: int, cost: int) -> dict[str, str]:
    """The credits of a plan of 500 a month: left, used, and what this call cost."""
    return {
        "x-requests-remaining": str(left),
        "x-requests-used": str(MONTHLY_CREDITS - left),
        "x-requests-last": str(cost),
    }


MONTHLY_CREDITS = 500


def missing_key() -> Answer:
    """401 without `apiKey`."""
    return odds_refusal(401, "MISSING_KEY", "API key is missing")


def bad_key() -> Answer:
    """401 for a key that is not valid."""
    return odds_refusal(401, "INVALID_KEY", "API key is not valid. See usage at https://api.the-odds-api.com")


def quota_spent() -> Answer:
    """401 when the month's credits are used up."""
    message = "Usage quota has been reached. See usage plans at https://the-odds-api.com"
    return odds_refusal(401, "OUT_OF_USAGE_CREDITS", message, credits_left=0)


def event_not_found() -> Answer:
    """404 for an event that began or never was."""
    message = "Event not found. The event may have expired or the event id is invalid."
    return odds_refusal(404, "EVENT_NOT_FOUND", message)
