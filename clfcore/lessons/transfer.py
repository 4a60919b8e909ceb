"""Lesson 6. Transfer: a frozen network, a fine-tuned one, and one from scratch, by the number of photos."""

from dataclasses import replace

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset, Split
from clfcore.lessons.illustrations import photos_by_class
from clfcore.lessons.lesson import Choice, Finding, Lesson, Measured, Room, Setting, Source, Step
from clfcore.lessons.trial import accuracy, clearly_above, part, percent, trained
from clfcore.progress import Progress

DATA = "clothing-small"
EPOCHS = {"tuned": 3, "scratch": 12}
SMALL = {"depths": "1,1,1", "width": 16, "stem": "small"}


def experiment(setting: str, seed: int, progress: Progress) -> Finding:
    """Three ways to train on the photos that come with the lab, judged on the same test photos."""
    whole = open_dataset(DATA)
    few = _part(whole, int(setting), seed)
    photos, all_photos = len(few.splits["train"]), len(whole.splits["train"])
    frozen: dict[str, object] = {"architecture": "efficientnet_lite0", "strategy": "feature-extraction"}
    tuned: dict[str, object] = {"architecture": "efficientnet_lite0", "strategy": "fine-tuning"}
    scratch: dict[str, object] = {"architecture": "resnet", "options": SMALL, "strategy": "scratch"}
    ways: tuple[tuple[str, ImageDataset, dict[str, object], dict[str, object]], ...] = (
        (f"frozen, {photos} photos", few, frozen, {}),
        (f"frozen, {all_photos} photos", whole, frozen, {}),
        (f"fine-tuned, {all_photos} photos", whole, tuned, {"epochs": EPOCHS["tuned"], "image_size": 128}),
        (f"from scratch, {all_photos} photos", whole, scratch, {"epochs": EPOCHS["scratch"], "image_size": 64}),
    )
    rows: list[Measured] = []
    for place, (name, dataset, network, recipe) in enumerate(ways):
        config = {"data": DATA, **network, "recipe": {**recipe, "seed": seed}}
        with trained(config, progress=part(progress, place, len(ways)), dataset=dataset) as run:
            rows.append(accuracy(name, run))
    frozen_few, frozen_all, _, alone = rows
    answer = 0 if clearly_above(alone, frozen_few) else 2 if clearly_above(frozen_few, alone) else 1
    return Finding(
        measure=f"accuracy on {len(whole.splits['test'])} test photos",
        rows=tuple(rows),
        answer=answer,
        holds=clearly_above(frozen_all, alone),
        sentence=(
            f"A frozen pretrained network with a fitted head reaches {percent(frozen_few.value)} with "
            f"{photos} photos and "
            f"{percent(frozen_all.value)} with {all_photos}; a small network from scratch reaches "
            f"{percent(alone.value)} "
            f"with {all_photos}. Guessing would give 10%."
        ),
    )


def _part(dataset: ImageDataset, photos: int, seed: int) -> ImageDataset:
    """The dataset with so many training photos, each class with its share."""
    from clfcore.experiments.compare_strategies import sample_split

    name: Split = "train"
    return replace(dataset, splits={**dataset.splits, name: sample_split(dataset, name, photos, seed=seed)})


LESSON = Lesson(
    number=6,
    title="Transfer",
    question="How few photos are enough, when the network has seen others before?",
    steps=(
        Step(
            "What a network brings along",
            r"""
A network that was trained on ImageNet has learned to see edges, textures, fabric, buttons and sleeves, in that
order, from 1.3 million photos. Its last layer names 1,000 classes that you may not care about. The layers below,
the **backbone**, turn a photo into an **embedding**: for EfficientNet-Lite0, 1,280 numbers that say what is in it.

- **Feature extraction** keeps the backbone frozen and fits a new **head** on the embeddings. Each photo is passed
  through once, so it takes seconds.
- **Fine-tuning** also keeps training the last stages of the backbone, more gently than the head: at half its learning
  rate, or at a tenth of it.
- **From scratch** starts with random weights and has your photos only.
""",
        ),
        Step(
            "The photos that come with the lab",
            r"""
`clothing-small` has 200 photos of clothes in 10 classes, dedicated to the public domain (CC0). You will train in
three ways, the frozen one twice, and judge all of them on the same test photos, which none has seen.

There are few test photos, so every accuracy comes with a wide **95% interval**. When two intervals overlap, the
order of the two may be luck.

A common rule of thumb is that training from scratch pays off from about 10,000 images. The experiment has 100.
""",
            photos_by_class,
        ),
    ),
    prediction="A frozen network sees 40 photos. A small network trained from scratch sees all 100. Which "
    "is better on the test photos?",
    choices=(
        Choice(
            "The one from scratch: it has more photos",
            "More photos help, but from scratch a network has to learn even what an edge is from these alone.",
        ),
        Choice(
            "Neither: the 95% intervals overlap",
            "With so few test photos that can happen, but here the gap is usually too wide.",
        ),
        Choice("The frozen one", "It saw 1.3 million other photos before; your 40 only name what it sees."),
    ),
    controls="Same test photos and seed; each way has the recipe that the lab gives it by default, with fewer "
    "epochs and smaller "
    "images for fine-tuning and from scratch, so that it stays under a minute.",
    experiment=experiment,
    claim="With these photos, a frozen pretrained network is clearly better than one from scratch.",
    surprise=(
        "Fine-tuning does not beat the frozen network in any recorded run. It had three epochs "
        "and smaller images here, and only ten photos of each class. With eight epochs, it was ahead from 300 photos "
        "of the same kind on (docs/transfer.md). And the rule of thumb? With 3,068 photos for training, a network from "
        "scratch reached 64.5%, the frozen one 89.8%: at a third of those 10,000, "
        "training from scratch is far from paying off."
    ),
    setting=Setting(
        "photos",
        "Photos for the frozen network",
        ("40", "10", "20", "80"),
        "Go down to 10 photos, one of each class. Is it still better than the network from scratch?",
    ),
    rooms=(
        Room(
            "train",
            "Train on these photos with your own choices",
            {"data": DATA, "architecture": "efficientnet_lite0"},
            "python -m clfcore train --data clothing-small --architecture efficientnet_lite0",
        ),
        Room(
            "train",
            "Compare all strategies on a sample",
            {"data": DATA, "architecture": "efficientnet_lite0"},
            "python -m clfcore advise --data clothing-small --architecture efficientnet_lite0 --try",
        ),
    ),
    sources=(
        Source(
            "Yosinski, Clune, Bengio, Lipson: How transferable are features in deep neural networks?, NeurIPS 2014",
            "https://arxiv.org/abs/1411.1792",
        ),
        Source(
            "Kornblith, Shlens, Le: Do better ImageNet models transfer better?, CVPR 2019",
            "https://arxiv.org/abs/1805.08974",
        ),
    ),
)
