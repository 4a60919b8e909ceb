"""Data chosen, read and checked once, and its pictures as cards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui.charts import chart, dark
from ui.choose import data_name
from ui.feedback import Number, metric_row, plain, refusals
from ui.jobs import Job, Progress, result_of
from ui.pictures import Card, Picture, cards, item_picture
from ui.run_items import read_again
from ui.words import count, listed, shorten

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.data.deep import ValueRange

PER_PAGE = 40


def choose_data() -> str:
    """A SPEC: a catalogue name, or the path of a folder, a zip or a CSV on this machine; kept in the address."""
    from clfcore.data.catalogue import entries

    known = [entry.name for entry in entries() if entry.available]
    brought = st.session_state.setdefault("data brought", [])
    if (said := st.query_params.get("data")) and said not in [*known, *brought]:
        brought.append(said)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    left, right = row.container(width="stretch"), row.container(width="content")
    with right, st.popover("Upload"):
        _upload()  # before the box, whose value it may set
    with left:
        return st.selectbox(
            "Data",
            [*known, *brought],
            key="data",
            accept_new_options=True,
            bind="query-params",
            help="A name of the catalogue, or the path of a folder of class folders, a .zip or a .csv on this machine. "
            "Type a path and press Enter.",
        )


def _upload() -> None:
    files = st.file_uploader(
        "A .zip of class folders, or a .csv with its pictures",
        ["zip", "csv", "jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"],
        accept_multiple_files=True,
        key="data files",
    )
    if st.button("Import", type="primary", disabled=not files):
        from clfcore.data.importers import keep_upload

        with refusals(stop=False), st.spinner("Unpacking to disk"):
            spec = keep_upload([(file.name, file) for file in files])
            st.session_state["data brought"] = [*dict.fromkeys([*st.session_state["data brought"], spec])]
            st.session_state["data"] = spec


def read_data(spec: str, *, split_seed: int = 0) -> "ImageDataset":
    """The dataset, read and checked once for all sessions; what is wrong with it is among its problems."""
    words = f"Reading and checking {data_name(spec)}"
    return result_of(_reading(spec, split_seed), words, forget=lambda: _reading.clear(spec, split_seed))


@st.cache_resource(show_spinner=False, max_entries=6)
def _reading(spec: str, split_seed: int) -> Job:
    def read(progress: Progress) -> "ImageDataset":
        from clfcore.data.catalogue import open_dataset
        from clfcore.data.checks import check

        return check(open_dataset(spec, split_seed=split_seed), progress=progress)[0]

    return Job(read)


@st.cache_data(show_spinner=False, max_entries=4096)
def thumbnail(spec: str, split_seed: int, item: str) -> Picture:
    """One item's picture; an item that can no longer be read is an empty square."""
    dataset, at = _items(spec, split_seed)
    return item_picture(dataset, at.get(item), lambda: _value_range(spec, split_seed))


@st.cache_resource(show_spinner=False, max_entries=6)
def _items(spec: str, split_seed: int) -> tuple["ImageDataset", dict[str, int]]:
    from clfcore.data.catalogue import open_dataset

    dataset = open_dataset(spec, split_seed=split_seed)
    return dataset, {name: i for i, name in enumerate(dataset.ids)}


@st.cache_resource(show_spinner=False, max_entries=6)
def _value_range(spec: str, split_seed: int) -> "ValueRange | None":
    from clfcore.data.value_ranges import shown_range

    return shown_range(_items(spec, split_seed)[0])


def sample_cards(dataset: "ImageDataset", spec: str, indices: Sequence[int], *, split_seed: int = 0) -> list[Card]:
    """Cards of items with their truth, no prediction."""
    return [
        Card(thumbnail(spec, split_seed, dataset.ids[i]), name=dataset.ids[i], truth=dataset.label(i)) for i in indices
    ]


def data_numbers(dataset: "ImageDataset") -> None:
    """How many images, classes, and images a split."""
    numbers = [
        Number("Images", count(len(dataset)), "readable"),
        Number("Classes", count(len(dataset.classes)), dataset.task.kind),
    ]
    words = {
        "train": ("Training", "learned from"),
        "validation": ("Validation", "chooses the best epoch"),
        "test": ("Test", "looked at once, at the end"),
    }
    for split, size in dataset.sizes().items():
        label, use = words[split]
        numbers.append(Number(label, count(size) if size else "–", use if size else "the data has none"))
    metric_row([*numbers, Number("Problems", count(len(dataset.problems)), "found while reading")])
    if dataset.drawn:
        st.caption(f"{listed(dataset.drawn)} drawn by the lab: stratified by class, from split seed 0.".capitalize())


def data_advice(dataset: "ImageDataset") -> None:
    """What the numbers suggest, in a plain sentence or two."""
    from clfcore.data.checks import advice

    st.write(plain(advice(dataset)))


def problems_label(dataset: "ImageDataset") -> str:
    return f"Problems ({count(len(dataset.problems))})"


def data_problems(dataset: "ImageDataset") -> None:
    """Everything that was found, none silent; and a second look at the files once they were mended."""
    if st.button("Read it again", help="After you have mended, added or removed files."):
        _reading.clear()
        _items.clear()
        thumbnail.clear()
        read_again()
        st.rerun()
    if not dataset.problems:
        st.write(
            "Nothing was found wrong: every file could be read, no picture stands twice, every class is in every split."
        )
        return
    rows = [{"kind": p.kind, "item": p.item, "what was found": p.message} for p in dataset.problems]
    st.dataframe(rows, hide_index=True, column_config={"what was found": st.column_config.TextColumn(width="large")})


def data_counts(dataset: "ImageDataset") -> None:
    """Images per class and split."""
    from clfcore import figures

    chart(figures.counts(dataset, dark=dark()), "counts")


def browse(dataset: "ImageDataset", spec: str) -> None:
    """The pictures, by class and split, a page at a time."""
    given = [split for split, size in dataset.sizes().items() if size]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = st.segmented_control("Split", given, default="train", required=True, key="split", bind="query-params")
        wanted = st.selectbox(
            "Class", ["all", *dataset.classes], format_func=shorten, key="class", bind="query-params", width=260
        )
        chosen = dataset.splits[split]
        indices = (chosen if wanted == "all" else chosen[dataset.having(wanted)[chosen]]).tolist()
        pages = max(1, -(-len(indices) // PER_PAGE))
        page = min(pages, st.pagination(pages, key=f"page {spec} {split} {wanted}"))
    if not indices:
        st.write(f"No picture of {plain(wanted)} is in the {split} split.")
        return
    cards(sample_cards(dataset, spec, spread(indices, page)), side=128)
    st.caption(f"{count(len(indices), 'picture')}, {PER_PAGE} a page.")


def spread(indices: Sequence[int], page: int) -> Sequence[int]:
    """A page of the pictures, taken at even steps so that each page shows all classes in their order."""
    pages = max(1, -(-len(indices) // PER_PAGE))
    return indices[page - 1 :: pages][:PER_PAGE]


def catalogue_table() -> None:
    """What the lab knows by name: what is at hand, and where the files of the rest go."""
    from clfcore.data.catalogue import entries

    rows = [
        {
            "name": e.name,
            "at hand": "✓" if e.available else "✗ absent",
            "task": e.task,
            "classes": e.classes,
            "images": e.items,
            "licence": e.licence,
            "where": e.note if e.available else f"put it here: {e.where}",
            "source": e.source,
        }
        for e in entries()
    ]
    st.dataframe(rows, hide_index=True)
