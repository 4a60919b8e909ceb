"""The Architectures page: a network's layers, cost, feature maps and gradients, and a comparison with another."""

import streamlit as st

from pages.architectures import compare, feature_maps, gradients, latency, network, scaling, timeline, tokens, weights
from ui.messages import refusals
from ui.pickers import tabs

st.title("Architectures")
st.caption(
    "How is a network built, and what does it cost? Computed from shapes alone; weights are created only when you "
    "measure latency, view feature maps or train."
)

left, right = st.columns([2, 5], gap="large")
with left:
    row, choice = network.choose_network()
    weights.weights_view(row)
    network.train_this(choice)
    network.commands(choice)
with right, refusals():
    table = network.table_of(choice)
    network.totals(table)
    network.diagram(table, key="chosen")

views = {
    "Layers": lambda: network.layers(table),
    "Idea and source": lambda: network.idea(row),
    "Scaling": lambda: scaling.scaling(row, choice),
    "Timeline": lambda: timeline.timeline(row.name),
    "Feature maps": lambda: feature_maps.inside(row, choice),
    "Patches and tokens": lambda: tokens.tokens(row, choice),
    "Gradients": lambda: gradients.gradients(choice),
    "Compare": lambda: compare.compare(table, choice),
    "Latency": lambda: latency.latency(choice),
}
if row.family != "efficientnet":
    del views["Scaling"]
tabs(views, key="see", renamed={"Inside": "Feature maps", "Side by side": "Compare", "Speed": "Latency"})
