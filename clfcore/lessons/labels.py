"""Lesson 1. One label or many: softmax and sigmoid on the same logits."""

from collections.abc import Sequence

import numpy as np

from clfcore.lessons.illustrations import one_and_several
from clfcore.lessons.lesson import Choice, Finding, Lesson, Measured, Room, Setting, Source, Step
from clfcore.lessons.trial import clearly_above, part, percent, share, trained
from clfcore.predictions import Predictions, probabilities
from clfcore.progress import Progress
from clfcore.task import multi_label, single_label

NETWORK = {
    "architecture": "resnet",
    "options": {"depths": "1,1,1", "width": 16, "stem": "small"},
    "strategy": "scratch",
}
RECIPE = {"batch_size": 16, "learning_rate": 5e-3, "schedule": "one-cycle", "augmentation": "none"}
DATA = (
    ("one shape", "shapes:count=900,side=16,difficulty=0.0", {"epochs": 8, "image_size": 16}),
    ("several shapes", "shapes-multi-label:count=1200,side=24,difficulty=0.0", {"epochs": 12, "image_size": 24}),
)


def softmax(logits: np.ndarray) -> np.ndarray:
    """N x C probabilities that sum to 1, as the lab reads one label an image.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    return probabilities(logits, single_label(_names(logits)))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """N x C probabilities, each by itself, as the lab reads several labels.

    >>> sigmoid(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    return probabilities(logits, multi_label(_names(logits)))


def _names(logits: np.ndarray) -> list[str]:
    return [str(place) for place in range(logits.shape[1])]


def readings(values: Sequence[float]) -> dict[str, tuple[float, ...]]:
    """The probabilities that the logits of one image stand for, by the name of the reading.

    >>> readings((0.0, 0.0))
    {'softmax': (0.5, 0.5), 'sigmoid': (0.5, 0.5)}
    """
    logits = np.array([values])
    return {reading.__name__: tuple(reading(logits)[0].tolist()) for reading in (softmax, sigmoid)}


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """The same architecture trained with cross-entropy and with binary cross-entropy; both read in both ways."""
    threshold = float(setting)
    rows: list[Measured] = []
    for place, (name, data, recipe) in enumerate(DATA):
        config = {"data": data, **NETWORK, "recipe": {**RECIPE, **recipe, "seed": seed}}
        with trained(config, progress=part(progress, place, len(DATA))) as run:
            predictions = run.predictions("test")
        logits, present = _with_shapes(predictions)
        for reading in (softmax, sigmoid):
            right = ((reading(logits) >= threshold) == present).all(axis=1)
            rows.append(share(f"{name}, {reading.__name__}", int(right.sum()), len(right)))
    one_softmax, one_sigmoid, several_softmax, several_sigmoid = rows
    return Finding(
        measure="share of test images whose labels are named exactly",
        rows=tuple(rows),
        answer=2 if several_softmax.value == 0 else 1 if several_softmax.value < several_sigmoid.value else 0,
        holds=clearly_above(several_sigmoid, several_softmax) and one_softmax.value > one_sigmoid.value,
        sentence=(
            f"With a label named at {threshold:g} or more, softmax names exactly the right labels on "
            f"{percent(one_softmax.value)} of "
            f"the images with one shape and on {percent(several_softmax.value)} of those with two or three; a "
            "sigmoid for each label "
            f"does so on {percent(one_sigmoid.value)} and {percent(several_sigmoid.value)}."
        ),
    )


def _with_shapes(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Logits and N x C bool targets: of several labels, of those images alone that have two or more."""
    if predictions.task.kind == "multi-label":
        several = predictions.targets.sum(axis=1) >= 2
        return predictions.logits[several], predictions.targets[several].astype(bool)
    return predictions.logits, np.eye(predictions.logits.shape[1], dtype=bool)[predictions.targets]


LESSON = Lesson(
    number=1,
    title="One label or many",
    question="Is there one right answer for each image, or can several be right at once?",
    steps=(
        Step(
            "From numbers to probabilities",
            r"""
A network ends in one number for each class: the **logits** $z_1, \dots, z_C$, of any size and sign. What they mean
is decided by what comes next.

**Softmax** makes the classes compete for a total of 1. It fits when *exactly one* class is right:

$$
p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}
$$

A **sigmoid** asks about each label by itself: is it there or not? It fits when none, one or several may be right:

$$
p_i = \frac{1}{1 + e^{-z_i}}
$$

With logits of 2, 2 and −3, softmax gives 0.50, 0.50 and 0.00. Sigmoids give 0.88, 0.88 and 0.05.
""",
        ),
        Step(
            "Each has its loss, and a threshold",
            r"""
For one label, training lowers the **cross-entropy**, $-\log p_y$, of the right class $y$. For several, it lowers
the **binary cross-entropy**, summed over the labels:

$$
-\sum_i \big(y_i \log p_i + (1 - y_i) \log(1 - p_i)\big)
$$

To name labels, you need a **threshold**, often 0.5. At most one softmax probability can be above 0.5.

Adding the same number to every logit leaves softmax unchanged, so cross-entropy never teaches a network where 0 is.
A sigmoid needs that. You will train the same architecture twice: with cross-entropy on images with one shape, and
with binary cross-entropy on images with none to three. Then you read each network both ways.
""",
            one_and_several,
        ),
    ),
    prediction="A network was trained on images with several shapes, and you read its logits with softmax "
    "instead. A label is named at 0.5 or "
    "more. On images with two or three shapes, how often does it name exactly the right ones?",
    choices=(
        Choice(
            "As often as with sigmoids: the logits are the same",
            "The logits are; but softmax shares out 1 among all the labels.",
        ),
        Choice("Less often", "Below 0.5, several labels can be named. At 0.5 there is room for one."),
        Choice("Never", "Two probabilities that sum to at most 1 cannot both exceed 0.5."),
    ),
    controls="Same architecture, optimizer, schedule, learning rate and seed; each network is judged on its "
    "own test images; the images, their size and the number of epochs differ between the two.",
    experiment=experiment,
    claim="Softmax names one label better, sigmoids name several.",
    surprise=(
        "The network was not wrong: the reading was. A network for several labels that is read with "
        "softmax at 0.5 looks weak, and no amount of training fixes that."
    ),
    setting=Setting(
        "threshold",
        "Threshold",
        ("0.5", "0.3", "0.7"),
        "Lower the threshold to 0.3, then raise it to 0.7. What happens to each of the four bars?",
    ),
    rooms=(
        Room(
            "train",
            "Train on images with several labels",
            {"data": "shapes-multi-label"},
            "python -m clfcore train --data shapes-multi-label",
        ),
        Room(
            "data",
            "Look at the images",
            {"data": "shapes-multi-label"},
            "python -m clfcore datasets check shapes-multi-label",
        ),
    ),
    sources=(
        Source(
            "Bridle: Probabilistic interpretation of feedforward classification network outputs, 1990",
            "https://doi.org/10.1007/978-3-642-76153-9_28",
        ),
        Source(
            "Goodfellow, Bengio, Courville: Deep Learning, chapter 6.2, 2016",
            "https://www.deeplearningbook.org/contents/mlp.html",
        ),
    ),
)
