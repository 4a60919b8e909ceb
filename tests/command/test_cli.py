"""The command line: JSON as promised, one line and exit status 2 for what a user can mend, no traceback."""

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from clfcore.files import runs_folder
from clfcore.runs import folder
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from tests.conftest import SMALL, small_config
from tests.support.command_line import refused

ROOT = Path(__file__).parents[2]
TRAIN = ["train", "--data", "digits", "--architecture", "lenet5"]
QUICK = ["--epochs", "1", "--batch-size", "16", "--image-size", "20"]


def test_train_prints_one_object_with_the_promised_keys(call: object) -> None:
    own = runs_folder() / "own"
    words = ["train", "--data", SMALL["data"], "--architecture", "lenet5", *QUICK, "--json", "--runs", own]
    status, out, err = call(*words)
    result = json.loads(out)
    assert (status, result["state"]) == (0, "completed")
    assert set(result) >= {"run", "path", "state", "best_epoch", "seconds", "parameters", "metrics"}
    assert set(result["parameters"]) == {"total", "trainable"}
    assert set(result["metrics"]) == {"validation", "test"}
    assert set(result["metrics"]["test"]) >= {
        *("accuracy", "balanced_accuracy", "top5_accuracy", "macro_precision", "macro_recall", "macro_f1", "macro_auc"),
        *("nll", "ece"),
    }
    assert Path(result["path"]).parent == own.resolve()
    assert "training" in err


@pytest.mark.parametrize("before", [True, False])
def test_shared_flags_stand_before_or_after_the_command(
    call: object, finished_run: Run, tmp_path: Path, before: bool
) -> None:
    flags = ["--json", "--runs", tmp_path / "empty"]
    words = [*flags, "runs"] if before else ["runs", *flags]
    assert json.loads(call(*words)[1]) == {"runs": []}
    assert [run["run"] for run in json.loads(call("runs", "--json")[1])["runs"]] == [finished_run.id]


def test_a_file_configures_and_flags_override_it(call: object, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(small_config(epochs=3).as_json())
    status, out, _ = call("train", "--config", file, "--epochs", "1", "--json")
    run = folder.open_run(json.loads(out)["run"])
    assert (status, run.config.recipe.epochs, run.config.recipe.batch_size) == (0, 1, 16)


def test_the_copied_command_runs_the_same_configuration() -> None:
    import shlex

    from clfcore.api import command_of
    from clfcore.cli.flags import configuration
    from clfcore.cli.main import parser

    config = small_config(epochs=7, learning_rate=0.01, schedule="one-cycle").changed(
        options={"activation": "relu"}, data="my photos/of cats", fit="pad"
    )
    words = shlex.split(command_of(config))
    assert words[:4] == ["python", "-m", "clfcore", "train"]
    assert configuration(parser().parse_args(words[3:])) == config


def test_evaluate_repeats_what_train_said(call: object, finished_run: Run) -> None:
    result = json.loads(call("evaluate", finished_run.id, "--json")[1])
    assert result["metrics"] == finished_run.metrics
    only = json.loads(call("evaluate", finished_run.id, "--split", "validation", "--json")[1])
    assert set(only["metrics"]) == {"validation"}


def test_evaluate_on_other_data_uses_all_its_items(call: object, finished_run: Run) -> None:
    result = json.loads(call("evaluate", finished_run.id, "--data", SMALL["data"], "--json")[1])
    assert set(result["metrics"]) == {"data"}
    sizes = finished_run.data.splits
    right = sum(round(finished_run.metrics[s]["accuracy"] * sizes[s]) for s in ("validation", "test"))
    assert round(result["metrics"]["data"]["accuracy"] * sum(sizes.values())) >= right


def test_evaluate_on_foreign_classes_is_refused(call: object, finished_run: Run, photos: Path) -> None:
    refused(call("evaluate", finished_run.id, "--data", photos), "which the run does not know")


def test_predict_names_images_and_goes_on_past_a_damaged_one(call: object, finished_run: Run, photos: Path) -> None:
    good, bad = photos / "red" / "00.jpg", photos / "red" / "bad.jpg"
    bad.write_bytes(good.read_bytes()[:200])
    status, out, _ = call("predict", finished_run.id, bad, good, "--top", "2", "--json")
    first, second = json.loads(out)["predictions"]
    assert status == 1
    assert first["image"] == str(bad)
    assert "bad.jpg" in first["error"]
    assert [set(one) for one in second["top"]] == [{"label", "probability"}] * 2


def test_predict_goes_on_past_a_missing_file(call: object, finished_run: Run, photos: Path) -> None:
    good, gone, folder = photos / "red" / "00.jpg", photos / "red" / "gone.jpg", photos / "red"
    status, out, _ = call("predict", finished_run.id, gone, good, folder, "--json")
    answers = json.loads(out)["predictions"]
    assert status == 1
    assert [answer["image"] for answer in answers] == [str(gone), str(good), str(folder)]
    assert [answer.get("error") for answer in answers] == [
        f"{gone} is no file: name an image file",
        None,
        f"{folder} is a folder: name an image file, or give --out predictions.csv to predict all of its pictures",
    ]
    assert "top" in answers[1]
    refused(call("predict", finished_run.id, gone, photos / "none.jpg"), "gone.jpg is no file")


def test_an_architecture_means_its_imagenet_weights_with_human_labels(call: object) -> None:
    image = ROOT / "assets" / "samples" / "coffee.jpg"
    status, out, _ = call("predict", "efficientnet_lite0", image, "--json")
    answer = json.loads(out)
    assert (status, answer["model"]) == (0, "efficientnet_lite0")
    assert answer["predictions"][0]["top"][0]["label"] == "espresso"
    assert len(answer["predictions"][0]["top"]) == 5


def test_resume_goes_on_with_a_cancelled_run(call: object) -> None:
    run = create_run(small_config())
    run.set_state("cancelled")
    status, out, _ = call("resume", run.id, "--json")
    assert (status, json.loads(out)["state"]) == (0, "completed")
    refused(call("resume", run.id), "is completed")


def test_runs_are_shown_and_deleted(call: object, finished_run: Run) -> None:
    shown = json.loads(call("runs", "show", finished_run.id, "--json")[1])["runs"][0]
    assert [line["epoch"] for line in shown["history"]] == [1, 2]
    assert call("runs", "delete", finished_run.id)[0] == 0
    assert not finished_run.path.exists()


def test_compare_pairs_runs_on_their_test_split(call: object, finished_run: Run) -> None:
    from clfcore.runs.execute import execute

    other = create_run(small_config(seed=5))
    execute(other)
    result = json.loads(call("compare", finished_run.id, other.id, "--json")[1])
    pair = result["pairs"][0]
    assert (result["split"], pair["metric"]) == ("test", "accuracy")
    a, b = finished_run.predictions("test"), other.predictions("test")
    right_a, right_b = (p.logits.argmax(axis=1) == p.targets for p in (a, b))
    assert pair["difference"] == pytest.approx(right_b.mean() - right_a.mean())
    assert (pair["only_a"], pair["only_b"]) == (int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))


def test_doctor_says_what_is_at_hand(call: object) -> None:
    result = json.loads(call("doctor", "--json")[1])
    assert "efficientnet_lite0" in result["weights"]
    assert result["datasets"]["digits"] is True
    assert call("doctor")[0] == 0


@pytest.mark.parametrize("words", [["datasets"], ["architectures"], ["runs"], ["architectures", "show", "lenet5"]])
def test_without_json_a_table_is_printed(call: object, words: list[str]) -> None:
    status, out, _ = call(*words)
    assert status == 0
    assert out.strip()


def test_each_command_has_help_with_an_example() -> None:
    from clfcore.cli.main import COMMANDS, parser

    subparsers = next(a for a in parser()._actions if hasattr(a, "choices") and a.choices)
    for name in COMMANDS:
        assert f"python -m clfcore {name}" in subparsers.choices[name].format_help()


# What a user can get wrong


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["COMMAND"]),
        (["tran"], ["'tran' is no command", "did you mean train?"]),
        (["train", "--architecture", "lenet5"], ["data is missing", "--data SPEC"]),
        (["train"], ["data is missing", "--data SPEC"]),
        (["train", "--data", "digits", "--architecture", "lenet"], ["architecture is 'lenet'", "did you mean lenet5"]),
        (["train", "--data", "no/such", "--architecture", "lenet5"], ["no/such", "there is no such folder"]),
        (["train", "--data", "digit", "--architecture", "lenet5"], ["did you mean digits?"]),
        ([*TRAIN, "--epochs", "0"], ["recipe.epochs is 0: it must be at least 1"]),
        ([*TRAIN, "--batch-size", "0"], ["recipe.batch_size is 0"]),
        ([*TRAIN, "--learning-rate", "nan"], ["recipe.learning_rate is nan"]),
        ([*TRAIN, "--schedule", "cosin"], ["did you mean cosine?"]),
        ([*TRAIN, "--image-size", "8"], ["needs at least 12"]),
        ([*TRAIN, "--option", "x"], ["write it as NAME=VALUE"]),
        ([*TRAIN, "--option", "activaton=relu"], ["activation"]),
        ([*TRAIN, "--strategy", "transfer"], ["strategy is 'transfer'"]),
        (["train", "--config", "absent.json"], ["absent.json cannot be read"]),
        (["predict", "lenet5", "absent.jpg"], ["absent.jpg is no file"]),
        (["predict", "nothing", __file__], ["is no run and no architecture"]),
        (["resume", "nothing"], ["run 'nothing' is not in"]),
        (["runs", "show"], ["RUN is missing"]),
        (["datasets", "check"], ["SPEC is missing"]),
        (["datasets", "check", "digits:count=3"], ["digits:count=3"]),
        (["architectures", "show", "resnet19"], ["did you mean resnet18"]),
        (["compare", "one"], ["name two or more"]),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_that_says_how_to_mend_it(call: object, words: list[str], parts: list[str]) -> None:
    refused(call(*words), *parts)


@pytest.mark.parametrize("device", ["cuda:99", "mps"])
def test_an_absent_device_is_refused_before_a_folder_is_made(call: object, device: str) -> None:
    refused(call(*TRAIN, "--device", device), f"recipe.device is {device!r}", "no such device", "use auto or cpu")
    assert not list(folder.run_folders())


def test_weights_that_do_not_exist_are_explained(call: object, finished_run: Run, photos: Path) -> None:
    refused(call("predict", "lenet5", photos / "red" / "00.jpg"), "lenet5", "no published weights")


def test_a_runs_folder_that_cannot_be_written_is_one_line(call: object, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, _, err = call("train", "--data", "digits", "--architecture", "lenet5", "--runs", tmp_path / "file" / "runs")
    assert (status, len(err.strip().splitlines())) == (1, 1)
    assert "cannot be written" in err


def test_a_run_with_a_damaged_file_says_which(call: object, finished_run: Run) -> None:
    (finished_run.path / "predictions-test.npz").write_bytes(b"PK damaged")
    refused(call("evaluate", finished_run.id), "predictions-test.npz is damaged")
    (finished_run.path / "best.safetensors").write_bytes(b"damaged")
    refused(call("predict", finished_run.id, ROOT / "assets" / "samples" / "coffee.jpg"), "best.safetensors is damaged")


def command(*words: object, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "clfcore", *map(str, words)]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def bomb(path: Path) -> None:
    """A PNG whose header promises 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.slow
def test_real_commands_leave_no_traceback(tmp_path: Path, photos: Path) -> None:
    """A few of the refusals as a user meets them: a process, its exit status, its two streams."""
    bomb(photos / "red" / "bomb.png")
    (photos / "blue" / "empty.jpg").write_bytes(b"")
    (photos / "blue" / "text.jpg").write_text("no picture")
    with zipfile.ZipFile(tmp_path / "escape.zip", "w") as archive:
        archive.writestr("../../outside.jpg", "x")
    (tmp_path / "empty").mkdir()
    for words, status, part in (
        (["train", "--data", tmp_path / "empty", "--architecture", "lenet5"], 2, "empty"),
        (["datasets", "check", tmp_path / "escape.zip"], 2, "escape.zip"),
        ([*TRAIN, "--epochs", "x"], 2, "whole number"),
    ):
        done = command(*words, folder=tmp_path)
        assert (done.returncode, done.stdout) == (status, ""), done.stderr
        assert part in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path.parent / "outside.jpg").exists()
    done = command("datasets", "check", photos, "--json", folder=tmp_path)
    named = {problem["item"] for problem in json.loads(done.stdout)["problems"] if problem["kind"] == "unreadable"}
    assert {Path(name).name for name in named} == {"bomb.png", "empty.jpg", "text.jpg"}


@pytest.mark.slow
def test_two_processes_that_resume_the_same_run(call) -> None:
    run = create_run(small_config(epochs=2000))
    line = [sys.executable, "-m", "clfcore", "resume", run.id]
    first = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        import time

        deadline = time.monotonic() + 240
        while not run.history and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert run.state == "running"
        refused(call("resume", run.id), "is running")
    finally:
        first.kill()
        first.wait()
    assert run.state == "interrupted"
