"""Inference: a model's predictions for pictures that nobody has labeled, one or very many, whatever computes them."""
