"""What is in the data, and is anything wrong with it?"""

import streamlit as st

from pages.data.browse import browse, data_advice, data_numbers
from pages.data.download import catalogue_table, fetch_datasets
from pages.data.problems import data_problems, problems_label
from pages.data.structure import data_counts, data_structure
from ui.data_picker import choose_data, read_data

st.title("Data")
st.caption("What is in the dataset, and is anything wrong with it?")

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
