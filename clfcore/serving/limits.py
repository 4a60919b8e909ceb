"""Limits of a server: on a request's size, time and origin, checked before any work."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Limits:
    """body: bytes of a request. seconds: for its arrival, and as many for the answer. pictures: in the queue; requests:
    at work at once, whose bodies are in memory."""

    body: int = 64 << 20
    seconds: float = 30.0
    pictures: int = 128
    requests: int = 64


class Refused(Exception):
    """A request that is answered with an error: its status and one sentence."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body, within the limits. Raises Refused."""
    too_large = Refused(413, f"the body is too large: at most {limits.body:,} bytes are read")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, "Content-Length is no number")
    if len(length) > 15 or int(length) > limits.body:
        raise too_large
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "the body is compressed: send it as it is")
    chunks, size = [], 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body:
                    raise too_large
                chunks.append(chunk)
    except TimeoutError:
        raise Refused(408, f"the body took more than {limits.seconds:g} s to arrive") from None
    except ClientDisconnect:
        raise Refused(400, "the body ended early") from None
    if size < int(length):
        raise Refused(400, "the body ended early")
    return b"".join(chunks)


def check_origin(headers: Headers, hosts: frozenset[str] | None) -> None:
    """Refuse what a web page elsewhere sends: a host that is not this server's (DNS rebinding), or another origin.

    hosts: the names that this server goes by; None: any. Raises Refused.
    """
    host = headers.get("host", "")
    if hosts is not None and _name(host) not in hosts:
        raise Refused(400, "the Host header is not this server's: call it by the address that it listens at")
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        raise Refused(403, "a page of another origin may not ask this server")


def _name(host: str) -> str:
    """A host without its port, `[::1]:8000` as `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def known_hosts(host: str) -> frozenset[str] | None:
    """The names of a server that listens at `host`: of a loopback address its own, of another any."""
    return frozenset(LOOPBACK) if host in LOOPBACK else None
