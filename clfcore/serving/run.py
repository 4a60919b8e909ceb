"""A server as a process: it listens, answers until a signal, then finishes what it has begun."""

import signal
import socket
from collections.abc import Callable

import uvicorn

from clfcore.errors import InputError
from clfcore.serving.app import Application

PATIENCE = 30  # seconds that requests at work have at the end


def serve_until_signal(application: Application, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Answer requests until SIGTERM or SIGINT. port: 0 takes a free one; ready: is told the address.

    Raises InputError where the address cannot be listened at.
    """
    listening = listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        application.asgi(lambda: ready(address)),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=PATIENCE,
        lifespan="on",
        http="h11",  # which bounds the size of a request's head; httptools, where it is installed, does not
    )
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:  # uvicorn takes the signals, ends, and raises them again for whoever had them before: then there is no work
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; what it accepts sends every part of an answer at once. Raises InputError."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{host}:{port} cannot be listened at ({reason}): name another --host or --port") from None
    # asyncio does so by itself only where a socket names its protocol, which create_server's does not: without it an
    # answer's body waits 40 ms, until the client has acknowledged its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
