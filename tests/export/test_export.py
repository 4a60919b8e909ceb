"""An export is written only with its proof: the same answers on real images, by the library that will run it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from clfcore import api
from clfcore.architectures.attention_pooling import with_attention_head
from clfcore.architectures.build import build
from clfcore.classifier import Classifier
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import Failure, InputError
from clfcore.export import FORMAT_NAMES, Exported, export, onnx_model
from clfcore.export.exportable import Exportable, ExportedClassifier
from clfcore.export.formats import FORMATS
from clfcore.export.verify import logits_of
from clfcore.inference.exported import open_exported
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.temperature import fit_run_temperature
from clfcore.runs.unknown_file import keep_rule, kept_rule
from clfcore.task import Level, Task, multi_label, single_label
from clfcore.unlike import energy
from tests.support.stored_runs import run_of

HIERARCHY = Task("hierarchical", (Level("kind", ("a", "b")), Level("name", ("x", "y", "z"))), ((0, 0), (0, 1), (1, 2)))


def classifier(task: Task, *, channels: int = 3, head: str = "linear", **preprocess: object) -> Classifier:
    torch.manual_seed(0)
    values = {"size": 32, "mean": (0.4,) * channels, "deviation": (0.3,) * channels} | preprocess
    options = {"depths": "1,1", "width": 8, "stem": "small"}
    module = build("resnet", columns=task.columns, channels=channels, image_size=32, options=options).module
    if head == "attention":
        module = with_attention_head(module, task.columns, channels=channels, side=32)
    return Classifier("net", module.eval(), Preprocess(**values), task, head=head)


@pytest.fixture(scope="module")
def exported(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    out = tmp_path_factory.mktemp("export") / "model.onnx"
    return export(str(trained.path), format="onnx", out=out)


def test_the_proof_is_on_every_test_image(exported: Exported, trained: Run) -> None:
    assert (exported.parity.split, exported.parity.items) == ("test", len(trained.predictions("test")))
    assert exported.parity.top1_agreement == 1
    assert exported.parity.max_abs_logit <= 1e-4 * exported.parity.largest_logit
    assert exported.stored is not None
    assert exported.stored.max_abs_logit < 1e-3
    assert exported.accuracy is not None
    assert exported.accuracy.difference == 0
    assert exported.accuracy.run == pytest.approx(trained.metrics["test"]["accuracy"])
    assert [file.path for file in exported.files] == [exported.out]


@pytest.mark.parametrize("items", [1, 3, 17])
def test_batches_of_any_size_equal_the_network(exported: Exported, trained: Run, items: int) -> None:
    opened = classifier_of(trained)
    side = opened.preprocess.size
    squares = np.random.default_rng(items).integers(0, 256, (items, side, side, 3), np.uint8)
    logits, p = onnxruntime.InferenceSession(exported.out).run(["logits", "probabilities"], {"image": squares})
    expected = logits_of(opened, squares)
    assert np.abs(logits - expected).max() <= 1e-4 * np.abs(expected).max()
    shifted = np.exp(expected - expected.max(axis=1, keepdims=True))
    assert np.allclose(p, shifted / shifted.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_file_says_what_it_takes_to_use_it(exported: Exported, trained: Run) -> None:
    about = onnx_model.properties(onnx_model.open_session(exported.out))
    assert about["name"] == trained.id
    assert about["classes"] == list(trained.predictions("test").classes)
    assert about["input"]["size"] == trained.classifier.preprocess.size
    assert about["licence"] == "of your own training"


CASES: dict[str, tuple[Task, dict[str, object]]] = {
    "gray": (single_label(["a", "b", "c"]), {"channels": 1}),
    "attention": (single_label(["a", "b"]), {"head": "attention"}),
    "multi-label": (multi_label(["a", "b", "c"]), {}),
    "hierarchical": (HIERARCHY, {}),
    "deep": (single_label(["a", "b"]), {"value_range": (0.0, 4095.0)}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "case"),  # ONNX traces the very module that pt2 does, and takes twice as long
    [*(("pt2", case) for case in CASES), ("onnx", "attention"), ("onnx", "hierarchical")],
)
def test_every_task_head_and_depth(kind: str, case: str, tmp_path: Path) -> None:
    task, options = CASES[case]
    source = Exportable(classifier(task, **options), temperature=2.0)
    FORMATS[kind].write(source, tmp_path / "model", None)
    squares = source.example(3)
    with torch.inference_mode():
        outputs = ExportedClassifier(source).eval()(squares)
    assert np.allclose(FORMATS[kind].read(tmp_path / "model")(squares.numpy()), outputs[0].numpy(), atol=1e-4)
    sums = [outputs[1][:, part].sum(dim=1) for part in task.slices]
    if task.kind != "multi-label":
        assert torch.allclose(torch.stack(sums), torch.ones(len(task.levels), 3))
    if kind == "onnx" and "attention" in source.outputs:
        session = onnx_model.open_session(tmp_path / "model")
        assert np.allclose(session.run(["attention"], {"image": squares.numpy()})[0], outputs[2].numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", ["onnx", "pt2"])
def test_where_parity_fails_nothing_stands_under_the_name(
    kind: str, trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose answers are others': the proof must see it, whatever wrote it."""
    row = FORMATS[kind]

    def off(squares: np.ndarray) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(len(squares), trained.classifier.task.columns))

    def write(source: Exportable, path: Path, calibration: None) -> None:
        path.write_bytes(b"x")

    changed = replace(row, write=write, read=lambda path: off)
    monkeypatch.setitem(FORMATS, kind, changed)  # type: ignore[arg-type]
    with pytest.raises(Failure, match=r"was not exported: .* images get the same answer"):
        export(str(trained.path), format=kind, out=tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_have_a_scale_for_each_channel(trained: Run, tmp_path: Path) -> None:
    result = export(str(trained.path), format="onnx-int8", out=tmp_path / "model.onnx", calibrate=20, tolerance=1.0)
    model = onnx.load(result.out)
    assert "QuantizeLinear" in {node.op_type for node in model.graph.node}
    scales = [weights for weights in model.graph.initializer if weights.name.endswith("weight_scale")]
    assert max(onnx.numpy_helper.to_array(scale).size for scale in scales) > 1
    assert result.parity.items == len(trained.predictions("test"))
    assert result.accuracy is not None


def test_what_its_own_library_does_not_open_is_refused_by_name(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise InputError(f"{path} is no ONNX file that onnxruntime opens")

    changed = replace(FORMATS["onnx"], write=lambda source, path, squares: path.write_bytes(b"x"), read=refuse)
    monkeypatch.setitem(FORMATS, "onnx", changed)  # type: ignore[arg-type]
    with pytest.raises(
        Failure, match=r"was not exported: what was written as onnx does not open here \(the file is no ONNX file"
    ) as refused:
        export(str(trained.path), format="onnx", out=tmp_path / "model.onnx")
    assert str(tmp_path) not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_eight_bits_that_lose_too_much_are_refused(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = FORMATS["onnx-int8"]

    def write(source: Exportable, path: Path, calibration: np.ndarray | None) -> None:
        path.write_bytes(b"x")

    def backwards(squares: np.ndarray) -> np.ndarray:
        return -logits_of(classifier_of(trained), squares)

    changed = replace(row, write=write, read=lambda path: backwards)
    monkeypatch.setitem(FORMATS, "onnx-int8", changed)  # type: ignore[arg-type]
    with pytest.raises(Failure, match=r"8-bit integers lose .* points of accuracy on .* \(allowed 2.0\)"):
        export(str(trained.path), format="onnx-int8", out=tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_predicts_without_the_lab(finished_run: Run, tmp_path: Path) -> None:
    """Upright, transparent, gray and palette pictures, answered as `predict` answers them."""
    fit_run_temperature(finished_run)
    folder = tmp_path / "taken"
    export(finished_run.id, format="script", out=folder)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    generator = np.random.default_rng(0)
    image = Image.fromarray(generator.integers(0, 256, (30, 44, 3), np.uint8))
    image.save(pictures / "plain.png")
    image.convert("L").save(pictures / "gray.png")
    image.quantize(32).save(pictures / "palette.png")
    clear = image.convert("RGBA")
    clear.putalpha(Image.fromarray(generator.integers(0, 256, (30, 44), np.uint8)))
    clear.save(pictures / "clear.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(pictures / "turned.jpg", exif=exif, quality=95)
    paths = [str(path) for path in sorted(pictures.iterdir())]
    line = [sys.executable, "-I", str(folder / "predict.py"), "--json", *paths]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=tmp_path)
    theirs = json.loads(done.stdout)
    mine = api.predict(finished_run.id, paths, calibrated=True).as_json()
    assert theirs["model"] == mine["model"]
    for a, b in zip(theirs["predictions"], mine["predictions"], strict=True):
        assert a["image"] == b["image"]
        assert [row["label"] for row in a["top"]] == [row["label"] for row in b["top"]]
        assert np.allclose([r["probability"] for r in a["top"]], [r["probability"] for r in b["top"]], atol=1e-4)
        assert a["unlike"].keys() <= b["unlike"].keys()
    assert "clfcore" not in (folder / "predict.py").read_text(encoding="utf-8")
    assert len((folder / "predict.py").read_text(encoding="utf-8").splitlines()) < 80


def test_what_is_there_is_not_written_over(finished_run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="there already"):
        export(finished_run.id, format="onnx", out=tmp_path / "mine.onnx")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="a folder that no export wrote"):
        export(finished_run.id, format="script", out=folder, overwrite=True)
    assert (folder / "letter.txt").exists()


def test_a_missing_package_is_one_line(finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs onnx, onnxscript, onnxruntime: pip install 'clflab\[export\]'"):
        onnx_model.check_packages(onnx_model.NEEDS)


def test_the_names_are_those_of_the_rows() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


def test_an_export_is_asked_as_its_run(exported: Exported, trained: Run, photos: Path) -> None:
    from clfcore.serving.served import open_served

    served = open_served(str(exported.out))
    assert served.predictor.name == trained.id
    path = photos / "blue" / "01.jpg"
    (mine,) = served.predictor.predict([served.predictor.prepare(path.read_bytes(), path.name)], 5)
    (theirs,) = api.predict(str(trained.path), [str(path)]).predictions
    assert mine.top is not None
    assert theirs.top is not None
    expected = {row.label: row.probability for row in theirs.top}
    assert {row.label: row.probability for row in mine.top} == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="calibrated already"):
        open_served(str(exported.out), calibrated=True)


def test_attention_with_a_bias_of_positions_is_written(tmp_path: Path) -> None:
    from timm.models.beit import Beit

    torch.manual_seed(0)
    module = Beit(img_size=32, patch_size=16, embed_dim=24, depth=1, num_heads=2, use_rel_pos_bias=True, num_classes=3)
    torch.nn.init.normal_(module.head.weight)
    net = Classifier("beit", module.eval(), Preprocess(32), single_label("abc"))
    onnx_model.write(Exportable(net), tmp_path / "model.onnx")
    assert all(part.fused_attn for part in module.modules() if hasattr(part, "fused_attn"))  # as it was
    squares = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    expected = logits_of(net, squares)
    found = onnx_model.read(tmp_path / "model.onnx")(squares)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_the_reason_is_that_of_the_first_cause() -> None:
    error = RuntimeError("\x1b[96mThis is step 2/3\x1b[0m")
    error.__cause__ = ValueError("a layer has no place\nmore of it")
    assert onnx_model._reason(error) == "a layer has no place"


@pytest.mark.parametrize("kind", ["multi-label", "hierarchical"])
def test_strangers_and_sets_are_those_of_the_lab(kind: str, photos: Path, tmp_path: Path) -> None:
    run = run_of(kind)
    rule = kept_rule(run)
    assert rule is not None
    limit = rule.usable(distances=False)
    assert limit is not None
    paths = [str(path) for path in sorted(photos.rglob("*.jpg"))[:3]]
    classifier = classifier_of(run)
    squares = np.stack([classifier.square(read_image(Path(path))) for path in paths])
    energies = energy(classifier.logits(squares), run.task)
    keep_rule(run, replace(rule, limits=(replace(limit, threshold=float(np.sort(energies)[1:].mean())),)))
    folder = tmp_path / "taken"
    api.sets(run.id, coverage=0.8)
    export(run.id, format="script", out=folder)
    line = [sys.executable, "-E", "-s", str(folder / "predict.py"), "--json", *paths]  # and rules.py beside it
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=tmp_path)
    rows = json.loads(done.stdout)["predictions"]
    theirs = [row["unlike"] for row in rows]
    assert sum(one["unlike"] for one in theirs) == 1
    np.testing.assert_allclose([one["value"] for one in theirs], energies, rtol=1e-3)
    served = open_exported(folder / "model.onnx")
    mine = served.predict([served.prepare(Path(path).read_bytes(), path) for path in paths], 3)
    inside = api.predict(run.id, paths).predictions
    assert [tuple(row["set"]) for row in rows] == [one.set for one in mine] == [one.set for one in inside]
    for one, other in zip(theirs, mine, strict=True):
        assert other.unlike is not None
        assert (other.unlike.unlike, other.unlike.message, other.unlike.basis) == (
            one["unlike"], one["message"], one["basis"],
        )  # fmt: skip
