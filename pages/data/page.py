"""What is in the data, and is anything wrong with it?"""

import streamlit as st

from pages.data.browse import browse, data_advice, data_numbers
from pages.data.dataset_map import dataset_map
from pages.data.datasets import catalogue_table, dataset_list
from pages.data.duplicates import duplicates
from pages.data.export import data_export
from pages.data.label_next import label_next
from pages.data.label_suspects import label_suspects
from pages.data.manage import open_dataset_bar
from pages.data.outliers_and_image_flaws import outliers_and_image_flaws
from pages.data.problems import data_problems, problems_label
from pages.data.quality import quality_report
from pages.data.search import search
from pages.data.structure import data_counts, data_structure
from ui.closeup.dialog import LIKE, SEARCH
from ui.data_picker import choose_data, read_data

st.title("Data")
st.caption("Your datasets and the catalogue's: what is in each, and is anything wrong with it?")

spec = choose_data()
dataset_list(spec)
open_dataset_bar(spec)
dataset = read_data(spec)
data_numbers(dataset)
data_advice(dataset)

report = quality_report(dataset, spec)
like = st.query_params.get(LIKE)

pictures, problems, suspects, doubles, odd, mapped, alike, following, structure, exported, catalogue = st.tabs(
    [
        "Browse",
        problems_label(dataset),
        "Label suspects",
        "Duplicates",
        "Outliers and image flaws",
        "Map",
        SEARCH,
        "Label next",
        "Structure",
        "Export",
        "Catalogue",
    ],
    key="data tab" if like is None else f"data tab {like}",  # another key, for a default counts only once
    default=None if like is None else SEARCH,
)
with pictures:
    browse(dataset, spec)
with problems:
    data_problems(dataset, spec)
with suspects:
    label_suspects(report, dataset, spec)
with doubles:
    duplicates(report, dataset, spec)
with odd:
    outliers_and_image_flaws(report, dataset, spec)
with mapped:
    dataset_map(dataset, spec)
with alike:
    search(dataset, spec)
with following:
    label_next(dataset, spec)
with structure:
    data_counts(dataset)
    data_structure(dataset)
with exported:
    data_export(dataset, spec)
with catalogue:
    catalogue_table()
