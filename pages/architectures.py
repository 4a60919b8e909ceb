"""The catalogue as a history: build a network, see inside it, lay another beside it, train it."""

import streamlit as st

import ui
from ui import inside, measured, networks

st.title("How is a network built, and what does it cost?")
st.caption("Computed from shapes alone: no weights are made until you measure, look inside or train.")

left, right = st.columns([2, 5], gap="large")
with left:
    row, wanted = networks.choose_wanted()
    networks.train_this(wanted)
    networks.commands(wanted)
with right, ui.refusals():
    network = networks.table_of(wanted)
    networks.totals(network)
    networks.diagram(network, key="chosen")

names = ["Layers", "Idea and source", "Timeline", "Inside", "Gradients", "Side by side", "Speed"]
if row.family == "efficientnet":
    names.insert(2, "Scaling")
tabs = dict(zip(names, st.tabs(names, key="see", on_change="rerun", bind="query-params"), strict=True))
views = {
    "Layers": lambda: networks.layers(network),
    "Idea and source": lambda: networks.idea(row),
    "Scaling": lambda: inside.scaling(row, wanted),
    "Timeline": lambda: inside.timeline(row.name),
    "Inside": lambda: inside.inside(row, wanted),
    "Gradients": lambda: measured.gradients(wanted),
    "Side by side": lambda: inside.beside(network, wanted),
    "Speed": lambda: measured.latency(wanted),
}
for name, tab in tabs.items():
    if tab.open:
        with tab, ui.refusals(stop=False):
            views[name]()
