"""Corrections of a dataset: decisions on its pictures, and the versions that are made of them."""
