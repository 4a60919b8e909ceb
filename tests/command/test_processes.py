"""`--processes` and torchrun on the command line."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.runs.folder import Run
from tests.support.forked_rank import forked
from tests.support.same_end import assert_same_end

TRAIN = ["train", "--data", "shapes:count=60,side=20", "--architecture", "lenet5", "--epochs", "1"]
RECIPE = ["--image-size", "20", "--seed", "3", "--augmentation", "basic"]


def trained(words: list[str], capsys: pytest.CaptureFixture[str]) -> Run:
    assert main([*TRAIN, *RECIPE, *words, "--json"]) == 0
    return Run(Path(json.loads(capsys.readouterr().out)["path"]))


@pytest.fixture(scope="module")
def accumulated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What one process makes of half a batch, twice a step."""
    folder = tmp_path_factory.mktemp("accumulated")
    assert main([*TRAIN, *RECIPE, "--batch-size", "8", "--accumulation", "2", "--runs", str(folder)]) == 0
    return Run(next(folder.iterdir()))


def test_processes_train_as_one(accumulated: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert_same_end(accumulated, trained(["--batch-size", "16", "--processes", "2"], capsys))


def as_torchrun_starts(words: list[list[str]], folder: Path) -> list[tuple[int, str, str]]:
    """The commands as processes of one torchrun: exit status, standard output and standard error of each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "none"}
    folders = {name: os.environ[name] for name in ("CLFLAB_RUNS", "CLFLAB_CACHE") if name in os.environ}
    processes = []
    for rank, of_rank in enumerate(words):
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": len(words), "LOCAL_WORLD_SIZE": len(words)}
        environment = {**folders, **shared, **{name: str(value) for name, value in place.items()}}
        processes.append(forked(run_command, of_rank, environment, folder / str(rank)))
    for process in processes:
        process.join(120)
    said = [[(folder / f"{rank}.{kind}").read_text() for kind in ("out", "err")] for rank in range(len(words))]
    return [(process.exitcode, *texts) for process, texts in zip(processes, said, strict=True)]


def run_command(words: list[str], environment: dict[str, str], place: Path) -> None:
    os.environ.update(environment)
    out, err = (place.with_suffix(suffix).open("w") for suffix in (".out", ".err"))
    with out, err, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    sys.exit(status)


def test_torchrun_trains_as_one_and_its_first_process_speaks(accumulated: Run, tmp_path: Path) -> None:
    command = [*TRAIN, *RECIPE, "--batch-size", "16", "--json"]
    first, second = as_torchrun_starts([command, command], tmp_path)
    assert first[0] == second[0] == 0, first[2]
    assert second[1:] == ("", "")
    answer = json.loads(first[1])
    assert answer["state"] == "completed"
    assert_same_end(accumulated, Run(Path(answer["path"])))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            [["--epochs", "1"], ["--epochs", "2"]],
            "recipe.epochs is 1 in process 0 and 2 in process 1: give every process the same options",
        ),
        ([["--batch-size", "3"]] * 2, "processes is 2: recipe.batch_size is 3, and each process needs 2 images"),
        ([["--processes", "4"]] * 2, "processes is 4: torchrun started 2; leave processes out"),
        ([["--data", "nowhere"]] * 2, "data is 'nowhere'"),
    ],
)
def test_what_is_wrong_in_one_process_is_one_line_of_the_first(
    words: list[list[str]], message: str, tmp_path: Path
) -> None:
    first, second = as_torchrun_starts([[*TRAIN, *of_rank] for of_rank in words], tmp_path)
    assert (first[0], second[0]) == (2, 2)
    assert message in first[2]
    assert first[2].count("\n") == 1
    assert first[1] == second[1] == second[2] == ""


@pytest.mark.slow
def test_torchrun_itself(accumulated: Run) -> None:
    starter = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command = [*starter, "-m", "clfcore", *TRAIN, *RECIPE, "--batch-size", "16", "--json"]
    started = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=Path(__file__).parents[2])
    assert started.returncode == 0, started.stderr
    assert_same_end(accumulated, Run(Path(json.loads(started.stdout)["path"])))


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
