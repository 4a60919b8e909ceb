"""Weights files of every damage and malice: loaded whole, or refused in one sentence; nothing is executed."""

import contextlib
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from clfcore.architectures.adapt_weights import adapt_state, read_state
from clfcore.architectures.build import build
from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.runs.folder import Run

COUNT = 60 * int(os.environ.get("CLFLAB_FUZZ", "1"))
FIRST = "features.0.weight"


def lenet() -> nn.Module:
    torch.manual_seed(1)
    return build("lenet5", columns=3, channels=3, image_size=20).module


def load(path: Path) -> None:
    adapt_state(lenet(), read_state(path), keep_head=False, source="own")


def changed(change: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """LeNet-5's own state with its first weight changed."""
    state = lenet().state_dict()
    first = next(iter(state))
    state[first] = change(state[first].clone())
    return state


def holed(value: float) -> Callable[[Tensor], Tensor]:
    def change(tensor: Tensor) -> Tensor:
        tensor.flatten()[3] = value
        return tensor

    return change


ODD = {
    "complex": (lambda t: t.to(torch.complex64), "complex"),
    "int": (lambda t: t.to(torch.int64), "int64"),
    "bool": (lambda t: t > 0, "bool"),
    "sparse": (lambda t: t.to_sparse(), "sparse"),
    "meta": (lambda t: t.to("meta"), "meta"),
    "quantized": (lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), "quantized"),
    "nan": (holed(float("nan")), "NaN or infinity"),
    "infinity": (holed(float("inf")), "NaN or infinity"),
    "huge": (lambda t: torch.zeros(1).expand(10**6, 10**6), "another architecture"),
    "huge kernel": (lambda t: torch.zeros(1).expand(10**5, 9, 10**4, 10**4), "another architecture"),
    "empty": (lambda t: torch.zeros(0), "another architecture"),
    "scalar": (lambda t: torch.tensor(1.0), "another architecture"),
    "other channels": (lambda t: t.repeat(1, 5, 1, 1), "another architecture"),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.filterwarnings("ignore")
def test_tensors_that_are_no_weights_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    change, words = ODD[kind]
    path = tmp_path / "own.pt"
    torch.save(changed(change), path)
    with pytest.raises(InputError, match=words) as refused:
        load(path)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_real_numbers_of_other_widths_are_taken(tmp_path: Path, dtype: torch.dtype) -> None:
    save_file({name: value.to(dtype) for name, value in lenet().state_dict().items()}, tmp_path / "own.safetensors")
    load(tmp_path / "own.safetensors")


def test_a_state_that_holds_itself_ends(tmp_path: Path) -> None:
    state: dict[str, object] = {}
    state["model"] = state
    torch.save(state, tmp_path / "own.pt")
    with pytest.raises(InputError, match="no state dict"):
        load(tmp_path / "own.pt")


def header(length: int, text: bytes) -> bytes:
    return struct.pack("<Q", length) + text


def entry(shape: list[int], end: int) -> bytes:
    """A header of one tensor."""
    text = json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    return header(len(text), text)


HEADERS = {
    "endless": header(2**62, b"{}"),
    "large": header(90_000_000, b"{" + b" " * 1000),
    "deep": header(100_000, b"[" * 100_000),
    "no json": header(4, b"\xff\xfe{}"),
    "outside": entry([4], 16),
    "overflow": entry([2**63, 2**63], 4) + b"0000",
    "nothing": b"",
    "short": b"\0\0",
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_that_lie_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "own.safetensors").write_bytes(HEADERS[kind])
    with pytest.raises(InputError, match="cannot be read as weights"):
        load(tmp_path / "own.safetensors")


class Runs:
    """What a pickle would execute."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_executes_nothing(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "executed"
    torch.save({"a": torch.zeros(2), "b": Runs(mark)}, tmp_path / "own.pt", pickle_protocol=protocol)
    with pytest.raises(InputError, match=r"could execute code|pickle protocol"):
        load(tmp_path / "own.pt")
    assert not mark.exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_any_damaged_byte_is_loaded_or_refused(tmp_path: Path, suffix: str) -> None:
    path, generator = tmp_path / f"own{suffix}", np.random.default_rng(11)
    state = {name: value.clone() for name, value in lenet().state_dict().items()}
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    whole = path.read_bytes()
    for _ in range(COUNT):
        damaged = bytearray(whole)
        match generator.integers(4):
            case 0:
                damaged = damaged[: generator.integers(len(damaged))]
            case 1:
                damaged[generator.integers(min(2000, len(damaged)))] = generator.integers(256)
            case 2:
                for _ in range(20):
                    damaged[generator.integers(len(damaged))] = generator.integers(256)
            case _:
                at = generator.integers(len(damaged))
                damaged[at:at] = generator.bytes(9)
        path.write_bytes(damaged)
        with contextlib.suppress(InputError):
            load(path)


@pytest.mark.parametrize("kind", ["nan", "int", "overflow"])
def test_a_run_of_damaged_weights_prints_no_nan(
    finished_run: Run, photos: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    file, image = finished_run.path / "best.safetensors", next(photos.rglob("*.jpg"))
    state = load_file(file)
    for name, value in state.items():
        if value.ndim > 1:
            state[name] = (
                torch.full_like(value, float("nan")) if kind == "nan"
                else value.to(torch.int32) if kind == "int"
                else torch.full_like(value, 3e38)
            )  # fmt: skip
    save_file(state, file)
    for words in (["predict", finished_run.id, image], ["predict", finished_run.id, image, "--json"],
                  ["evaluate", finished_run.id, "--data", "shapes:count=60,side=20"],
                  ["evaluate", finished_run.id, "--data", "shapes:count=60,side=20", "--json"],
                  ["explain", finished_run.id, image, "--out", image.parent / "map.png"]):  # fmt: skip
        status = main([str(word) for word in words])
        shown = capsys.readouterr()
        assert status in (1, 2) or (kind == "overflow" and words[0] == "explain"), words
        assert "nan%" not in shown.out
        assert "fault of clflab" not in shown.err, words
        assert len(shown.err.splitlines()) <= 1
