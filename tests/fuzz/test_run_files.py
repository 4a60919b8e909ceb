"""Run folders with one damaged file: every command ends in one line, and no other run is affected."""

import itertools
import json
import os
import random
import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.cli import main as command_line
from clfcore.cli.main import main
from clfcore.files import runs_folder
from clfcore.runs.index import list_runs

COUNT = 30 * int(os.environ.get("CLFLAB_FUZZ", "1"))
WRITTEN = sorted((Path(__file__).parents[1] / "runs" / "written_by_0_1_0").iterdir())
COMMANDS = (
    "runs", "runs --json", "runs show RUN", "runs show RUN --json", "evaluate RUN", "evaluate RUN --json",
    "evaluate RUN --decoding path", "evaluate RUN --thresholds f1", "evaluate RUN --positive circle --sensitivity 0.9",
    "predict RUN photo.png", "predict RUN photo.png --json", "predict RUN photo.png --calibrated",
    "predict GOOD photo.png", "compare RUN GOOD", "compare GOOD RUN --json --html c.html", "calibrate RUN",
    "calibrate RUN --forget", "report RUN --out r.html", "report RUN --out r.md", "errors RUN", "errors RUN --json",
    "explain RUN photo.png --out m.png --method saliency", "resume RUN", "evaluate GOOD --json",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, [], {}, "x", "", -1, 0, 0.5, 7, 1e300, 10**17, True, [[]], [None], {"a": {"b": None}}, "\ud800",
)  # fmt: skip
TEXTS: tuple[bytes, ...] = (
    b"", b"\0" * 171, b"{", b"[]", b"null", b"5", b"{}", b"\xff\xfe\x00", b'{"a": NaN}', b'{"epoch": 1e999}\n',
    b"[" * 5000 + b"]" * 5000, b'{"state": "completed"}', b"PK\x03\x04 cut",
)  # fmt: skip


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The place of every value inside a JSON value, itself included."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from leaves(part, (*path, key))


def changed(rng: random.Random, text: bytes) -> bytes:
    """A JSON file with one value replaced, or left out."""
    value = json.loads(text)
    path = rng.choice([path for path in leaves(value) if path])
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if rng.random() < 0.2:
        del inner[path[-1]]
    else:
        inner[path[-1]] = rng.choice(VALUES)
    return json.dumps(value).encode()


def damaged(rng: random.Random, file: Path) -> str:
    """Damage one file of a run in one way; returns what was done."""
    data = file.read_bytes()
    kind = rng.choice(["text", "cut", "flip", "gone", "folder", *["value"] * 5])
    if kind == "value" and file.suffix in (".json", ".jsonl"):
        lines = data.splitlines() if file.suffix == ".jsonl" else [data]
        at = rng.randrange(len(lines))
        lines[at] = changed(rng, lines[at])
        file.write_bytes(b"\n".join(lines) + b"\n")
    elif kind == "cut":
        file.write_bytes(data[: rng.randrange(len(data))])
    elif kind == "gone":
        file.unlink()
    elif kind == "folder":
        file.unlink()
        file.mkdir()
    elif kind == "text":
        file.write_bytes(rng.choice(TEXTS))
    else:
        changed_bytes = bytearray(data)
        for _ in range(rng.choice([1, 1, 8])):
            changed_bytes[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(changed_bytes)
    return f"{file.name}: {kind}"


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What escaped as a fault of the lab; the commands run in a folder of their own."""
    found: list[str] = []

    def crash(error: BaseException, words: object) -> str:
        found.append("".join(traceback.format_exception(error))[-1500:])
        return "a fault"

    monkeypatch.setattr(command_line, "crash", crash)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((20, 20, 3), 90, np.uint8)).save("photo.png")
    return found


def test_a_damaged_file_of_a_run_ends_no_command_and_touches_no_other_run(
    faults: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(20)
    good = runs_folder() / "20200101-good"
    shutil.copytree(WRITTEN[0], good)
    right = api.evaluate(good.name)
    rounds = itertools.cycle(WRITTEN)
    for number in range(COUNT):
        written = next(rounds)
        run = runs_folder() / written.name
        shutil.copytree(written, run)
        what = damaged(rng, rng.choice(sorted(run.iterdir())))
        for command in ("runs --json", *rng.sample(COMMANDS, 3)):
            words = command.replace("RUN", run.name).replace("GOOD", good.name).split()
            assert main(words) in (0, 1, 2), (what, command)
            assert not faults, (number, what, command, faults[0])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err + captured.out, (number, what)
        listed = {one.id: one.state for one in list_runs()}
        assert listed[good.name] == "completed", (number, what)
        if not any(os.path.lexists(run / name) for name in ("state.json", "config.json")):
            shutil.rmtree(run)
        else:
            assert main(["runs", "delete", run.name]) == 0, (number, what, capsys.readouterr().err)
        assert not run.exists()
    assert api.evaluate(good.name) == right
