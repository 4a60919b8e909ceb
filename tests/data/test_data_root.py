"""A shared lab reads data below one folder alone."""

from pathlib import Path

import pytest

from clfcore import api
from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.uploads import import_upload
from clfcore.errors import InputError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shared").mkdir()
    monkeypatch.setenv("CLFLAB_DATA_ROOT", str(tmp_path / "shared"))
    return tmp_path / "shared"


def test_what_lies_below_the_root_is_read(root: Path, photos: Path) -> None:
    photos.rename(root / "photos")
    assert len(open_dataset(str(root / "photos"))) == 40
    assert len(open_dataset("digits")) == 1797


@pytest.mark.parametrize("prefix", ["", "nested:", "folder:"])
def test_what_lies_elsewhere_is_refused_whether_it_is_there_or_not(prefix: str, root: Path, photos: Path) -> None:
    (root / "link").symlink_to(photos)
    for path in (photos, root / ".." / "photos", root / "link", root.parent / "absent", Path("/etc")):
        with pytest.raises(InputError, match=r"reads data below .*shared alone|is no|no dataset|must be"):
            open_dataset(f"{prefix}{path}")
        with pytest.raises(InputError, match=r"reads data below .*shared alone|is no|no dataset|must be"):
            open_dataset(f"{prefix}{path}@v1")


def test_an_upload_is_read(root: Path, photos: Path, tmp_path: Path) -> None:
    import shutil

    zipped = shutil.make_archive(str(tmp_path / "photos"), "zip", photos)
    assert len(open_dataset(import_upload(Path(zipped).read_bytes(), "photos.zip"))) == 40


def test_folders_of_photos_without_labels_are_below_it_too(root: Path) -> None:
    for read in (api.label_inbox, api.next_to_label):
        with pytest.raises(InputError, match="reads data below"):
            read("shapes:count=60,side=12", root.parent)
