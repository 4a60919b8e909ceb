"""Weights of an ONNX file in float16: half the bytes, cast back to float32 where they are used.

onnxruntime casts them once, when it opens the file; what is computed is float32 as before.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

LEAST = 1024  # values of a tensor from which halving is worth an operation
WORST = 2.0**-10  # relative to the largest value: what float16 may be off by


def halved(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The model with its large float32 weights in float16; those that float16 cannot hold stay as they are."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    out = onnx.ModelProto()
    out.CopyFrom(model)
    casts = []
    for tensor in out.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LEAST:
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if np.abs(half.astype(np.float32) - values).max() > WORST * np.abs(values).max():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], f"{name}.cast", to=TensorProto.FLOAT))
    nodes = list(out.graph.node)
    del out.graph.node[:]
    out.graph.node.extend([*casts, *nodes])
    return out
