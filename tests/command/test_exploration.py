"""`map`, `search` and `next`: their JSON, what they write, and refusals in one line."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset
from clfcore.data.export import write_manifest

DATA = "shapes:count=24,side=16"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pictures as files."""
    manifest = tmp_path_factory.mktemp("data") / "shapes.csv"
    write_manifest(open_dataset(DATA), manifest)
    return manifest


@pytest.fixture(scope="module")
def pool(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one picture that the data has, two others, and one that is damaged."""
    folder = tmp_path_factory.mktemp("pool")
    (folder / "sub").mkdir()
    (folder / "known.png").write_bytes(open_dataset(str(data)).files[3].read_bytes())
    for name, i in (("a.png", 1), ("sub/b.png", 2)):
        Image.fromarray(open_dataset(f"{DATA},seed=5").image(i)).save(folder / name)
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    return folder


@pytest.mark.parametrize("spec", [DATA, "shapes-multi-label:count=40,side=16", "shapes-hierarchical:count=30,side=16"])
def test_a_map_has_a_point_an_item_and_what_is_known_of_it(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", spec, "--out", str(tmp_path / "map.csv"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    dataset = open_dataset(spec)
    assert [point["item"] for point in result["points"]] == list(dataset.ids)
    assert {point["split"] for point in result["points"]} == {"train", "validation", "test"}
    assert result["predicted_by"] == "out-of-fold heads"
    judged = [point for point in result["points"] if point["confidence"] is not None]
    assert judged
    assert all(0 <= point["confidence"] <= 1 and 0 <= point["suspicion"] <= 1 for point in judged)
    with (tmp_path / "map.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["x"]) for row in rows] == [point["x"] for point in result["points"]]
    assert [row["label"] for row in rows] == [dataset.finest_label(i) for i in range(len(dataset))]


def test_a_map_is_a_page_that_needs_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "map.html"
    assert main(["map", DATA, "--out", str(out)]) == 0
    page = out.read_text()
    assert "default-src &#39;none&#39;" in page
    assert "Plotly.newPlot" in page
    assert 'src="http' not in page
    (tmp_path / "mine.html").write_text("mine")
    assert main(["map", DATA, "--out", str(tmp_path / "mine.html")]) == 2
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert "--overwrite" in capsys.readouterr().err


def test_a_search_finds_the_same_picture_first(pool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", DATA, str(pool / "known.png"), "--count", "3", "--json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    dataset = open_dataset(DATA)
    assert items[0]["item"] == dataset.ids[3]
    assert items[0]["similarity"] > 0.98  # the file was decoded by another way than the array
    assert [item["similarity"] for item in items] == sorted((item["similarity"] for item in items), reverse=True)
    assert main(["search", DATA, dataset.ids[3], "--count", "3", "--json"]) == 0
    assert dataset.ids[3] not in {item["item"] for item in json.loads(capsys.readouterr().out)["items"]}


@pytest.mark.parametrize("by", ["margin", "core-set"])
def test_next_leaves_out_what_is_labeled_or_damaged(
    by: str, data: Path, pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["next", str(data), "--pool", str(pool), "--by", by, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {picture["file"] for picture in result["pictures"]} == {"a.png", "sub/b.png"}
    assert (result["pool"], result["labeled"], result["unreadable"]) == (4, 1, 1)
    assert all(picture["suggested"] in open_dataset(DATA).classes for picture in result["pictures"])


@pytest.mark.parametrize("spec", ["shapes-multi-label:count=40,side=16", "shapes-hierarchical:count=30,side=16"])
def test_next_suggests_labels_of_every_task(spec: str, pool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next", spec, "--pool", str(pool), "--count", "1", "--json"]) == 0
    (picture,) = json.loads(capsys.readouterr().out)["pictures"]
    names = {name for level in open_dataset(spec).task.levels for name in level.classes} | {"no label"}
    assert set(picture["suggested"].replace(" / ", "; ").split("; ")) <= names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["map", DATA, "--out", "m.png"], "ends with .csv, .json or .html"),
        (["map", DATA, "--out", "m.csv", "--run", "nobody"], "nobody"),
        (["search", DATA, "nothing.jpg"], "it is no file, and no item of"),
        (["search", DATA, "shapes.png", "--count", "0"], "count is 0"),
        (["next", DATA, "--pool", "nowhere"], "name a folder"),
        (["next", DATA, "--pool", ".", "--by", "margins"], "did you mean margin"),
        (["next", DATA, "--pool", ".", "--count", "0"], "count is 0"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
    assert len(printed.err.strip().splitlines()) == 1
