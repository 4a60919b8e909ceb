"""The catalogue as a history: build a network, see inside it, lay another beside it, train it."""

import streamlit as st

from pages.architectures import feature_maps, latency
from pages.architectures import network as architectures_network
from ui.messages import refusals

st.title("How is a network built, and what does it cost?")
st.caption("Computed from shapes alone: no weights are made until you measure, look inside or train.")

left, right = st.columns([2, 5], gap="large")
with left:
    row, wanted = architectures_network.choose_network()
    architectures_network.train_this(wanted)
    architectures_network.commands(wanted)
with right, refusals():
    network = architectures_network.table_of(wanted)
    architectures_network.totals(network)
    architectures_network.diagram(network, key="chosen")

names = ["Layers", "Idea and source", "Timeline", "Inside", "Gradients", "Side by side", "Speed"]
if row.family == "efficientnet":
    names.insert(2, "Scaling")
tabs = dict(zip(names, st.tabs(names, key="see", on_change="rerun", bind="query-params"), strict=True))
views = {
    "Layers": lambda: architectures_network.layers(network),
    "Idea and source": lambda: architectures_network.idea(row),
    "Scaling": lambda: feature_maps.scaling(row, wanted),
    "Timeline": lambda: feature_maps.timeline(row.name),
    "Inside": lambda: feature_maps.inside(row, wanted),
    "Gradients": lambda: latency.gradients(wanted),
    "Side by side": lambda: feature_maps.beside(network, wanted),
    "Speed": lambda: latency.latency(wanted),
}
for name, tab in tabs.items():
    if tab.open:
        with tab, refusals(stop=False):
            views[name]()
