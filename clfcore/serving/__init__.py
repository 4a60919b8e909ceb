"""Serving: a model behind HTTP on one machine, by the Open Inference Protocol and by photos as they are."""
