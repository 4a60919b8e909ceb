"""Zips, manifests and folders at random: each opens, or is refused in one line; nothing escapes, nothing is left."""

import os
import random
import zipfile
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.archives import imported_folder
from clfcore.data.importers.readings import AmbiguousData
from clfcore.errors import Failure, InputError

COUNT = 60 * int(os.environ.get("CLFLAB_FUZZ", "1"))


def words(*lines: str) -> list[str]:
    return " ".join(lines).split()


NAMES = words(
    "train Training test TEST val dev eval fold0 fold1 fold2 cat Cat dog dog\u0301 é e\u0301 @eaDir .hidden __MACOSX",
    "0 1 images a.jpg seg_train seg_test 训练 -rf $x <b> none",
)
CELLS = [
    *words("img/0.png img/1.png 2 3.png ../x /etc/passwd C:\\x cat dog cat|dog cat;dog ['a','b'] [ {} 0 1 1.0 -1 true"),
    *words("False train test dev é \ud7ff =1+1 0.png"),
    *("", " ", "a b", '"', "x" * 300, "[" * 500, "cat, dog"),
]
HEADERS = [
    *words("path label labels split group filename image_id id class target is_valid fold Usage tags width species"),
    *("chat", "ete", "", "Unnamed: 0", "path"),
]


def opens_or_is_refused(spec: str) -> None:
    """Open it; where it asks, open each choice, too."""
    try:
        dataset = open_dataset(spec)
    except AmbiguousData as asked:
        for choice in asked.choices:
            try:
                open_dataset(choice.spec)
            except (InputError, Failure):  # a second question, or too few pictures to go on
                continue
        return
    except (InputError, Failure):
        return
    assert len(dataset.targets) == len(dataset.ids) == len(set(dataset.ids)) == len(dataset.paths)
    assert all(path.is_file() for path in dataset.paths)
    taken = sorted(int(i) for chosen in dataset.splits.values() for i in chosen)
    assert taken == sorted(set(taken))


@pytest.mark.parametrize("seed", range(COUNT))
def test_folders(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    for k in range(draw.randint(1, 40)):
        folder = tmp_path / "d" / Path(*draw.choices(NAMES, k=draw.randint(0, 4)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / draw.choice((f"{k}.png", f"{k}.txt", "Thumbs.db"))).write_bytes(f"{seed} {k}".encode())
            if draw.random() < 0.1:
                (folder / f"link{k}.png").symlink_to(draw.choice((tmp_path, Path(), Path("/dev/zero"), Path("gone"))))
        except OSError:  # a file stands where a folder should
            continue
    for reading in ("", "nested:", "inner:", "outer,join-case:", "labeled-only:"):
        opens_or_is_refused(f"{reading}{tmp_path / 'd'}")


@pytest.mark.parametrize("seed", range(COUNT))
def test_manifests(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    (tmp_path / "img").mkdir()
    for k in range(8):
        (tmp_path / "img" / f"{k}.png").write_bytes(str(k).encode())
    separator = draw.choice(",,,;\t|")
    header = draw.choices(HEADERS, k=draw.randint(1, 5))
    rows = [
        draw.choices(CELLS, k=draw.randint(1, len(header) + (draw.random() < 0.1))) for _ in range(draw.randint(0, 12))
    ]
    if draw.random() < 0.6:  # often with files that are there
        header[0] = "path"
        for k, row in enumerate(rows):
            row[0] = f"img/{k % 8}.png"
    text = draw.choice(("\n", "\r\n", "\r")).join(separator.join(row) for row in [header, *rows])
    data = bytearray(text.encode(draw.choice(("utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace"))
    for _ in range(draw.choice((0, 0, 0, 3))):
        data[draw.randrange(len(data))] = draw.randrange(256)
    (tmp_path / "all.csv").write_bytes(data)
    for reading in ("", "multi:", "single,label=class:", "separator=space:", "folder=img:"):
        opens_or_is_refused(f"{reading}{tmp_path / 'all.csv'}")


@pytest.mark.parametrize("seed", range(COUNT))
def test_zips(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    path = tmp_path / "x.zip"
    kind = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(path, "w", kind) as archive:
        for k in range(draw.randint(1, 12)):
            parts = [*draw.choices(NAMES, k=draw.randint(0, 3)), f"{k}.png"]
            name = draw.choice(("/", "/", "/", "\\")).join(parts) + draw.choice(("",) * 9 + ("/",))
            archive.writestr(draw.choice(("",) * 12 + ("../", "/", "C:/")) + name, f"{seed} {k}".encode())
    data = bytearray(path.read_bytes())
    directory = data.find(b"PK\x01\x02")
    for _ in range(draw.choice((0, 1, 3, 10))):
        data[draw.randrange(directory if draw.random() < 0.7 else 0, len(data))] = draw.randrange(256)
    path.write_bytes(data[: len(data) - draw.choice((0, 0, 0, draw.randrange(len(data))))])
    for _ in range(2):  # the second time from what was unpacked
        opens_or_is_refused(str(path))
    if imported_folder().exists():
        found = list(imported_folder().rglob("*"))
        assert not any(entry.is_symlink() or entry.name.startswith(".unpacking") for entry in found)
    outside = {entry.name for entry in tmp_path.iterdir()} - {"x.zip"}
    assert all(not name.endswith(".png") for name in outside)
