"""ImageNet's classes in human words: the first synonym, and more where two classes share it."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clfcore.heavy_imports import load

if TYPE_CHECKING:
    from timm.data import ImageNetInfo


@functools.cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 names, in the order of the logits, all different: `golden retriever`. Read from timm's own data."""
    load("timm")
    from timm.data import ImageNetInfo

    return labels_of(ImageNetInfo())


def labels_of(info: "ImageNetInfo") -> tuple[str, ...]:
    """The names of any of timm's ImageNet label sets, each once."""
    indices = range(info.num_classes())
    detailed = [info.index_to_description(index, detailed=True) for index in indices]
    return unique_names([info.index_to_description(index).split(", ") for index in indices], detailed)


def unique_names(synonyms: Sequence[Sequence[str]], detailed: Sequence[str]) -> tuple[str, ...]:
    """The first synonym of each class; a name of several classes has the next one, or its definition, in brackets.

    >>> unique_names([["crane"], ["crane"], ["cat"], ["cat", "tabby"]], ["", "crane: lifts; has a boom", "", ""])
    ('crane', 'crane (lifts)', 'cat', 'cat (tabby)')
    """
    names: dict[str, None] = {}  # ordered, and quick to look into
    for words, definition in zip(synonyms, detailed, strict=True):
        name = words[0]
        if name in names:
            more = words[1] if len(words) > 1 else definition.partition(": ")[2].partition(";")[0]
            name = f"{words[0]} ({more})"
        number = 2
        while name in names:
            name, number = f"{words[0]} ({number})", number + 1
        names[name] = None
    return tuple(names)
