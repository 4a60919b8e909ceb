"""Lesson 1's logits by hand: three numbers, and what softmax and sigmoids make of them."""

import streamlit as st

from clfcore.lessons.labels import readings
from ui.cards import bars
from ui.session import kept

LABELS = ("circle", "square", "star")
FIRST = (2.0, 2.0, -3.0)


def logits_by_hand() -> None:
    """A slider for each logit; both readings beside each other."""
    st.markdown("**Try it.** Move a logit, and see which probabilities move.")
    left, middle, right = st.columns([2, 2, 2], gap="large")
    with left:
        values = [
            st.slider(f"Logit of {label}", -6.0, 6.0, first, 0.5, **kept(f"logit {label}"))
            for label, first in zip(LABELS, FIRST, strict=True)
        ]
    for column, (name, probabilities) in zip((middle, right), readings(values).items(), strict=True):
        with column:
            st.markdown(f"**{name.capitalize()}**, sum {sum(probabilities):.2f}")
            bars(list(zip(LABELS, probabilities, strict=True)))
