"""What is in the data, and is anything wrong with it?"""

import streamlit as st

from pages.data.download import fetch_datasets
from pages.data.structure import data_structure
from ui.data_picker import (
    browse,
    catalogue_table,
    choose_data,
    data_advice,
    data_counts,
    data_numbers,
    data_problems,
    problems_label,
    read_data,
)

st.title("What is in the data?")
st.caption("Classes, splits, everything that is wrong with it, and the pictures themselves.")

spec = choose_data()
dataset = read_data(spec)
data_numbers(dataset)
data_advice(dataset)

pictures, counts, problems, catalogue = st.tabs(
    ["Pictures", "Classes and splits", problems_label(dataset), "Catalogue"], key="data tab"
)
with pictures:
    browse(dataset, spec)
with counts:
    data_counts(dataset)
    data_structure(dataset)
with problems:
    data_problems(dataset)
with catalogue:
    catalogue_table()
    fetch_datasets()
