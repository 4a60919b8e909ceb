"""The command `export`: its JSON object, and refusals in one line."""

import json
from pathlib import Path

import pytest

from clfcore.runs.folder import Run


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
