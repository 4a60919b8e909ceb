"""Open Inference Protocol, version 2, over HTTP: a request's tensors, as JSON or binary, and the answer's.

https://github.com/open-inference/open-inference-protocol, and the binary tensor data extension.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError, brief
from clfcore.files import parse_json
from clfcore.serving.served import INPUT, OUTPUTS, VERSION, Served

HEADER_LENGTH = "inference-header-content-length"
MOST_PICTURES = 64  # in one request
EXTENSIONS = ("binary_tensor_data",)
QUICK_JSON, QUICK_BINARY = 8 << 10, 1 << 20  # bytes that are read or written within a millisecond


@dataclass(frozen=True, eq=False)
class InferRequest:
    """A request that was read: its id, N x S x S x 3, and the outputs that it wants, each binary or not."""

    id: str
    tensor: np.ndarray
    outputs: Mapping[str, bool]


def is_slow_to_read(body: bytes, header_length: str | None) -> bool:
    """Whether reading a body takes so long that others would wait for it: it goes to a thread."""
    text = len(body)
    if header_length is not None and header_length.isascii() and header_length.isdigit():
        text = min(text, int(header_length[:12]))
    return text > QUICK_JSON or len(body) > QUICK_BINARY


def is_slow_to_write(request: InferRequest, logits: np.ndarray) -> bool:
    """Whether writing the answer does."""
    bytes_as_text = 20 * logits.size * sum(not binary for binary in request.outputs.values())
    return bytes_as_text > QUICK_JSON or 8 * logits.size * len(request.outputs) > QUICK_BINARY


def read_request(body: bytes, header_length: str | None, served: Served) -> InferRequest:
    """A body, of which the first `header_length` bytes are JSON where it is given. Raises InputError."""
    length = len(body) if header_length is None else _whole(header_length, len(body))
    text = body[:length]
    try:
        request = parse_json(text.decode("utf-8"), what="the request")
    except UnicodeDecodeError:
        raise InputError("the request is no JSON in UTF-8") from None
    if not isinstance(request, dict):
        raise InputError(f"the request is {brief(request)}: it must be an object with inputs")
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise InputError(f"inputs must be a list of one tensor, {INPUT!r}")
    tensor = _tensor(inputs[0], memoryview(body)[length:], served)
    return InferRequest(_id(request), tensor, _outputs(request))


def _whole(word: str, most: int) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 12 and int(word) <= most):
        raise InputError(f"Inference-Header-Content-Length is {brief(word)}: it must be a number up to {most:,}")
    return int(word)


def _tensor(given: dict, binary: memoryview, served: Served) -> np.ndarray:
    if given.get("name") != INPUT:
        raise InputError(f"the input is {brief(given.get('name'))}: the model has one, {INPUT!r}")
    if given.get("datatype") != served.datatype:
        raise InputError(f"datatype is {brief(given.get('datatype'))}: it must be {served.datatype}")
    shape = given.get("shape")
    whole = isinstance(shape, list) and all(type(side) is int for side in shape)
    if not isinstance(shape, list) or not whole or tuple(shape[1:]) != served.square or shape[0] < 1:
        raise InputError(f"shape is {brief(shape)}: it must be {['N', *served.square]}".replace("'", ""))
    if shape[0] > MOST_PICTURES:
        raise InputError(f"shape is {brief(shape)}: at most {MOST_PICTURES} pictures a request")
    count = math.prod(shape)
    parameters = given.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None:
        if size != count * served.dtype.itemsize or len(binary) != size:
            raise InputError(
                f"binary_data_size is {brief(size)} and {len(binary):,} bytes follow: the shape needs "
                f"{count * served.dtype.itemsize:,}"
            )
        values = np.frombuffer(binary, served.dtype.newbyteorder("<"))
    else:
        values = _values(given.get("data"), count, served.dtype)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError("data holds NaN or infinity: give numbers from 0 to 255")
    return values.astype(served.dtype, copy=False).reshape(shape)


def _values(data: object, count: int, dtype: np.dtype) -> np.ndarray:
    if not isinstance(data, list):
        raise InputError("data is missing: give the tensor's numbers as a list, or binary_data_size")
    try:
        values = np.asarray(data)
    except ValueError:
        raise InputError("data is no tensor: its lists have several lengths") from None
    if values.size != count or values.dtype.kind not in "iuf":
        raise InputError(f"data has {values.size:,} values of {values.dtype}: the shape needs {count:,} numbers")
    if dtype == np.uint8 and (values.dtype.kind == "f" or values.min() < 0 or values.max() > 255):
        raise InputError("data has values that are no bytes: give whole numbers from 0 to 255")
    return values.reshape(-1)


def _id(request: dict) -> str:
    name = request.get("id", "")
    if not isinstance(name, str) or len(name) > 200:
        raise InputError(f"id is {brief(name)}: it must be text of at most 200 characters")
    return name


def _outputs(request: dict) -> dict[str, bool]:
    """Which outputs are wanted, and whether as binary: all of them as JSON where nothing is said."""
    everything = _flag(request, "binary_data_output", default=False)
    wanted = request.get("outputs") or [{"name": name} for name in OUTPUTS]
    if not isinstance(wanted, list):
        raise InputError(f"outputs is {brief(wanted)}: it must be a list of objects with a name")
    outputs = {}
    for output in wanted:
        name = output.get("name") if isinstance(output, dict) else None
        if name not in OUTPUTS:
            raise InputError(f"the output is {brief(name)}: it must be one of {', '.join(OUTPUTS)}")
        outputs[str(name)] = _flag(output, "binary_data", default=everything)
    return outputs


def _flag(given: dict, name: str, *, default: bool) -> bool:
    parameters = given.get("parameters") or {}
    value = parameters.get(name, default) if isinstance(parameters, dict) else None
    if not isinstance(value, bool):
        raise InputError(f"parameters is {brief(given.get('parameters'))}: {name} must be true or false")
    return value


def write_answer(request: InferRequest, tensors: Mapping[str, np.ndarray], served: Served) -> tuple[bytes, int | None]:
    """The answer's body, and how many bytes of it are JSON where binary tensors follow, else None."""
    outputs, binary = [], []
    for name, as_binary in request.outputs.items():
        tensor = tensors[name]
        row: dict[str, object] = {"name": name, "datatype": "FP32", "shape": list(tensor.shape)}
        if as_binary:
            binary.append(tensor.astype("<f4").tobytes())
            row["parameters"] = {"binary_data_size": len(binary[-1])}
        else:
            row["data"] = [float(value) for value in tensor.ravel()]
        outputs.append(row)
    answer: dict[str, object] = {"model_name": served.name, "model_version": VERSION, "outputs": outputs}
    if request.id:
        answer["id"] = request.id
    header = json.dumps(answer).encode()
    return header + b"".join(binary), len(header) if binary else None
