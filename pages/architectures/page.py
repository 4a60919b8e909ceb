"""The Architectures page: a network's layers, cost, feature maps and gradients, and a comparison with another."""

import streamlit as st

from pages.architectures import compare, feature_maps, gradients, latency, network, scaling, timeline
from ui.messages import refusals
from ui.pickers import tabs

st.title("Architectures")
st.caption(
    "How is a network built, and what does it cost? Computed from shapes alone: weights are created only when you "
    "measure, view feature maps or train."
)

left, right = st.columns([2, 5], gap="large")
with left:
    row, wanted = network.choose_network()
    network.train_this(wanted)
    network.commands(wanted)
with right, refusals():
    table = network.table_of(wanted)
    network.totals(table)
    network.diagram(table, key="chosen")

views = {
    "Layers": lambda: network.layers(table),
    "Idea and source": lambda: network.idea(row),
    "Scaling": lambda: scaling.scaling(row, wanted),
    "Timeline": lambda: timeline.timeline(row.name),
    "Feature maps": lambda: feature_maps.inside(row, wanted),
    "Gradients": lambda: gradients.gradients(wanted),
    "Compare": lambda: compare.compare(table, wanted),
    "Latency": lambda: latency.latency(wanted),
}
if row.family != "efficientnet":
    del views["Scaling"]
tabs(views, key="see", renamed={"Inside": "Feature maps", "Side by side": "Compare", "Speed": "Latency"})
