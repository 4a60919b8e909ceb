"""Configure a run, see its plan, launch it, watch it."""

import streamlit as st

from clfcore.config import make
from pages.train.checks import check_before_training
from pages.train.configure import choose_fit, choose_network, configure, defaults, show_plan, train_button
from pages.train.imbalance import rare_classes
from pages.train.recipe import choose_preset, label_warning
from pages.train.strategy import choose_weights, say_where_from, take_over
from ui.data_picker import choose_data, read_data
from ui.fields import choose_options
from ui.run_monitor import learning_rate_chart, run_in_address, watch
from ui.run_queue import active_runs

run = run_in_address()
if run is not None:
    st.title("How is it going?")
    st.caption("You may close this page or load it again: the run goes on, and Runs leads back here.")
    watch(run)
    if st.button("Train another"):
        del st.query_params["run"]
        st.rerun()
    st.stop()

st.title("What shall be learned, and how?")
st.caption("Data, architecture and strategy are enough: everything else has a default that suits them, shown in grey.")
active_runs()
take_over()
say_where_from()

left, right = st.columns([3, 2], gap="large")
with left:
    data = choose_data()
    architecture, strategy = choose_network()
    options = choose_options(architecture)
    weights = choose_weights(strategy)
    dataset = read_data(data)
    choose_fit(dataset, data)
    st.subheader("Recipe", anchor=False)
    said = {
        "data": data,
        "architecture": architecture.name,
        "strategy": strategy,
        "weights": weights,
        "options": options,
    }
    chosen = choose_preset(make(said), dataset.task.kind)
    config = configure(chosen, defaults=defaults(chosen, dataset))
    config = rare_classes(config, dataset)
with right, st.container(border=True):
    st.subheader("The plan", anchor=False)
    filled = show_plan(config)
    label_warning(filled, dataset.classes)
    train_button(filled)
    check_before_training(filled)
    learning_rate_chart(filled, images=len(dataset.splits["train"]))
