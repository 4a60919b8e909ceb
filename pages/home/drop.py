"""One drop zone for photos, a folder, a zip or a CSV; beside it a folder's button, a path and a camera."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.importers.uploads import holds_photos, keep_upload
from clfcore.data.library.specs import address_spec, path_spec
from clfcore.errors import Failure, InputError
from clfcore.photos import MOST_BYTES, MOST_PHOTOS
from ui.data_picker import open_data, write_data_address
from ui.formatting import count
from ui.messages import complain
from ui.photos.tab import FORMATS, PRIVATE, add, camera, photo_of, show_held, take_files, uploader_key
from ui.pickers import KINDS
from ui.session import DATA, SessionValue

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_DATASET = SessionValue[str]("home dataset")
# Taken by a callback, unpacked by the page.
_UPLOADED: "SessionValue[list[UploadedFile]]" = SessionValue("home uploaded")
_REFUSED = SessionValue[str]("home refused")
_PATH = SessionValue[str]("home path")

# A folder that is dropped loses its files' paths in Streamlit 1.67: only a folder that was chosen keeps them. Here the
# files of a dropped folder are given their paths, and reach the uploader as if they had been chosen.
_FOLDERS = """<script>
window.clfFolders ??= (() => {
  const files = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((good, bad) => entry.file(good, bad));
      return [new File([file], path + file.name, { type: file.type, lastModified: file.lastModified })];
    }
    const reader = entry.createReader(), found = [];
    for (;;) {
      const some = await new Promise((good, bad) => reader.readEntries(good, bad));
      if (!some.length) break;
      for (const one of some) if (!one.name.startsWith(".")) found.push(...await files(one, path + entry.name + "/"));
    }
    return found;
  };
  document.addEventListener("drop", async (event) => {
    const zone = event.target.closest?.('.st-key-drop [data-testid="stFileUploaderDropzone"]');
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!zone || !entries.some((entry) => entry.isDirectory)) return;
    event.preventDefault();
    event.stopPropagation();
    const all = (await Promise.all(entries.map((entry) => files(entry, "")))).flat();
    const input = zone.querySelector('input[type="file"]') ?? zone.parentElement.querySelector('input[type="file"]');
    const kinds = document.querySelector("[data-clf-kinds]").dataset.clfKinds.split(" ");
    const chosen = new DataTransfer();
    for (const file of all) {
      if (kinds.some((kind) => file.name.toLowerCase().endsWith(kind))) chosen.items.add(file);
    }
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);
  return true;
})();
</script>"""


def drop_zone() -> None:
    """The zone, and what was refused; photos become the tab's photos, all else the dataset of `dropped_dataset`."""
    key = uploader_key("drop files")
    with st.container(key="drop"):
        st.file_uploader(
            "Drop photos to see what is in them, or a folder, a zip or a CSV with its images to train a classifier",
            accept_multiple_files=True,
            key=key,
            help=f"{PRIVATE} A dataset has a folder for each class.",
            on_change=_take,
            args=(key,),
        )
        st.caption(
            f"Up to {count(MOST_PHOTOS)} photos, {MOST_BYTES >> 20} MB together ({FORMATS}); a zip or a CSV with its "
            f"images, up to {st.get_option('server.maxUploadSize') / 1024:g} GB each. For more, paste a path."
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.popover("Choose a folder", icon=":material/folder_open:"):
            _choose_folder()
        with st.popover("Paste a path", icon=":material/edit:"):
            st.text_input(
                "Path of a folder, a .zip or a .csv on this machine",
                key=_PATH.key,
                placeholder="~/photos",
                help="Nothing is copied: best for thousands of photos. Press Enter.",
                on_change=_take_path,
            )
        camera()
    kinds = " ".join(f".{kind}" for kind in (*KINDS, "zip", "csv"))
    st.html(f'<span data-clf-script data-clf-kinds="{kinds}" hidden></span>{_FOLDERS}', unsafe_allow_javascript=True)
    _unpack()
    if refused := _REFUSED.get():
        complain(refused)
    show_held()


def _choose_folder() -> None:
    key = uploader_key("drop folder")
    st.file_uploader(
        "A folder of class folders",
        [*KINDS, "csv"],
        accept_multiple_files="directory",
        key=key,
        on_change=_take,
        args=(key,),
    )


def _take(key: str) -> None:
    files = take_files(key, dataset=True)
    if not files:
        return
    _REFUSED.forget()
    if holds_photos([file.name for file in files]):
        add([photo_of(file) for file in files])
    else:
        _UPLOADED.set(files)


def _unpack() -> None:
    files = _UPLOADED.take()
    if not files:
        return
    try:
        with st.spinner("Unpacking to disk"):
            _open(keep_upload([(file.name, file) for file in files]))
    except (InputError, Failure) as error:
        _REFUSED.set(str(error))


def _take_path() -> None:
    typed = (_PATH.get() or "").strip().strip("\"'").strip()
    if typed:
        _REFUSED.forget()
        _open(typed)
        _PATH.set("")


def _open(spec: str) -> None:
    _DATASET.set(spec)
    open_data(spec)
    write_data_address(address_spec(path_spec(spec)))  # of what was never read before, once it was
    if "run" in st.query_params:  # of the dataset before
        del st.query_params["run"]


def dropped_dataset() -> str | None:
    """The SPEC of the dataset that Home shows: dropped here, or named by the address; None where there is none."""
    if not _DATASET.exists and (linked := st.query_params.get("data")):
        _DATASET.set(linked)
    shown = _DATASET.get()
    if not shown:
        return None
    if DATA.exists and DATA.get():  # its reading was chosen
        _DATASET.set(shown := DATA.get() or shown)
    else:
        open_data(shown)
    return path_spec(shown)


def close_dataset() -> None:
    """Show no dataset on Home any longer."""
    _DATASET.set("")
    for name in ("data", "run"):
        if name in st.query_params:
            del st.query_params[name]
