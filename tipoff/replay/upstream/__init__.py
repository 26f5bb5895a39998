"""The providers of a past day on one local port, each in its own response format, as of the time a request names.

`http://127.0.0.1:PORT/{provider host}/{provider path}?query` with the header `X-Tipoff-As-Of` (UTC, ISO 8601).
The upstream has no clock and, except for the counters of faults, no state: equal requests get equal bytes.
"""

from tipoff.replay.upstream.app import AS_OF_HEADER, LoggedRequest, build_app
from tipoff.replay.upstream.server import Upstream, serve

__all__ = ["AS_OF_HEADER", "LoggedRequest", "Upstream", "build_app", "serve"]
