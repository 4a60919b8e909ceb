"""Difference of two datasets of the same pictures: what was relabeled, dropped, added, moved and grouped."""

from dataclasses import dataclass

from clfcore.data.dataset import ImageDataset
from clfcore.results import Result


@dataclass(frozen=True)
class Relabeled(Result):
    """An item whose label differs. a, b: the label in each, as text; split: in b."""

    item: str
    split: str | None
    a: str
    b: str


@dataclass(frozen=True)
class Moved(Result):
    """An item that is in another split. a, b: the split in each, None where it is in none."""

    item: str
    a: str | None
    b: str | None


@dataclass(frozen=True)
class DatasetDifference(Result):
    """What differs from dataset a to b, item by item; common: how many items both have.

    regrouped: items of both that are in a group of other items now.
    """

    common: int
    relabeled: tuple[Relabeled, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    moved: tuple[Moved, ...]
    regrouped: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.relabeled or self.only_a or self.only_b or self.moved or self.regrouped)


def difference(a: ImageDataset, b: ImageDataset) -> DatasetDifference:
    """What differs between two datasets. An item is the same where its content is, of copies the one of its name."""
    keys_a, keys_b = _keys(a), _keys(b)
    places = {key: i for i, key in enumerate(keys_b)}
    pairs = [(i, places[key]) for i, key in enumerate(keys_a) if key in places]
    split_a, split_b = _splits(a), _splits(b)
    groups_a, groups_b = _members(a, keys_a), _members(b, keys_b)
    known = set(keys_a)
    return DatasetDifference(
        common=len(pairs),
        relabeled=tuple(
            Relabeled(b.ids[j], split_b.get(j), a.label(i), b.label(j)) for i, j in pairs if a.label(i) != b.label(j)
        ),
        only_a=tuple(a.ids[i] for i, key in enumerate(keys_a) if key not in places),
        only_b=tuple(b.ids[j] for j, key in enumerate(keys_b) if key not in known),
        moved=tuple(
            Moved(b.ids[j], split_a.get(i), split_b.get(j)) for i, j in pairs if split_a.get(i) != split_b.get(j)
        ),
        regrouped=tuple(b.ids[j] for i, j in pairs if groups_a.get(i) != groups_b.get(j)),
    )


def _keys(dataset: ImageDataset) -> list[tuple[str, str]]:
    """What tells items apart: the content; of copies the name too."""
    counts: dict[str, int] = {}
    for content in dataset.contents:
        counts[content] = counts.get(content, 0) + 1
    return [
        (content, item if counts[content] > 1 else "")
        for content, item in zip(dataset.contents, dataset.ids, strict=True)
    ]


def _splits(dataset: ImageDataset) -> dict[int, str]:
    return {int(i): split for split, chosen in dataset.splits.items() for i in chosen}


def _members(dataset: ImageDataset, keys: list[tuple[str, str]]) -> dict[int, frozenset[tuple[str, str]]]:
    """Of each item that is in a group with others: all of the group."""
    groups: dict[str, list[int]] = {}
    for i, group in enumerate(dataset.groups or ()):
        groups.setdefault(group, []).append(i)
    whole = {group: frozenset(keys[i] for i in items) for group, items in groups.items() if len(items) > 1}
    return {i: whole[group] for i, group in enumerate(dataset.groups or ()) if group in whole}
