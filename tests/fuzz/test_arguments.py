"""Command lines of hostile words: each ends in exit status 0, 1 or 2, with one line, and no fault of the lab."""

import argparse
import os
import resource
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.cli.main import main, parser
from clfcore.runs.folder import Run

COUNT = 100 * int(os.environ.get("CLFLAB_FUZZ", "1"))
MEMORY = 8 << 30  # bytes of address space that a command may add
_DATA = "--data shapes:count=24,side=16 --architecture lenet5 --epochs 1 --batch-size 16 --image-size 16"
# A command line a command that is right, and done in a second.
RIGHT = (
    "datasets",
    "datasets check shapes:count=24,side=16",
    "datasets check folder",
    "datasets check manifest.csv",
    "datasets export shapes:count=24,side=16 --out out.csv",
    "datasets download nothing",
    "architectures --search net",
    "architectures show lenet5 --image-size 28 --channels 1 --classes 10",
    "architectures compare lenet5 vgg",
    "architectures source lenet5",
    "architectures inside lenet5 photo.png --out out.png",
    "architectures scaling",
    "architectures gradients lenet5",
    f"train {_DATA}",
    f"train {_DATA} --config right.json --preset quick",
    f"check {_DATA} --out out.png",
    f"trial {_DATA} --policies none,basic --seconds 1 --sample 24",
    "policies",
    "policies show basic",
    "policies views basic --image photo.png --out out.png --count 2 --image-size 16",
    "policies save mine --steps basic",
    "policies delete mine",
    f"advise {_DATA}",
    f"find-rate {_DATA} --steps 5",
    f"more-pictures {_DATA}",
    "cache",
    "cache clear",
    "resume RUN",
    "runs",
    "runs show RUN",
    "runs delete nothing",
    "evaluate RUN --split test",
    "evaluate RUN --data shapes:count=24,side=20",
    "evaluate RUN --positive circle",
    "predict RUN photo.png --top 3",
    "predict RUN photo.png --views flip",
    "explain RUN photo.png --out out.png",
    "explain RUN --check --items 2",
    "explain RUN photo.png --examples 1",
    "compare RUN RUN --html out.html",
    f"train-to-compare {_DATA} --seeds 1",
    "errors RUN --csv errors.csv --most 3",
    "calibrate RUN",
    "errors RUN --list pair --true circle --predicted ring",
    "measure RUN",
    "report RUN --out out.html",
    "report RUN --out out.md --figures figures",
    "doctor",
)
COUNTS = {"--top", "--most", "--seeds", "--count", "--sample", "--examples", "--items", "--place", "--image-size",
          "--channels", "--classes"}  # fmt: skip
SHOWS_STAGES = {"train", "resume", "train-to-compare"}

NUMBERS = ("-1", "0", "1e999", "-inf", "nan", "9" * 30, "1" * 5000, "1.5", "0x10", "1_0", "٣", "", " ")
PATHS = (
    "~nosuchuser", "~nosuchuser/x.png", "nul\0here", "x" * 300, "x" * 5000, "x/" * 3000, "../" * 200, "/dev/zero",
    "/dev/null", "pipe", "folder", "empty", "absent/out.png", "deep.json", "big.json", "binary", "manifest.csv",
    "loop", "photo.png", "photo.png/x", "bad\udcff.png", "half\ud800", "\x1b[31m\u202e.png", "a\nb.png", ".", "",
    "-", "list.json",
)  # fmt: skip
SPECS = (
    "shapes:seed=-1", "shapes:count=1e9", "shapes:count=999999999999", "shapes:side=0", "shapes:" + "," * 300,
    "shapes:::", "shapes:count=" + "9" * 5000, "nested:", "nested:~nosuchuser", "outer,inner:folder", "path=x:folder",
    "digits:", "nested:" * 500, "label==:x", ":", "digit",
)  # fmt: skip
TEXTS = (
    "cuda:99999999999", "cuda:99", "cuda", "mps", "=", "a=", "=b", "a=" + "[" * 3000, "[" * 5000, '{"a":' * 3000,
    '{"version": 1, "steps": [' + '{"step": "crop"},' * 2000 + '"crop"]}',
    '[{"step": "randaugment", "operations": 1e999}]',
    '{"version": 1e999, "steps": []}', "%s%n{0}", "$(x)", "'; --", "timm/", "timm/../x", "timm/" + "y" * 300, "1,2,nan",
    ",".join(["1"] * 5000), "1:1,2:99999", "auto", "true", "None", "null", "\u202e", "\ud800", "--", "-x",
)  # fmt: skip


@pytest.fixture(scope="module")
def memory() -> Iterator[None]:
    """No hostile word may take the machine: more memory ends in MemoryError, which is one line too."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished_run: Run) -> str:
    """A working folder of odd files, and a run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLFLAB_BROWSER", "no-such-browser")
    os.mkfifo("pipe")
    Path("folder/a").mkdir(parents=True)
    Path("empty").mkdir()
    Path("loop").symlink_to("loop")
    Path("deep.json").write_text("[" * 200_000)
    Path("list.json").write_text('{"recipe": {"epochs": 1e999}, "options": {"a": [[[1]]]}, "data": 5}')
    Path("big.json").write_bytes(b" " * (2 << 20))
    Path("right.json").write_text('{"recipe": {"epochs": 1}}')
    Path("binary").write_bytes(bytes(range(256)))
    Path("manifest.csv").write_text("path,label\nphoto.png,a\n")
    Image.fromarray(np.full((20, 20, 3), 90, np.uint8)).save("photo.png")
    return finished_run.id


def flags() -> dict[str, list[tuple[str, bool]]]:
    """Each command's flags, and whether they take a word."""
    action = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return {
        name: [(one.option_strings[-1], one.nargs != 0) for one in command._actions if _is_flag(one)]
        for name, command in action.choices.items()
    }


def _is_flag(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.dest != "help"


def hostile(generator: np.random.Generator) -> str:
    return _one(generator, (NUMBERS, PATHS, SPECS, TEXTS)[generator.integers(4)])


def _one(generator: np.random.Generator, words: Sequence[str]) -> str:
    return str(words[generator.integers(len(words))])


def line(generator: np.random.Generator, run: str, known: Mapping[str, list[tuple[str, bool]]]) -> list[str]:
    """A command that is right, with one to three of its words replaced, or flags added, by hostile ones."""
    words = _one(generator, RIGHT).replace("RUN", run).split()
    for _ in range(generator.choice([1, 2, 3], p=[0.7, 0.2, 0.1])):
        if generator.random() < 0.5 and len(words) > 1:
            words[generator.integers(1, len(words))] = hostile(generator)
        elif known[words[0]]:
            flag, takes = known[words[0]][generator.integers(len(known[words[0]]))]
            value = "999999999" if flag in COUNTS and generator.random() < 0.3 else hostile(generator)
            words += [flag, value] if takes else [flag]
    return words


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(5))
def test_no_command_line_ends_in_a_traceback(
    part: int, ground: str, memory: None, capsys: pytest.CaptureFixture[str]
) -> None:
    generator, known = np.random.default_rng(100 + part), flags()
    for _ in range(max(1, COUNT // 5)):
        words = line(generator, ground, known)
        try:
            status = main(words)
        except SystemExit as end:  # --help, and nothing else
            status = int(end.code or 0)
        text = capsys.readouterr().err
        assert status in (0, 1, 2), (words, text)
        assert "Traceback" not in text, words
        assert "fault of clflab" not in text, (words, text)
        if status == 2 and words[0] not in SHOWS_STAGES:
            assert len(text.splitlines()) == 1, (words, text)
        assert not [sign for sign in text if not sign.isprintable() and sign not in "\n\r"], words
    assert Path("photo.png").stat().st_size
    assert Path("manifest.csv").read_text() == "path,label\nphoto.png,a\n"
