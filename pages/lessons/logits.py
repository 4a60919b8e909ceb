"""Lesson 1's logits by hand: three numbers, and what softmax and sigmoids make of them."""

import numpy as np
import streamlit as st

from clfcore.lessons.labels import sigmoid, softmax
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
    rows = np.array([values])
    for column, reading in ((middle, softmax), (right, sigmoid)):
        with column:
            probabilities = reading(rows)[0]
            st.markdown(f"**{reading.__name__.capitalize()}**, sum {probabilities.sum():.2f}")
            bars(list(zip(LABELS, probabilities.tolist(), strict=True)))
