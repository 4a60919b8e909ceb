"""Lesson 3. 2012 to 2014, AlexNet and VGG: what depth and small filters bring."""

from clfcore.lessons.illustrations import receptive_fields
from clfcore.lessons.lesson import Choice, Finding, Lesson, Room, Setting, Source, Step
from clfcore.lessons.trial import accuracy, clearly_above, part, percent, trained
from clfcore.progress import Progress

EPOCHS = 8
SIDE = 16
DATA = f"shapes:count=900,side={SIDE},difficulty=0.0"
STACKS = (("1 layer per stage", 1), ("2 layers per stage", 2), ("3 layers per stage", 3))
WIDTHS = (16, 32)


def layers(depth: int) -> str:
    """The option `layers` of a VGG with so many 3 x 3 convolutions in each of two stages.

    >>> layers(2)
    '16,16,M,32,32'
    """
    first, second = ([str(width)] * depth for width in WIDTHS)
    return ",".join([*first, "M", *second])


def last_field(depth: int) -> int:
    """Pixels of the image, a side, that a value of the last maps depends on.

    >>> last_field(2)
    14
    """
    from clfcore.architectures.summary import table

    layer_rows = table("vgg", options={"layers": layers(depth), "hidden": 0}, image_size=SIDE).layers
    return max(layer.receptive_field or 0 for layer in layer_rows)


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """VGGs of one, two and three convolutions per stage on easy shapes, trained the same way."""
    rows = []
    for place, (name, depth) in enumerate(STACKS):
        config = {
            "data": DATA,
            "architecture": "vgg",
            "options": {"layers": layers(depth), "batch_norm": setting == "with", "hidden": 0},
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
        with trained(config, progress=part(progress, place, len(STACKS))) as run:
            rows.append(accuracy(name, run))
    shallow, _, deep = rows
    best = max(range(3), key=lambda place: rows[place].value)
    return Finding(
        measure="test accuracy",
        rows=tuple(rows),
        answer=best,
        holds=clearly_above(deep, shallow),
        sentence=(
            f"With one, two and three 3 × 3 convolutions per stage, test accuracy is "
            f"{', '.join(percent(row.value) for row in rows[:2])} and {percent(deep.value)}; guessing would give 16.7%."
        ),
    )


LESSON = Lesson(
    number=3,
    title="2012 to 2014: AlexNet and VGG",
    question="What do depth and small filters bring?",
    steps=(
        Step(
            "Two small filters see as far as one large one",
            r"""
In 2012 **AlexNet** won ImageNet by a wide margin: five convolutions, ReLU, dropout, and two GPUs to train it. Its
first filters are 11 × 11. Two years later **VGG** asked what happens if every filter is 3 × 3 and there are simply
more layers.

A value after two 3 × 3 convolutions depends on 5 × 5 pixels; after three, on 7 × 7. That is its **receptive field**:

$$
r_n = r_{n-1} + 2 \qquad (r_0 = 1)
$$

for each 3 × 3 convolution, as long as nothing between them shrinks the map.

For $C$ maps in and out, one 7 × 7 convolution has $49\,C^2$ weights. Three 3 × 3 convolutions have $27\,C^2$, see
exactly as far, cost less, and pass through three ReLUs instead of one.
""",
        ),
        Step(
            "Three networks of different depth",
            r"""
You will train three small VGGs to tell six shapes apart (circle, cross, ring, square, star, triangle) on images of
16 pixels that the lab draws itself. Each has two stages, with 16 and 32 maps, and one, two or three 3 × 3
convolutions in each.

After the pooling, each convolution adds 4 pixels instead of 2, so their last maps see 8, 14 and 20 pixels of the
image. The shapes measure 8 to 11 pixels: a network with one convolution per stage hardly ever sees a whole one.

All three have **batch normalization** (2015). VGG was published before it, and its authors first trained a shallow
network and started the deeper ones from its layers. The exercise shows what is lost without batch normalization.
""",
            lambda: receptive_fields(tuple(last_field(depth) for _, depth in STACKS), SIDE),
        ),
    ),
    prediction="Trained the same way for eight epochs, which network is best on the test images?",
    choices=(
        Choice(
            "One convolution per stage: it has the least to learn",
            "It has the fewest weights, and its last maps see 8 pixels of 16.",
        ),
        Choice(
            "Two convolutions per stage",
            "It sees a whole shape, 14 pixels; a third convolution per stage adds two more nonlinearities in all.",
        ),
        Choice(
            "Three convolutions per stage",
            "Its last maps see the whole image, and every layer adds another nonlinearity.",
        ),
    ),
    controls="Same images, split, seed, order, epochs, optimizer, learning rate and schedule; no augmentation.",
    experiment=experiment,
    claim="Three convolutions per stage are clearly better than one.",
    surprise=(
        "The deepest network is the best after the same number of epochs, in the record in every one of "
        "five seeds. Depth did not slow its learning here; batch normalization has a part in that, as "
        "the exercise shows."
    ),
    setting=Setting(
        "batch-normalization",
        "Batch normalization",
        ("with", "without"),
        "Leave batch normalization out, as in 2014. What becomes of the deepest network's lead?",
    ),
    rooms=(
        Room(
            "architectures",
            "Build a VGG of your own layers",
            {"architecture": "vgg", "side": str(SIDE)},
            "python -m clfcore architectures show vgg",
            lambda setting: (f"layers={layers(3)}", f"batch_norm={str(setting == 'with').lower()}", "hidden=0"),
        ),
        Room(
            "architectures",
            "AlexNet, layer by layer",
            {"architecture": "alexnet"},
            "python -m clfcore architectures show alexnet",
        ),
    ),
    sources=(
        Source(
            "Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, "
            "NeurIPS 2012",
            "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
        ),
        Source(
            "Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015",
            "https://arxiv.org/abs/1409.1556",
        ),
        Source(
            "Ioffe, Szegedy: Batch normalization, ICML 2015",
            "https://arxiv.org/abs/1502.03167",
        ),
    ),
)
