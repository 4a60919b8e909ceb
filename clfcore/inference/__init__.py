"""Inference: a model's predictions for pictures that nobody has labelled, one or very many, whatever computes them."""
