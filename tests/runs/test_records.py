"""Records: each file of a run is read by one reader that checks types and bounds, and names run, file and cause."""

import json
import os
from pathlib import Path

import pytest

from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.runs.read_records import read_record, read_record_lines
from clfcore.runs.records import (
    ClassifierFile,
    EpochRecord,
    Record,
    RunData,
    RunProgress,
    RunResults,
    Status,
)
from clfcore.runs.temperature import TemperatureFile
from tests.conftest import small_config

TASK = {"kind": "single-label", "levels": [{"name": "class", "classes": ["cat", "dog"]}], "paths": []}
PREPROCESS = {"size": 20, "fit": "crop", "mean": [0.5, 0.5, 0.5], "deviation": [0.2, 0.2, 0.2]}
CLASSIFIER = {"architecture": "lenet5", "options": {}, "head": "linear", "channels": 3, "task": TASK,
              "preprocess": PREPROCESS}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Status, ""),
        (Status, "\0" * 171),
        (Status, "[]"),
        (Status, '{"state": "done"}'),
        (Status, '{"state": "completed", "created": 5}'),
        (Status, '{"state": "completed", "created": "yesterday"}'),
        (Status, '{"state": "completed", "finished": "9999-12-31T23:59:59+00:00"}'),
        (Status, '{"state": "completed", "message": ["a"]}'),
        (Status, '{"message": "\\ud800"}'),
        (RunResults, '{"metrics": null}'),
        (RunResults, '{"metrics": []}'),
        (RunResults, '{"metrics": {"test": {"accuracy": "0.9"}}}'),
        (RunResults, '{"metrics": {"test": {"accuracy": 93.0}}}'),
        (RunResults, '{"metrics": {"test": {"shape": {"accuracy": -1}}}}'),
        (RunResults, '{"metrics": {"test": {"nll": NaN}}}'),
        (RunResults, '{"metrics": {"test": {"nll": 1e999}}}'),
        (RunResults, '{"seconds": "x"}'),
        (RunResults, '{"seconds": -1}'),
        (RunResults, '{"seconds": true}'),
        (RunResults, '{"best_epoch": -3}'),
        (RunResults, '{"best_epoch": 2.5}'),
        (RunResults, '{"parameters": {"total": null}}'),
        (RunResults, '{"parameters": {"total": 1' + "0" * 40 + "}}"),
        (RunResults, '{"moved": {"stem": "far"}}'),
        (RunResults, '{"baselines": {"k_nearest": {"test": {}, "validation": {"accuracy": 3}}}}'),
        (RunResults, '{"deep": ' + "[" * 9000 + "]" * 9000 + "}"),
        (RunData, '{"splits": {"train": -1}}'),
        (RunData, '{"train_counts": [1, "2"]}'),
        (RunData, '{"ancestry": {"ancestors": "run"}}'),
        (RunData, '{"task": {"kind": "single-label", "levels": []}}'),
        (TemperatureFile, '{"value": 0}'),
        (TemperatureFile, '{"value": 1e300}'),
        (TemperatureFile, "{}"),
        (ClassifierFile, "{}"),
        (ClassifierFile, json.dumps({**CLASSIFIER, "channels": 1})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "options": "none"})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "preprocess": {**PREPROCESS, "size": 10**7}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "preprocess": {**PREPROCESS, "deviation": [0, 1, 1]}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "preprocess": {**PREPROCESS, "mean": "abc"}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "preprocess": {**PREPROCESS, "fit": "stretch"}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "task": {**TASK, "kind": "two-label"}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "task": {**TASK, "levels": [{"name": 1, "classes": [2]}]}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "task": {**TASK, "levels": [{"name": "c", "classes": []}]}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "task": {**TASK, "paths": [[7]]}})),
        (ClassifierFile, json.dumps({**CLASSIFIER, "task": {**TASK, "paths": 7}})),
    ],
)  # fmt: skip
def test_what_is_off_is_one_sentence_with_run_file_and_cause(kind: type[Record], text: str, tmp_path: Path) -> None:
    (tmp_path / kind.file).write_text(text)
    with pytest.raises(InputError, match=rf"^run {tmp_path.name}: {kind.file} is damaged \(.+\): restore it") as error:
        read_record(tmp_path, kind)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_no_reader_waits_for_a_pipe_or_reads_a_device_or_a_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "state.json")
    (tmp_path / "metrics.json").symlink_to("/dev/zero")
    (tmp_path / "data.json").mkdir()
    (tmp_path / "temperature.json").write_bytes(b"\xff\xfe{}")
    for kind in (Status, RunResults, RunData, TemperatureFile):
        with pytest.raises(InputError, match="is damaged"):
            read_record(tmp_path, kind)


def test_an_absent_optional_file_says_nothing_and_another_is_named(tmp_path: Path) -> None:
    assert read_record(tmp_path, RunResults) == RunResults()
    with pytest.raises(InputError, match=r"has no classifier\.json"):
        read_record(tmp_path, ClassifierFile)


def test_fields_of_later_versions_are_kept(tmp_path: Path) -> None:
    written = {"best_epoch": 2, "seconds": 3.5, "chosen_by": ["loss"], "metrics": {"test": {"accuracy": None}}}
    (tmp_path / "metrics.json").write_text(json.dumps(written))
    assert read_record(tmp_path, RunResults).as_dict() == written
    assert json.loads((tmp_path / "metrics.json").read_text()) == written


def test_a_history_names_the_line_that_is_damaged(tmp_path: Path) -> None:
    good = '{"epoch": 1, "train_loss": 0.5}\n'
    (tmp_path / "history.jsonl").write_text(good + '{"epoch": 2, "tra')
    assert [line.epoch for line in read_record_lines(tmp_path, EpochRecord)] == [1]
    (tmp_path / "history.jsonl").write_bytes(good.encode() + b'{"epoch": 2, "phase": "\xc3')  # half a letter
    assert [line.epoch for line in read_record_lines(tmp_path, EpochRecord)] == [1]
    for bad in ("zzz\n", '{"epoch": "2"}\n', '{"train_loss": 1}\n', '{"epoch": 2, "validation_accuracy": 7}\n', "5\n"):
        (tmp_path / "history.jsonl").write_text(good + bad + good)
        with pytest.raises(InputError, match=r"history\.jsonl is damaged \(line 2: "):
            read_record_lines(tmp_path, EpochRecord)


def test_damaged_progress_harms_nothing() -> None:
    run = create_run(small_config())
    (run.path / RunProgress.file).write_text('{"done": -4, "total": "x"}')
    assert run.progress == RunProgress()


def test_a_record_that_lists_read_is_never_stale(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for i, state in enumerate(("completed", "cancelled", "failed") * 3):
        (tmp_path / "state.json").write_text(json.dumps({"state": state, "message": "abc"[i % 3]}))
        assert run.read(Status).state == state  # written anew within the clock's tick
    old = (tmp_path / "state.json").stat().st_mtime - 100
    for state in ("completed", "cancelled"):
        (tmp_path / "state.json").write_text(json.dumps({"state": state}))
        os.utime(tmp_path / "state.json", (old, old))  # the same time and size
        assert run.read(Status).state == run.read(Status).state == state
    (tmp_path / "state.json").unlink()
    assert run.read(Status) == Status()
