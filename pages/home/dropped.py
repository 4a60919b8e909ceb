"""What Home makes of what was dropped: photos of the tab, or the dataset that it shows."""

import streamlit as st

from clfcore.data.importers.uploads import holds_photos, keep_upload
from clfcore.data.library.specs import address_spec, path_spec
from clfcore.errors import Failure, InputError
from pages.home.drop import TYPED, UPLOADED
from ui.data_picker import open_data, write_data_address
from ui.messages import complain
from ui.photos.held import show_held
from ui.photos.tab import add, photo_of
from ui.session import DATA, SessionValue

_DATASET = SessionValue[str]("home dataset")
_REFUSED = SessionValue[str]("home refused")


def take_dropped() -> None:
    """Open what the zone was given: photos become the tab's photos, all else the dataset of `dropped_dataset`.

    Below the zone: what was refused, and the photos of the tab.
    """
    if files := UPLOADED.take():
        _REFUSED.forget()
        if holds_photos([file.name for file in files]):
            add([photo_of(file) for file in files])
            st.rerun()  # the address names them from the script's start on
        else:
            try:
                with st.spinner("Unpacking to disk"):
                    _open(keep_upload([(file.name, file) for file in files]))
            except (InputError, Failure) as error:
                _REFUSED.set(str(error))
    if typed := TYPED.take():
        _REFUSED.forget()
        _open(typed)
    if refused := _REFUSED.get():
        complain(refused)
    show_held()


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
