"""A run's folder: written whole, listed, locked, refused in one sentence when damaged."""

import errno
from pathlib import Path

import pytest

from clfcore.config import RunConfig
from clfcore.errors import Failure, InputError
from clfcore.files import runs_folder, write_json
from clfcore.runs import folder
from clfcore.runs.create import create_run
from clfcore.runs.outcome import summary_of
from clfcore.runs.records import EpochRecord

CONFIG = RunConfig(data="digits", architecture="lenet5")


def test_a_new_run_describes_itself() -> None:
    run = create_run(CONFIG)
    assert run.path.parent == runs_folder().resolve()
    assert run.config == CONFIG
    assert (run.history, run.metrics, run.splits) == ((), {}, ())


def test_unlocked_and_unfinished_means_interrupted() -> None:
    run = create_run(CONFIG)
    assert run.state == "interrupted"  # nobody holds it
    with run.locked():
        assert run.state == "running"
    assert run.state == "interrupted"
    run.set_state("completed")
    assert run.state == "completed"


def test_a_run_that_is_executed_is_refused_to_a_second() -> None:
    run = create_run(CONFIG)
    with run.locked(), pytest.raises(InputError, match="is being executed by another process"), run.locked():
        pass


def test_a_history_line_cut_short_is_left_out() -> None:
    run = create_run(CONFIG)
    run.record(EpochRecord(epoch=1, train_loss=0.5))
    with (run.path / "history.jsonl").open("a") as file:
        file.write('{"epoch": 2, "tra')
    assert [line.epoch for line in run.history] == [1]


def test_history_past_the_checkpoint_is_dropped() -> None:
    run = create_run(CONFIG)
    for epoch in (1, 2, 3):
        run.record(EpochRecord(epoch=epoch))
    run.drop_history_after(2)
    assert [line.epoch for line in run.history] == [1, 2]


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"data": "digits"}'])
def test_a_damaged_configuration_is_named_and_the_others_are_listed(damage: str) -> None:
    good, bad = create_run(CONFIG), create_run(CONFIG)
    (bad.path / "config.json").write_text(damage)
    states = {entry.run: entry.state for entry in (summary_of(run) for run in folder.run_folders())}
    assert states == {good.id: "interrupted", bad.id: "damaged"}


def test_a_run_opens_by_id_by_its_beginning_and_by_its_folder(tmp_path: Path) -> None:
    run = create_run(CONFIG)
    assert folder.open_run(run.id) == run
    assert folder.open_run(run.id[:-2]) == run
    assert folder.open_run(str(run.path)) == run
    moved = tmp_path / "elsewhere"
    run.path.rename(moved)
    assert folder.open_run(str(moved)).config == CONFIG


def test_an_unknown_run_is_refused_with_the_nearest() -> None:
    run = create_run(CONFIG)
    with pytest.raises(InputError, match=f"did you mean {run.id}"):
        folder.open_run(run.id[:-1] + "zz")


def test_a_running_run_is_not_deleted() -> None:
    run = create_run(CONFIG)
    with run.locked(), pytest.raises(InputError, match="is running: stop it before it is deleted"):
        folder.delete(run)
    folder.delete(run)
    assert not run.path.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Failure, match="cannot be written"):
        create_run(CONFIG, tmp_path / "file" / "runs")


def test_a_full_disk_leaves_the_checkpoint_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(CONFIG)
    run.save_checkpoint({"epoch": 1})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(Failure, match="the disk is full"):
            run.save_checkpoint({"epoch": 2})
    assert run.load_checkpoint() == {"epoch": 1}
    assert [path.name for path in run.path.iterdir() if path.name.endswith(".part")] == []


def test_a_damaged_checkpoint_says_what_to_do() -> None:
    run = create_run(CONFIG)
    (run.path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="delete it to train the run from its start"):
        run.load_checkpoint()


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "executed",))

    run = create_run(CONFIG)
    (run.path / "checkpoint.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="is damaged"):
        run.load_checkpoint()
    assert not (tmp_path / "executed").exists()


def test_names_of_data_are_never_paths() -> None:
    run = create_run(RunConfig(data="../../etc/<b>passwd</b>", architecture="timm/resnet18"))
    assert run.path.parent == runs_folder().resolve()
    assert "<" not in run.id


def test_a_stop_is_requested_and_cleared() -> None:
    run = create_run(CONFIG)
    assert run.stop_requested() is None
    run.request_stop("epoch")
    assert run.stop_requested() == "epoch"
    run.request_stop()
    assert run.stop_requested() == "now"
    run.clear_stop()
    assert run.stop_requested() is None


def test_state_json_that_is_damaged_reads_as_damaged() -> None:
    run = create_run(CONFIG)
    (run.path / "state.json").write_text("{")
    assert summary_of(run).state == "damaged"
    write_json(run.path / "state.json", {"state": "completed"})
    assert summary_of(run).state == "completed"
