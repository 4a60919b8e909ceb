"""Policies seen before they are used: views, steps, mixtures, pixels, two side by side, and whether one helps."""

import streamlit as st

from clfcore.augment.train_test_resolution import at_training_scale
from pages.augmentations.editor import (
    choose_policy_named,
    edit_policy,
    keep_policy,
    policy_of_training,
    warn_of_labels,
)
from pages.augmentations.previews import (
    LOOKS,
    about,
    choose_model,
    choose_source,
    preprocess_of,
    show_pairs,
    show_statistics,
    show_strip,
    show_two,
    show_views,
)
from pages.augmentations.trial import does_it_help
from ui.entry import wait_for_networks
from ui.session import keep_widgets, kept, note_widgets

st.title("Augmentations")
st.caption(
    "What will training see? Change a step, and the preview shows exactly the images that training would use "
    "with the same seed."
)


@st.fragment
def bench() -> None:
    if keep_widgets():
        st.rerun()  # the whole page, which writes the tab's token into the address
    with st.container(key="bench"):
        left, right = st.columns([2, 3], gap="large")
    with left:
        source, dataset = choose_source()
        name = choose_policy_named("Policy", "policy", first=policy_of_training(dataset))
        warning = st.container()
        policy = edit_policy(name)
        with warning:
            warn_of_labels(policy, source.classes)
    with right:
        wait_for_networks()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = choose_model()
            base = preprocess_of(source, model)
            preprocess = at_training_scale(policy, base)
            count = st.number_input("Views", 1, 48, 17, **kept("views"), help="How many epochs to show, one view each.")
            seed = st.number_input("Seed", 0, 2**31 - 1, 0, **kept("augment seed"), help="The run's seed.")
        look = st.segmented_control(
            "Look at", LOOKS, default=LOOKS[0], required=True, **kept("look"), label_visibility="collapsed"
        )
        if look == "Views":
            show_views(policy, source, preprocess, model=model, seed=seed, count=count)
        elif look == "Step by step":
            epoch = st.slider("Epoch", 1, 48, 1, **kept("strip epoch"))
            show_strip(policy, source, preprocess, seed=seed, epoch=epoch)
        elif look == "Mixup and CutMix":
            epoch = st.slider("Epoch", 1, 48, 1, **kept("pair epoch"))
            show_pairs(policy, source, dataset, preprocess=preprocess, seed=seed, epoch=epoch)
        elif look == "Pixels":
            show_statistics(policy, source, preprocess, seed=seed, count=count)
        elif look == "Compare policies":
            show_two(policy, source, base, model=model, seed=seed)
        else:
            does_it_help(policy, source, seed=seed)
        about(source, preprocess)
    with left:
        keep_policy(policy, preprocess)
    note_widgets()


bench()
