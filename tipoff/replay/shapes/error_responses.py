"""Error responses in the words of the providers."""

from tipoff.replay.shapes.view import UpstreamResponse, json_response

_CODES = "https://the-odds-api.com/liveapi/guides/v4/api-error-codes.html"


def access_denied() -> UpstreamResponse:
    """403 with the XML of the NBA's object store: absent, not yet published, or the client is blocked."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message>"
        "<RequestId>REPLAY</RequestId><HostId>REPLAY</HostId></Error>"
    )
    return UpstreamResponse(403, xml.encode(), "application/xml")


def forbidden_not_yet() -> UpstreamResponse:
    """403 without a reason, as for a file that is not yet published."""
    return UpstreamResponse(403, b"Forbidden", "text/plain")


def not_found() -> UpstreamResponse:
    """404 for an absent file."""
    return UpstreamResponse(404, b"Not Found", "text/plain")


def unauthorized() -> UpstreamResponse:
    """401 for an unknown API key."""
    return UpstreamResponse(401, b"Unauthorized", "text/plain")


def html_page() -> UpstreamResponse:
    """200 with an HTML page instead of data."""
    page = (
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
        "<body><h1>Checking your browser before you proceed</h1></body></html>"
    )
    return UpstreamResponse(200, page.encode(), "text/html")


def too_many_requests(retry_after_seconds: int) -> UpstreamResponse:
    """429 with a Retry-After header."""
    return UpstreamResponse(429, b"Too Many Requests", "text/plain", {"Retry-After": str(retry_after_seconds)})


def server_error() -> UpstreamResponse:
    """500 of a failing provider."""
    return UpstreamResponse(500, b"Internal Server Error", "text/plain")


def unprocessable() -> UpstreamResponse:
    """422 of a provider that no longer accepts the request."""
    return UpstreamResponse(422, b"Unprocessable Content", "text/plain")


def bad_request(text: str) -> UpstreamResponse:
    """400 with the reason as text."""
    return UpstreamResponse(400, text.encode(), "text/plain")


def missing_parameter(parameter: str) -> UpstreamResponse:
    """400 of stats.nba.com for a missing query parameter."""
    return bad_request(f"{parameter} is required")


def odds_api_error(status: int, code: str, message: str, *, credits_left: int | None = None) -> UpstreamResponse:
    """An error of the-odds-api; quota headers only when `credits_left` is given."""
    anchor = code.lower().replace("_", "-")
    content = {"message": message, "error_code": code, "details_url": f"{_CODES}#{anchor}"}
    quota = {} if credits_left is None else quota_headers(left=credits_left, cost=0)
    return json_response(content, status, quota)


def quota_headers(*, left: int, cost: int) -> dict[str, str]:
    """Headers with the monthly credits left, the credits used, and the cost of this call."""
    return {
        "x-requests-remaining": str(left),
        "x-requests-used": str(MONTHLY_CREDITS - left),
        "x-requests-last": str(cost),
    }


MONTHLY_CREDITS = 500


def missing_key() -> UpstreamResponse:
    """401 for a request without `apiKey`."""
    return odds_api_error(401, "MISSING_KEY", "API key is missing")


def bad_key() -> UpstreamResponse:
    """401 for an invalid key."""
    return odds_api_error(401, "INVALID_KEY", "API key is not valid. See usage at https://api.the-odds-api.com")


def quota_spent() -> UpstreamResponse:
    """401 when the month's credits are used up."""
    message = "Usage quota has been reached. See usage plans at https://the-odds-api.com"
    return odds_api_error(401, "OUT_OF_USAGE_CREDITS", message, credits_left=0)


def event_not_found() -> UpstreamResponse:
    """404 for an event that has begun or does not exist."""
    message = "Event not found. The event may have expired or the event id is invalid."
    return odds_api_error(404, "EVENT_NOT_FOUND", message)
