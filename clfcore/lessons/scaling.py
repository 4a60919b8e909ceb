"""Lesson 5. Scaling, and attention: what depth, width, resolution and tokens cost."""

from clfcore.architectures.compound_scaling import ALPHA, BETA, GAMMA
from clfcore.data.catalogue import open_dataset
from clfcore.explain.map_sheet import TitledImage
from clfcore.explain.saliency_map import overlay_image
from clfcore.lessons.illustrations import PHOTOS, patches_and_tokens
from clfcore.lessons.lesson import Choice, Curve, Curves, Finding, Lesson, Measured, Room, Setting, Source, Step
from clfcore.lessons.panel import Panel
from clfcore.lessons.trial import part, trained
from clfcore.progress import Progress, Show

SIDES = (112, 224, 336, 448)
SHOWN = 5  # photos with their attention
EPOCHS, PHOTO_SIDE = 3, 160
BLOCKS = ("basic", "bottleneck")
DEPTH, WIDTH, SIDE = 2, 32, 112  # blocks a stage, maps of the first stage, pixels


def cost(*, depth: int, width: int, side: int, block: str) -> int:
    """Multiply-adds of one image through a ResNet of four stages."""
    from clfcore.architectures.summary import table

    options = {"depths": ",".join([str(depth)] * 4), "width": width, "block": block}
    return table("resnet", options=options, image_size=side, channels=3, classes=1000).multiply_adds


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """Multiply-adds counted on the built networks: twice the layers, twice the maps, twice the side."""
    from clfcore.architectures.summary import table

    attended = (_attended(seed, part(progress, 0, 2)),) if setting == BLOCKS[0] else None  # the block changes no photo
    total = 4 + 2 * len(SIDES)
    base = cost(depth=DEPTH, width=WIDTH, side=SIDE, block=setting)
    rows = []
    larger = (
        ("twice the layers", cost(depth=2 * DEPTH, width=WIDTH, side=SIDE, block=setting)),
        ("twice the width", cost(depth=DEPTH, width=2 * WIDTH, side=SIDE, block=setting)),
        ("twice the image side", cost(depth=DEPTH, width=WIDTH, side=2 * SIDE, block=setting)),
    )
    for name, operations in larger:
        rows.append(Measured(name, round(operations / base, 3)))
        progress(total + len(rows) + 1, 2 * total)
    lines: list[Curve] = []
    for name in ("resnet50", "vit_b_16"):
        billions: list[float] = []
        for side in SIDES:
            billions.append(table(name, image_size=side).multiply_adds / 1e9)
            progress(total + 4 + len(lines) * len(SIDES) + len(billions), 2 * total)
        lines.append(Curve(name, tuple(float(side) for side in SIDES), tuple(billions)))
    layers, width, sides = (row.value for row in rows)
    convolution, attention = (line.y[-1] / line.y[1] for line in lines)
    return Finding(
        measure="times the multiply-adds of the base network",
        rows=tuple(rows),
        answer=min(range(3), key=lambda place: abs((2, 4, 8)[place] - width)),
        holds=layers < width and layers < sides and attention > convolution,
        sentence=(
            f"Twice the layers cost {layers:.1f} times as much, twice the width {width:.1f} times, and twice "
            "the image side "
            f"{sides:.1f} times. From 224 to 448 pixels, ResNet-50 costs {convolution:.2f} times as much and ViT-B/16 "
            f"{attention:.2f} times."
        ),
        share=False,
        curves=Curves("image side (pixels)", "multiply-adds (billions)", tuple(lines)),
        panels=attended,
    )


def _attended(seed: int, progress: Show) -> Panel:
    """Test photos, and below them the weights with which an attention head pools the last maps of each."""
    config = {
        "data": PHOTOS,
        "architecture": "efficientnet_lite0",
        "strategy": "fine-tuning",
        "head": "attention",
        "recipe": {"epochs": EPOCHS, "image_size": PHOTO_SIDE, "seed": seed},
    }
    with trained(config, progress=progress) as run:
        from clfcore.explain.dispatch import explain
        from clfcore.runs.open_classifier import classifier_of

        dataset, classifier, predictions = open_dataset(PHOTOS), classifier_of(run), run.predictions("test")
        predicted = predictions.logits.argmax(axis=1)
        right = [place for place in range(len(predictions)) if predicted[place] == predictions.targets[place]]
        by_class = {int(predicted[place]): place for place in reversed(right)}  # the first of each class
        photos, maps = [], []
        for place in sorted(by_class.values())[:SHOWN]:
            item = dataset.splits["test"][place]
            square = classifier.square(dataset.image(int(item), least_side=classifier.preprocess.stored_side))
            photos.append(TitledImage(dataset.label(int(item)), square))
            attention = explain(classifier, square, method="attention-head")
            maps.append(TitledImage("attention", overlay_image(square, attention, opacity=0.75)))
    return Panel(
        "lesson-5-attention",
        "Test photos that a network with an attention head gets right, and below them what it looks at: the weight of "
        "each of the 5 × 5 places. It learned these weights from photos and their classes alone.",
        (tuple(photos), tuple(maps)),
        side=150,
    )


LESSON = Lesson(
    number=5,
    title="Scaling, and attention",
    question="What does it cost to make a network deeper or wider, or its images larger?",
    steps=(
        Step(
            "Three ways to spend",
            rf"""
A convolution with $C$ maps in and out and $k \times k$ filters takes, at every one of $H \times W$ places,
$k^2 C^2$ **multiply-adds**:

$$
\text{{cost}} = H \cdot W \cdot k^2 \cdot C^2 \cdot \text{{layers}}
$$

The cost grows with the number of layers, but with the *square* of the width and of the image side. **EfficientNet**
(2019) grows all three together, by one number $\phi$:

$$
\text{{depth}} = \alpha^\phi, \quad \text{{width}} = \beta^\phi, \quad \text{{side}} = \gamma^\phi
$$

with $\alpha \cdot \beta^2 \cdot \gamma^2 \approx 2$, so that each step of $\phi$ about doubles the cost. A grid
search around the smallest network, B0, gave $\alpha = {ALPHA}$, $\beta = {BETA}$, $\gamma = {GAMMA}$. The published
B0 to B7 follow the formula only roughly, as the Architectures page shows number by number.
""",
        ),
        Step(
            "A picture as words",
            r"""
A **vision transformer** has no filters that slide. It cuts the image into patches (16 × 16 pixels in ViT-B/16),
makes each patch a **token** of 768 numbers, and lets every token look at every other: **attention**.

$$
\text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V
$$

where each token has a query $Q$, a key $K$ and a value $V$ of $d$ numbers.

An image of 224 pixels has $14 \cdot 14 = 196$ tokens and one more, the class token, for the answer. $Q K^\top$
compares each with each: its size grows with the *square* of the number of tokens, so with the fourth power of the
image side. For common sizes the linear layers still cost most; you will see at which size the square begins to
show.

Attention also tells where to look. An **attention head** on a convolutional network gives each place of its last
maps a weight and averages the maps by these weights. The experiment trains one, and shows the weights.
""",
            patches_and_tokens,
        ),
    ),
    prediction="Every layer of a network gets twice as many maps. How many times as many multiply-adds does it need?",
    choices=(
        Choice("About 2 times", "That is what twice the layers cost. Width counts twice: maps in, and maps out."),
        Choice("About 4 times", "Each convolution has twice the maps coming in and twice the maps going out."),
        Choice(
            "About 8 times",
            "Maps in and maps out both double, which makes four; the number of positions stays the same.",
        ),
    ),
    controls="Costs are counted layer by layer on the networks as they are built, at batch size 1; nothing is timed. "
    "Apart from that, a network with an attention head is fine-tuned on the photos that come with the lab.",
    experiment=experiment,
    claim="Width and image side cost more than depth, and attention grows faster with the image than convolution.",
    surprise=(
        "Twice the width is not exactly 4 times: the first layer takes 3 maps in, whatever the width. "
        "And a vision transformer's cost grows almost as a convolutional network's does: the quadratic "
        "part of attention shows only in large images."
    ),
    setting=Setting(
        "block",
        "Block",
        BLOCKS,
        "Take bottleneck blocks (1 × 1, 3 × 3, 1 × 1). Do the three factors change?",
    ),
    rooms=(
        Room(
            "architectures",
            "EfficientNet by φ, α, β, γ",
            {"architecture": "efficientnet", "see": "Scaling"},
            "python -m clfcore architectures scaling",
        ),
        Room(
            "architectures",
            "A picture as patches and tokens",
            {"architecture": "vit_b_16", "see": "Patches and tokens"},
            "python -m clfcore architectures tokens vit_b_16 photo.jpg",
        ),
    ),
    sources=(
        Source("Tan, Le: EfficientNet: Rethinking model scaling, ICML 2019", "https://arxiv.org/abs/1905.11946"),
        Source(
            "Dosovitskiy and others: An image is worth 16x16 words, ICLR 2021",
            "https://arxiv.org/abs/2010.11929",
        ),
    ),
    pictured=True,
)
