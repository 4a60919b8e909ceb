"""`--processes` and torchrun on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.runs.folder import Run
from tests.support.same_end import assert_same_end

ROOT = str(Path(__file__).parents[2])
TRAIN = ["train", "--data", "shapes:count=60,side=20", "--architecture", "lenet5", "--epochs", "1"]
RECIPE = ["--image-size", "20", "--seed", "3", "--augmentation", "basic"]


def trained(words: list[str], capsys: pytest.CaptureFixture[str]) -> Run:
    assert main([*TRAIN, *RECIPE, *words, "--json"]) == 0
    return Run(Path(json.loads(capsys.readouterr().out)["path"]))


def torchrun(*words: str) -> subprocess.CompletedProcess[str]:
    starter = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    return subprocess.run(
        [*starter, *words], capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": ROOT}
    )


def test_processes_and_torchrun_train_as_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    one = trained(["--batch-size", "8", "--accumulation", "2"], capsys)
    two = trained(["--batch-size", "16", "--processes", "2"], capsys)
    assert_same_end(one, two)
    started = torchrun("-m", "clfcore", *TRAIN, *RECIPE, "--batch-size", "16", "--json")
    assert started.returncode == 0, started.stderr
    answer = json.loads(started.stdout)  # one object: the first process alone prints
    assert answer["state"] == "completed"
    assert_same_end(one, Run(Path(answer["path"])))


def test_options_that_differ_among_processes_are_refused_in_one_line(tmp_path: Path) -> None:
    script = tmp_path / "unequal.py"
    script.write_text(
        "import os, sys\nfrom clfcore.cli.main import main\n"
        f"sys.exit(main({[*TRAIN, *RECIPE]!r} + ['--batch-size', '16', '--gradient-clip', os.environ['RANK']]))\n"
    )
    started = torchrun(str(script))
    assert started.returncode != 0
    assert "recipe.gradient_clip is 0.0 in process 0 and 1.0 in process 1" in started.stderr
    assert started.stderr.count("recipe.gradient_clip") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--processes", "0"], "argument --processes: 0 is out of range: it must be from 1 to 256"),
        (["--processes", "two"], "argument --processes: 'two' is no whole number"),
        (["--processes", "9", "--batch-size", "16"], "processes is 9: recipe.batch_size is 16"),
    ],
)
def test_a_number_that_cannot_be_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN, *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
