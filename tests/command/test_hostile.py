"""What was once a traceback of a command: paths, settings, devices, numbers and files that never end, a line each."""

import os
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.runs.folder import Run

TRAIN = ["train", "--data", "shapes:count=24,side=16", "--architecture", "lenet5"]
LONG = "x" * 300


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([*TRAIN, "--weights", "~nosuchuser"], "no user"),
        ([*TRAIN, "--runs", "~nosuchuser"], "runs is '~nosuchuser'"),
        ([*TRAIN, "--runs", "a\0b"], "NUL"),
        (["datasets", "check", "~nosuchuser"], "no user"),
        (["datasets", "check", "nested:~x"], "no user"),
        (["datasets", "check", "shapes:seed=-1"], "seed is -1"),
        (["runs", "show", "~x"], "no user"),
        (["runs", "show", LONG], "300 bytes"),
        (["predict", "RUN", LONG], "300 bytes"),
        (["predict", LONG, "image.png"], "no file"),
        (["errors", "RUN", "--csv", "a\0b"], "NUL"),
        (["report", "RUN", "--out", "a\0b.html"], "NUL"),
        (["compare", "RUN", "RUN", "--html", "a\0b.html"], "NUL"),
        (["explain", "RUN", "image.png", "--out", "a\0b.png"], "image.png is no file"),
        ([*TRAIN, "--device", "cuda:99999999999"], "recipe.device"),
        (["check", *TRAIN[1:], "--device", "cuda:99"], "no such device"),
        ([*TRAIN, "--learning-rate", "1e999"], "must be a finite number"),
        ([*TRAIN, "--epochs", "9" * 5000], "recipe.epochs"),
        (["predict", "RUN", "image.png", "--top", "9" * 5000], "--top"),
        (["evaluate", "RUN", "--sensitivity", "nan"], "no finite number"),
        ([*TRAIN, "--config", "deep.json"], "nested too deeply"),
        ([*TRAIN, "--config", "large.json"], "at most"),
        ([*TRAIN, "--config", "pipe"], "no regular file"),
        ([*TRAIN, "--config", "/dev/zero"], "no regular file"),
        ([*TRAIN, "--config", "latin.json"], "no text in UTF-8"),
        ([*TRAIN, "--weights", "/dev/zero"], "no run and no file"),
        ([*TRAIN, "--weights", "pipe"], "no run and no file"),
        ([*TRAIN, "--augmentation", "deep.json"], "nested too deeply"),
        ([*TRAIN, "--augmentation", "pipe.json"], "no regular file"),
        ([*TRAIN, "--augmentation", "[" * 90_000], "nested too deeply"),
        ([*TRAIN, "--augmentation", '[{"step": "randaugment", "operations": 1e999}]'], "operations is inf"),
        (["policies", "show", '{"version": 1, "steps": [' + '"crop",' * 500 + '"crop"]}'], "at most 100"),
    ],
)  # fmt: skip
def test_every_hostile_word_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finished_run: Run,
    words: list[str], part: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    os.mkfifo("pipe.json")
    Path("deep.json").write_text("[" * 200_000)
    Path("large.json").write_bytes(b" " * (2 << 20))
    Path("latin.json").write_bytes(b'{"data": "caf\xe9"}')
    assert main([finished_run.id if word == "RUN" else word for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert part in captured.err
