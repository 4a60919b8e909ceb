"""Runs pushed and pulled: the same digests, whole or not at all, nothing written over, no path followed."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.config import RunConfig
from clfcore.data.catalogue import open_dataset
from clfcore.data.library.edit import content_digest
from clfcore.errors import Failure, InputError
from clfcore.files import runs_folder
from clfcore.parse_config import parse_config
from clfcore.remote import digest_of_files
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from tests.support.object_store import put, s3_server


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    yield
    fsspec.filesystem("memory").store.clear()


def memory() -> fsspec.AbstractFileSystem:
    return fsspec.filesystem("memory")


def contents(folder: Path) -> dict[str, bytes]:
    stays = ("run.lock", "progress.json")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in stays}


def only_runs() -> list[str]:
    return sorted(path.name for path in runs_folder().iterdir())


def test_import_train_push_and_pull_through_a_bucket(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The round trip on a local S3 server: the digests of the data and of the run are those that were sent."""
    with pytest.MonkeyPatch.context() as patch, s3_server(patch) as bucket:
        put(photos, f"{bucket}/photos")
        remote = open_dataset(f"{bucket}/photos")
        assert content_digest(remote) == content_digest(open_dataset(str(photos)))
        config = {"data": f"{bucket}/photos", "architecture": "lenet5", "strategy": "scratch"}
        outcome = api.train(parse_config({**config, "recipe": {"epochs": 1, "batch_size": 8, "image_size": 20}}))
        run = Run(outcome.path)
        assert run.config.data == f"{bucket}/photos"  # it means the same on another machine
        before = contents(run.path)
        assert main(["runs", "push", run.id, f"{bucket}/runs/", "--json"]) == 0
        pushed = json.loads(capsys.readouterr().out)
        assert pushed["url"] == f"{bucket}/runs/{run.id}"
        shutil.rmtree(run.path)
        assert main(["runs", "pull", pushed["url"], "--json"]) == 0
        pulled = json.loads(capsys.readouterr().out)
        assert (pulled["pulled"], pulled["sha256"]) == (run.id, pushed["sha256"])
        assert contents(run.path) == before
        again = Run(Path(pulled["path"]))
        assert again.state == "completed"
        split = again.splits[0]
        assert np.isfinite(again.predictions(split).logits).all()
        with pytest.raises(InputError, match="there is no such place"):
            api.push_run(run.id, "s3://no-such-bucket/runs")


def test_the_digest_is_that_of_sha256sum(finished_run: Run) -> None:
    pushed = api.push_run(finished_run.id, "memory://runs")
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in contents(finished_run.path).items()}
    assert pushed.sha256 == digest_of_files(sums)
    assert (pushed.files, pushed.bytes) == (len(sums), sum(map(len, contents(finished_run.path).values())))
    assert api.push_run(finished_run.id, "memory://runs") == pushed  # again: nothing to do


def test_nothing_is_written_over(finished_run: Run) -> None:
    pushed = api.push_run(finished_run.id, "memory://runs")
    with pytest.raises(InputError, match=r"is in .* already: delete it first"):
        api.pull_run(pushed.url)
    api.name_run(finished_run.id, "the best")
    with pytest.raises(InputError, match="has this run in another state"):
        api.push_run(finished_run.id, "memory://runs")
    memory().pipe_file(f"/else/{finished_run.id}/thesis.pdf", b"x")
    with pytest.raises(InputError, match=r"holds 'thesis\.pdf', which is no file of this run"):
        api.push_run(finished_run.id, "memory://else")
    assert only_runs() == [finished_run.id]


def test_a_push_that_breaks_off_leaves_nothing(finished_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = type(memory()).put_file

    def put_file(self: object, local: str, remote: str, **kwargs: object) -> None:
        if remote.endswith("metrics.json"):
            raise ConnectionResetError("the host hung up")
        usual(self, local, remote, **kwargs)

    monkeypatch.setattr(type(memory()), "put_file", put_file)
    with pytest.raises(Failure, match="cannot be reached"):
        api.push_run(finished_run.id, "memory://runs")
    assert memory().find("/runs") == []
    monkeypatch.undo()


def test_a_stopped_pull_leaves_nothing(finished_run: Run) -> None:
    pushed = api.push_run(finished_run.id, "memory://runs")
    shutil.rmtree(finished_run.path)

    def stop(done: int, total: int) -> None:
        raise InputError("stopped")

    with pytest.raises(InputError, match="stopped"):
        api.pull_run(pushed.url, progress=stop)
    assert only_runs() == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("history.jsonl", b"", "is not what was pushed"),
        ("best.safetensors", b"\x80\x04evil", "is not what was pushed"),
        ("run.json", b"{", "is damaged: push the run again"),
    ],
)
def test_what_was_changed_at_the_host_does_not_come(
    finished_run: Run, name: str, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed = api.push_run(finished_run.id, "memory://runs")
    shutil.rmtree(finished_run.path)
    memory().pipe_file(f"/runs/{finished_run.id}/{name}", content)
    assert main(["runs", "pull", pushed.url]) == 2
    output = capsys.readouterr()
    assert words in output.err
    assert output.err.count("\n") == 1
    assert only_runs() == []


@pytest.mark.parametrize("name", ["../evil.json", "/tmp/evil.json", "a/b.json", "evil.sh", ".hidden.json", "x\\y.json"])
def test_a_name_that_no_run_writes_is_refused(finished_run: Run, name: str) -> None:
    pushed = api.push_run(finished_run.id, "memory://runs")
    shutil.rmtree(finished_run.path)
    place = f"/runs/{finished_run.id}/run.json"
    values = json.loads(memory().cat_file(place))
    values["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    memory().pipe_file(place, json.dumps(values).encode())
    with pytest.raises(InputError, match="which is no file of a run: nothing was pulled"):
        api.pull_run(pushed.url)
    assert only_runs() == []


def test_weights_that_are_a_pickle_are_refused(finished_run: Run) -> None:
    (finished_run.path / "best.safetensors").write_bytes(b"\x80\x04}q\x00.")
    pushed = api.push_run(finished_run.id, "memory://runs")
    shutil.rmtree(finished_run.path)
    with pytest.raises(InputError, match="holds no weights in safetensors"):
        api.pull_run(pushed.url)
    assert only_runs() == []


def test_addresses_that_cannot_be_written_or_hold_no_run_are_one_line(finished_run: Run) -> None:
    for url, words in (("https://host/runs", "can only be read"), ("ftp://host/x", "must begin with one of s3://")):
        with pytest.raises(InputError, match=words):
            api.push_run(finished_run.id, url)
    with pytest.raises(InputError, match="no run was pushed there"):
        api.pull_run("memory://nothing/here")


def test_a_shared_lab_neither_pushes_nor_pulls(finished_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = api.push_run(finished_run.id, "memory://runs")
    monkeypatch.setenv("CLFLAB_DATA_ROOT", str(finished_run.path.parent))
    for refused in (lambda: api.push_run(finished_run.id, "memory://else"), lambda: api.pull_run(pushed.url)):
        with pytest.raises(InputError, match="neither pushes nor pulls"):
            refused()


def test_a_run_at_work_stays_where_it_is(finished_run: Run) -> None:
    (finished_run.path / "state.json").write_text('{"state": "running"}')
    with finished_run.locked(), pytest.raises(InputError, match="push it when it has ended"):
        api.push_run(finished_run.id, "memory://runs")


def test_a_run_whose_data_is_elsewhere_is_looked_at_without_fetching(photos: Path) -> None:
    put(photos, "memory://set/photos")
    config: RunConfig = parse_config(
        {
            "data": "memory://set/photos",
            "architecture": "lenet5",
            "strategy": "scratch",
            "recipe": {"epochs": 1, "batch_size": 8, "image_size": 20},
        }
    )
    outcome = api.train(config)
    api.delete_dataset("photos")
    with pytest.raises(InputError, match=r"no copy is here: `datasets add memory://set/photos` fetches it"):
        open_run_data(Run(outcome.path))
