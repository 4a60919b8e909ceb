"""The Train page: configure a run, check its plan and start it, or monitor the run in the address."""

import streamlit as st

from pages.train.configure import choose_fit, choose_start, configure, defaults
from pages.train.experiments import check_before_training
from pages.train.imbalance import choose_imbalance
from pages.train.monitor import show_run
from pages.train.plan import show_plan, train_button
from pages.train.recipe import choose_preset, label_warning
from pages.train.search import search_form
from pages.train.strategy import show_failed, show_initial_weights, take_failed_configuration, take_initial_run
from ui.charts import learning_rate_chart
from ui.data_picker import choose_data, read_data
from ui.runs.monitor import active_runs, run_in_address

run = run_in_address()
if run is not None:
    show_run(run)
    st.stop()

st.title("Train")
st.caption("Choose data, a network and a strategy; everything else has a sensible default.")
active_runs()
take_initial_run()
take_failed_configuration()
show_failed()
show_initial_weights()

left, right = st.columns([3, 2], gap="large")
with left:
    data = choose_data()
    dataset = read_data(data)
    start = choose_start(data, dataset)
    choose_fit(dataset, data)
    st.subheader("Recipe", anchor=False)
    chosen = choose_preset(start.config, dataset.task.kind)
    config = configure(chosen, defaults=defaults(chosen, dataset))
    config = choose_imbalance(config, dataset)
with right, st.container(border=True):
    st.subheader(f"Plan with {start.instead}" if start.instead else "Plan", anchor=False)
    planned = show_plan(config)
    filled = planned.config
    label_warning(filled, dataset.classes)
    train_button(planned, label=f"Train with {start.instead}" if start.instead else "Train")
    search_form(config, filled)
    check_before_training(filled)
    learning_rate_chart(filled, images=len(dataset.splits["train"]))
