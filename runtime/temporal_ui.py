"""Finds the Temporal UI of a server, and names the pages of runs in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

UI_PORT_OFFSET = 1000
"""The Temporal CLI serves the UI of a development server on a port so far above the server's own."""

UI_TIMEOUT_SECONDS = 0.3
_THIS_MACHINE = ("127.0.0.1", "localhost")
_SETTINGS_REQUEST = b"GET /api/v1/settings HTTP/1.0\r\nHost: localhost\r\n\r\n"


def run_page(ui: str, namespace: str, workflow_id: str, run_id: str) -> str:
    """The address of a run's page in the UI."""
    return f"{ui}/namespaces/{namespace}/workflows/{workflow_id}/{run_id}/history"


async def find_ui(address: str, environ: Mapping[str, str] = os.environ) -> str:
    """The UI that TEMPORAL_UI names, or the one that answers beside a server on this machine; empty if none does."""
    if configured := environ.get("TEMPORAL_UI"):
        return configured.rstrip("/")
    host, _, port = address.rpartition(":")
    ui_port = int(port) + UI_PORT_OFFSET
    if host in _THIS_MACHINE and await _is_ui(host, ui_port):
        return f"http://{host}:{ui_port}"
    return ""


async def _is_ui(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(UI_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_SETTINGS_REQUEST)
                return b'"DefaultNamespace"' in await reader.read()
            finally:
                writer.close()
    except (OSError, OverflowError, TimeoutError):
        return False
