"""Serving: a model behind HTTP on one machine, by the Open Inference Protocol and by photos as they are."""

from typing import Literal

Engine = Literal["auto", "torch", "onnxruntime"]
ENGINES: tuple[Engine, ...] = ("auto", "torch", "onnxruntime")
