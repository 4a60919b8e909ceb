"""The library of datasets: names of imports and folders, what they hold, renaming, deleting, damaged entries."""

import io
import json
import multiprocessing
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.checks import check
from clfcore.data.importers.archives import imported_folder
from clfcore.data.importers.uploads import import_upload, keep_upload
from clfcore.data.library.edit import add, delete, record, rename, reread
from clfcore.data.library.entries import library
from clfcore.data.library.specs import address_spec, display_name, find_entry, named_spec, path_spec, without_paths
from clfcore.errors import InputError
from clfcore.files import datasets_folder


def zip_of(folder: Path, prefix: str = "") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.rglob("*.jpg")):
            archive.write(path, f"{prefix}{path.relative_to(folder).as_posix()}")
    return data.getvalue()


def names() -> list[str]:
    return [entry.name for entry in library()]


def test_an_import_has_its_own_name_and_what_it_holds(photos: Path) -> None:
    assert library() == ()
    spec = import_upload(zip_of(photos), "Clothing photos.zip")
    assert names() == ["Clothing photos"]
    entry = record(spec, open_dataset(spec))
    assert entry is not None
    assert (entry.task, entry.classes, entry.items) == ("single-label", 2, 40)
    assert entry.bytes == sum(path.stat().st_size for path in photos.rglob("*.jpg"))
    assert entry.digest is not None
    assert len(entry.digest) == 12
    assert entry.added.startswith("20")
    assert (entry.source, entry.folder) == ("Clothing photos.zip", Path(spec))
    assert library() == (entry,)
    assert record(spec, open_dataset(spec)) == entry


def test_the_name_opens_it_and_is_its_name_everywhere(photos: Path) -> None:
    spec = import_upload(zip_of(photos), "Clothing photos.zip")
    dataset = open_dataset("clothing PHOTOS")
    assert (dataset.name, len(dataset)) == ("Clothing photos", 40)
    assert path_spec("Clothing photos") == spec
    assert named_spec(spec) == "Clothing photos"
    assert display_name(spec) == display_name(f"{spec}/cat") == display_name("Clothing photos") == "Clothing photos"
    rename("Clothing photos", "wardrobe")
    assert display_name(spec) == open_dataset(spec).name == "wardrobe"
    with pytest.raises(InputError, match="there is no such folder"):
        open_dataset("Clothing photos")


def test_a_path_and_the_catalogue_come_before_a_name(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_upload(zip_of(photos), "digits.zip")
    import_upload(zip_of(photos), "photos.zip")
    monkeypatch.chdir(tmp_path)
    assert set(names()) == {"digits (2)", "photos"}
    assert path_spec("digits") == "digits"
    assert path_spec("photos") == "photos"
    assert open_dataset("photos").files[0].parent.parent == Path("photos")


def test_two_of_one_name_are_told_apart(photos: Path) -> None:
    first = import_upload(zip_of(photos), "photos.zip")
    record(first, open_dataset(first))
    second = import_upload(zip_of(photos, "again/"), "photos.zip")
    assert first != second
    assert sorted(names()) == ["photos", "photos (2)"]
    assert path_spec("photos (2)") == second


def test_a_folder_is_forgotten_and_stays(photos: Path) -> None:
    entry = record(str(photos), check(str(photos))[0])
    assert entry is not None
    assert (entry.name, entry.spec, entry.unpacked) == ("photos", str(photos), False)
    assert named_spec(str(photos)) == str(photos)
    delete("photos")
    assert library() == ()
    assert len(list(photos.rglob("*.jpg"))) == 40


def test_an_address_has_a_name_or_an_id_and_never_a_path(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert address_spec("shapes:count=60") == "shapes:count=60"
    assert address_spec(str(photos)) is None
    entry = record(str(photos), check(str(photos))[0])
    assert entry is not None
    assert address_spec(str(photos)) == address_spec(f"{photos}/") == "photos"
    (tmp_path / "elsewhere" / "photos").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")  # the name is that of a folder here
    assert address_spec(str(photos)) == entry.id
    assert path_spec(entry.id) == str(photos)
    packed = tmp_path / "signs.zip"
    packed.write_bytes(zip_of(photos))
    dataset = open_dataset(str(packed))
    record(str(packed), dataset)
    assert address_spec(str(packed), dataset) == "signs"


def test_what_the_lab_unpacked_is_deleted_whole(photos: Path) -> None:
    spec = import_upload(zip_of(photos), "photos.zip")
    record(spec, open_dataset(spec))
    delete(spec)
    assert list(imported_folder().iterdir()) == []
    assert library() == ()
    with pytest.raises(InputError, match="you have none of that name"):
        delete("photos")


def test_a_zip_that_is_opened_by_its_path_is_one_dataset(photos: Path, tmp_path: Path) -> None:
    packed = tmp_path / "signs.zip"
    packed.write_bytes(zip_of(photos))
    record(str(packed), open_dataset(str(packed)))
    assert names() == ["signs"]
    rename("signs", "road signs")
    assert open_dataset(str(packed)).name == "road signs"
    delete("road signs")
    assert packed.is_file()


def test_an_upload_of_a_manifest_is_called_as_it_is(make_picture: Callable[..., bytes]) -> None:
    text = b"path,label\na.jpg,cat\nb.jpg,dog\n"
    spec = keep_upload(
        [("set.csv", io.BytesIO(text)), *((f"{n}.jpg", io.BytesIO(make_picture(i))) for i, n in enumerate("ab"))]
    )
    (entry,) = library()
    assert (entry.name, entry.spec, entry.source) == ("set", spec, "set.csv")
    assert open_dataset("set").name == "set"


def test_a_reading_that_was_chosen_is_kept_with_the_name(photos: Path) -> None:
    spec = import_upload(zip_of(photos, "deep/"), "photos.zip")
    reread(f"outer:{spec}")
    assert path_spec("photos") == f"outer:{spec}"
    assert named_spec(f"outer:{spec}") == "photos"
    assert path_spec("inner:photos") == f"inner:{spec}"
    assert reread(str(photos)) is None


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("a/b", "leave out / "),
        ("nested:a", "leave out / "),
        ("x" * 61, "at most 60"),
        ("Digits", "of the catalogue"),
        ("OTHER", "another dataset has it"),
    ],
)
def test_names_that_cannot_be_given_are_refused(photos: Path, tmp_path: Path, name: str, refusal: str) -> None:
    record(str(photos), open_dataset(str(photos)))
    other = tmp_path / "other"
    photos.rename(other)
    photos.mkdir()
    record(str(other), open_dataset(str(other)))
    with pytest.raises(InputError, match=refusal):
        rename("photos", name)
    assert sorted(names()) == ["other", "photos"]


def test_a_damaged_entry_costs_itself_alone(photos: Path) -> None:
    spec = import_upload(zip_of(photos), "photos.zip")
    record(spec, open_dataset(spec))
    record(str(photos), open_dataset(str(photos)))
    for file in (datasets_folder() / "library").glob("*.json"):
        file.write_text("{", encoding="utf-8")
    own, unpacked = sorted(library(), key=lambda entry: entry.unpacked)
    assert "is damaged" in own.damaged
    assert (own.spec, own.available) == ("", False)
    assert (unpacked.name, unpacked.available) == ("photos", True)
    assert "is damaged" in unpacked.damaged
    record(spec, open_dataset(spec))  # which writes it anew
    delete(own.id)
    (entry,) = library()
    assert not entry.damaged


def test_an_entry_never_leads_a_deletion_elsewhere(photos: Path) -> None:
    """An entry that somebody wrote: what is deleted is told by its place, and nothing else."""
    spec = import_upload(zip_of(photos), "x.zip")
    entry = record(spec, open_dataset(spec))
    assert entry is not None
    file = datasets_folder() / "library" / f"{entry.id}.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"spec": str(photos)}), encoding="utf-8")
    assert library()[0].damaged
    delete(entry.id)
    assert photos.is_dir()


def test_a_folder_that_has_gone_is_listed_and_not_available(photos: Path) -> None:
    record(str(photos), open_dataset(str(photos)))
    photos.rename(photos.with_name("moved"))
    (entry,) = library()
    assert not entry.available
    with pytest.raises(InputError, match="there is no such folder"):
        open_dataset("photos")


def test_refusals_name_the_upload(photos: Path) -> None:
    spec = import_upload(zip_of(photos / "cat", "cat/"), "one class.zip")
    with pytest.raises(InputError, match=r"^one class\.zip has one class, 'cat'"):
        open_dataset(spec)
    assert without_paths("/elsewhere/photos is none") == "/elsewhere/photos is none"


def _add(folder: str) -> None:
    add(folder)


def test_several_processes_give_each_name_once(tmp_path: Path) -> None:
    folders = [tmp_path / str(i) / "photos" for i in range(6)]
    for folder in folders:
        folder.mkdir(parents=True)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(_add, [str(folder) for folder in folders])
    assert sorted(names()) == ["photos", *(f"photos ({i})" for i in range(2, 7))]
    assert find_entry("photos (3)").available


def test_what_is_general_gives_way_to_its_parent(tmp_path: Path) -> None:
    folder = tmp_path / "signs" / "Dataset"
    folder.mkdir(parents=True)
    assert add(str(folder)).name == "signs"
    assert add(str(folder), name="road signs").name == "road signs"
    with pytest.raises(InputError, match="name a folder"):
        add("digits")
