"""How many processes share the batches of a run."""

import streamlit as st

from ui.session import PROCESSES, kept


def choose_processes(most: int) -> int:
    """From 1 to `most`; no choice where that is one."""
    if most < 2:
        return 1
    if (PROCESSES.get() or 1) > most:
        PROCESSES.set(most)
    return st.number_input(
        "Processes",
        min_value=1,
        max_value=most,
        **kept(PROCESSES.key),
        help="Each process takes a slice of every batch, on a GPU of its own or on its part of the cores; the batch "
        "size stays what it is. Two processes give the same result as one that accumulates two batches of half the "
        "size. On a CPU they pay off where one process leaves cores idle, as with small networks.",
    )
