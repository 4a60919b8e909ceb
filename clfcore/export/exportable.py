"""What leaves the lab: a classifier as one module from squares to logits and probabilities, normalization inside."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from clfcore import __version__
from clfcore.architectures.attention_pooling import WithAttentionHead
from clfcore.classifier import Classifier
from clfcore.predictions import moved_thresholds
from clfcore.results import Result
from clfcore.training.batches import normalized

OUTPUTS = ("logits", "probabilities")


@dataclass(frozen=True)
class EnergyRule(Result):
    """From which free energy of its logits an exported model calls a picture unlike; message, basis: in words."""

    threshold: float
    message: str
    basis: str


@dataclass(frozen=True)
class SetLimit(Result):
    """From which probability a class of a level is in an exported model's prediction set, before the temperature, so
    that the set includes the truth as often as `coverage`."""

    coverage: float
    threshold: float
    level: str


@dataclass(frozen=True, eq=False)
class Exportable:
    """A classifier with what is known of it outside its weights.

    temperature: what logits are divided by for probabilities; 1 where none was fitted. licence: of the weights it began
    with, as far as it is known. unknown: what tells strangers by the logits alone; None where nothing does. sets: which
    classes are in the prediction set; None where the run keeps no coverage. embedding: the layer whose input is an
    output too; empty: none.
    """

    classifier: Classifier
    temperature: float = 1.0
    licence: str = ""
    unknown: EnergyRule | None = None
    sets: SetLimit | None = None
    embedding: str = ""

    @property
    def deep(self) -> bool:
        """Whether its pictures have more than 8 bits: then the input is float32 tones from 0 to 255, not bytes."""
        return self.classifier.preprocess.value_range is not None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs: logits, probabilities, and the attention map of an attention head."""
        maps = ("attention",) if isinstance(self.classifier.module, WithAttentionHead) else ()
        return (*OUTPUTS, *maps, *(("embeddings",) if self.embedding else ()))

    def example(self, items: int = 2) -> Tensor:
        """Squares to trace with, N x S x S x 3. Two, because a batch of one would be taken for a constant."""
        side = self.classifier.preprocess.size
        generator = torch.Generator().manual_seed(0)
        squares = torch.randint(0, 256, (items, side, side, 3), generator=generator, dtype=torch.uint8)
        return squares.float() if self.deep else squares


class ExportedClassifier(nn.Module):
    """N x S x S x 3 squares -> logits and probabilities, N x columns; of an attention head its map, N x 1 x H x W.

    Probabilities: softmax of the logits by the temperature, one a level of a hierarchy; sigmoid of several labels.
    """

    def __init__(self, source: Exportable) -> None:
        super().__init__()
        classifier = source.classifier
        self.network = classifier.module
        self.preprocess, self.temperature = classifier.preprocess, source.temperature
        self.levels = classifier.task.slices
        self.independent = classifier.task.kind == "multi-label"
        self.embedding = source.embedding

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        x = normalized(image.permute(0, 3, 1, 2), self.preprocess)
        captured: list[Tensor] = []
        with self._capturing(captured):
            logits, *more = (
                self.network.with_map(x) if isinstance(self.network, WithAttentionHead) else [self.network(x)]
            )
        more += [inputs.flatten(1) for inputs in captured]
        scaled = logits / self.temperature
        if self.independent:
            return logits, scaled.sigmoid(), *more
        return logits, torch.cat([scaled[:, part].softmax(dim=1) for part in self.levels], dim=1), *more

    @contextmanager
    def _capturing(self, captured: list[Tensor]) -> Iterator[None]:
        """Inside, the inputs of the layer of the embedding, where one is asked for."""
        if not self.embedding:
            yield
            return
        layer = self.network.get_submodule(self.embedding)
        hook = layer.register_forward_pre_hook(lambda _part, inputs: captured.append(inputs[0]))
        try:
            yield
        finally:
            hook.remove()


def description(source: Exportable) -> Mapping[str, object]:
    """What preprocess.json and a model's metadata hold: all that it takes to use the exported file.

    JSON's own types alone. `input`: how a picture becomes the square; `task`: kind, levels with their classes, paths;
    `thresholds`: of several labels, one each, of the probabilities as the file gives them; `unknown`: from which energy
    of the logits a picture is called unlike; `sets`: from which probability a class is in the prediction set.
    """
    classifier = source.classifier
    given = classifier.preprocess.as_dict()
    thresholds = classifier.thresholds
    if classifier.task.kind == "multi-label":
        thresholds = tuple(moved_thresholds(thresholds or [0.5] * classifier.task.columns, source.temperature))
    return {
        "format": 1,
        "name": classifier.name,
        "task": classifier.task.as_dict(),
        "classes": list(classifier.classes),
        "decoding": classifier.decoding,
        "temperature": source.temperature,
        "thresholds": None if thresholds is None else [float(value) for value in thresholds],
        "input": {
            **given,
            "stored_side": classifier.preprocess.stored_side,
            "dtype": "float32" if source.deep else "uint8",
        },
        "unknown": None if source.unknown is None else source.unknown.as_json(),
        "sets": None if source.sets is None else source.sets.as_json(),
        "outputs": list(source.outputs),
        "licence": source.licence,
        "clflab": __version__,
    }
