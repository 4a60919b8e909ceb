"""What is in the data, and is anything wrong with it?"""

import streamlit as st

from pages.data.browse import browse, data_advice, data_numbers
from pages.data.datasets import catalogue_table, dataset_list
from pages.data.manage import open_dataset_bar
from pages.data.problems import data_problems, problems_label
from pages.data.structure import data_counts, data_structure
from ui.data_picker import choose_data, read_data

st.title("Data")
st.caption("Your datasets and the catalogue's: what is in each, and is anything wrong with it?")

spec = choose_data()
dataset_list(spec)
open_dataset_bar(spec)
dataset = read_data(spec)
data_numbers(dataset)
data_advice(dataset)

pictures, problems, structure, catalogue = st.tabs(
    ["Browse", problems_label(dataset), "Structure", "Catalogue"], key="data tab"
)
with pictures:
    browse(dataset, spec)
with problems:
    data_problems(dataset, spec)
with structure:
    data_counts(dataset)
    data_structure(dataset)
with catalogue:
    catalogue_table()
