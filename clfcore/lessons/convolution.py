"""Lesson 2. Convolution: LeNet-5 of 1998, with tanh and averages, and with ReLU and maxima."""

from typing import TYPE_CHECKING

import numpy as np

from clfcore.explain.map_sheet import TitledImage
from clfcore.lessons.lesson import Choice, Curve, Curves, Finding, Lesson, Room, Setting, Source, Step
from clfcore.lessons.panel import Panel
from clfcore.lessons.trial import accuracy, clearly_above, part, percent, trained, untrained
from clfcore.progress import Progress
from clfcore.runs.folder import Run

if TYPE_CHECKING:
    from torch import nn

KINDS = (
    ("tanh, average", {"activation": "tanh", "pooling": "avg"}),
    ("ReLU, maximum", {"activation": "relu", "pooling": "max"}),
)
SHARED, DENSE = 61_706, 6_763_934


def dense_parameters() -> int:
    """Parameters of LeNet-5 with every convolution replaced by a linear layer between the same maps.

    >>> dense_parameters()
    6763934
    """
    maps = ((32 * 32, 6 * 28 * 28), (6 * 14 * 14, 16 * 10 * 10))  # into and out of C1 and C3
    linear = ((16 * 5 * 5, 120), (120, 84), (84, 10))
    return sum(inputs * outputs + outputs for inputs, outputs in (*maps, *linear))


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """Both networks on digits, with the same seed, order and epochs."""
    epochs = int(setting)
    losses, scores, lines, panels = [], [], [], []
    for place, (name, options) in enumerate(KINDS):
        config = {
            "data": "digits",
            "architecture": "lenet5",
            "options": options,
            "strategy": "scratch",
            "recipe": {"epochs": epochs, "seed": seed, "augmentation": "none"},
        }
        with trained(config, progress=part(progress, place, len(KINDS))) as run:
            history = run.history
            losses.append(history[-1].train_loss or 0.0)
            scores.append(accuracy(name, run))
            panels.append(_filters(name, untrained(config), run, epochs=epochs))
        lines.append(
            Curve(name, tuple(float(row.epoch) for row in history), tuple(row.train_loss or 0.0 for row in history))
        )
    old, new = scores
    ahead = clearly_above(new, old)
    behind = clearly_above(old, new)
    return Finding(
        measure="test accuracy",
        rows=tuple(scores),
        answer=0 if behind else 1 if ahead else 2,
        holds=losses[1] < losses[0],
        sentence=(
            f"After {epochs} epochs the training loss is {losses[0]:.2f} with tanh and averages and "
            f"{losses[1]:.2f} with "
            f"ReLU and maxima; test accuracy is {percent(old.value)} and {percent(new.value)}."
        ),
        curves=Curves("epoch", "training loss", tuple(lines)),
        panels=tuple(panels),
    )


def _filters(name: str, start: "nn.Module", run: Run, *, epochs: int) -> Panel:
    """The first layer's filters before training and after it, on one scale."""
    from clfcore.architectures.feature_maps import filter_pictures, first_filters
    from clfcore.runs.open_classifier import classifier_of

    before, after = first_filters(start), first_filters(classifier_of(run).module)
    count = len(before)
    pictures = filter_pictures(np.concatenate([before, after]), 2 * count) + filter_pictures(after - before, count)
    titles = [f"{number}, {what}" for what in ("before", "after", "change") for number in range(1, count + 1)]
    shown = tuple(TitledImage(title, pixels) for title, pixels in zip(titles, pictures, strict=True))
    change = float(np.linalg.norm(after - before) / np.linalg.norm(before))
    caption = (
        f"The first layer's {count} filters with {name}, before training and after {epochs} "
        f"epoch{'' if epochs == 1 else 's'}: gray is 0, white positive, black negative. Training moved them by "
        f"{percent(change)} of their length; the last row shows that change alone, on a scale of its own."
    )
    rows = tuple(shown[place : place + count] for place in range(0, len(shown), count))
    return Panel(f"lesson-2-filters-{name.split(',', 1)[0].lower()}", caption, rows, side=84)


LESSON = Lesson(
    number=2,
    title="Convolution: LeNet-5, 1998",
    question="Why does a small network read digits, and what have we changed in it since?",
    steps=(
        Step(
            "One small filter, used everywhere",
            rf"""
A **convolution** slides one small filter over the image: a 5 × 5 filter has 25 weights, and the same 25 weights are
used at every position. A stroke is then recognized wherever it stands, and the layer needs very few parameters.

LeNet-5's first layer turns a 32 × 32 image into 6 maps of 28 × 28 values. As a convolution that takes

$$
6 \cdot (5 \cdot 5 + 1) = 156
$$

parameters. A fully connected layer between the same values would take $1{{,}}024 \cdot 4{{,}}704 + 4{{,}}704 =
4{{,}}821{{,}}600$. Counted over the whole network, **weight sharing** needs {SHARED:,} parameters where dense
layers would need {dense_parameters():,}: about {dense_parameters() / SHARED:.0f} times as many.
""",
        ),
        Step(
            "What 1998 did differently",
            r"""
Between its convolutions, LeNet-5 squashes every value with $\tanh$ and halves the maps by **averaging** 2 × 2 values.
In the years after 2012, most networks used **ReLU**, $\max(0, x)$, and took the **maximum** of 2 × 2 values.

The slope of $\tanh$ is close to 0 wherever its input is large, so little of the gradient passes. The slope of ReLU
is 1 for every positive input. And an average dilutes one strong response with three weak ones; a maximum keeps it.

You will train both on the 1,797 handwritten digits that come with scikit-learn. Everything else is the same: they
see the images in the same order, and their first weights come from the same seed, scaled to suit each activation.
""",
        ),
    ),
    prediction="After the same three epochs, which of the two reads the test digits better?",
    choices=(
        Choice(
            "tanh and averages, as in 1998",
            "tanh and averages worked well in 1998, and still do. What ReLU changes most is how fast the loss falls.",
        ),
        Choice(
            "ReLU and maxima, clearly",
            "ReLU lets more of the gradient through, so the loss falls faster. Whether the test set can tell "
            "is a matter of its size: look at the intervals.",
        ),
        Choice(
            "Neither: the 95% intervals overlap",
            "A few hundred easy images give wide intervals: only a large difference shows.",
        ),
    ),
    controls="Same images, split, seed, order, epochs, optimizer and learning rate; no augmentation.",
    experiment=experiment,
    claim="With ReLU and maxima, the training loss falls faster.",
    surprise=(
        "The loss falls faster, yet in the record the test accuracies can hardly be told apart: how fast "
        "a network learns and how well it ends up are two questions, and a few hundred test images "
        "cannot answer the second."
    ),
    setting=Setting(
        "epochs",
        "Epochs",
        ("3", "1", "8"),
        "Train for one epoch, then for eight. When is the difference largest, and does it ever show in the accuracy?",
    ),
    rooms=(
        Room(
            "architectures",
            "LeNet-5, layer by layer",
            {"architecture": "lenet5"},
            "python -m clfcore architectures show lenet5",
        ),
        Room(
            "train",
            "Train LeNet-5 on digits",
            {"data": "digits", "architecture": "lenet5"},
            "python -m clfcore train --data digits --architecture lenet5",
        ),
    ),
    sources=(
        Source(
            "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, Proc. IEEE 1998",
            "https://doi.org/10.1109/5.726791",
        ),
        Source(
            "Glorot, Bordes, Bengio: Deep sparse rectifier neural networks, AISTATS 2011",
            "https://proceedings.mlr.press/v15/glorot11a.html",
        ),
    ),
    pictured=True,
)
