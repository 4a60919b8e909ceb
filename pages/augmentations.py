"""Policies seen before they are used: views, steps, mixtures, pixels, two side by side, and whether one helps."""

import streamlit as st

import ui
from clfcore.augment import at_scale

st.title("What will training see?")
st.caption("Change a step and the pictures change with it: they are those that training would feed, of the same seed.")


@st.fragment
def bench() -> None:
    with st.container(key="bench"):
        left, right = st.columns([2, 3], gap="large")
    with left:
        source, dataset = ui.choose_source()
        name = ui.choose_policy_named("Policy", "policy")
        warning = st.container()
        policy = ui.edit_policy(name)
        with warning:
            ui.warn_of_labels(policy, source.classes)
    with right:
        ui.wait_for_networks()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = ui.choose_model()
            base = ui.preprocess_of(source, model)
            preprocess = at_scale(policy, base)
            count = st.number_input("Views", 1, 48, 17, key="views", help="How many epochs' views are shown.")
            seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="augment seed", help="Of the run.")
        look = st.segmented_control(
            "Look at", ui.LOOKS, default=ui.LOOKS[0], required=True, key="look", label_visibility="collapsed"
        )
        if look == "Views":
            ui.show_views(policy, source, preprocess, model=model, seed=seed, count=count)
        elif look == "Step by step":
            epoch = st.slider("Epoch", 1, 48, 1, key="strip epoch")
            ui.show_strip(policy, source, preprocess, seed=seed, epoch=epoch)
        elif look == "Mixup and CutMix":
            epoch = st.slider("Epoch", 1, 48, 1, key="pair epoch")
            ui.show_pairs(policy, source, dataset, preprocess, seed=seed, epoch=epoch)
        elif look == "Pixels":
            ui.show_statistics(policy, source, preprocess, seed=seed, count=count)
        elif look == "Two policies":
            ui.show_two(policy, source, base, model=model, seed=seed)
        else:
            ui.does_it_help(policy, source, seed=seed)
        ui.about(source, preprocess)
    with left:
        ui.keep_policy(policy, preprocess)


bench()
