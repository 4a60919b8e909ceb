"""Illustrations of the lessons' text, drawn with the lab's own functions when a step is opened."""

from dataclasses import replace

import numpy as np

from clfcore.augment.builtin_policies import POLICIES as BUILT_IN
from clfcore.augment.mixup_draws import Mix
from clfcore.augment.policies import policy
from clfcore.data.catalogue import open_dataset
from clfcore.explain.map_sheet import TitledImage
from clfcore.lessons.panel import Panel

PHOTOS = "clothing-small"
SHAPES = "count=36,side=48,difficulty=0.0"
HAT, CAP, SHIRT, TWO, SIX = 14, 15, 91, 32, 105  # places in the training split, from 0
PATCH = 16  # pixels of a patch of ViT-B/16
GAP = 2  # pixels between two patches as they are drawn apart


def one_and_several() -> tuple[Panel, ...]:
    """Images with one shape and with none to three, under the labels that they have."""
    single = open_dataset(f"shapes:{SHAPES}")
    several = open_dataset(f"shapes-multi-label:{SHAPES}")
    counts = several.targets.sum(axis=1)
    by_count = [int(np.flatnonzero(counts == count)[0]) for count in (0, 1, 2, 3)]
    rows = [
        tuple(TitledImage(single.label(item), single.image(item)) for item in (1, 2, 4, 5)),
        tuple(TitledImage(several.label(item) or "no label", several.image(item)) for item in by_count),
    ]
    return (
        Panel(
            "lesson-1-labels",
            "Above, each image has exactly one label. Below, an image has none, one or several.",
            tuple(rows),
            side=150,
        ),
    )


def receptive_fields(fields: tuple[int, ...], side: int) -> tuple[Panel, ...]:
    """A shape as the last maps of each network see it: the rest of the image is dimmed."""
    dataset = open_dataset(f"shapes:count=18,side={side},difficulty=0.0")
    places = [int(np.flatnonzero(dataset.targets == shape)[0]) for shape in (0, 4, 5)]
    rows = tuple(
        tuple(
            TitledImage(f"{field} pixels: {dataset.label(item)}", _dimmed(dataset.image(item), field))
            for field in fields
        )
        for item in places
    )
    return (
        Panel(
            "lesson-3-receptive-fields",
            "What one value of the last map depends on, with one, two and three 3 × 3 convolutions per stage. The dark "
            "part is outside its receptive field.",
            rows,
            side=120,
        ),
    )


def _dimmed(image: np.ndarray, field: int) -> np.ndarray:
    """The image with all but the middle field x field pixels darkened."""
    low = max(0, (len(image) - field) // 2)
    kept = slice(low, low + field)
    dark = image // 4
    dark[kept, kept] = image[kept, kept]
    return dark


def patches_and_tokens() -> tuple[Panel, ...]:
    """A photo, the same photo cut into patches, and the tokens of one row in their order."""
    photo = _photo(HAT)
    grid = len(photo) // PATCH
    parts = photo.reshape(grid, PATCH, grid, PATCH, 3).swapaxes(1, 2)
    paper = np.full((grid * (PATCH + GAP), grid * (PATCH + GAP), 3), 255, np.uint8)
    for row in range(grid):
        for column in range(grid):
            top, left = row * (PATCH + GAP), column * (PATCH + GAP)
            paper[top : top + PATCH, left : left + PATCH] = parts[row, column]
    middle = 9  # the hat's band
    words = tuple(
        TitledImage(f"token {middle * grid + column + 1}", parts[middle, column]) for column in range(2, grid - 2)
    )
    whole = (TitledImage(f"{len(photo)} pixels a side", photo), TitledImage(f"{grid * grid} patches", paper))
    return (
        Panel(
            "lesson-5-patches", f"A photo, and its {grid} × {grid} patches of {PATCH} × {PATCH} pixels.", (whole,), 240
        ),
        Panel(
            "lesson-5-tokens",
            f"The middle of row {middle + 1} as a vision transformer reads it: one token after another. Token 0 is the "
            "class token, which shows nothing of the photo.",
            (words[: len(words) // 2], words[len(words) // 2 :]),
            side=72,
        ),
    )


def photos_by_class() -> tuple[Panel, ...]:
    """A training photo of each class that comes with the lab."""
    dataset = open_dataset(PHOTOS)
    train = dataset.splits["train"]
    firsts = [int(train[np.flatnonzero(dataset.targets[train] == place)[0]]) for place in range(len(dataset.classes))]
    shown = [TitledImage(dataset.label(item), dataset.image(item, least_side=128)) for item in firsts]
    rows = (tuple(map(_squared, shown[:5])), tuple(map(_squared, shown[5:])))
    return (Panel("lesson-6-photos", "A training photo of each of the ten classes.", rows, side=120),)


def _squared(titled: TitledImage) -> TitledImage:
    """The middle square of a picture, under its title."""
    pixels = titled.pixels
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return replace(titled, pixels=pixels[top : top + side, left : left + side])


def _photo(place: int) -> np.ndarray:
    """224 x 224 x 3: a training photo as a network for photos sees it."""
    from clfcore.augment.file_previews import stored_pictures, usual_preprocess

    preprocess = usual_preprocess(256, 3)
    stored = stored_pictures(open_dataset(PHOTOS), preprocess, places=[place])
    return preprocess.center(stored)[0]


def policies_and_mixtures() -> tuple[Panel, ...]:
    """A photo through each policy, digits whose label a flip breaks, and Mixup's and CutMix's labels."""
    return _policies(), _flipped_digits(), _mixtures()


def _policies() -> Panel:
    from clfcore.augment.file_previews import file_previews

    shown: list[TitledImage] = []
    for name, built_in in BUILT_IN.items():
        if name == "none":
            continue
        original, view = file_previews(built_in, data=PHOTOS, place=CAP + 1, size=128, count=1).pictures
        shown += [TitledImage("original", original)] if not shown else []
        shown.append(TitledImage(name, view))
    rows = [tuple(shown[place : place + 5]) for place in range(0, len(shown), 5)]
    return Panel(
        "lesson-7-policies",
        "One photo as the first epoch would see it under each built-in policy.",
        tuple(rows),
        side=110,
    )


def _flipped_digits() -> Panel:
    from clfcore.augment.file_previews import file_previews

    flips = (
        ("mirrored", [{"step": "horizontal-flip", "probability": 1.0}]),
        ("upside down", [{"step": "vertical-flip", "probability": 1.0}]),
    )
    rows = []
    for digit, place in ((2, TWO + 1), (6, SIX + 1)):
        row: list[TitledImage] = []
        for name, steps in flips:
            pictures = file_previews(policy(steps), data="digits", place=place, size=8, count=1).pictures
            row += [TitledImage(f"{digit}", pictures[0])] if not row else []
            row.append(TitledImage(f"{digit}, {name}", pictures[1]))
        both = policy([step for _, steps in flips for step in steps])
        turned = file_previews(both, data="digits", place=place, size=8, count=1).pictures[1]
        rows.append((*row, TitledImage(f"{digit}, both", turned)))
    return Panel(
        "lesson-7-digits",
        "A flip keeps the label “2” or “6”, whatever the picture now shows.",
        tuple(rows),
        side=96,
    )


def _mixtures() -> Panel:
    from clfcore.augment.file_previews import stored_pictures, usual_preprocess
    from clfcore.augment.mixup_previews import pairs

    dataset, preprocess = open_dataset(PHOTOS), usual_preprocess(256, 3, 128)
    places = [SHIRT, HAT, CAP]
    shown: list[TitledImage] = []
    for mix in (Mix(mixup=1.0, per="image"), Mix(cutmix=1.0, per="image")):
        mixed = pairs(
            mix,
            BUILT_IN["none"],
            stored_pictures(dataset, preprocess, places=places),
            targets=dataset.targets[dataset.splits["train"][places]],
            task=dataset.task,
            places=places,
            size=preprocess.size,
            seed=3,
        )
        pair = mixed[1]
        if not shown:
            names = (dataset.label(int(dataset.splits["train"][place])) for place in (places[1], places[0]))
            shown += [TitledImage(name, pixels) for name, pixels in zip(names, (pair.own, pair.partner), strict=True)]
        shown.append(TitledImage(pair.label, pair.mixed))
    return Panel(
        "lesson-7-mixtures",
        "Two photos; below, what Mixup (left) and CutMix (right) make of them. The label is shared as the pixels are.",
        (tuple(shown[:2]), tuple(shown[2:])),
        side=200,
    )


def marked_and_unmarked() -> tuple[Panel, ...]:
    """The same shapes with the mark whose color gives the class away, and without it."""
    rows = []
    for data in ("shapes-shortcut", "shapes"):
        dataset = open_dataset(f"{data}:{SHAPES}")
        rows.append(tuple(TitledImage(dataset.label(item), dataset.image(item)) for item in (1, 2, 4, 5)))
    caption = "The same shapes with the mark, one color for each class, and without it."
    return (Panel("lesson-8-marks", caption, tuple(rows), side=110),)
