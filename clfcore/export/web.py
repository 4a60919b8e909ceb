"""A web page that classifies in its visitor's browser: one HTML file, with the model and all that runs it inside.

It opens from a disk or a server, needs no network, and forbids itself every address by its content security policy.
Weights are kept as float16; the ONNX file that the page holds is the one that is verified.
"""

import base64
import gzip
import html
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clfcore.errors import InputError
from clfcore.export import onnx_model
from clfcore.export.card import Card, card_of
from clfcore.export.exportable import Exportable, description
from clfcore.export.half import halved
from clfcore.export.onnx_model import Predictor
from clfcore.jinja import environment
from clfcore.outputs import MADE_BY

if TYPE_CHECKING:
    from clfcore.export.verify import Verification

POLICY = (  # what counts is that no address is allowed; unsafe-eval stands for WebAssembly, by its older name
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src blob: mediastream:; base-uri 'none'; form-action 'none'"
)
PARTS = Path(__file__).parent / "web_page"
RUNTIME = Path(__file__).parent / "onnxruntime_web"
SCRIPTS = ("resize.js", "decode.js", "answer.js", "photos.js", "page.js")
PLANES = 2  # bytes of a float16: all first bytes, then all second ones, pack tighter
_PROOF = "<!-- proof -->"
_MODEL = re.compile(rb'<script type="text/plain" id="model" data-planes="(\d)">([^<]*)</script>')


def web_page(model: bytes, about: Mapping[str, object], card: Card, *, proof: str | None = "not measured") -> bytes:
    """The page of an ONNX file, float32 or `halved`. about: what preprocess.json holds. proof: in words; None leaves
    its place to `prove`.

    Raises InputError where the pictures have more than 8 bits, of which a browser shows 8.
    """
    image_input = about["input"]
    assert isinstance(image_input, Mapping), "a description has its input"
    if image_input["dtype"] != "uint8":
        raise InputError(
            f"{about['name']} takes pictures of more than 8 bits, and a browser shows 8: take --format onnx or pt2"
        )
    shades = [round(255 * part) for part in image_input["mean"]]
    description = {**about, "input": {**image_input, "shades": shades * (3 // len(shades))}}
    task = about["task"]
    assert isinstance(task, Mapping), "a description has its task"
    template = environment(PARTS).get_template("page.html.jinja")
    page = template.render(
        policy=POLICY,
        generator=MADE_BY,
        about=description,
        card=card,
        proof=proof,
        place=_PROOF,
        classes=sum(len(level["classes"]) for level in task["levels"]),
        css=(PARTS / "page.css").read_text(encoding="utf-8"),
        script="\n".join(_script(name) for name in SCRIPTS),
        runtime=_runtime(),
        planes=PLANES,
        model=_packed(_in_planes(model)),
    )
    return page.encode()


def write(source: Exportable, path: Path) -> None:
    """The page of a classifier, with its card; `prove` adds the proof. Raises InputError and Failure."""
    if source.deep:
        web_page(b"", description(source), card_of(source))  # refuses before the model is written
    onnx_model.check_packages(onnx_model.NEEDS)
    import onnx

    with tempfile.TemporaryDirectory(prefix="clflab-web-") as folder:
        whole = Path(folder, "model.onnx")
        onnx_model.write(source, whole)
        model = halved(onnx.load_model(whole)).SerializeToString()
    path.write_bytes(web_page(model, description(source), card_of(source), proof=None))


def prove(path: Path, verification: "Verification") -> None:
    """Write the proof of a verified page into it, in words."""
    page = path.read_bytes()
    assert page.count(_PROOF.encode()) == 1, "the page has one place for its proof"
    words = f"Checked when this page was written: {verification.parity.describe()}."
    path.write_bytes(page.replace(_PROOF.encode(), html.escape(words).encode()))


def read(path: Path) -> Predictor:
    """The model that a page holds, as onnxruntime runs it on a CPU."""
    with tempfile.TemporaryDirectory(prefix="clflab-web-") as folder:
        model = Path(folder, "model.onnx")
        model.write_bytes(model_of(path.read_bytes()))
        return onnx_model.read(model)


def model_of(page: bytes) -> bytes:
    """The ONNX file that a page holds. Raises InputError where it is no such page."""
    held = _MODEL.search(page)
    if held is None:
        raise InputError("the page holds no model: give one that `export --format web` wrote")
    mixed = np.frombuffer(gzip.decompress(base64.b64decode(held[2])), np.uint8)
    planes = int(held[1])
    out = np.empty_like(mixed)
    start = 0
    for plane in range(planes):
        place = out[plane::planes]
        place[:] = mixed[start : start + len(place)]
        start += len(place)
    return out.tobytes()


def _in_planes(data: bytes) -> bytes:
    """Every PLANES-th byte from the first, then those from the second: like bytes stand together."""
    return b"".join(data[plane::PLANES] for plane in range(PLANES))


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def _script(name: str) -> str:
    """A script's text without its exports: the page has one module."""
    return re.sub(r"^export ", "", (PARTS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)


def _runtime() -> dict[str, object]:
    """ONNX Runtime Web as it ships: version, license by paragraphs, and both its files in base64, gzip inside."""
    version = json.loads((RUNTIME / "version.json").read_text(encoding="utf-8"))["version"]
    license_text = (RUNTIME / "LICENSE").read_text(encoding="utf-8").strip().split("\n\n")
    files = {"script": "ort.wasm.bundle.min.mjs.gz", "wasm": "ort-wasm-simd-threaded.wasm.gz"}
    held = {name: base64.b64encode((RUNTIME / file).read_bytes()).decode() for name, file in files.items()}
    return {"version": version, "license": license_text, **held}
