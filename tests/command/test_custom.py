"""A network of one's own options trains, stops, resumes, predicts and shows its layers from the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.runs import folder
from tests.conftest import SMALL

ROOT = Path(__file__).parents[2]
VGG = ["--architecture", "vgg", "--option", "layers=8,M,16,M", "--option", "batch_norm=true", "--option", "hidden=16"]
RESNET = ["--architecture", "resnet", "--option", "depths=1,1", "--option", "width=8", "--option", "skip=false"]
SIZE = ["--batch-size", "16", "--image-size", "20"]
PARAMETERS = {  # by hand; shapes have 6 classes and color
    "vgg": (27 + 1) * 8 + 16 + (72 + 1) * 16 + 32 + (784 + 1) * 16 + (16 + 1) * 16 + (16 + 1) * 6,
    "resnet": 147 * 8 + 16 + 2 * (72 * 8 + 16) + 72 * 16 + 32 + 144 * 16 + 32 + (16 + 1) * 6,
}


def json_of(capsys: pytest.CaptureFixture, *words: str) -> dict:
    status = main([*words, "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize("flags", [VGG, RESNET], ids=["vgg", "resnet"])
def test_a_custom_network_trains_resumes_and_predicts(flags: list[str], capsys: pytest.CaptureFixture) -> None:
    data = ["--data", SMALL["data"], "--strategy", "scratch", *SIZE]
    straight = json_of(capsys, "train", *data, *flags, "--epochs", "2")
    assert straight["parameters"]["total"] == PARAMETERS[flags[1]]

    command = [sys.executable, "-m", "clfcore", "train", *data, *flags, "--epochs", "2"]
    broken = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True)
    for line in broken.stderr:  # killed in its second epoch
        if "epoch 2/2" in line:
            broken.kill()
            break
    broken.stderr.close()
    broken.wait(30)
    run = next(run for run in folder.run_folders() if run.id != straight["run"])
    if run.state != "completed":  # it may have been quicker than the signal
        assert run.state == "interrupted"
        resumed = json_of(capsys, "resume", run.id)
        assert resumed["state"] == "completed"
    assert run.metrics == folder.open_run(straight["run"]).metrics
    assert run.config.options == folder.open_run(straight["run"]).config.options

    image = str(ROOT / "assets" / "samples" / "coffee.jpg")
    answers = [json_of(capsys, "predict", name, image)["predictions"][0]["top"] for name in (straight["run"], run.id)]
    assert answers[0] == answers[1]
    assert sum(one["probability"] for one in answers[0]) <= 1 + 1e-6


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--architecture", "vgg", "--option", "layers=8,Q"], ["option layers is '8,Q'", "such as 64,M,128,M"]),
        (["--architecture", "vgg", "--option", "layers=" + "8," * 4000 + "8"], ["1 to 64 widths"]),
        (["--architecture", "vgg", "--option", "hidden=-1"], ["a whole number from 0 to 8192"]),
        (["--architecture", "resnet", "--option", "depths=0"], ["whole numbers from 1 to 100"]),
        (["--architecture", "resnet", "--option", "depth=2,2"], ["did you mean depths"]),
        (
            ["--architecture", "alexnet", "--option", "layers=8"],
            ["it has none (lenet5, vgg, resnet, efficientnet, airbench have)"],
        ),
        (["--architecture", "vgg11", "--image-size", "8"], ["vgg11 needs at least 32"]),
        (["--architecture", "vgg11", "--image-size", "64x48"], ["64x48"]),
    ],
)
def test_options_that_do_not_fit_are_refused_with_those_that_do(
    words: list[str], parts: list[str], capsys: pytest.CaptureFixture
) -> None:
    assert main(["train", "--data", SMALL["data"], *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1
    assert all(part in captured.err for part in parts), captured.err
    assert not list(folder.run_folders())
