"""Does a policy help? A trial of several on a sample, within a time budget, and its curves."""

import json
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.augment import policies as augment_policies
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policy import Policy
from clfcore.augment.saved_policies import saved_policies
from clfcore.config import make
from clfcore.progress import Progress
from pages.augmentations.previews import Source
from ui.charts import chart, dark
from ui.formatting import count, percent
from ui.jobs import background, result_of
from ui.session import TRIAL_REQUESTED, kept

if TYPE_CHECKING:
    from clfcore.experiments.compare_policies import PolicyComparison


def does_it_help(policy: Policy, source: Source, *, seed: int) -> None:
    """Policies trained on a sample within a time budget, from one initialization; their validation curves."""
    if not source.data:
        st.info("A trial needs a dataset: choose one above.")
        return
    others = [*POLICIES, *saved_policies()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        policies = st.multiselect("Against", others, default=["none"], **kept("trial against"), max_selections=4)
        seconds = st.number_input("Seconds", 5, 600, 30, 5, **kept("trial seconds"), help="Total training time.")
        sample = st.number_input("Training images", 50, 20_000, 1000, 50, **kept("trial sample"))
        asked = st.button("Run trial", type="primary")
    chosen = {f"{policy.name}, as edited": policy.as_dict()} | {
        name: augment_policies.policy(name).as_dict() for name in policies
    }
    key = json.dumps([source.data, chosen, seconds, sample, seed])
    if asked:
        TRIAL_REQUESTED.set(key)
    if TRIAL_REQUESTED.get() != key:
        st.caption(
            "One small network is trained with each policy, one epoch each in turn, from the same initial weights."
        )
        return
    trial = result_of(_trial(key), "Training with each policy")
    _show_trial(trial)


def _show_trial(comparison: "PolicyComparison") -> None:
    from clfcore.figures.history import history_figure

    histories = comparison.histories
    chart(history_figure(histories, quantity="accuracy", dark=dark(), height=320), "trial accuracy")
    rows = [
        {"policy": name, "last": percent(one[-1].validation_accuracy),
         "best": percent(max(epoch.validation_accuracy or 0.0 for epoch in one)), "epochs": len(one)}
        for name, one in histories.items()
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(
        f"Validation accuracy on {count(comparison.validation_items, 'image')}, trained on {comparison.train_items:,}: "
        f"a difference under {100 * comparison.noise:.0f} points may be chance. Strong policies "
        "need more epochs than a trial."
    )


@background(entries=8)
def _trial(progress: Progress, key: str) -> "PolicyComparison":
    from clfcore.experiments.compare_policies import compare_policies

    data, chosen, seconds, sample, seed = json.loads(key)
    config = make({"data": data, "architecture": "lenet5", "strategy": "scratch", "recipe": {"seed": seed}})
    policies = {name: augment_policies.policy(steps) for name, steps in chosen.items()}
    return compare_policies(config, policies, seconds=seconds, sample=sample, progress=progress)
