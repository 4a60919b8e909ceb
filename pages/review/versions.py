"""Versions: what is decided becomes one, and those that there are, with what each changes."""

import shlex

import streamlit as st

from clfcore import api
from clfcore.data.library.specs import display_name, named_spec
from clfcore.data.library.versioned import split_version
from clfcore.data.versions.log import read_decisions
from clfcore.data.versions.versions import Version, list_versions
from clfcore.errors import Failure, InputError
from ui.data_picker import open_data
from ui.formatting import count, moment
from ui.messages import complain, escape_markdown, refusals
from ui.session import SessionValue

REFUSED = SessionValue[str]("version refused")
MADE = SessionValue[str]("version made")  # the SPEC of the one that was made last in this session


def versions_view(spec: str) -> None:
    """The versions of the data, what each changes, and a button that opens it."""
    st.subheader("Versions", anchor=False)
    versions = list_versions(spec)
    if not versions:
        st.caption("There is no version yet.")
        return
    st.dataframe([_row(version, spec) for version in versions], hide_index=True, alt="The versions of this dataset")
    with st.container(horizontal=True, vertical_alignment="center"):
        for version in versions[-4:]:
            if version.spec != spec:
                words = f"Open {escape_markdown(version.name)}"
                st.button(words, key=f"open version {version.name}", on_click=open_data, args=(version.spec,))
        if split_version(spec).version is not None:
            base = split_version(spec).base
            st.button("Open the original data", key="open version base", on_click=open_data, args=(base,))


def version_name(spec: str) -> SessionValue[str]:
    """The name of the next version, as its box shows it: at first one that is free."""
    name = SessionValue[str](f"version name {spec}")
    if not name.exists:
        name.set(_free_name(spec))
    return name


def make_view(spec: str) -> None:
    """How many decisions there are, and the button that makes a version of them; of the queue's fragment, too."""
    with refusals(stop=False):
        _make(spec)


def _make(spec: str) -> None:
    decisions = read_decisions(spec)
    changes = sum(decision.changes for decision in decisions)
    if refusal := REFUSED.get():
        complain(refusal)
    if not decisions:
        st.write("No decisions yet. They are saved as you make them, apart from your files.")
        return
    kept = sum(decision.action == "keep" for decision in decisions)
    st.write(
        f"{count(changes, 'change')} decided and {count(kept, 'label')} confirmed on "
        f"{escape_markdown(display_name(spec))}. A version holds them under a name; no file is changed."
    )
    name = version_name(spec)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name of the version", key=name.key, max_chars=40, width=240)
        if st.button("Make a version", key="make version", type="primary", disabled=not changes, on_click=_take,
                     args=(spec,)) and not REFUSED.get():  # fmt: skip
            st.rerun()
        with st.popover("As a command"):
            st.code(
                f"clflab datasets correct {shlex.quote(named_spec(spec))} --version {shlex.quote(name.get() or 'v1')}",
                language="bash",
                wrap_lines=True,
            )


def _take(spec: str) -> None:
    REFUSED.forget()
    try:
        made = api.correct_dataset(spec, version=(version_name(spec).get() or "").strip())
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    version_name(spec).forget()
    if made.version is not None:
        MADE.set(made.version.spec)


def _free_name(spec: str) -> str:
    taken = {version.name.casefold() for version in list_versions(spec)}
    number = 1
    while f"v{number}" in taken:
        number += 1
    return f"v{number}"


def _row(version: Version, spec: str) -> dict[str, str | int]:
    counts = version.counts
    return {
        "version": f"{version.name} (open)" if version.spec == spec else version.name,
        "based on": version.parent or "the original data",
        "made": moment(version.created),
        "relabeled": counts.relabeled,
        "test images relabeled": counts.test_relabeled,
        "dropped": counts.dropped,
        "grouped": counts.grouped,
        "moved": counts.moved,
        "added": counts.added,
        "images": counts.items,
        "how": ", ".join(version.rules),
        "digest": version.digest,
    }
