"""A model behind HTTP: as a server until a signal, or as an ASGI application for a server of one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.progress import Progress
from clfcore.results import Result
from clfcore.serving import web_page
from clfcore.serving.inbox import Inbox
from clfcore.serving.served import open_served

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from clfcore.serving.app import Application

PORT = 8000


@dataclass(frozen=True)
class ServerStopped(Result):
    """What a server did until it was stopped. odd: photos kept for labelling, None where none were to be."""

    model: str
    address: str
    requests: int
    pictures: int
    odd: int | None


def serve(
    name: str,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    keep_odd: str | Path | None = None,
    calibrated: bool = False,
    runs: Path | None = None,
    ready: Callable[[str], None] = lambda address: None,
    progress: Progress | None = None,
) -> ServerStopped:
    """Serve a run, an architecture's weights or an export until SIGTERM or SIGINT; what was begun is finished first.

    The Open Inference Protocol v2 under /v2, photos at POST /predict, /metrics, and a page at /: the one of
    `export --format web`, made when it is first asked for, of a run or an architecture; a form that posts photos to
    /predict until then, of an export, with `keep_odd`, or without the extra `export`. host: only programs of
    this machine reach the default; any other address is for a network that you trust, as there is no sign-in. port: 0
    takes a free one. keep_odd: a folder for photos that the model is unsure of. ready: is told the address. Raises
    InputError.
    """
    from clfcore.serving.run import serve_until_signal

    application = _application(name, host, keep_odd=keep_odd, calibrated=calibrated, runs=runs, progress=progress)
    addresses: list[str] = []

    def started(address: str) -> None:
        addresses.append(address)
        ready(address)

    serve_until_signal(application, host=host, port=port, ready=started)
    inbox = application.inbox
    return ServerStopped(
        application.served.predictor.name,
        addresses[0],
        application.metrics.requests,
        application.batcher.squares,
        None if inbox is None else inbox.kept,
    )


def serving_app(
    name: str,
    *,
    host: str = "127.0.0.1",
    keep_odd: str | Path | None = None,
    calibrated: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> "Starlette":
    """The same as an ASGI application, to be run or mounted by a server of your own, which listens at `host`."""
    return _application(name, host, keep_odd=keep_odd, calibrated=calibrated, runs=runs, progress=progress).asgi()


def _application(
    name: str,
    host: str,
    *,
    keep_odd: str | Path | None,
    calibrated: bool,
    runs: Path | None,
    progress: Progress | None,
) -> "Application":
    from clfcore.serving.app import Application
    from clfcore.serving.limits import known_hosts

    inbox = None if keep_odd is None else Inbox(keep_odd)
    served = open_served(name, calibrated=calibrated, runs=runs, progress=progress)
    page = None
    if served.is_network and inbox is None and web_page.can_be_made():  # photos for the inbox must reach the server
        page = web_page.WebPage(web_page.export_line(name, runs))
    return Application(served, inbox=inbox, hosts=known_hosts(host), web_page=page)
