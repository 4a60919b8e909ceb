"""The command `export`: its JSON object, and refusals in one line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clfcore.export import FORMAT_NAMES
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of


def test_the_command_prints_the_contract(call, finished_run: Run, tmp_path: Path) -> None:
    status, out, _ = call("export", finished_run.id, "--format", "pt2", "--out", str(tmp_path / "model.pt2"), "--json")
    assert status == 0
    result = json.loads(out)
    assert list(result) == ["run", "format", "out", "files", "parity", "stored", "accuracy", "latency"]
    assert set(result["files"][0]) == {"path", "bytes", "sha256"}
    assert {"split", "items", "top1_agreement", "max_abs_logit", "mean_abs_logit"} <= set(result["parity"])
    assert set(result["accuracy"]) == {"run", "export", "difference", "interval"}
    assert set(result["latency"]) == {"run_ms", "export_ms", "ratio"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "tflite"), "format is 'tflite': it must be one of onnx"),
        (("--format", "pt2", "--tolerance", "7"), "tolerance is 7: it must be from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    words: tuple[str, ...], message: str, call, finished_run: Run, tmp_path: Path
) -> None:
    status, out, err = call("export", finished_run.id, "--out", str(tmp_path / "x"), *words)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", ["script", "container", "triton", "kserve", "ray-serve", "timm", "web"])
def test_a_missed_parity_is_exit_status_1_and_leaves_nothing(
    kind: str, call, finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever wraps the model, a reader whose answers are others' ends in one line."""
    from clfcore.export.formats import FORMATS

    row = FORMATS[kind]

    def write(source: object, path: Path, calibration: None) -> None:
        if row.folder:
            path.mkdir()
        (path / "preprocess.json" if row.folder else path).write_text("{}", encoding="utf-8")

    def others(squares: np.ndarray) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(len(squares), finished_run.task.columns))

    monkeypatch.setitem(FORMATS, kind, replace(row, write=write, read=lambda path: others))  # type: ignore[arg-type]
    status, out, err = call("export", finished_run.id, "--format", kind, "--out", str(tmp_path / "taken"), "--json")
    assert (status, out) == (1, "")
    line = err.strip().splitlines()[-1]
    assert "was not exported" in line
    assert line.endswith("nothing was written")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_every_format_prints_the_same_object(
    kind: str, call, finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clfcore.export.formats import FORMATS
    from clfcore.export.verify import logits_of

    row, opened = FORMATS[kind], classifier_of(finished_run)

    def write(source: object, path: Path, calibration: object) -> None:
        if row.folder:
            path.mkdir()
        (path / "preprocess.json" if row.folder else path).write_text("{}", encoding="utf-8")

    reader = replace(row, write=write, read=lambda path: lambda squares: logits_of(opened, squares), prove=None)
    monkeypatch.setitem(FORMATS, kind, reader)  # type: ignore[arg-type]
    status, out, _ = call("export", finished_run.id, "--format", kind, "--out", str(tmp_path / "taken"), "--json")
    result = json.loads(out)
    assert status == 0
    assert list(result) == ["run", "format", "out", "files", "parity", "stored", "accuracy", "latency"]
    assert (result["run"], result["format"]) == (finished_run.id, kind)
    assert {"split", "items", "top1_agreement", "max_abs_logit", "mean_abs_logit"} <= set(result["parity"])
    assert [Path(file["path"]).is_file() for file in result["files"]] == [True]
