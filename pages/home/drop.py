"""One drop zone for photos, a folder, a zip or a CSV; beside it a folder's button, a path and a camera.

The first thing that a new server paints: nothing is imported here that takes long. What the page makes of the files
stands in `dropped`.
"""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.photos import MOST_BYTES, MOST_PHOTOS
from ui.formatting import count
from ui.photos.tab import FORMATS, KINDS, PRIVATE, camera, take_files, uploader_key
from ui.session import SessionValue

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

# Taken by a callback, opened by the page.
UPLOADED: "SessionValue[list[UploadedFile]]" = SessionValue("home uploaded")
TYPED = SessionValue[str]("home typed")
_PATH = SessionValue[str]("home path")
_FOLDER_OPEN = SessionValue[bool]("home folder open")
_PATH_OPEN = SessionValue[bool]("home path open")

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
    """The zone, and the other ways to bring something."""
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
        with st.popover("Choose a folder", icon=":material/folder_open:", key=_FOLDER_OPEN.key, on_change="rerun"):
            _choose_folder()
        with st.popover("Paste a path", icon=":material/edit:", key=_PATH_OPEN.key, on_change="rerun"):
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
    if files := take_files(key, dataset=True):
        UPLOADED.set(files)
        _FOLDER_OPEN.set(False)


def _take_path() -> None:
    typed = (_PATH.get() or "").strip().strip("\"'").strip()
    if typed:
        TYPED.set(typed)
        _PATH.set("")
        _PATH_OPEN.set(False)
