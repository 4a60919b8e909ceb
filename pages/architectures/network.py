"""The chosen network: its options, totals, diagram, layer table, papers and commands."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.architectures.catalogue import configured, search
from clfcore.architectures.papers import About, about
from clfcore.progress import Progress
from ui.charts import chart, dark
from ui.fields import choose_options, follow_default
from ui.formatting import count
from ui.jobs import background, result_of
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.pickers import choose_architecture
from ui.session import (
    ARCHITECTURE,
    BATCH_SIZE_OF_MEMORY,
    COMPARED_ARCHITECTURE,
    SessionValue,
    in_address,
    selected_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clfcore.architectures.catalogue import Architecture
    from clfcore.architectures.families import Paper
    from clfcore.architectures.summary import Table

PAPERS = 4  # shown at once


@dataclass(frozen=True)
class NetworkChoice:
    """A network as it was asked for: all that is needed to build it. Options as (name, value) pairs of text."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    image_size: int | None = None
    channels: int | None = None
    classes: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The same in Python: keyword arguments of `table` and of what measures it."""
        sizes = {"image_size": self.image_size, "channels": self.channels, "classes": self.classes}
        return {"options": dict(self.options), **sizes}

    @property
    def words(self) -> list[str]:
        """Its flags on the command line."""
        found = [word for name, value in self.options for word in ("--option", f"{name}={value}")]
        sizes = {"image-size": self.image_size, "channels": self.channels, "classes": self.classes}
        return found + [word for name, value in sizes.items() if value for word in (f"--{name}", str(value))]


def choose_network() -> "tuple[Architecture, NetworkChoice]":
    """A network of the catalogue or of timm, its options and what it shall take; all of it in the address."""
    row = choose_architecture()
    search_timm()
    given = choose_options(row)
    with refusals():
        row, _ = configured(row.name, given)
    sizes = st.grid(3, min_column_width=90)
    with sizes.cell():
        side = _whole("Image size", "side", row.native_image, most=1024)
    with sizes.cell():
        channels = _whole("Channels", "channels", row.channels, most=64)
    with sizes.cell():
        classes = _whole("Classes", "classes", row.classes, most=100_000)
    return row, NetworkChoice(row.name, tuple(given.items()), side, channels, classes)


def _whole(label: str, key: str, default: int, *, most: int) -> int | None:
    """A size's number box at the network's own value; another one stands in the address. None where it is the own."""
    address, written = st.query_params.get(key), SessionValue[str | None](f"{key} in address")
    if address != written.get() and address is not None and address.isdecimal():
        SessionValue[int](key).set(min(max(1, int(address)), most))  # a link, a reload
    follow_default(key, default)
    value = st.number_input(label, min_value=1, max_value=most, step=1, key=key, persist_state="session")
    chosen = None if value == default else value
    written.set(None if chosen is None else str(chosen))
    if chosen is not None:
        st.query_params[key] = str(chosen)
    elif key in st.query_params:
        del st.query_params[key]
    return chosen


def search_timm() -> None:
    """Names that hold a text, timm's among them; a click on one chooses it."""
    with st.popover("Search timm's networks", type="tertiary"):
        text = st.text_input("Part of a name", placeholder="e.g. maxvit or resnet50", key="timm search")
        if not text.strip():
            return
        found = search(text)
        if not found:
            st.caption("No network has that in its name.")
            return
        st.caption(f"{count(len(found), 'network')}. Click a row to choose it.")
        rows = [{"name": r.name, "year": r.year, "parameters": r.parameters, "image": r.native_image} for r in found]
        names = [r.name for r in found]

        def choose() -> None:
            if picked := selected_rows("timm rows"):
                ARCHITECTURE.set(names[picked[0]])

        st.dataframe(
            rows,
            hide_index=True,
            height=260,
            key="timm rows",
            on_select=choose,
            selection_mode="single-row",
            alt="Networks whose name contains the text",
        )


def table_of(wanted: NetworkChoice) -> "Table":
    """Layers, groups and totals; computed in a thread, and until they are there the page ends here."""
    return result_of(_tabling(wanted), "Building the network from its shapes", patience=1.0)


@background(entries=64)
def _tabling(progress: Progress, wanted: NetworkChoice) -> "Table":
    from clfcore.architectures.summary import table

    return table(wanted.name, **wanted.arguments)


def totals(found: "Table") -> None:
    """Parameters, cost, layers, and the memory that training takes."""
    batch = BATCH_SIZE_OF_MEMORY.get() or 32
    weighted = sum(layer.parameters > 0 and layer.multiply_adds > 0 for layer in found.layers)
    stages = sum(group.name.startswith("stage") for group in found.groups)
    metric_row(
        [
            Number("Parameters", count(found.parameters), f"{_megabytes(4 * found.parameters)} as float32"),
            Number(
                "Multiply-adds",
                giga(found.multiply_adds),
                f"per {found.image_size}-pixel image",
                help="One multiplication and one addition, of convolutions and matrix products. Papers often call them "
                "FLOPs; torch.utils.flop_counter counts two for each.",
            ),
            Number(
                "Layers with weights",
                count(weighted),
                f"in {count(stages, 'stage')}",
                help="Convolutions, linear layers and attention. The number in a ResNet's name leaves out the "
                "convolutions on its shortcuts.",
            ),
            Number(
                "Memory to train",
                _megabytes(found.training_bytes(batch)),
                f"at batch size {batch}, with AdamW",
                help="Weights, gradients, two moments and the activations kept for the backward pass, in float32: an "
                "estimate; the allocator and convolution workspaces take more.",
            ),
        ],
        least=165,
    )
    st.select_slider(
        "Batch size",
        [1, 2, 4, 8, 16, 32, 64, 128, 256],
        value=32,
        key="memory batch",
        help="Images per training step: the activations kept for the backward pass grow with it.",
        width=360,
    )


def diagram(found: "Table", *, key: str, side: int | None = None) -> None:
    """Stem, stages and head as blocks."""
    from clfcore.figures import networks

    chart(networks.diagram(found, side=side, dark=dark()), f"diagram {key}")


def layers(found: "Table") -> None:
    """The layer table, folded by stage."""
    st.caption(
        "For one image, in execution order. A shape is channels × height × width, or tokens × features.",
        help="The receptive field is how many pixels of the image one value can see, along a side (Araujo et al. "
        "2019). It is empty where undefined: after attention and after global pooling.",
    )
    for group in found.groups:
        shape = " x ".join(str(length) for length in group.output_shape)
        title = (
            f"**{group.name.replace('_', ' ')}**: {shape}; {count(group.layers, 'layer')}, "
            f"{count(group.parameters, 'parameter')}, {giga(group.multiply_adds)} multiply-adds"
        )
        fold = st.expander(title, on_change="rerun", key=f"fold {group.name}")  # its grid is drawn when it is opened
        if fold.open:
            with fold:
                st.dataframe(
                    [_line(layer) for layer in found.layers if layer.group == group.name],
                    hide_index=True,
                    key=f"layers {group.name}",
                    alt=f"Layers of {group.name}",
                )


def _line(layer: Any) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": layer.type,
        "output": " x ".join(str(length) for length in layer.output_shape),
        "parameters": layer.parameters,
        "multiply-adds": layer.multiply_adds,
        "activations (kB)": round(layer.activation_bytes / 1e3, 1),
        "receptive field": layer.receptive_field,
    }


def idea(row: "Architecture") -> None:
    """The idea, what it solved, the papers, and the block's source; for timm what timm itself carries."""
    found = result_of(_about(row.name), "Reading the network's source")
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown(f"**{escape_markdown(found.title)}**")
        if found.idea:
            st.write(escape_markdown(found.idea))
            st.markdown("**What it solved**")
            st.write(escape_markdown(found.solved))
        papers(found.papers)
        for note in found.notes:
            st.caption(escape_markdown(note))
    with right:
        kind, _, module = found.block.partition(" of ")
        st.caption(f"Its block, `{kind}` from `{module}`:")
        st.code(found.source, language="python", height=420)


def papers(found: "Sequence[Paper]") -> None:
    """Authors, title with its link, year; the first four, the others on demand."""
    lines = []
    for paper in found:
        by = f"{escape_markdown(', '.join(paper.authors))}: " if paper.authors else ""
        lines.append(f"{by}[{escape_markdown(paper.title)}]({paper.url}), {paper.year or 'undated'}.")
    for line in lines[:PAPERS]:
        st.caption(line)
    if len(lines) > PAPERS:
        with st.expander(f"{count(len(lines) - PAPERS, 'more paper')}"):
            for line in lines[PAPERS:]:
                st.caption(line)


@background(entries=64)
def _about(progress: Progress, name: str) -> About:
    return about(name)


def commands(wanted: NetworkChoice) -> None:
    """Every view of the page on the command line."""
    start = ["python", "-m", "clfcore"]
    options = [word for name, value in wanted.options for word in ("--option", f"{name}={value}")]
    size = ["--image-size", str(wanted.image_size)] if wanted.image_size else []
    photo = [*options, *size, *(["--channels", str(wanted.channels)] if wanted.channels else [])]
    beside = COMPARED_ARCHITECTURE.get() or "resnet50"
    other = [word for option in in_address("other").get() or () for word in ("--other-option", option)]
    lines = [
        ["architectures", "show", wanted.name, *wanted.words],
        ["architectures", "source", wanted.name],
        ["architectures", "timeline"],
        ["architectures", "inside", wanted.name, "photo.jpg", "--out", "inside.png", *photo],
        ["architectures", "gradients"],
        ["architectures", "gradients", wanted.name, *wanted.words],
        ["architectures", "compare", wanted.name, beside, *wanted.words, *other],
        ["architectures", "speed", wanted.name, *wanted.words],
        ["train", "--data", "digits", "--architecture", wanted.name, *options, *size],
    ]
    fold = st.expander("On the command line", on_change="rerun", key="commands")
    if fold.open:
        fold.code("\n".join(shlex.join([*start, *line]) for line in lines), language="bash", wrap_lines=True)


def train_this(wanted: NetworkChoice) -> None:
    """Hands the network and its options to the Train page."""
    handed = {"architecture": wanted.name, "option": [f"{name}={value}" for name, value in wanted.options]}
    with st.container(border=True):
        st.page_link(
            "pages/train/page.py", label="**Train this**", icon=":material/arrow_forward:", query_params=handed
        )


def giga(number: float) -> str:
    """1.81 G, 320 M, 12,500."""
    if number >= 1e9:
        return f"{number / 1e9:.2f} G"
    return f"{number / 1e6:,.1f} M" if number >= 1e6 else f"{round(number):,}"


def _megabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
