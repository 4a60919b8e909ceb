"""Published weights of the chosen network: which are on this machine, and a download of the others."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.api.weights import describe_weights
from clfcore.architectures.weights_index import megabytes
from ui.architecture_picker import weights_download
from ui.runs.use_model import use_this_architecture

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture


def weights_view(row: "Architecture") -> None:
    """Published weights of the network: those that are here, and a button for those that are not."""
    if not row.weights:
        return
    with st.container(border=True):
        tag = row.default_weights
        if len(row.weights) > 1:
            ordered = [tag, *(name for name in row.weights if name != tag)]
            tag = st.selectbox("Pretrained weights", ordered, key=f"weights of {row.name}", help=_WEIGHTS_HELP)
        known = describe_weights(row, tag)
        if known is not None and known.available:
            name = "Pretrained weights" if len(row.weights) == 1 else tag
            st.caption(f"✓ {name}: on this machine, {megabytes(known.bytes)}, license {known.licence}.")
        else:
            weights_download(row, tag)
    if known is not None and known.available and tag == row.default_weights:
        use_this_architecture(row.name)


_WEIGHTS_HELP = (
    "The same network, trained on other data or by another recipe; the first is taken where nothing else is said. "
    "timm's names give the recipe and the data: in1k is ImageNet with its 1,000 classes, in21k the larger one."
)
