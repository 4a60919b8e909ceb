"""Deleting: whole ids of whole runs inside the runs folder, damaged or not, and nothing else."""

import os
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.files import runs_folder
from clfcore.runs import folder as run_folder
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.runs.locks import RunLock
from tests.conftest import small_config


def foreign(folder: Path) -> Path:
    """A folder of somebody's work that happens to hold a state.json."""
    (folder / "thesis").mkdir(parents=True)
    (folder / "thesis" / "chapter1.txt").write_text("years of work")
    (folder / "state.json").write_text('{"state": "done"}')
    return folder


@pytest.mark.parametrize(
    "named", ["x", "./x", "x/", "{tmp}/x", "~/x", ".", "..", "x/../x", "../{name}/x", "x\\", "x\0"]
)
def test_a_path_is_never_deleted(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_run(small_config())
    folder = foreign(tmp_path / "x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["runs", "delete", named.format(tmp=tmp_path, name=tmp_path.name)]) == 2
    assert (folder / "thesis" / "chapter1.txt").exists()


def test_the_path_of_a_run_is_refused_too() -> None:
    run = create_run(small_config())
    assert main(["runs", "delete", str(run.path)]) == 2
    assert run.path.exists()


@pytest.mark.parametrize("length", [1, 8, -1])
def test_a_beginning_of_an_id_deletes_nothing(length: int, capsys: pytest.CaptureFixture[str]) -> None:
    run = create_run(small_config())
    assert main(["runs", "delete", run.id[:length]]) == 2
    assert "not written in full" in capsys.readouterr().err
    assert run.path.exists()


def test_a_whole_id_is_deleted() -> None:
    run, other = create_run(small_config()), create_run(small_config())
    assert main(["runs", "delete", run.id, "--json"]) == 0
    assert not run.path.exists()
    assert other.config == small_config()


@pytest.mark.parametrize("name", ["state.json", "config.json"])
@pytest.mark.parametrize("damage", ["empty", "zeros", "gone", "folder"])
def test_a_damaged_run_is_deleted(name: str, damage: str) -> None:
    run = create_run(small_config())
    (run.path / name).unlink()
    if damage == "folder":
        (run.path / name / "inside").mkdir(parents=True)
    elif damage != "gone":
        (run.path / name).write_bytes(b"" if damage == "empty" else bytes(171))
    assert main(["runs", "delete", run.id]) == 0
    assert not run.path.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    create_run(small_config())
    folder = foreign(tmp_path / "x")
    (folder / "thesis").rename(tmp_path / "thesis")
    (runs_folder() / "linked").symlink_to(folder)
    assert main(["runs", "delete", "linked"]) == 2
    assert (folder / "state.json").exists()


def test_a_link_inside_a_run_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    run = create_run(small_config())
    (tmp_path / "weights.safetensors").write_text("shared")
    (run.path / "best.safetensors").symlink_to(tmp_path / "weights.safetensors")
    run_folder.delete(run)
    assert not run.path.exists()
    assert (tmp_path / "weights.safetensors").read_text() == "shared"


def test_a_folder_of_the_runs_folder_that_holds_other_work_stays() -> None:
    folder = foreign(runs_folder() / "x")
    assert main(["runs", "delete", "x"]) == 2
    assert (folder / "thesis" / "chapter1.txt").exists()
    (runs_folder() / "no-run").mkdir()
    assert main(["runs", "delete", "no-run"]) == 2
    assert (runs_folder() / "no-run").exists()


def test_a_run_elsewhere_is_refused(tmp_path: Path) -> None:
    run = create_run(small_config(), tmp_path / "others")
    with pytest.raises(InputError, match="is not in the runs folder"):
        run_folder.delete(run)
    run_folder.delete(run, tmp_path / "others")
    assert not run.path.exists()


def test_a_run_at_work_or_in_a_queue_stays() -> None:
    run = create_run(small_config())
    with run.locked(), pytest.raises(InputError, match="is running: stop it"):
        run_folder.delete(run)
    lock = RunLock(run.path / "queue.lock")
    lock.acquire()
    with pytest.raises(InputError, match="is queued: stop it"):
        run_folder.delete(run)
    lock.release()
    assert run.state == "interrupted"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "~x", "..\\x", ".hidden", "a" * 300, "x\0y", "no-such"])
def test_an_address_that_names_no_run_is_one_sentence(name: str) -> None:
    create_run(small_config())
    with pytest.raises(InputError) as refused:
        run_folder.find_run(name)
    assert "\n" not in str(refused.value)


def test_an_id_is_found(tmp_path: Path) -> None:
    run = create_run(small_config())
    assert run_folder.find_run(run.id).config == run.config
    assert os.fspath(Run(run.path).path) == str(runs_folder().resolve() / run.id)
