"""Datasets on the Data page: the list, opening by a click, renaming, deleting; names in place of the lab's paths."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from clfcore.api import export_dataset
from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.uploads import import_upload
from clfcore.data.library.entries import library
from clfcore.files import datasets_folder
from tests.support.pages import refused, until, until_ready, words

OpenPage = Callable[..., AppTest]


def imported(photos: Path, name: str = "Clothing photos.zip") -> str:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(photos.rglob("*.jpg")):
            archive.write(path, path.relative_to(photos).as_posix())
    return import_upload(data.getvalue(), name)


def box(app: AppTest) -> str | None:
    return app.text_input(key="data").value


def test_an_import_is_listed_opened_by_a_click_and_named(open_page: OpenPage, photos: Path) -> None:
    spec = imported(photos)
    app = until_ready(open_page("data"))
    assert "not read yet" in words(app)
    app = until_ready(app.button(key=f"open {Path(spec).name}").click().run())
    assert box(app) == "Clothing photos"
    assert [heading.value for heading in app.subheader] == ["Clothing photos"]
    app = until_ready(app.run())
    assert "24 images, 2 classes" in words(app)
    assert "Imported from Clothing photos.zip" in words(app).replace("\\", "")
    assert spec not in words(app)


def test_a_link_to_a_path_of_the_labs_own_shows_the_name(open_page: OpenPage, photos: Path) -> None:
    spec = imported(photos)
    app = until_ready(open_page("data", data=spec))
    assert box(app) == "Clothing photos"
    assert not app.error


def test_a_dataset_is_exported_for_another_tool_and_opens_again(
    open_page: OpenPage, photos: Path, tmp_path: Path
) -> None:
    spec = imported(photos)
    app = until_ready(open_page("data", data=spec))
    formats = app.radio(key="data export format")
    assert "class folders (FiftyOne's image-classification directory tree)" in formats.options
    app = until_ready(formats.set_value("coco").run())
    app = until_ready(app.selectbox(key="data export side").set_value(128).run())
    assert any("--format coco --side 128 --out" in code.value for code in app.code)
    app = until_ready(app.button(key="export data").click().run())
    app = until(app, lambda app: "24 images written." in words(app))
    button = app.get("download_button")[0]
    assert button.proto.label.startswith("Download Clothing-photos-coco.zip (")
    assert not app.exception
    written = export_dataset(spec, tmp_path / "coco", format="coco")
    again = open_dataset(str(written.out))
    assert (len(again), again.classes) == (24, ("blue", "red"))


def test_renamed_and_deleted(open_page: OpenPage, photos: Path) -> None:
    spec = imported(photos)
    app = until_ready(open_page("data", data="Clothing photos"))
    app = app.button(key="rename data").click().run()
    app.text_input(key="new name").set_value("wardrobe")
    submit = next(button for button in app.button if button.label == "Rename" and button.key != "rename data")
    app = until_ready(submit.click().run())
    assert box(app) == "wardrobe"
    assert [heading.value for heading in app.subheader] == ["wardrobe"]
    app = app.button(key=f"delete {Path(spec).name}").click().run()
    app = until_ready(app.button(key="confirm delete data").click().run())
    assert not Path(spec).exists()
    assert box(app) == "digits"
    assert library() == ()


def test_a_folder_is_remembered_and_only_forgotten(open_page: OpenPage, photos: Path) -> None:
    app = until_ready(open_page("data", data=str(photos)))
    (entry,) = library()
    assert (entry.name, entry.items) == ("photos", 24)
    app = until_ready(open_page("data"))  # another session
    app = until_ready(app.button(key=f"open {entry.id}").click().run())
    assert box(app) == str(photos)
    app = app.button(key=f"delete {entry.id}").click().run()
    app = until_ready(app.button(key="confirm delete data").click().run())
    assert library() == ()
    assert len(list(photos.rglob("*.jpg"))) == 24


def test_an_upload_that_is_refused_is_named_and_can_be_deleted(open_page: OpenPage, photos: Path) -> None:
    for picture in (photos / "blue").iterdir():
        picture.unlink()
    spec = imported(photos, "one class.zip")
    app = until_ready(open_page("data", data="one class"))
    assert refused(app) == ["one class.zip has one class, 'red': a classifier needs at least two, one folder each"]
    assert app.button(key=f"delete {Path(spec).name}")


def test_a_damaged_entry_is_listed_as_such(open_page: OpenPage) -> None:
    folder = datasets_folder() / "library"
    folder.mkdir(parents=True)
    (folder / "own=ab.json").write_text("[]", encoding="utf-8")
    app = until_ready(open_page("data"))
    assert "is damaged" in words(app)
    assert app.button(key="open own=ab").disabled
    assert app.button(key="delete own=ab").label == "Forget"
