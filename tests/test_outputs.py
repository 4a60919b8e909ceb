"""What a command reads is never written over, and no file of somebody else's without being asked."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.cli.main import main
from clfcore.errors import Failure, InputError
from clfcore.files import write_text
from clfcore.outputs import output_path, save_picture
from clfcore.runs.folder import Run

IMAGE = Path(__file__).parents[1] / "assets" / "samples" / "coffee.jpg"


def names_of(file: Path) -> dict[str, str]:
    """The same file by other names."""
    hard, soft, folder = file.with_name("hard.png"), file.with_name("soft.png"), file.parent / "link"
    hard.hardlink_to(file)
    soft.symlink_to(file)
    folder.symlink_to(file.parent)
    relative = os.path.relpath(file)
    return {
        "itself": str(file), "hard": str(hard), "soft": str(soft), "folder": str(folder / file.name),
        "dots": str(file.parent / ".." / file.parent.name / file.name), "relative": relative,
    }  # fmt: skip


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_explain_never_replaces_its_picture(
    tmp_path: Path, finished_run: Run, capsys: pytest.CaptureFixture[str], overwrite: list[str]
) -> None:
    picture = tmp_path / "photo.png"
    Image.fromarray(np.full((30, 30, 3), 90, np.uint8)).save(picture)
    before = picture.read_bytes()
    for out in names_of(picture).values():
        assert main(["explain", finished_run.id, str(picture), "--out", out, *overwrite]) == 2
        assert "which this command reads" in capsys.readouterr().err
    assert main(["architectures", "inside", "lenet5", str(picture), "--out", str(picture), *overwrite]) == 2
    words = ["policies", "views", "basic", "--image", str(picture), "--out", str(picture), *overwrite]
    assert main(words) == 2
    assert picture.read_bytes() == before


def test_a_map_replaces_a_map_and_nothing_else(
    tmp_path: Path, finished_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    out, mine = tmp_path / "map.png", tmp_path / "mine.png"
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(mine)
    words = ["explain", finished_run.id, str(IMAGE), "--method", "saliency", "--out"]
    assert [main([*words, str(out)]) for _ in range(2)] == [0, 0]
    before = mine.read_bytes()
    capsys.readouterr()
    assert main([*words, str(mine)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert mine.read_bytes() == before
    assert main([*words, str(mine), "--overwrite"]) == 0
    assert mine.read_bytes() != before


def test_an_exported_manifest_never_replaces_its_own(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{p.relative_to(photos).as_posix()},{p.parent.name},a note" for p in sorted(photos.rglob("*.jpg"))]
    manifest = photos / "all.csv"
    manifest.write_text("path,label,notes\n" + "\n".join([*rows, "gone.jpg,red,kept"]) + "\n")
    before = manifest.read_bytes()
    for more in ([], ["--overwrite"]):
        assert main(["datasets", "export", str(manifest), "--out", str(manifest), *more]) == 2
        assert "which this command reads" in capsys.readouterr().err
    other = photos / "other.csv"
    assert [main(["datasets", "export", str(manifest), "--out", str(other)]) for _ in range(2)] == [0, 0]
    other.write_text(other.read_text() + "\n# mine\n")
    assert main(["datasets", "export", str(manifest), "--out", str(other)]) == 2
    assert main(["datasets", "export", str(manifest), "--out", str(other), "--overwrite"]) == 0
    assert manifest.read_bytes() == before


def test_pictures_beside_a_manifest_replace_no_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["datasets", "export", "shapes:count=24,side=16", "--out", str(tmp_path / "m.csv")]
    first = tmp_path / "m-images" / "shapes" / "00000.png"
    first.parent.mkdir(parents=True)
    first.write_bytes(b"my own")
    assert main(words) == 2
    assert "is another picture" in capsys.readouterr().err
    assert first.read_bytes() == b"my own"
    assert [path.name for path in first.parent.iterdir()] == ["00000.png"]
    assert not (tmp_path / "m.csv").exists()
    assert main([*words, "--overwrite"]) == 0
    assert main(words) == 0  # the same again


@pytest.mark.parametrize("name", ["thesis.tex", "notes.csv", "predictions.npz", "empty.csv"])
def test_a_list_of_errors_replaces_only_such_a_list(
    tmp_path: Path, finished_run: Run, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    mine = tmp_path / name
    mine.write_text("" if name == "empty.csv" else "id,true\nmine\n")
    before = mine.read_bytes()
    assert main(["errors", finished_run.id, "--csv", str(mine)]) == 2
    assert "csv is " in capsys.readouterr().err
    assert mine.read_bytes() == before
    out = tmp_path / "errors.csv"
    assert [main(["errors", finished_run.id, "--csv", str(out)]) for _ in range(2)] == [0, 0]
    assert main(["errors", finished_run.id, "--csv", str(mine), "--overwrite"]) == 0


@pytest.mark.parametrize("name", ["report.html", "card.md"])
def test_a_report_replaces_only_a_report(tmp_path: Path, finished_run: Run, name: str) -> None:
    out, mine = tmp_path / name, tmp_path / f"my-{name}"
    mine.write_text("<h1>mine</h1>")
    assert [main(["report", finished_run.id, "--out", str(out)]) for _ in range(2)] == [0, 0]
    assert main(["report", finished_run.id, "--out", str(mine)]) == 2
    assert mine.read_text() == "<h1>mine</h1>"


def test_devices_pipes_and_folders_are_no_outputs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for out in ("/dev/null", "/dev/zero", tmp_path / "pipe", tmp_path):
        for overwrite in (False, True):
            with pytest.raises(InputError, match=r"device or a pipe|folder"):
                output_path(out, overwrite=overwrite)
        with pytest.raises(Failure, match=r"no regular file|a folder"):
            write_text(Path(out), "x")


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP")])
def test_pictures_of_every_kind_are_known_again(tmp_path: Path, suffix: str, kind: str) -> None:
    out = tmp_path / f"sheet{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)
    for image in (Image.fromarray(noise), Image.fromarray(noise[..., 0])):
        save_picture(image, out, kind)
        assert output_path(out) == out


def test_files_have_the_permissions_that_the_umask_gives(tmp_path: Path) -> None:
    for mask, wanted in ((0o022, 0o644), (0o002, 0o664), (0o077, 0o600)):
        before = os.umask(mask)
        try:
            write_text(tmp_path / f"{mask}", "x")
        finally:
            os.umask(before)
        assert (tmp_path / f"{mask}").stat().st_mode & 0o777 == wanted
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_long_name_has_room_for_its_part(tmp_path: Path) -> None:
    for name in ("x" * 250 + ".html", "图" * 83 + ".html"):
        write_text(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"
