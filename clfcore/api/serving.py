"""A model behind HTTP: as a server until a signal, or as an ASGI application for a server of one's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.errors import InputError, unknown
from clfcore.progress import Progress
from clfcore.results import Result
from clfcore.serving import ENGINES, Engine, web_page
from clfcore.serving.engine import Trial, engine_of, trial, trial_line, with_onnxruntime
from clfcore.serving.inbox import Inbox
from clfcore.serving.served import open_served

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from clfcore.serving.app import Application

PORT = 8000


@dataclass(frozen=True)
class ServerStopped(Result):
    """What a server did until it was stopped. odd: photos kept for labelling, None where none were to be; engine: what
    computed at the end, torch or onnxruntime."""

    model: str
    address: str
    requests: int
    pictures: int
    odd: int | None
    engine: str


def serve(
    name: str,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    keep_odd: str | Path | None = None,
    calibrated: bool = False,
    engine: Engine = "auto",
    runs: Path | None = None,
    ready: Callable[[str], None] = lambda address: None,
    announce: Callable[[str], None] = lambda line: None,
    progress: Progress | None = None,
) -> ServerStopped:
    """Serve a run, an architecture's weights or an export until SIGTERM or SIGINT; what was begun is finished first.

    The Open Inference Protocol v2 under /v2, photos at POST /predict, /metrics, and a page at /: the one of
    `export --format web`, made when it is first asked for, of a run or an architecture; a form that posts photos to
    /predict until then, of an export, with `keep_odd`, or without the extra `export`. host: only programs of
    this machine reach the default; any other address is for a network that you trust, as there is no sign-in. port: 0
    takes a free one. keep_odd: a folder for photos that the model is unsure of. engine: of a run or an architecture;
    `auto` begins with torch and takes ONNX Runtime once it has given the same answers here, and faster. ready: is told
    the address; announce: which engine was taken, and why. Raises InputError.
    """
    from clfcore.serving.run import serve_until_signal

    application = _application(
        name,
        host,
        keep_odd=keep_odd,
        calibrated=calibrated,
        engine=engine,
        runs=runs,
        announce=announce,
        progress=progress,
    )
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
        engine_of(application.served),
    )


def serving_app(
    name: str,
    *,
    host: str = "127.0.0.1",
    keep_odd: str | Path | None = None,
    calibrated: bool = False,
    engine: Engine = "auto",
    runs: Path | None = None,
    announce: Callable[[str], None] = lambda line: None,
    progress: Progress | None = None,
) -> "Starlette":
    """The same as an ASGI application, to be run or mounted by a server of your own, which listens at `host`."""
    return _application(
        name,
        host,
        keep_odd=keep_odd,
        calibrated=calibrated,
        engine=engine,
        runs=runs,
        announce=announce,
        progress=progress,
    ).asgi()


def _application(
    name: str,
    host: str,
    *,
    keep_odd: str | Path | None,
    calibrated: bool,
    engine: Engine,
    runs: Path | None,
    announce: Callable[[str], None],
    progress: Progress | None,
) -> "Application":
    from clfcore.serving.app import Application
    from clfcore.serving.limits import known_hosts

    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    inbox = None if keep_odd is None else Inbox(keep_odd)
    served = open_served(name, calibrated=calibrated, runs=runs, progress=progress)
    if not served.is_network and engine == "torch":
        raise InputError(f"engine is 'torch', and {name} is an export, which ONNX Runtime computes: leave it out")
    installed = web_page.can_be_made()
    if served.is_network and engine == "onnxruntime" and not installed:
        raise InputError("engine is 'onnxruntime', which needs the extra export: pip install 'clflab[export]'")
    page = None
    if served.is_network and inbox is None and installed:  # photos for the inbox must reach the server
        page = web_page.web_page(web_page.export_line(name, runs))
    application = Application(served, inbox=inbox, hosts=known_hosts(host), web_page=page)
    if served.is_network and engine != "torch":
        if not installed:
            announce("torch computes: ONNX Runtime, which is often faster, comes with pip install 'clflab[export]'")
            return application
        _try_onnxruntime(application, trial_line(name, runs), announce=announce, at_once=engine == "onnxruntime")
    return application


def _try_onnxruntime(
    application: "Application", line: Sequence[str], *, announce: Callable[[str], None], at_once: bool
) -> None:
    """Have ONNX Runtime tried once the server is there. at_once: now, and taken even where it is no faster; raises
    InputError where it answers otherwise."""
    network = application.served

    def use(file: Path, result: Trial) -> None:
        if result.faster or at_once:
            application.use(with_onnxruntime(network, file))

    reasons: list[str] = []
    made = trial(line, use=use, announce=reasons.append if at_once else announce)
    application.trial = made
    if at_once:
        made.start()
        made.wait()
        if application.served is network:
            application.close()
            raise InputError(f"engine is 'onnxruntime', and {'; '.join(reasons)}")
        announce("; ".join(reasons))
