"""The Architectures page's lower half: what a network sees, φ, the years, and another network beside it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.architectures.catalogue import architecture, architectures, configured, weights_at_hand
from clfcore.architectures.compound_scaling import TARGET, compound, members
from clfcore.architectures.scaling_cost import counted_cost
from clfcore.runs.index import finished_runs
from pages.architectures.network import NetworkChoice, diagram, table_of
from ui.cards import Card, Picture, cards, picture
from ui.charts import clicked, dark
from ui.fields import choose_options
from ui.formatting import count
from ui.jobs import Job, result_of
from ui.loaders import Files, Photo, by_files, classifier, samples
from ui.messages import escape_markdown, refusals
from ui.pickers import KINDS, listed_name

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from clfcore.architectures.summary import Table


MAPS = 8  # shown of each stage
FILTERS = 64


def timeline(name: str) -> None:
    """ImageNet top-1 against cost, from the weights' metadata; a click chooses the network."""
    from clfcore.figures import networks

    against = st.segmented_control(
        "Against",
        ["parameters", "multiply_adds"],
        format_func=lambda word: word.replace("_", "-").capitalize(),
        default="parameters",
        required=True,
        key="against",
        bind="query-params",
    )
    picked = clicked(networks.timeline(_years(), against=against, chosen=name, dark=dark()), f"timeline {against}")
    if picked and picked[0] != st.session_state.get("picked"):
        st.session_state["picked"] = picked[0]
        if picked[0] != name:
            st.session_state["next architecture"] = picked[0]
            st.rerun()
    st.caption(
        "Each network with its first published weights, as torchvision's metadata has them; the networks that clflab "
        "and timm alone hold have no point. Networks were trained by recipes of their time: not all of a difference is "
        "the architecture's. Click a point to choose its network."
    )


@st.cache_data(show_spinner="Reading the weights' metadata")
def _years() -> Any:
    from clfcore.architectures.published_accuracy import timeline as years

    return years()


def scaling(row: "Architecture", wanted: NetworkChoice) -> None:
    """EfficientNet's φ: what the formula gives for the chosen values, and B0 to B7 beside what was published."""
    st.write(
        "One number φ makes EfficientNet deeper (α^φ), wider (β^φ) and its images larger (224·γ^φ). With α·β²·γ² near "
        f"{TARGET:g}, each step of φ doubles the cost."
    )
    if wanted.name == "efficientnet":
        values = configured(wanted.name, dict(wanted.options))[1]
        given = {name: values[name] for name in ("alpha", "beta", "gamma")}
        found, counted = compound(values["phi"], **given), counted_cost(dict(wanted.options))
        st.markdown(
            f"**φ = {found.phi:g}**: depth × {found.scaling.depth:.3g}, width × {found.scaling.width:.3g}, images of "
            f"{found.scaling.image_size} pixels. α·β²·γ² = {found.product:.3f} (target {TARGET:g}), "
            f"so {found.cost:.3g} times the cost of φ = 0 by the formula; {counted:.3g} times its "
            "multiply-adds as counted: layers and widths are rounded to whole ones, mostly up."
        )
    else:
        st.caption("Choose `efficientnet` to set φ, α, β and γ yourself.")
    st.dataframe(
        [
            {
                "network": one.name,
                "φ": number,
                "depth": round(one.formula.depth, 2),
                "published depth": one.published.depth,
                "width": round(one.formula.width, 2),
                "published width": one.published.width,
                "image": one.formula.image_size,
                "published image": one.published.image_size,
                "published differently": one.difference,
            }
            for number, one in enumerate(members())
        ],
        hide_index=True,
        column_config={"published differently": st.column_config.TextColumn(width=330)},
        alt="B0 to B7: formula and published",
    )


@dataclass(frozen=True)
class Inside:
    """Maps of each stage as (stage, layer, number of maps, pictures), and the first layer's filters."""

    stages: tuple[tuple[str, str, int, tuple[tuple[str, Picture], ...]], ...]
    square: Picture
    filters: tuple[Picture, ...]
    filter_count: int


def inside(row: "Architecture", wanted: NetworkChoice) -> None:
    """Feature maps of a sample or of one's own image, and the first layer's filters."""
    names = {"": "random weights"}
    if weights_at_hand(row.name) and not wanted.options:
        names = {row.name: "ImageNet weights", **names}
    runs = [one for one in finished_runs() if one.config.architecture == row.name]
    names |= {one.id: listed_name(one) for one in runs}
    left, right = st.columns([3, 2], gap="medium")
    with right:
        upload = st.file_uploader("Your own image", KINDS, key="maps image", max_upload_size=64)
    with left:
        model = st.selectbox("Weights", list(names), format_func=names.__getitem__, key=f"maps of {row.name}")
        sample = st.segmented_control("Sample", list(samples()), default="cat", required=True, key="maps sample")
    photo = Photo(upload.name, upload.getvalue()) if upload else samples()[sample][0]
    if not model:
        st.caption("Untrained: random filters already answer to edges and colours, but nothing here was learned.")
    key = (model, wanted, photo.data)
    seen = result_of(_looking(*key), "Sending the image through", forget=lambda: _looking.clear(*key))
    cards([Card(seen.square, photo.name, truth="what it sees")], side=120)
    for stage, layer, maps, pictures in seen.stages:
        number = f"the {len(pictures)} of {count(maps, 'map')} that vary most" if maps > MAPS else count(maps, "map")
        st.markdown(f"**{stage.replace('_', ' ')}** · `{layer}` · {number}")
        cards([Card(one, f"{stage}, map {name}") for name, one in pictures], side=96)
    shown = f"{len(seen.filters)} of {count(seen.filter_count, 'filter')}"
    st.markdown(f"**First layer's filters** · {shown}; grey is a weight of nothing")
    cards([Card(one, f"filter {n}") for n, one in enumerate(seen.filters)], side=44)


@by_files
@st.cache_resource(show_spinner=False, max_entries=8)
def _looking(model: str, files: Files, wanted: NetworkChoice, data: bytes) -> Job:
    def work(_progress: Any) -> Inside:
        from clfcore.architectures.feature_maps import network_features

        opened = classifier(model) if model else None
        found = network_features(
            wanted.name,
            data,
            classifier=opened,
            options=dict(wanted.options),
            image_size=wanted.image_size,
            channels=wanted.channels,
            count=MAPS,
            filters=FILTERS,
        )
        stages = tuple(
            (one.stage, one.layer, one.maps, tuple((str(n), picture(pixels, side=112)) for n, pixels in one.strongest))
            for one in found.stages
        )
        filters = tuple(picture(pixels) for pixels in found.filters)
        return Inside(stages, picture(found.square), filters, found.filter_count)

    return Job(work)


def beside(found: "Table", wanted: NetworkChoice) -> None:
    """Another network beside this one, for the same sizes where some were chosen, drawn to one scale; what differs."""
    from clfcore.architectures.comparison import differences

    known = [row.name for row in architectures()]
    name = st.selectbox(
        "Beside it",
        known,
        index=known.index("resnet50"),
        key="beside",
        accept_new_options=True,
        bind="query-params",
        help="Any network of timm too: `timm/` and its name.",
    )
    with refusals():
        row = architecture(name)
        given = choose_options(row, address="other")
        configured(row.name, given)
    other = table_of(replace(wanted, name=row.name, options=tuple(given.items())))
    side = max(found.image_size, other.image_size)
    left, right = st.columns(2, gap="medium")
    for column, one, key in ((left, found, "left"), (right, other, "right")):
        with column:
            st.markdown(f"**{escape_markdown(one.architecture.name)}**")
            diagram(one, key=f"beside {key}", side=side)
    result = differences(found, other)
    st.write(escape_markdown(result.describe()))
    a, b = result.a, result.b if result.b != result.a else f"{result.b} (beside)"
    st.dataframe(
        [
            {
                "": "" if line.same else "≠ differs",
                "what": line.what,
                a: line.a,
                b: line.b,
                "ratio": "" if line.ratio is None else f"{line.ratio:.3g}",
            }
            for line in result.rows
        ],
        hide_index=True,
        height="content",
        column_config={
            "": st.column_config.TextColumn(width=70),
            "what": st.column_config.TextColumn(width=250),
            "ratio": st.column_config.TextColumn(width=60, help=f"{b} over {a}."),
            a: st.column_config.TextColumn(width=285),
            b: st.column_config.TextColumn(width=285),
        },
        alt="Two networks side by side",
    )
