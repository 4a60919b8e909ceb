"""The web page: one file, verified as the ONNX file that it holds, with nothing in it that a name could break."""

import gzip
import hashlib
import html
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from clfcore.classifier import Classifier
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.export import Exported, export, onnx_model, web
from clfcore.export.card import Card, Fact, card_of
from clfcore.export.exportable import Exportable, description
from clfcore.export.half import halved
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.task import single_label


@pytest.fixture(scope="module")
def exported(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(str(trained.path), format="web", out=tmp_path_factory.mktemp("web") / "page.html")


def test_what_is_verified_is_the_model_inside(exported: Exported, trained: Run, tmp_path: Path) -> None:
    assert exported.parity.items == len(trained.predictions("test"))
    assert exported.parity.top1_agreement == 1
    assert 0 < exported.parity.max_abs_logit <= 0.01 * exported.parity.largest_logit
    path = tmp_path / "inside.onnx"
    path.write_bytes(web.model_of(exported.out.read_bytes()))
    model = onnx.load(path)
    assert {TensorProto.FLOAT16} <= {tensor.data_type for tensor in model.graph.initializer}
    side = trained.classifier.preprocess.size
    squares = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), np.uint8)
    assert np.array_equal(web.read(exported.out)(squares), onnx_model.read(path)(squares))


def test_the_page_carries_the_card_and_the_proof(exported: Exported, trained: Run) -> None:
    page = html.unescape(exported.out.read_text(encoding="utf-8"))
    right = trained.metrics["test"]["accuracy"]
    assert f"{100 * right:.1f}% right" in page
    assert "95% interval" in page
    assert f"{exported.parity.items:,} of {exported.parity.items:,} test images get the same answer" in page
    assert "of your own training" in page
    assert "Permission is hereby granted" in page
    assert len(re.findall(r"<input[^>]*type=.?file", page)) == 1
    assert not re.search(r"""(src|href)=["']?(https?:|//)""", page)
    assert "default-src 'none'" in page


def test_no_name_ends_a_script_or_begins_an_element(trained: Run) -> None:
    classes = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a & b", "<!-- proof -->")
    opened = classifier_of(trained)
    source = Exportable(
        Classifier("<b>", opened.module, opened.preprocess, single_label(classes)), licence="</dd><script>"
    )
    card = Card("<h2 id=own>", "</p><u>", (Fact("<i>", "</dl><s>"),), ("<em>",))
    page = web.web_page(b"model", description(source), card).decode()
    head = page.index('id="runtime"')
    for text in (*classes[:2], "<b>", "<h2 id=own>", "</dd><script>", "<u>", "<i>", "<s>", "<em>", classes[3]):
        assert text not in page[: head + 100] + page[-20_000:]
    about = re.search(r'id="about">([^<]*)</script>', page)
    assert about is not None
    assert json.loads(about[1])["classes"] == list(classes)


def test_deep_pictures_are_refused_before_anything_is_written(trained: Run, tmp_path: Path) -> None:
    opened = classifier_of(trained)
    deep = Preprocess(20, mean=(0.5,), deviation=(0.5,), value_range=(0.0, 4095.0))
    source = Exportable(Classifier("net", opened.module, deep, opened.task))
    with pytest.raises(InputError, match="more than 8 bits, and a browser shows 8"):
        web.write(source, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_page_is_told_of() -> None:
    with pytest.raises(InputError, match="holds no model"):
        web.model_of(b"<html></html>")


def test_the_card_names_an_architecture_by_its_weights() -> None:
    opened = Classifier("net", nn.Linear(2, 2), Preprocess(20), single_label(["a", "b"]))
    card = card_of(Exportable(opened))
    assert card.title == "net on ImageNet"
    assert [fact.title for fact in card.facts] == ["Network", "Data", "It sees"]


def test_weights_that_float16_cannot_hold_stay() -> None:
    """Too large, or so small that float16 has no digits left; a few values are not worth an operation."""
    values = {
        "plain": np.linspace(-1, 1, 2000, dtype=np.float32),
        "large": np.linspace(0, 1e6, 2000, dtype=np.float32),
        "small": np.linspace(0, 1e-7, 2000, dtype=np.float32),
        "few": np.linspace(0, 1, 10, dtype=np.float32),
    }
    nodes = [helper.make_node("Identity", [name], [f"{name}-out"]) for name in values]
    outputs = [
        helper.make_tensor_value_info(f"{name}-out", TensorProto.FLOAT, [len(value)]) for name, value in values.items()
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in values.items()]
    model = helper.make_model(helper.make_graph(nodes, "g", [], outputs, tensors))
    half = halved(model)
    onnx.checker.check_model(half)
    assert {t.name for t in half.graph.initializer if t.data_type == TensorProto.FLOAT16} == {"plain.half"}


def test_the_runtime_that_ships_is_the_published_one() -> None:
    stated = json.loads((web.RUNTIME / "version.json").read_text(encoding="utf-8"))
    for name, digest in stated["files"].items():
        held = gzip.decompress((web.RUNTIME / f"{name}.gz").read_bytes())
        assert hashlib.sha256(held).hexdigest() == digest
        if name.endswith(".mjs"):
            assert f"ONNX Runtime Web v{stated['version']}".encode() in held
