"""ASGI application of a served model: routes of the Open Inference Protocol, photos, metrics and a page."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from clfcore import __version__
from clfcore.crash_report import crash
from clfcore.data.thread_pool import threads
from clfcore.errors import Failure, InputError
from clfcore.files import shortened
from clfcore.inference.image_prediction import PredictionList
from clfcore.inference.predictor import Outputs, Prepared
from clfcore.serving import metrics, page, protocol
from clfcore.serving.batching import Batcher, Busy
from clfcore.serving.inbox import Inbox
from clfcore.serving.limits import Limits, Refused, check_origin, read_body
from clfcore.serving.made_file import MadeFile
from clfcore.serving.served import VERSION, Served

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
TOP = 5  # classes of a photo's answer
RETRY = {"Retry-After": "1"}
NAMELESS = "photo"  # a body that came without a file name


class Application:
    """The routes of one served model. hosts: see `check_origin`; web_page: what stands at / once it is made."""

    trial: MadeFile | None = None  # of a faster engine, which begins with the server

    def __init__(
        self,
        served: Served,
        *,
        inbox: Inbox | None = None,
        limits: Limits | None = None,
        hosts: frozenset[str] | None,
        web_page: MadeFile | None = None,
    ) -> None:
        self.served, self.inbox, self.limits, self.hosts = served, inbox, limits or Limits(), hosts
        self.web_page = web_page
        self.metrics = metrics.Metrics()
        self.batcher = Batcher(self._compute, waiting=self.limits.pictures)
        self._pool = ThreadPoolExecutor(threads(), thread_name_prefix="requests")
        self._working = 0

    def asgi(self, started: Callable[[], None] = lambda: None) -> Starlette:
        """The application, whose shutdown lets the model finish what waits. started: called once it answers."""
        model = "/v2/models/{model}"
        version = model + "/versions/{version}"

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            started()
            if self.trial is not None:
                self.trial.start()
            yield
            await asyncio.get_running_loop().run_in_executor(None, self.close)

        def route(path: str, handler: Handler, method: str = "GET") -> Route:
            return Route(path, self._answered(path, handler), methods=[method])

        def of_model(start: str) -> list[Route]:
            return [
                route(f"{start}/infer", self._infer, "POST"),
                route(start, self._model),
                route(f"{start}/ready", self._ready),
            ]

        routes = [  # tried in this order: what is asked most stands first
            *of_model(model),
            *of_model(version),
            route("/", self._page),
            route("/predict", self._predict, "POST"),
            route("/metrics", self._metrics),
            route("/v2", self._server),
            route("/v2/health/live", self._healthy),
            route("/v2/health/ready", self._healthy),
        ]
        handlers = {HTTPException: self._http_error}
        return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)  # type: ignore[arg-type] # its own kind of handler

    def close(self) -> None:
        """Finish what waits, and end the threads."""
        self.batcher.close()
        self._pool.shutdown()
        for made in (self.web_page, self.trial):
            if made is not None:
                made.close()

    def use(self, served: Served) -> None:
        """Answer by another engine from the next batch on; the model is the same."""
        self.served = served

    def _compute(self, squares: Sequence[np.ndarray]) -> Outputs:
        return self.served.predictor.compute(squares)

    def _answered(self, path: str, handler: Handler) -> Handler:
        """A handler whose every failure is one line of JSON, counted under the route's path."""

        async def answer(request: Request) -> Response:
            started = time.perf_counter()
            try:
                check_origin(request.headers, self.hosts)
                self._check_model(request)
                response = await handler(request)
            except Refused as error:
                response = _error(error.status, error.message, error.headers)
            except InputError as error:
                response = _error(400, str(error))
            except Failure as error:
                response = _error(500, str(error))
            except Exception as error:
                response = _error(500, crash(error, ["serve", path]))
            self.metrics.observe(path, response.status_code, time.perf_counter() - started)
            return response

        return answer

    async def _http_error(self, request: Request, error: HTTPException) -> Response:
        message = {404: "there is nothing at this address", 405: f"{request.method[:20]} is not for this address"}
        self.metrics.observe("other", error.status_code, 0.0)
        return _error(error.status_code, message.get(error.status_code, error.detail), dict(error.headers or {}))

    def _check_model(self, request: Request) -> None:
        name, version = request.path_params.get("model"), request.path_params.get("version")
        if name not in (None, self.served.name) or version not in (None, VERSION):
            raise Refused(404, f"there is no such model: this server has {self.served.name}, version {VERSION}")

    async def _page(self, _request: Request) -> Response:
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        if self.web_page is not None:
            await self._thread(self.web_page.start)
        path = None if self.web_page is None else self.web_page.path()
        if path is not None:  # its own policy, in its head, lets it reach no address
            return FileResponse(
                path, media_type="text/html", headers={**headers, "Content-Security-Policy": "frame-ancestors 'none'"}
            )
        making = self.web_page is not None and self.web_page.making
        html = page.page(self.served.predictor.name, len(self.served.predictor.task.classes), making=making)
        return HTMLResponse(html, headers={**headers, "Content-Security-Policy": page.POLICY})

    async def _healthy(self, _request: Request) -> Response:
        return Response()

    async def _ready(self, _request: Request) -> Response:
        return JSONResponse({"name": self.served.name, "ready": True})

    async def _server(self, _request: Request) -> Response:
        return JSONResponse({"name": "clflab", "version": __version__, "extensions": list(protocol.EXTENSIONS)})

    async def _model(self, _request: Request) -> Response:
        return JSONResponse(self.served.metadata())

    async def _metrics(self, _request: Request) -> Response:
        text = self.metrics.text(self.batcher, odd=None if self.inbox is None else self.inbox.kept)
        return PlainTextResponse(text, media_type=metrics.CONTENT_TYPE)

    async def _infer(self, request: Request) -> Response:
        with self._place():
            body = await read_body(request, self.limits)
            length = request.headers.get(protocol.HEADER_LENGTH)
            work = self._thread if protocol.is_slow_to_read(body, length) else self._here
            tensors = await work(protocol.read_request, body, length, self.served)
            outputs = await self._outputs(self.served.squares(tensors.tensor))
            work = self._thread if protocol.is_slow_to_write(tensors, outputs.logits) else self._here
            content, header = await work(self._answer_to, tensors, outputs)
        if header is None:
            return Response(content, media_type="application/json")
        return Response(
            content, media_type="application/octet-stream", headers={"Inference-Header-Content-Length": str(header)}
        )

    def _answer_to(self, tensors: protocol.InferRequest, outputs: Outputs) -> tuple[bytes, int | None]:
        return protocol.write_answer(tensors, self.served.tensors(outputs), self.served)

    async def _predict(self, request: Request) -> Response:
        with self._place():
            name, data = await self._photo(request)
            picture: Prepared = await self._thread(self.served.predictor.prepare, data, name)
            outputs = await self._outputs([picture.square])
            answer = await self._thread(self._read, picture, data, outputs)
        return JSONResponse(answer.as_json())

    def _read(self, picture: Prepared, data: bytes, outputs: Outputs) -> PredictionList:
        predictor = self.served.predictor
        (prediction,) = predictor.read([picture], outputs, TOP)
        if prediction.error is not None:
            raise Failure(prediction.error)
        if self.inbox is not None:
            self.inbox.offer(data, prediction, predictor.name)
        return PredictionList(predictor.name, (prediction,))

    async def _photo(self, request: Request) -> tuple[str, bytes]:
        """The name and bytes of the photo: the first file of a form, or the whole body."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json" or kind.startswith("text/"):
            raise Refused(415, f"the body is {kind}: send a photo's bytes, or a form with a file")
        body = await read_body(request, self.limits)
        if kind != "multipart/form-data":
            if not body:
                raise Refused(400, "the body is empty: send a photo's bytes")
            return NAMELESS, body

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            async with Request(request.scope, receive).form(max_files=1, max_fields=8) as form:
                file = next((value for value in form.values() if isinstance(value, UploadFile)), None)
                if file is None:
                    raise Refused(400, "the form has no file: send the photo as one")
                return shortened(file.filename or NAMELESS, most=200), await file.read()
        except HTTPException as error:
            raise Refused(400, f"the form cannot be read ({error.detail})") from None

    def _place(self) -> "_Place":
        if self._working >= self.limits.requests:
            raise Refused(503, "the server is busy: try again in a second", RETRY)
        return _Place(self)

    @staticmethod
    async def _here(work: Callable[..., T], *given: object) -> T:
        """Work that takes less time than handing it to a thread."""
        return work(*given)

    async def _thread(self, work: Callable[..., T], *given: object) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, *given)
        return await self._in_time(future)

    async def _outputs(self, squares: Sequence[np.ndarray]) -> Outputs:
        try:
            future = self.batcher.submit(squares)
        except Busy:
            raise Refused(503, "the server is busy: try again in a second", RETRY) from None
        return await self._in_time(asyncio.wrap_future(future))

    async def _in_time(self, future: "asyncio.Future[T]") -> T:
        try:
            return await asyncio.wait_for(future, self.limits.seconds)
        except TimeoutError:
            raise Refused(504, f"the answer took more than {self.limits.seconds:g} s", RETRY) from None


class _Place:
    """A request at work: its body is in memory."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def __enter__(self) -> None:
        self._app._working += 1

    def __exit__(self, *_: object) -> None:
        self._app._working -= 1


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": " ".join(message.split())}, status, headers=headers)
