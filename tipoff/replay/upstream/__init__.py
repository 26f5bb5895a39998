"""The providers of a past day on one local port, each in its own shape, as of the moment each request carries.

`http://127.0.0.1:PORT/{provider host}/{provider path}?query` with the header `X-Tipoff-As-Of` (UTC, ISO 8601).
Without a clock and, but for the counters of faults, without memory: the same request gets the same bytes.
"""

from tipoff.replay.upstream.app import AS_OF_HEADER, LoggedRequest, build_app
from tipoff.replay.upstream.server import Upstream, serve

__all__ = ["AS_OF_HEADER", "LoggedRequest", "Upstream", "build_app", "serve"]
