"""Saliency maps: where a classifier looked, and how faithful a map is."""
