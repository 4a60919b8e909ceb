"""Use this model: every format of an export is offered, with its proof in words and lines that use it."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

from clfcore.evaluation.intervals import Interval
from clfcore.export import FORMAT_NAMES, Exported, ExportedFile
from clfcore.export.verify import Accuracy, Latency, Parity
from clfcore.runs.folder import Run
from tests.support.pages import OpenPage, refused, until
from ui.runs.export_formats import EXPORT_CHOICES
from ui.runs.use_model import as_one_file, proof_text

PARITY = Parity("test", 372, 1.0, 1.2e-5, 1e-6, 14.0, "a.jpg")
EXPORTED = Exported(
    "run",
    "onnx",
    Path("run.onnx"),
    (ExportedFile(Path("run.onnx"), 10, "0"),),
    PARITY,
    PARITY,
    Accuracy(0.95, 0.95, 0.0, Interval(0.0, 0.0)),
    Latency(20.0, 8.0, 2.5),
)


def test_every_format_is_offered_once() -> None:
    assert set(EXPORT_CHOICES) == set(FORMAT_NAMES)
    endings = [choice.ending for choice in EXPORT_CHOICES.values()]
    assert len(set(endings)) == len(endings)
    assert all("NAME" in choice.use for choice in EXPORT_CHOICES.values())


def test_the_proof_is_in_words() -> None:
    text = proof_text(EXPORTED)
    assert text.startswith(
        "✓ Verified: 372 of 372 test images get the same answer; largest difference of a logit 0.000012."
    )
    assert "stored" not in text
    other = proof_text(replace(EXPORTED, stored=replace(PARITY, top1_agreement=371 / 372)))
    assert "Of the run's stored predictions 371 of 372 are the same" in other


def test_eight_bits_have_a_price_and_a_gain() -> None:
    accuracy = Accuracy(0.95, 0.945, -0.005, Interval(-0.02, 0.01))
    eight = replace(EXPORTED, format="onnx-int8", parity=replace(PARITY, top1_agreement=0.99), accuracy=accuracy)
    text = proof_text(eight)
    assert "Price: accuracy 94.5%, of the run 95.0% (95% interval of the difference −2.0 to +1.0 points)." in text
    assert "Gain: 2.5 times as fast here (8.0 ms an image, of the run 20.0 ms), and smaller." in text
    assert "no faster here" in proof_text(replace(eight, latency=Latency(8.0, 20.0, 0.4)))


def test_a_folder_is_saved_as_a_zip_of_itself(tmp_path: Path) -> None:
    folder = tmp_path / "run-1.5-script"  # a point in its name is no ending
    folder.mkdir()
    (folder / "predict.py").write_text("", encoding="utf-8")
    file = as_one_file(folder)
    assert file.name == "run-1.5-script.zip"
    assert "run-1.5-script/predict.py" in zipfile.ZipFile(file).namelist()
    assert as_one_file(folder / "predict.py") == folder / "predict.py"


def test_an_export_is_made_from_the_page(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("evaluate", run=finished_run.id)
    app.session_state[f"use {finished_run.id}"] = True
    app.run()
    formats = app.radio(key=f"format {finished_run.id}")
    assert list(formats.options) == [choice.title for choice in EXPORT_CHOICES.values()]
    formats.set_value("pt2").run()
    app.button(key=f"export {finished_run.id}").click().run()
    until(app, lambda app: any("✓ Verified" in part.value for part in app.markdown))
    assert any(f'torch.export.load("{finished_run.id}.pt2"' in code.value for code in app.code)
    (button,) = (button.proto for button in app.get("download_button") if button.proto.help == f"{finished_run.id}.pt2")
    assert re.fullmatch(r"Download \(\d.* [kM]B\)", button.label)
    app.radio(key=f"format {finished_run.id}").set_value("timm").run()
    app.button(key=f"export {finished_run.id}").click().run()
    until(app, lambda app: app.error)
    assert any("timm has no" in line for line in refused(app))  # this network is none of timm's
