"""Saliency maps: where a classifier looked, and how far a map can be trusted."""
