"""What is in the data, and is anything wrong with it?"""

import streamlit as st

import ui

st.title("What is in the data?")
st.caption("Classes, splits, everything that is wrong with it, and the pictures themselves.")

spec = ui.choose_data()
dataset = ui.read_data(spec)
ui.data_numbers(dataset)
ui.data_advice(dataset)

pictures, counts, problems, catalogue = st.tabs(
    ["Pictures", "Classes and splits", ui.problems_label(dataset), "Catalogue"], key="data tab"
)
with pictures:
    ui.browse(dataset, spec)
with counts:
    ui.data_counts(dataset)
    ui.data_structure(dataset)
with problems:
    ui.data_problems(dataset)
with catalogue:
    ui.catalogue_table()
    ui.fetch_datasets()
