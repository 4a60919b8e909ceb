"""Engine of a served network: torch at first, then ONNX Runtime, once it gave the same answers here, and faster.

A process of its own writes the network as ONNX, asks both for every proof image and times both by turns:

    python -m clfcore.serving.engine MODEL RUNS OUT     (RUNS: the runs' folder, or - for the default)

It prints its `Trial` as JSON and ends with status 0, or says in one line why ONNX Runtime cannot be taken.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clfcore.errors import Failure, InputError
from clfcore.inference.exported import open_session
from clfcore.inference.predictor import Outputs
from clfcore.results import Result
from clfcore.serving.made_file import MadeFile, Outcome
from clfcore.serving.served import Served

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from clfcore.export.sources import Source

ONNX_PLATFORM = "onnxruntime_onnx"
BATCHES = (1, 8)  # a lone client, and several at once
MOST_IMAGES = 256  # of the proof


@dataclass(frozen=True)
class Trial(Result):
    """ONNX Runtime against torch. items: images of the proof, all with the same answer; ratios: time of torch / time of
    ONNX Runtime, for each of BATCHES."""

    items: int
    max_abs_logit: float
    ratios: tuple[float, ...]

    @property
    def faster(self) -> bool:
        """Whether ONNX Runtime is, at every size of batch."""
        return min(self.ratios) > 1

    def describe(self) -> str:
        """What was chosen and why, in one line."""
        times = " and ".join(f"{ratio:.1f}" for ratio in self.ratios)
        same = f"{self.items:,} of {self.items:,} images get the same answer, {times} times as fast as by torch"
        batches = " and ".join(f"{size}" for size in BATCHES)
        chosen = "ONNX Runtime computes from now on" if self.faster else "torch computes: ONNX Runtime is no faster"
        return f"{chosen} ({same} in batches of {batches})"


def try_onnxruntime(model: str, runs: Path | None, out: Path) -> Trial:
    """Write a run or an architecture as ONNX with its embeddings, and try it. Raises InputError and Failure."""
    from clfcore.export import onnx_model
    from clfcore.export.formats import FORMATS
    from clfcore.export.verify import latency, logits_of, parity

    source = _source(model, runs)
    classifier, proof = source.exportable.classifier, source.proof
    onnx_model.write(source.exportable, out)
    predict = onnx_model.read(out)
    batches = list(proof.batches())
    mine = np.concatenate([logits_of(classifier, squares) for squares in batches])
    theirs = np.concatenate([predict(squares) for squares in batches])
    result = parity(mine, theirs, classifier.task, ids=proof.ids, split=proof.split, thresholds=classifier.thresholds)
    row = FORMATS["onnx"]
    if result.top1_agreement < row.agreement or result.max_abs_logit > row.logits * result.largest_logit:
        raise Failure(f"ONNX Runtime answers otherwise: {result.describe()}")
    ratios = tuple(
        latency(classifier, predict, np.resize(batches[0], (size, *batches[0].shape[1:]))).ratio for size in BATCHES
    )
    return Trial(result.items, result.max_abs_logit, ratios)


def _source(model: str, runs: Path | None) -> "Source":
    """What is proven on: a part of the run's own images, or the photos that ship where they are gone."""
    from clfcore.architectures.heads import head_name
    from clfcore.export.sources import open_source, with_photos

    try:
        source = open_source(model, runs)
    except InputError:
        source = with_photos(model, runs)
    try:
        head = head_name(source.exportable.classifier.module)
    except InputError:
        head = ""  # two last layers: nothing is compared with
    return replace(source, exportable=replace(source.exportable, embedding=head), proof=source.proof.part(MOST_IMAGES))


def trial_line(model: str, runs: Path | None) -> tuple[str, ...]:
    """The command that tries ONNX Runtime, but for where it writes."""
    return (sys.executable, "-m", "clfcore.serving.engine", model, "-" if runs is None else str(runs))


def engine_of(served: Served) -> str:
    """What computes a model: torch or onnxruntime."""
    return "torch" if served.is_network else "onnxruntime"


def trial(line: Sequence[str], *, use: Callable[[Path, Trial], None], announce: Callable[[str], None]) -> MadeFile:
    """The trial by a command. use: is given the file that answers alike; announce: one line on
    how the trial ended."""

    def done(outcome: Outcome) -> None:
        if outcome.path is None:
            if outcome.reason:
                announce(f"torch computes: {outcome.reason}")
            return
        answer = json.loads(outcome.output)
        result = Trial(answer["items"], answer["max_abs_logit"], tuple(answer["ratios"]))
        use(outcome.path, result)
        announce(result.describe())

    return MadeFile(line, "model.onnx", done=done)


def with_onnxruntime(served: Served, file: Path) -> Served:
    """The same model, computed by ONNX Runtime."""
    compute = partial(_compute, open_session(file), served.dtype, compared=_compared(served))
    return replace(served, predictor=replace(served.predictor, compute=compute), platform=ONNX_PLATFORM)


def _compared(served: Served) -> int:
    """How wide the embeddings are that strangers are told by; 0 where none are compared."""
    judge = served.predictor.judge
    return 0 if judge is None or judge.reference is None else judge.reference.train.shape[1]


def _compute(session: "InferenceSession", dtype: np.dtype, squares: Sequence[np.ndarray], *, compared: int) -> Outputs:
    """squares: as torch takes them, of a gray network with one channel, or as the file does, with three."""
    batch = np.stack(squares)
    batch = np.ascontiguousarray(np.broadcast_to(batch, (*batch.shape[:3], 3)), dtype)
    wanted = ["logits", "embeddings"] if compared else ["logits"]
    logits, *rest = (np.asarray(output, np.float32) for output in session.run(wanted, {"image": batch}))
    fits = bool(rest) and rest[0].shape[1] == compared
    return Outputs(logits, logits, rest[0] if fits else None)


def main() -> int:
    model, runs, out = sys.argv[1:]
    if hasattr(os, "nice"):
        os.nice(5)  # the server answers meanwhile
    try:
        result = try_onnxruntime(model, None if runs == "-" else Path(runs), Path(out))
    except (InputError, Failure) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(result.as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
