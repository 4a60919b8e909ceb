"""The Gradients tab: gradient norms by layer of plain and residual networks, and the degradation study."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.degradation_study import record
from clfcore.numerals import decimal, times
from clfcore.progress import Progress
from pages.architectures.network import NetworkChoice
from ui.charts import chart, dark
from ui.jobs import background, result_of
from ui.messages import escape_markdown
from ui.session import SessionValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clfcore.architectures.gradient_flow import GradientReach


PAIR = "plain vs. residual, 34 layers"

_COMPUTED = SessionValue[list[tuple[NetworkChoice | None, bool]]]("asked")


def gradients(choice: NetworkChoice) -> None:
    """Gradient norms by layer: plain against residual with 34 layers, or the chosen network."""
    from clfcore.figures import networks

    left, right = st.columns([3, 2], gap="medium")
    with left:
        whose = st.segmented_control(
            "Network",
            [PAIR, choice.name],
            default=PAIR,
            required=True,
            key=f"whose gradients {choice.name}",
            help="The pair is one network of 34 layers with and without its shortcuts. Choose any other network on the "
            "left: its gradients are computed on synthetic 64-pixel images, or at its own size if that is fixed.",
        )
    with right:
        normalized = st.toggle("With batch normalization, as published", value=True, key="normalised")
    alone = None if whose == PAIR else choice
    st.write("The norm of the loss gradient with respect to each layer's weights, on synthetic images with one seed.")
    asked, computed = (alone, normalized), _COMPUTED.get() or []
    if not st.button("Compute the gradients", key="gradients") and asked not in computed:
        st.caption("Takes a few seconds: four forward and backward passes of 24 synthetic images each.")
    else:
        _COMPUTED.set([*computed, asked])
        flow = result_of(_gradient_flow(alone, normalized=normalized), "Computing gradients")
        left, right = st.columns(2, gap="medium")
        for column, after, title in ((left, False, "At initialization"), (right, True, "After three steps")):
            with column:
                st.markdown(f"**{title}**")
                chart(networks.gradients(flow, after=after, dark=dark()), f"gradients {asked} {after}")
        st.caption(_describe(flow, normalized=normalized))
    degradation()


def _describe(reaches: "Sequence[GradientReach]", *, normalized: bool) -> str:
    parts = [
        f"{escape_markdown(network.name)}: {decimal(network.norms[0].before)} in the first layer, "
        f"{decimal(network.norms[-1].before)} in the last: {times(network.share())} as large"
        for network in reaches
    ]
    sentence = f"At initialization, {'; '.join(parts)}."
    if len(reaches) == 1:
        return sentence
    return f"{sentence} " + (
        "With batch normalization, the plain network's gradients do not vanish: they are uneven, largest in the "
        "earliest layers. He et al. (2015) also found healthy gradients and left the cause of the degradation open."
        if normalized
        else "Without batch normalization, little of the gradient reaches the early layers of the plain network, "
        "while the shortcuts pass it on: the vanishing gradient problem."
    )


@background(entries=16)
def _gradient_flow(progress: Progress, alone: NetworkChoice | None, *, normalized: bool) -> "tuple[GradientReach, ...]":
    from clfcore.architectures.gradient_flow import gradient_reach, plain_against_residual

    if alone is None:
        return plain_against_residual(normalized=normalized, progress=progress)
    reach = gradient_reach(
        alone.name,
        options=dict(alone.options),
        image_size=alone.image_size,
        channels=alone.channels,
        classes=alone.classes,
        normalized=normalized,
    )
    return (reach,)


def degradation() -> None:
    """Degradation study: losses by epoch and final results of trained plain and residual networks, as last measured."""
    from clfcore.figures import networks

    study = record()
    st.markdown("**Trained: 20 and 56 layers, plain and residual**")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(networks.losses(study, dark=dark()), "degradation")
        st.caption("One line per network and seed with recorded epochs.")
    with right:
        st.dataframe(
            [
                {
                    "network": kind.name,
                    "training loss": f"{kind.train_loss:.4f}",
                    "by seed": ", ".join(decimal(loss) for loss in kind.each_loss),
                    "training accuracy": f"{100 * kind.train_accuracy:.1f}%",
                    "validation accuracy": f"{100 * kind.validation_accuracy:.1f}%",
                }
                for kind in study.kinds()
            ],
            hide_index=True,
            alt="Plain and residual networks after training",
        )
        st.caption(
            escape_markdown(study.describe()),
            help="benchmarks/plain_vs_residual.py trains them; He et al. (2015) report the same experiment on "
            "CIFAR-10. These numbers are the script's stored results.",
        )
