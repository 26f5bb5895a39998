"""A local server that answers Google's own BigQuery client as a script says, and records what it was sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.support.http_server import HttpReply, serving_replies

Json = dict[str, Any]

_ROUTES = {
    "query": ("POST", r"/projects/[^/]+/jobs"),
    "upload": ("POST", r"/projects/[^/]+/jobs\?uploadType"),
    "job": ("GET", r"/projects/[^/]+/jobs/"),
    "cancel": ("POST", r"/projects/[^/]+/jobs/[^/]+/cancel"),
    "results": ("GET", r"/projects/[^/]+/queries/"),
    "table": ("GET", r"/datasets/[^/]+/tables/"),
    "tables": ("GET", r"/datasets/[^/]+/tables\?"),
    "dataset": ("GET", r"/datasets/[^/?]+\?"),
    "new dataset": ("POST", r"/projects/[^/]+/datasets\?"),
}


class Reply(NamedTuple):
    """What the server answers once."""

    status: int = 200
    body: Json | None = None
    """None: what BigQuery answers when all is well."""
    seconds: float = 0.0
    """How long the answer takes."""


class Received(NamedTuple):
    """A request that the server was sent."""

    route: str
    path: str
    body: Json


def refusal(status: int, reason: str, message: str = "refused") -> Reply:
    """Return the answer to a request that BigQuery refuses."""
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return Reply(status, {"error": error})


def failed_job(reason: str, message: str = "failed") -> Reply:
    """Return the state of a job that ended with an error."""
    error = {"reason": reason, "message": message}
    return Reply(200, {"status": {"state": "DONE", "errorResult": error, "errors": [error]}})


def rows(**columns: tuple[str, Any]) -> Reply:
    """Return the results of a query: one row with a type and a value for each column."""
    fields = [{"name": name, "type": type_} for name, (type_, _) in columns.items()]
    cells = [{"v": None if value is None else str(value)} for _, value in columns.values()]
    return Reply(200, {"schema": {"fields": fields}, "totalRows": "1", "rows": [{"f": cells}]})


class ScriptedBigQuery:
    """Answers each route with its replies in their order, then as BigQuery does when all is well.

    `selects`: the results of a statement that contains a text.
    """

    def __init__(self, selects: Mapping[str, Reply] = MappingProxyType({}), **script: list[Reply]) -> None:
        self._selects = selects
        self._script = {route.replace("_", " "): list(replies) for route, replies in script.items()}
        self.received: list[Received] = []

    def sent(self, route: str) -> list[Json]:
        """Return the bodies of the requests to a route."""
        return [request.body for request in self.received if request.route == route]

    def statements(self) -> list[str]:
        """Return the SQL texts in their order."""
        return [body["configuration"]["query"]["query"] for body in self.sent("query")]

    def answer(self, method: str, path: str, body: Json) -> Reply:
        """Record a request and return its reply."""
        route = next(
            name for name, (verb, pattern) in reversed(_ROUTES.items()) if verb == method and re.search(pattern, path)
        )
        self.received.append(Received(route, path, body))
        left = self._script.get(route, [])
        reply = left.pop(0) if left else self._selected(path) if route == "results" else Reply()
        if reply.status != 200:
            return reply
        return reply._replace(body=_usual(route, path, body) | (reply.body or {}))

    def _selected(self, path: str) -> Reply:
        """Return the results of the statement whose job is asked about."""
        of_job = (body["configuration"]["query"]["query"] for body in self.sent("query") if _id(body) in path)
        sql = next(of_job, "")
        return next((reply for text, reply in self._selects.items() if text in sql), Reply())


def _id(body: Json) -> str:
    return str(body["jobReference"]["jobId"])


def _usual(route: str, path: str, body: Json) -> Json:
    project = path.split("/projects/")[1].split("/")[0]
    last = re.split(r"[?/]", path.partition("?")[0])[-1]
    match route:
        case "query" | "upload" | "job" | "cancel":
            job_id = body.get("jobReference", {}).get("jobId") or last
            kind = "load" if route == "upload" or job_id.startswith("tipoff_load") else "query"
            statistics = {"query": {"numDmlAffectedRows": "1"}, "sessionInfo": {"sessionId": "session-1"}}
            state: Json = {
                "jobReference": {"projectId": project, "jobId": job_id, "location": "US"},
                "configuration": body.get("configuration") or {kind: {}, "jobType": kind.upper()},
                "status": {"state": "DONE"},
                "statistics": statistics,
            }
            return {"job": state} if route == "cancel" else state
        case "results":
            reference = {"projectId": project, "jobId": last, "location": "US"}
            schema = {"fields": [{"name": "one", "type": "INTEGER"}]}
            return {
                "jobReference": reference,
                "jobComplete": True,
                "totalRows": "1",
                "schema": schema,
                "rows": [{"f": [{"v": "1"}]}],
            }
        case "tables":
            return {"tables": []}
        case "table":
            return {"tableReference": {"projectId": project, "datasetId": "tipoff", "tableId": last}}
    return {"datasetReference": {"projectId": project, "datasetId": last}, "location": "US"}


@contextmanager
def serving(script: ScriptedBigQuery, *, keeps_connections: bool = False) -> Iterator[str]:
    """Serve the script and yield the server's URL."""

    def answer(method: str, path: str, content: bytes) -> HttpReply:
        reply = script.answer(method, path, _json_of(content))
        if reply.seconds:
            threading.Event().wait(reply.seconds)
        return HttpReply(reply.status, json.dumps(reply.body).encode(), {"Content-Type": "application/json"})

    with serving_replies(answer, keeps_connections=keeps_connections) as url:
        yield url


def _json_of(content: bytes) -> Json:
    """Return the JSON of a request; that of an upload is its first part."""
    first = re.search(rb"\{.*?\}\s*(?=\r?\n--|\Z)", content, re.DOTALL)
    return json.loads(first[0]) if first else {}
