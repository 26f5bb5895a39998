"""TLS under the name of a provider, a proxy that leads to this machine, and a replay's upstream behind both."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.local_provider import ReceivedRequest, head, read_head, until_gone
from tipoff.replay.upstream import AS_OF_HEADER


def certified(host: str, folder: Path) -> ssl.SSLContext:
    """A server-side TLS context with a new certificate for `host`, written to the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file = folder / "key.pem"
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_file)
    return context


@asynccontextmanager
async def tunnel(
    port: int, authorization: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[str]]]:
    """An HTTP proxy, itself with TLS or without, that leads every CONNECT to a local port: its URL, and the targets."""
    targets: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = await read_head(reader)
        if authorization and received.headers.get("proxy-authorization") != authorization:
            writer.write(head("407 Proxy Authentication Required"))
            writer.close()
            return
        targets.append(received.target)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pipe(reader, before), _pipe(behind, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}", targets
    finally:
        server.close()


@asynccontextmanager
async def fronting(
    upstream: str, host: str, as_of: datetime, tls: ssl.SSLContext, headers: Mapping[str, str]
) -> AsyncIterator[int]:
    """A replay's upstream as one host with TLS, on a local port; `headers` are added to its responses."""

    async def forward(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            url = f"{upstream}/{host}{received.target}"
            sent = {name: text for name, text in received.headers.items() if name not in {"host", "connection"}}
            response = await client.get(url, headers={**sent, AS_OF_HEADER: as_of.isoformat()})
        status = f"{response.status_code} {response.reason_phrase}"
        writer.write(head(status, Content_Length=str(len(response.content)), **headers) + response.content)
        await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await until_gone(reader, forward(await read_head(reader), writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
