"""The chosen network: its options, totals, diagram, layer table, papers and commands."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.architectures.catalogue import configured
from clfcore.architectures.papers import About, about
from clfcore.progress import Progress
from ui.architecture_picker import choose_architecture
from ui.charts import chart, dark
from ui.fields import choose_options, follow_default
from ui.formatting import count
from ui.jobs import background, result_of
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.session import (
    BATCH_SIZE_OF_MEMORY,
    COMPARED_ARCHITECTURE,
    SessionValue,
    in_address,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clfcore.architectures.catalogue import Architecture
    from clfcore.architectures.families import Paper
    from clfcore.architectures.summary import Layer, Table

PAPERS = 4  # shown at once
BESIDE = "resnet50"  # the network that another is compared with at first


@dataclass(frozen=True)
class NetworkChoice:
    """A network with its options and sizes: all that is needed to build it. Options are (name, value) pairs of text."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    image_size: int | None = None
    channels: int | None = None
    classes: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `summary.table` and of the functions that measure a network."""
        sizes = {"image_size": self.image_size, "channels": self.channels, "classes": self.classes}
        return {"options": dict(self.options), **sizes}

    @property
    def flags(self) -> list[str]:
        """Its flags on the command line."""
        flags = [word for name, value in self.options for word in ("--option", f"{name}={value}")]
        sizes = {"image-size": self.image_size, "channels": self.channels, "classes": self.classes}
        return flags + [word for name, value in sizes.items() if value for word in (f"--{name}", str(value))]


def choose_network() -> "tuple[Architecture, NetworkChoice]":
    """A network of the catalogue or of timm, its options and sizes; all in the address."""
    row = choose_architecture(narrow=True)
    options = choose_options(row)
    with refusals():
        row, _ = configured(row.name, options)
    sizes = st.grid(3, min_column_width=90)
    with sizes.cell():
        side = _size("Image size", "side", row.native_image, most=1024)
    with sizes.cell():
        channels = _size("Channels", "channels", row.channels, most=64)
    with sizes.cell():
        classes = _size("Classes", "classes", row.classes, most=100_000)
    return row, NetworkChoice(row.name, tuple(options.items()), side, channels, classes)


def _size(label: str, key: str, default: int, *, most: int) -> int | None:
    """A number box that starts at the network's own value; another value stands in the address. None if unchanged."""
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


def table_of(choice: NetworkChoice) -> "Table":
    """Layers, groups and totals of a network; while they are computed, the page ends here."""
    return result_of(_table_job(choice), "Building the network from its shapes", patience=1.0)


@background(entries=64)
def _table_job(progress: Progress, choice: NetworkChoice) -> "Table":
    from clfcore.architectures.summary import table

    return table(choice.name, **choice.arguments)


def totals(table: "Table") -> None:
    """Parameters, cost, layers, and the memory that training takes."""
    batch = BATCH_SIZE_OF_MEMORY.get() or 32
    weighted = sum(layer.parameters > 0 and layer.multiply_adds > 0 for layer in table.layers)
    stages = sum(group.name.startswith("stage") for group in table.groups)
    metric_row(
        [
            Number("Parameters", count(table.parameters), f"{_megabytes(4 * table.parameters)} as float32"),
            Number(
                "Multiply-adds",
                giga(table.multiply_adds),
                f"per {table.image_size}-pixel image",
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
                _megabytes(table.training_bytes(batch)),
                f"at batch size {batch}, with AdamW",
                help="An estimate: weights, gradients, two moments and the activations kept for the backward pass, in "
                "float32. The allocator and convolution workspaces need more.",
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


def diagram(table: "Table", *, key: str, side: int | None = None) -> None:
    """Stem, stages and head as blocks."""
    from clfcore.figures import networks

    chart(networks.diagram(table, side=side, dark=dark()), f"diagram {key}")


def layers(table: "Table") -> None:
    """The layer table, one expander per stage."""
    st.caption(
        "For one image, in execution order. A shape is channels × height × width, or tokens × features.",
        help="The receptive field is how many input pixels, along a side, one value depends on (Araujo et al., 2019). "
        "It is undefined after attention and after global pooling.",
    )
    for group in table.groups:
        shape = " × ".join(str(length) for length in group.output_shape)
        title = (
            f"**{group.name.replace('_', ' ')}**: {shape}; {count(group.layers, 'layer')}, "
            f"{count(group.parameters, 'parameter')}, {giga(group.multiply_adds)} multiply-adds"
        )
        fold = st.expander(title, on_change="rerun", key=f"fold {group.name}")  # its grid is drawn when it is opened
        if fold.open:
            with fold:
                st.dataframe(
                    [_layer_row(layer) for layer in table.layers if layer.group == group.name],
                    hide_index=True,
                    key=f"layers {group.name}",
                    alt=f"Layers of {group.name}",
                )


def _layer_row(layer: "Layer") -> dict[str, str | float | None]:
    return {
        "name": layer.name,
        "type": layer.type,
        "output": " × ".join(str(length) for length in layer.output_shape),
        "parameters": layer.parameters,
        "multiply-adds": layer.multiply_adds,
        "activations (kB)": round(layer.activation_bytes / 1e3, 1),
        "receptive field": layer.receptive_field,
    }


def idea(row: "Architecture") -> None:
    """The idea, what it solved, the papers, and the source of the network's block; of timm networks what timm has."""
    facts = result_of(_about(row.name), "Reading the network's source")
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown(f"**{escape_markdown(facts.title)}**")
        if facts.idea:
            st.write(escape_markdown(facts.idea))
            st.markdown("**What it solved**")
            st.write(escape_markdown(facts.solved))
        papers(facts.papers)
        for note in facts.notes:
            st.caption(escape_markdown(note))
    with right:
        kind, _, module = facts.block.partition(" of ")
        st.caption(f"Its block, `{kind}` from `{module}`:")
        st.code(facts.source, language="python", height=420)


def papers(sources: "Sequence[Paper]") -> None:
    """Authors, title with its link, year; the first four, the others on demand."""
    lines = []
    for paper in sources:
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


def commands(choice: NetworkChoice) -> None:
    """Every view of the page on the command line."""
    start = ["python", "-m", "clfcore"]
    options = [word for name, value in choice.options for word in ("--option", f"{name}={value}")]
    size = ["--image-size", str(choice.image_size)] if choice.image_size else []
    photo = [*options, *size, *(["--channels", str(choice.channels)] if choice.channels else [])]
    other_network = COMPARED_ARCHITECTURE.get() or BESIDE
    other = [word for option in in_address("other").get() or () for word in ("--other-option", option)]
    lines = [
        ["architectures", "show", choice.name, *choice.flags],
        ["architectures", "source", choice.name],
        ["architectures", "timeline"],
        ["architectures", "inside", choice.name, "photo.jpg", "--out", "inside.png", *photo],
        ["architectures", "tokens", choice.name, "photo.jpg", "--out", "attention.png", *photo],
        ["architectures", "gradients"],
        ["architectures", "gradients", choice.name, *choice.flags],
        ["architectures", "compare", choice.name, other_network, *choice.flags, *other],
        ["architectures", "speed", choice.name, *choice.flags],
        ["train", "--data", "digits", "--architecture", choice.name, *options, *size],
    ]
    fold = st.expander("On the command line", on_change="rerun", key="commands")
    if fold.open:
        fold.code("\n".join(shlex.join([*start, *line]) for line in lines), language="bash", wrap_lines=True)


def train_this(choice: NetworkChoice) -> None:
    """Hands the network and its options to the Train page."""
    handed = {"architecture": choice.name, "option": [f"{name}={value}" for name, value in choice.options]}
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
