"""Plotly figures of results. Nothing is computed here: what a figure shows stands in the result it is given."""
