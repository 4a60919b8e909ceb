"""Lesson 8. Is it any good? A shortcut that accuracy hides, and what reveals it."""

from typing import TYPE_CHECKING

import numpy as np

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.synthetic_shapes import mark
from clfcore.explain.deletion_insertion import energy_in_mask
from clfcore.explain.map_sheet import TitledImage
from clfcore.explain.saliency_map import SaliencyMap, overlay_image
from clfcore.lessons.illustrations import marked_and_unmarked
from clfcore.lessons.lesson import Choice, Finding, Lesson, Measured, Room, Setting, Source, Step
from clfcore.lessons.panel import Panel
from clfcore.lessons.trial import clearly_above, part, percent, share, trained
from clfcore.progress import Progress

if TYPE_CHECKING:
    from clfcore.classifier import Classifier

SIDE = 16
TRAINED_ON, EPOCHS = 900, 8
LOOKED_AT = 40  # images whose maps are made


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """One network trained where a mark gives the class away, one where there is none; both on fresh images."""
    count = int(setting)
    drawn = f"side={SIDE},difficulty=0.0"
    marked, unmarked = (
        open_dataset(f"{name}:count={count},seed={seed + 1},{drawn}") for name in ("shapes-shortcut", "shapes")
    )
    rows: list[Measured] = []
    maps: list[tuple[TitledImage, ...]] = []
    corners: list[float] = []
    for place, name in enumerate(("shapes-shortcut", "shapes")):
        config = {
            "data": f"{name}:count={TRAINED_ON},{drawn}",
            "architecture": "vgg",
            "options": {"layers": "16,16,16,M,32,32,32", "batch_norm": True, "hidden": 0},
            "strategy": "scratch",
            "recipe": {
                "epochs": EPOCHS,
                "image_size": SIDE,
                "batch_size": 32,
                "learning_rate": 5e-3,
                "schedule": "one-cycle",
                "augmentation": "none",
                "seed": seed,
            },
        }
        with trained(config, progress=part(progress, place, 3)) as run:
            from clfcore.runs.open_classifier import classifier_of

            classifier = classifier_of(run)
            if place == 0:
                rows.append(_right("trained with marks, images with marks", classifier, marked))
                rows.append(_right("trained with marks, images without", classifier, unmarked))
            else:
                rows.append(_right("trained without marks, images without", classifier, unmarked))
            corners.append(_share_on_corner(classifier, marked))
            maps.append(_maps(classifier, marked, "with marks" if place == 0 else "without"))
    seen, fooled, honest = rows
    lost = seen.value - fooled.value
    return Finding(
        measure=f"accuracy on {count:,} fresh images",
        rows=tuple(rows),
        answer=0 if lost < 0.05 else 1 if fooled.value > 0.5 else 2,
        holds=clearly_above(seen, fooled) and clearly_above(honest, fooled),
        sentence=(
            f"Trained where a corner mark gives the class away, the network is right on {percent(seen.value)} of fresh "
            f"images with the mark and {percent(fooled.value)} without it. On average, {percent(corners[0])} of its "
            f"occlusion map lies on the corner, which is {percent(_corner(SIDE).mean())} of the image; for the network "
            f"trained without marks it is {percent(corners[1])}."
        ),
        panels=(
            Panel(
                "lesson-8-maps",
                "Fresh images with the mark, and below them where each network looked: the one trained with marks, "
                "then the one trained without. Bright: covering this part costs the predicted class the most.",
                (_images(marked), *maps),
                side=110,
            ),
        ),
    )


def _images(dataset: ImageDataset) -> tuple[TitledImage, ...]:
    return tuple(TitledImage(dataset.label(item), dataset.image(item)) for item in _shown(dataset))


def _maps(classifier: "Classifier", dataset: ImageDataset, name: str) -> tuple[TitledImage, ...]:
    """Occlusion maps over the same images, each under what the network was trained with."""
    squares = [classifier.square(dataset.image(item)) for item in _shown(dataset)]
    return tuple(TitledImage(name, overlay_image(square, _map(classifier, square), opacity=0.75)) for square in squares)


def _shown(dataset: ImageDataset) -> list[int]:
    """The first image of each class."""
    return [int(np.flatnonzero(dataset.targets == place)[0]) for place in range(len(dataset.classes))]


def _map(classifier: "Classifier", square: np.ndarray) -> SaliencyMap:
    from clfcore.explain.dispatch import explain

    return explain(classifier, square, method="occlusion")


def _right(name: str, classifier: "Classifier", dataset: ImageDataset) -> Measured:
    from clfcore.classifier import predict_dataset

    predictions = predict_dataset(classifier, dataset)
    return share(name, int((predictions.logits.argmax(axis=1) == predictions.targets).sum()), len(predictions))


def _corner(side: int) -> np.ndarray:
    """side x side bool: the quarter of the side in which the mark stands."""
    corner = np.zeros((side, side), bool)
    rows, _ = mark(side)
    corner[: rows.stop, : rows.stop] = True
    return corner


def _share_on_corner(classifier: "Classifier", dataset: ImageDataset) -> float:
    """Mean share of an occlusion map on the mark's corner, over the first images."""
    corner = _corner(SIDE)
    squares = (classifier.square(dataset.image(item)) for item in range(LOOKED_AT))
    return float(np.mean([energy_in_mask(_map(classifier, square).values, corner) or 0.0 for square in squares]))


LESSON = Lesson(
    number=8,
    title="Is it any good?",
    question="A classifier has 97% accuracy. What can still be wrong?",
    steps=(
        Step(
            "A number needs context",
            r"""
**Accuracy** is a share of test images, so it comes with an interval. 29 of 30 right is 96.7%, with a 95% interval
from 83% to 99%: thirty images cannot tell a good classifier from a very good one.

- A **confusion matrix** shows which classes are mistaken for which; read a row aloud: "of 40 shirts, 31 were called
  shirts, 6 T-shirts."
- An **ROC curve** shows every threshold at once. The **operating point** is the one you choose, by what a miss and a
  false alarm cost.
- **Calibration** asks whether 0.9 means right nine times in ten.
- The **most confident errors** are where wrong labels and strange images come to light.
""",
        ),
        Step(
            "All of that can be fooled together",
            r"""
Every one of these numbers is computed on the test split. If training and test images share a **shortcut**, all of
them look good: a ruler in every photo of a malignant mole, a hospital's tag in the corner of an X-ray, one
background for each class. A **leak**, the same picture in training and test, flatters in the same way.

You will train a network on shapes where the color of a small square in the corner gives the class away, and then
take the square away. An **occlusion** map covers one part of the image after another and measures how much the
predicted class loses: the share of the map on that corner tells how much the network relies on it.
""",
            marked_and_unmarked,
        ),
    ),
    prediction="The network is trained with the mark, and is right on most fresh images that have one. How "
    "often is it right on fresh images without it?",
    choices=(
        Choice(
            "As often: it learned the shapes too",
            "Nothing made it learn the shapes: the color alone explained every label.",
        ),
        Choice(
            "Less often, but mostly right",
            "Then it learned something about the shapes, but less than the accuracy with marks suggests.",
        ),
        Choice("On half of them or fewer", "Then it read mostly the color in the corner; guessing would give 17%."),
    ),
    controls="Fresh images that neither network was trained on, the same shapes with and without the mark; a "
    "second network trained "
    "without marks shows that the shapes can be learned.",
    experiment=experiment,
    claim="Without the mark, the network trained with it does clearly worse than with it, and than one "
    "that never saw it.",
    surprise=(
        "Nothing on the shortcut's own test split would have told you. A second set of images from "
        "another source would, and so would a map of where the network looks."
    ),
    setting=Setting(
        "images",
        "Fresh images",
        ("300", "30", "1000"),
        "Judge on 30 images, then on 1,000. How wide are the intervals, and which comparison could 30 "
        "images have settled?",
    ),
    rooms=(
        Room(
            "train",
            "Train on the trap yourself",
            {"data": "shapes-shortcut"},
            "python -m clfcore train --data shapes-shortcut",
        ),
        Room("evaluate", "Evaluate a run of your own", {}, "python -m clfcore evaluate RUN"),
        Room(
            "explain",
            "See where a network looked",
            {},
            "python -m clfcore explain RUN photo.jpg --method occlusion --out map.png",
        ),
    ),
    sources=(
        Source(
            "Geirhos and others: Shortcut learning in deep neural networks, Nature Machine Intelligence 2020",
            "https://arxiv.org/abs/2004.07780",
        ),
        Source(
            "Zeiler, Fergus: Visualizing and understanding convolutional networks (occlusion), ECCV 2014",
            "https://arxiv.org/abs/1311.2901",
        ),
        Source(
            "Wilson: Probable inference, the law of succession, and statistical inference, JASA 1927",
            "https://doi.org/10.1080/01621459.1927.10502953",
        ),
    ),
    pictured=True,
)
