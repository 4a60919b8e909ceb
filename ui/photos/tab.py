"""Photos of this tab: dropped, taken or chosen once, shown on every page that asks for them, and kept by a reload.

Home's drop zone stands on this module: it imports nothing that takes long.
"""

import contextlib
import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.readable_kinds import readable_kinds
from clfcore.errors import Failure, InputError
from clfcore.photos import Photo, forget_photos, keep_photos, kept_photos
from ui.formatting import count
from ui.session import TAB, TAB_TOKEN, SessionValue

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


PRIVATE = (
    "Photos stay on this computer. They are kept for this tab, through page changes and a reload, and deleted a day "
    "after it last showed them."
)
KINDS = readable_kinds()
FORMATS = ", ".join(kind.upper() for kind in KINDS if kind not in ("jpeg", "tiff"))
PARAMETER = "photos"  # of the address: the token under which the photos are kept

PHOTOS = SessionValue[tuple[Photo, ...]]("photos of the tab")
_TOKEN = SessionValue[str]("photos token")
_WRITTEN = SessionValue[str]("photos token written")
_ROUND = SessionValue[int]("photos round")  # an uploader that was emptied is a new widget
SAMPLE = SessionValue[str]("sample")
REFUSED_PHOTOS = SessionValue[str]("photos refused")
_CAMERA = SessionValue[bool]("camera on")

# Streamlit's own writing into the address makes an entry of the browser's history, and a page change drops it: then
# Back would need two presses, and a reload would lose the photos, and what the widgets held. And a click on a link to
# another page first makes an entry of this page without what its widgets wrote: the page is left as it was instead.
_KEEP = """<script>
window.clfKept ??= setInterval(() => {
  const mark = document.querySelector("[data-clf-kept]");
  if (!mark) return;
  const { pathname, search, hash } = window.location, now = new URLSearchParams(search);
  const tokens = Object.entries(JSON.parse(mark.dataset.clfKept));
  if (tokens.every(([name, token]) => (now.get(name) ?? "") === token)) return;
  const isToken = (part) => tokens.some(([name]) => part.startsWith(name + "="));
  const rest = search.slice(1).split("&").filter((part) => part && !isToken(part));
  for (const [name, token] of tokens) if (token) rest.push(name + "=" + token);
  history.replaceState(history.state, "", pathname + (rest.length ? "?" + rest.join("&") : "") + hash);
}, 200);
window.clfLeave ??= (() => {
  let left = null, clicked = -Infinity;
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.('[data-testid="stSidebarNavLink"], [data-testid="stPageLink"] a')) clicked = performance.now();
  }, true);
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const to = new URL(url ?? "", location.href);
    if (to.pathname === location.pathname && performance.now() - clicked < 500) {
      left = location.href;
      return history.replaceState(state, title, url);
    }
    if (left && new URL(left).pathname === location.pathname) history.replaceState(history.state, "", left);
    left = null;
    return push(state, title, url);
  };
  return true;
})();
</script>"""


def keep_in_address() -> None:
    """Once a run, at a constant place: the address of any page holds the tokens of the tab's photos and widgets."""
    tab_photos()
    tokens = {PARAMETER: _TOKEN.get() or "", TAB: TAB_TOKEN.get() or ""}
    _WRITTEN.set(tokens[PARAMETER])
    mark = f'<span data-clf-script data-clf-kept="{escape(json.dumps(tokens))}" hidden></span>'
    st.html(mark + _KEEP, unsafe_allow_javascript=True)


def address_is_behind() -> bool:
    """Whether the photos changed in a fragment, which does not write the address."""
    return _WRITTEN.get() != (_TOKEN.get() or "")


def tab_photos() -> tuple[Photo, ...]:
    """The photos of this tab. At a tab's start, those that its address names, copied: no other tab changes them."""
    photos = PHOTOS.get()
    if photos is None:
        token = st.query_params.get(PARAMETER, "")
        photos = kept_photos(token)
        PHOTOS.set(photos)
        with contextlib.suppress(InputError, Failure):  # then a reload loses them, and nothing else
            _TOKEN.set(keep_photos(photos, like=token) if photos else "")
    return photos


def hold(photos: Sequence[Photo]) -> None:
    """Make these the photos of the tab. What is wrong with them is said where photos are chosen."""
    before = _TOKEN.get() or ""
    try:
        token = keep_photos(photos, like=before) if photos else ""
    except (InputError, Failure) as error:
        REFUSED_PHOTOS.set(str(error))
        return
    PHOTOS.set(tuple(photos))
    _TOKEN.set(token)
    forget_photos(before)


def add(photos: Sequence[Photo]) -> None:
    """Put photos before those of the tab; one that it has already moves to the front."""
    hold([*photos, *(photo for photo in tab_photos() if photo not in photos)])
    SAMPLE.forget()
    if "sample" in st.query_params:
        del st.query_params["sample"]


def uploader_key(name: str) -> str:
    """The key of an uploader that is empty again once its files were taken."""
    return f"{name} {_ROUND.get() or 0}"


def take_files(key: str, *, dataset: bool = False) -> "list[UploadedFile]":
    """In an uploader's callback: its files; it is empty afterwards. Others than it asks for are named and left out.

    dataset: a zip or a CSV is asked for, too.
    """
    files = SessionValue["list[UploadedFile]"](key).get() or []
    if files:
        _ROUND.set((_ROUND.get() or 0) + 1)
        REFUSED_PHOTOS.forget()
    kinds = {*KINDS, "zip", "csv"} if dataset else set(KINDS)
    others = [file.name for file in files if file.name.rsplit(".", 1)[-1].lower() not in kinds]
    if others:
        named = ", ".join(others[:3]) + (f" and {count(len(others) - 3)} more" if len(others) > 3 else "")
        what = "is not a picture" if len(others) == 1 else "are not pictures"
        also = ", or a zip of class folders, or a CSV with its images" if dataset else ""
        REFUSED_PHOTOS.set(f"{named} {what}{', a zip or a CSV' if dataset else ''}: bring photos ({FORMATS}){also}")
    return [file for file in files if file.name not in others]


def photo_of(file: "UploadedFile") -> Photo:
    """An upload as a photo; of a folder's path only the file's name is kept."""
    return Photo(file.name.replace("\\", "/").rsplit("/", 1)[-1], file.getvalue())


def take_uploaded(key: str) -> None:
    if files := take_files(key):
        add([photo_of(file) for file in files])


def camera() -> None:
    """A camera behind two clicks, so that no page asks for it by itself."""
    with st.popover("Camera", icon=":material/photo_camera:"):
        if st.toggle("Use the camera", key=_CAMERA.key):
            key = uploader_key("camera")
            st.camera_input("Take a photo", label_visibility="collapsed", key=key, on_change=_shoot, args=(key,))


def _shoot(key: str) -> None:
    taken = SessionValue["UploadedFile | None"](key).get()
    if taken is not None:
        number = 1 + sum(photo.name.startswith("camera ") for photo in tab_photos())
        add([Photo(f"camera {number}.jpg", taken.getvalue())])
        _CAMERA.set(False)
        _ROUND.set((_ROUND.get() or 0) + 1)
