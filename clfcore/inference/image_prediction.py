"""Prediction for one picture file, in the form that `predict --json` prints and a server answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clfcore.answers import HierarchicalPrediction, LabelProbability, MultiLabelPrediction, Prediction
from clfcore.data.aspect import SeenPart
from clfcore.hierarchy import Place
from clfcore.results import WHEN_KNOWN, Result
from clfcore.unlike import Unlike


@dataclass(frozen=True)
class ImagePrediction(Result):
    """The prediction for one image, or why there is none.

    labels: of several labels, those that reach their threshold. levels: of a hierarchy, the likeliest of each; path:
    the likeliest real one, stopped where it became less sure than was asked for. unlike: whether it is unlike what the
    model was trained on, or none of its classes is likely; None where that cannot be told. set: where a coverage was
    asked for, the classes of which one, or all labels, are the truth as often. seen: of a picture far from square, the
    part that the network sees.
    """

    image: str
    error: str | None = field(default=None, metadata=WHEN_KNOWN)
    top: tuple[LabelProbability, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    labels: tuple[str, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    levels: Mapping[str, tuple[LabelProbability, ...]] | None = field(default=None, metadata=WHEN_KNOWN)
    path: tuple[Place, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    stopped: bool | None = field(default=None, metadata=WHEN_KNOWN)
    unlike: Unlike | None = field(default=None, metadata=WHEN_KNOWN)
    set: tuple[str, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    seen: SeenPart | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class PredictionList(Result):
    """The model and its prediction for each image, in the order they were named."""

    model: str
    predictions: tuple[ImagePrediction, ...]

    @property
    def complete(self) -> bool:
        """Whether every image has a prediction."""
        return all(prediction.error is None for prediction in self.predictions)


def of_image(image: str, prediction: Prediction) -> ImagePrediction:
    """A prediction under the name of its file."""
    match prediction:
        case MultiLabelPrediction(top, labels):
            return ImagePrediction(image, top=top, labels=labels)
        case HierarchicalPrediction(top, levels, path):
            return ImagePrediction(image, top=top, levels=levels, path=path, stopped=prediction.stopped)
        case _:
            return ImagePrediction(image, top=prediction.top)
