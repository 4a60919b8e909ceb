"""Predictions for many pictures: a row each, whatever the source, and none of them computed twice."""

import csv
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.errors import InputError
from clfcore.inference.many import predictions_of, write_table
from clfcore.inference.pictures import open_pictures
from clfcore.inference.predictor import Outputs
from clfcore.inference.table import columns_of, counted, read_rows
from clfcore.runs.folder import Run
from clfcore.spreadsheet import escaped
from clfcore.task import Task, multi_label
from tests.support.color_predictor import COLORS, LEVELS, color_predictor


@pytest.fixture
def damaged(photos: Path) -> Path:
    """The photos, with a damaged one among them and a text that is no picture."""
    (photos / "red" / "05.jpg").write_bytes((photos / "red" / "05.jpg").read_bytes()[:200])
    (photos / "notes.txt").write_text("nothing")
    return photos


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., list[dict[str, str]]]:
    """Write the table of a source; its rows by column."""

    def write(source: Path, task: Task = COLORS, **options: object) -> list[dict[str, str]]:
        out = tmp_path / "predictions.csv"
        columns = columns_of(task, 2)
        with open_pictures([str(source)]) as pictures:
            write_table(color_predictor(task), pictures, out, columns=columns, about={}, **options)
        with out.open(newline="") as file:
            return list(csv.DictReader(file))

    return write


def test_every_file_is_a_row_and_damage_stands_in_its_own_column(damaged: Path, table: Callable) -> None:
    rows = table(damaged)
    assert [row["file"] for row in rows] == [f"{name}/{i:02}.jpg" for name in ("blue", "red") for i in range(12)]
    (broken,) = [row for row in rows if row["error"]]
    assert broken["file"] == "red/05.jpg"
    assert "red/05.jpg is" in broken["error"]
    assert not any(broken[name] for name in ("label", "probability", "second", "second probability"))
    for row in rows:
        if not row["error"]:
            assert row["label"] == ("red" if row["file"].startswith("red") else escaped("=blue"))
            assert 0.5 < float(row["probability"]) <= 1


def test_a_zip_gives_the_rows_of_its_folder_and_unpacks_nothing(damaged: Path, table: Callable) -> None:
    packed = damaged.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(damaged.rglob("*")):
            archive.write(path, path.relative_to(damaged))
    before = set(damaged.parent.rglob("*"))
    rows = table(packed)
    assert {path.name for path in set(damaged.parent.rglob("*")) - before} == {"predictions.csv"}
    assert rows == table(damaged)


def test_a_manifest_names_the_files_and_an_absent_one_is_a_row(photos: Path, table: Callable) -> None:
    manifest = photos / "list.csv"
    manifest.write_text("path,note\nred/00.jpg,a\nred/99.jpg,b\n../../etc/passwd,c\nblue/01.jpg,d\n")
    rows = table(manifest)
    assert [bool(row["error"]) for row in rows] == [False, True, True, False]
    assert "outside the manifest's folder" in rows[2]["error"]


def test_several_labels_are_joined_and_have_a_probability_each(photos: Path, table: Callable) -> None:
    row = table(photos, multi_label(("red", "blue", "file")))[-1]
    assert list(row) == ["file", "labels", "red", "blue", "file (2)", "unlike", "error"]
    assert row["labels"] == "red"
    assert float(row["red"]) == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-5)


def test_a_hierarchy_has_a_column_a_level_and_stops_where_it_is_unsure(photos: Path, table: Callable) -> None:
    row = table(photos, LEVELS)[-1]
    assert (row["kind"], row["color"]) == ("warm", "red")
    assert float(row["kind probability"]) >= float(row["color probability"]) > 0.9
    unsure = table(photos, LEVELS, sure=1.0)[-1]
    assert (unsure["kind"], unsure["color"], unsure["error"]) == ("", "", "")


def test_an_interrupted_table_goes_on_after_its_last_complete_row(damaged: Path, tmp_path: Path) -> None:
    out, columns = tmp_path / "p.csv", columns_of(COLORS, 2)
    part = tmp_path / "p.csv.part"

    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        raise Killed

    with open_pictures([str(damaged)]) as pictures:
        with pytest.raises(Killed):
            write_table(color_predictor(COLORS), pictures, out, columns=columns, about={"model": "a"}, progress=kill)
        assert not out.exists()
        assert len(list(read_rows(part))) == 16
        with part.open("ab") as file:
            file.write(b'"blue/cut')  # the disk held half a row
        computed: list[int] = []
        counting = replace(
            color_predictor(COLORS), compute=lambda s: computed.append(len(s)) or color_predictor(COLORS).compute(s)
        )
        written = write_table(counting, pictures, out, columns=columns, about={"model": "a"})
        assert (written.resumed, sum(computed)) == (16, 24 - 16 - 1)
        whole = out.read_bytes()
        write_table(color_predictor(COLORS), pictures, out, columns=columns, about={"model": "a"})
        assert out.read_bytes() == whole
    assert [path.name for path in tmp_path.glob("p.csv*")] == ["p.csv"]
    assert written.counts == counted(read_rows(out), columns)
    assert (written.counts.files, written.counts.errors) == (24, 1)


def test_another_model_or_other_pictures_begin_anew(photos: Path, tmp_path: Path) -> None:
    out, columns = tmp_path / "p.csv", columns_of(COLORS, 2)
    part, note = tmp_path / "p.csv.part", tmp_path / "p.csv.part.json"
    with open_pictures([str(photos)]) as pictures:
        write_table(color_predictor(COLORS), pictures, out, columns=columns, about={})
        whole = out.read_bytes()
        for about, content in (({"model": "b"}, whole), ({}, whole.replace(b"blue/00", b"blue/xx")), ({}, b"\xff\n")):
            out.rename(part)
            part.write_bytes(content)
            note.write_text(json.dumps(about))
            assert write_table(color_predictor(COLORS), pictures, out, columns=columns, about={}).resumed == 0
            assert out.read_bytes() == whole


def test_names_with_quotes_and_line_breaks_come_back(photos: Path, table: Callable, tmp_path: Path) -> None:
    strange = 'a "b",\nc.jpg'
    (photos / "red" / "00.jpg").rename(photos / strange)
    table(photos)
    assert strange in [row[0] for row in read_rows(tmp_path / "predictions.csv")]


def test_an_answer_that_is_no_number_is_an_error(photos: Path) -> None:
    nan = replace(
        color_predictor(COLORS), compute=lambda s: Outputs(np.full((len(s), 3), np.nan), np.full((len(s), 3), np.nan))
    )
    with open_pictures([str(photos)]) as pictures:
        (batch, *_) = predictions_of(nan, pictures[:2], 2)
    assert all(prediction.error and "NaN" in prediction.error for prediction in batch)


def test_a_run_writes_the_same_as_predict(finished_run: Run, damaged: Path, tmp_path: Path, capsys: object) -> None:
    out = tmp_path / "out" / "p.csv"
    result = api.predict_many(finished_run.id, [str(damaged)], out=out, k=2)
    assert (result.files, result.errors, result.complete) == (24, 1, False)
    names = [row[0] for row in read_rows(out)]
    single = api.predict(finished_run.id, [str(damaged / name) for name in names], k=2)
    for row, prediction in zip(read_rows(out), single.predictions, strict=True):
        if prediction.error is None:
            assert prediction.top is not None
            assert prediction.unlike is not None
            assert row[1] == prediction.top[0].label
            assert float(row[2]) == pytest.approx(prediction.top[0].probability, abs=1e-4)
            assert row[5] == (";".join(prediction.unlike.reasons) or "no")
    (tmp_path / "own.csv").write_text("mine")
    with pytest.raises(InputError, match="overwrite"):
        api.predict_many(finished_run.id, [str(damaged)], out=tmp_path / "own.csv")


def test_parquet_holds_numbers(photos: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "p.parquet"
    with open_pictures([str(photos)]) as pictures:
        write_table(color_predictor(COLORS), pictures, out, columns=columns_of(COLORS, 2), about={})
    stored = parquet.read_table(out)
    assert stored.num_rows == 24
    assert str(stored.schema.field("probability").type) == "double"
    assert set(stored.column("label").to_pylist()) == {"red", "=blue"}


@pytest.mark.parametrize(
    ("sources", "out", "message"),
    [
        (["nowhere"], "p.csv", "does not exist"),
        (["."], "p.csv", "holds no pictures"),
        (["photos"], "p.txt", "must end in .csv or .parquet"),
    ],
)
def test_refusals(
    photos: Path, tmp_path: Path, sources: list[str], out: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if sources == ["."]:
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(InputError, match=message):
        api.predict_many("efficientnet_lite0", sources, out=tmp_path / out)
