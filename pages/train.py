"""Configure a run, see its plan, launch it, watch it."""

import streamlit as st

import ui
from clfcore.config import make

run = ui.run_in_address()
if run is not None:
    st.title("How is it going?")
    st.caption("You may close this page or load it again: the run goes on, and Runs leads back here.")
    ui.watch(run)
    if st.button("Train another"):
        del st.query_params["run"]
        st.rerun()
    st.stop()

st.title("What shall be learned, and how?")
st.caption("Data, architecture and strategy are enough: everything else has a default that suits them, shown in grey.")
ui.active_runs()
ui.take_over()
ui.say_where_from()

left, right = st.columns([3, 2], gap="large")
with left:
    data = ui.choose_data()
    architecture, strategy = ui.choose_network()
    options = ui.choose_options(architecture)
    weights = ui.choose_weights(strategy)
    dataset = ui.read_data(data)
    ui.choose_fit(dataset, data)
    st.subheader("Recipe", anchor=False)
    said = {
        "data": data,
        "architecture": architecture.name,
        "strategy": strategy,
        "weights": weights,
        "options": options,
    }
    chosen = ui.choose_preset(make(said), dataset.task.kind)
    config = ui.configure(chosen, defaults=ui.defaults(chosen, dataset))
    config = ui.rare_classes(config, dataset)
with right, st.container(border=True):
    st.subheader("The plan", anchor=False)
    filled = ui.show_plan(config)
    ui.label_warning(filled, dataset.classes)
    ui.train_button(filled)
    ui.check_before(filled)
    ui.schedule_preview(filled, images=len(dataset.splits["train"]))
