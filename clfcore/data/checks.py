"""Dataset checks: unreadable files, duplicates and leakage, small or uneven classes, odd sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clfcore.data.aspect import cut_off
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import SPLITS, ImageDataset, Problem
from clfcore.data.importers.walk import shortened
from clfcore.data.scan import DecodeReport, scan_arrays, scan_files
from clfcore.data.value_ranges import training_range, value_problems
from clfcore.errors import InputError
from clfcore.progress import Progress

FEW_ITEMS = 10  # a class with fewer in train is hardly learned
ODD_RATIO = 4  # longer side to shorter, or the usual shorter side to this one's

# Each kind of problem, and what it means. Importers report those above the line, `findings` those below.
KINDS = {
    "reading": "what the importer assumed about the data: no fault, but to be confirmed",
    "joined-class": "one class name in several spellings; read as one class",
    "hidden": "a hidden file, or one that a system left (__MACOSX, Thumbs.db); left out",
    "not-an-image": "a file that is no picture by its name; left out",
    "loose-image": "a picture outside the class folders; left out",
    "ignored-folder": "a folder beside train, validation and test; left out",
    "empty-class": "a class folder without pictures; no class",
    "link": "a link that is not followed or unpacked, or leads nowhere",
    "special-file": "a pipe, socket or device; left out",
    "unreadable-folder": "a folder that may not be read; left out",
    "too-deep": "a folder too many folders deep; left out",
    "bad-name": "an entry of a zip whose name no file system takes, or that is also a folder; left out",
    "repeated": "a row of a manifest, or an entry of a zip, that is repeated; the first is kept",
    "bad-row": "a row with more cells than the header; left out",
    "no-class": "a row without path or class; left out",
    "missing": "a row whose file does not exist; left out",
    "two-parents": "a class below two classes of the level above; kept apart as two",
    # ---
    "unreadable": "a file that is empty, truncated, damaged, too large or no picture; left out",
    "duplicate": "the same file content twice in one split",
    "leakage": "the same file content, or group, in two splits: what is tested was trained on",
    "conflicting-labels": "the same file content under different classes",
    "few-items": f"a class with fewer than {FEW_ITEMS} items to train on",
    "one-split-class": "a class that one split alone has",
    "absent-class": "a class of train that another split lacks",
    "odd-size": f"a picture {ODD_RATIO} times smaller than usual, or {ODD_RATIO} times longer than wide",
    "cut-off": "many pictures of which the default crop leaves out much",
    "values": "a picture of more than 8 bits whose values are constant, no numbers, or beyond the training split's",
    "depths": "pictures of 8 bits and deeper ones in one dataset",
    "bands": "bands of a picture that are left out, or whose meaning was assumed",
    "lapsed-decision": "decisions of a version whose picture has changed or is gone; without effect",
    "no-test": "there is no test split, so the test metrics are missing",
}


# What hurts a classifier or its score most, first; kinds that are not named come last.
_WORST = (
    "leakage",
    "conflicting-labels",
    "absent-class",
    "one-split-class",
    "unreadable",
    "missing",
    "no-test",
    "few-items",
    "no-class",
    "duplicate",
    "values",
    "cut-off",
    "odd-size",
)


@dataclass(frozen=True)
class ProblemGroup:
    """The problems of one kind: how many there are, and the first of them."""

    kind: str
    count: int
    first: Problem


def worst_first(problems: Sequence[Problem]) -> tuple[ProblemGroup, ...]:
    """Problems by kind, the kind that hurts most first; without what the importer only took for something.

    >>> found = [Problem("hidden", "a", ""), Problem("leakage", "b", ""), Problem("leakage", "c", "")]
    >>> [(group.kind, group.count) for group in worst_first(found)]
    [('leakage', 2), ('hidden', 1)]
    """
    kinds: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.kind != "reading":
            kinds.setdefault(problem.kind, []).append(problem)
    weight = {kind: place for place, kind in enumerate(_WORST)}
    order = sorted(kinds, key=lambda kind: weight.get(kind, len(weight)))
    return tuple(ProblemGroup(kind, len(kinds[kind]), kinds[kind][0]) for kind in order)


def check(
    spec: str | ImageDataset, *, split_seed: int = 0, progress: Progress | None = None
) -> tuple[ImageDataset, tuple[Problem, ...]]:
    """A dataset read to its last picture, without the unreadable ones, and all its problems. Raises InputError."""
    dataset = open_dataset(spec, split_seed=split_seed) if isinstance(spec, str) else spec
    report = scan_files(dataset, progress) if dataset.pixels is None else scan_arrays(dataset.pixels)
    if len(dataset) and all(report.faults):
        raise InputError(f"none of the {len(dataset)} pictures of {dataset.name} can be read: {report.faults[0]}")
    checked = findings(dataset, report)
    return checked, checked.problems


def findings(dataset: ImageDataset, report: DecodeReport) -> ImageDataset:
    """The dataset without its unreadable items, with the problems that `report` and the splits show."""
    bad = [i for i, fault in enumerate(report.faults) if fault]
    unreadable = [Problem("unreadable", dataset.ids[i], report.faults[i]) for i in bad]
    where = np.full(len(dataset), len(SPLITS))  # each item's split
    for i, split in enumerate(SPLITS):
        where[dataset.splits.get(split, np.empty(0, np.int64))] = i
    copies = _copies(dataset, report.digests, where)
    odd = [*_odd_sizes(dataset, report), *_cut_off(dataset, report)]
    readable = dataset.without(bad) if bad else dataset
    if any(report.extremes):
        readable = replace(readable, value_range=training_range(dataset, report.extremes))
    values = value_problems(dataset, extremes=report.extremes, notes=report.notes, faults=report.faults)
    kinds = (*copies, _shared_groups(dataset, where), *_classes(readable), odd, *values)
    problems = [*unreadable, *(problem for listed in kinds for problem in shortened(listed))]  # unreadable: all named
    return replace(readable, problems=readable.problems + tuple(problems)) if problems else readable


def _copies(dataset: ImageDataset, digests: tuple[str, ...], where: np.ndarray) -> tuple[list[Problem], ...]:
    """Leakage, duplicates and conflicting labels: items of the very same content."""
    leakage, duplicate, conflict = [], [], []
    first: dict[str, int] = {}
    twins: dict[int, list[int]] = {}
    for i, digest in enumerate(digests):
        if digest and first.setdefault(digest, i) != i:
            twins.setdefault(first[digest], []).append(i)
    for original, others in twins.items():
        for other in others:
            a, b = dataset.ids[original], dataset.ids[other]
            if where[other] != where[original]:
                names = [f"{dataset.ids[i]} ({_split(where[i])})" for i in (original, other)]
                message = f"{names[0]} and {names[1]} have the same content: what is tested must not be trained on"
                leakage.append(Problem("leakage", b, message))
            else:
                duplicate.append(
                    Problem("duplicate", b, f"{b} has the same content as {a}, both in {_split(where[other])}")
                )
            if not np.array_equal(dataset.targets[original], dataset.targets[other]):
                labels = f"{dataset.label(original)} and {dataset.label(other)}"
                conflict.append(
                    Problem("conflicting-labels", b, f"{a} and {b} have the same content, but are {labels}")
                )
    return leakage, duplicate, conflict


def _split(place: int) -> str:
    return SPLITS[place] if place < len(SPLITS) else "no split"


def _shared_groups(dataset: ImageDataset, where: np.ndarray) -> list[Problem]:
    if dataset.groups is None:
        return []
    splits: dict[str, set[int]] = {}
    for group, place in zip(dataset.groups, where.tolist(), strict=True):
        splits.setdefault(group, set()).add(place)
    return [
        Problem("leakage", group, f"group {group} is in {' and '.join(map(_split, sorted(places)))}: it must be in one")
        for group, places in splits.items()
        if len(places) > 1
    ]


def _classes(dataset: ImageDataset) -> tuple[list[Problem], ...]:
    """Classes that are thin, or that some splits lack; and a test split that is not there."""
    present = [split for split in SPLITS if len(dataset.splits.get(split, ()))]
    counts = np.stack([dataset.counts(split) for split in SPLITS])  # 3 x C
    few, alone, absent = [], [], []
    for name, column in zip(dataset.classes, counts.T, strict=True):
        have = [split for split, n in zip(SPLITS, column, strict=True) if n]
        lack = [split for split in present if split not in have]
        train = int(column[0])
        if train < FEW_ITEMS and (train or len(have) != 1):
            few.append(
                Problem("few-items", name, f"class {name} has {train} to train on: {FEW_ITEMS} or more are needed")
            )
        if len(have) == 1 and lack:
            what = "it cannot be evaluated" if have == ["train"] else "it cannot be learned"
            alone.append(Problem("one-split-class", name, f"class {name} is in {have[0]} alone: {what}"))
        elif have and lack:
            absent.append(Problem("absent-class", name, f"class {name} is not in {' and '.join(lack)}"))
    none = (
        []
        if "test" in present
        else [Problem("no-test", "", "there is no test split: add one to measure on data that chose nothing")]
    )
    return few, alone, absent, none


def _odd_sizes(dataset: ImageDataset, report: DecodeReport) -> list[Problem]:
    sizes = report.sizes
    if dataset.pixels is not None or not len(sizes):
        return []
    shorter, longer = sizes.min(axis=1), sizes.max(axis=1)
    readable = shorter > 0
    usual = np.median(shorter[readable]) if readable.any() else 0
    problems = []
    for i in np.flatnonzero(readable & ((shorter * ODD_RATIO < usual) | (shorter * ODD_RATIO < longer))):
        size = f"{sizes[i, 0]} x {sizes[i, 1]} pixels"
        why = "very long" if shorter[i] * ODD_RATIO < longer[i] else f"small: the usual shorter side is {usual:.0f}"
        problems.append(Problem("odd-size", dataset.ids[i], f"{dataset.ids[i]} is {size}, {why}"))
    return problems


def _cut_off(dataset: ImageDataset, report: DecodeReport) -> list[Problem]:
    cut = None if dataset.pixels is not None else cut_off(report.sizes)
    return [] if cut is None else [Problem("cut-off", "", cut.sentence)]


def advice(dataset: ImageDataset) -> str:
    """Advice on a dataset, one or two sentences: what its size allows, then what is wrong or which measure is fair."""
    counts = dataset.counts("train")
    learned = counts[counts > 0]
    if not len(learned):
        each = "label" if dataset.task.kind == "multi-label" else "class"
        return f"There is nothing to learn from: no {each} has a picture in the train split."
    size = _size_advice(dataset, int(np.median(learned)))
    kinds = {problem.kind for problem in dataset.problems}
    if "leakage" in kinds:
        return f"{size} Some pictures stand in two splits, so the scores will flatter: fix that first."
    if "cut-off" in kinds:
        return f"{size} The default crop cuts off much of many pictures: train with the fit pad (--fit pad)."
    return f"{size} {_measure_advice(dataset, counts)}"


def _size_advice(dataset: ImageDataset, usual: int) -> str:
    """What the number of training images allows. usual: the median number of a class."""
    total = len(dataset.splits.get("train", ()))
    each = {"single-label": "a class", "multi-label": "a label", "hierarchical": "a class of the finest level"}
    images = "small training images" if dataset.side() <= 64 and total >= 1000 else "training images"
    first = f"{total:,} {images}, {usual:,} {each[dataset.task.kind]}:"
    if usual < FEW_ITEMS:
        every = "label" if dataset.task.kind == "multi-label" else "class"
        return f"{first} too few to trust; bring at least {5 * FEW_ITEMS} of every {every}."
    if dataset.side() <= 64 and total >= 1000:
        return f"{first} enough to train a small network from scratch."
    if total < 50_000:
        return f"{first} begin with feature extraction, then try fine-tuning."
    return f"{first} enough to fine-tune, or to train from scratch."


def _measure_advice(dataset: ImageDataset, counts: np.ndarray) -> str:
    """The measure that is fair to the classes. counts: C, images of each in the train split."""
    rarest = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    most, least = dataset.classes[counts.argmax()], dataset.classes[rarest]
    ratio = counts.max() / counts[rarest]
    if dataset.task.kind == "multi-label":
        if ratio > 3:
            uneven = f"{most} is {ratio:.0f} times as common as {least}"
            return f"The labels are uneven ({uneven}): judge by mean average precision and macro F1."
        return "The labels are about equally common: judge by mean average precision."
    level = " at each level" if dataset.task.kind == "hierarchical" else ""
    if ratio > 3:
        uneven = f"{most} has {ratio:.0f} times as many as {least}"
        return f"The classes are uneven ({uneven}): judge by balanced accuracy{level}."
    return f"The classes are balanced, so accuracy{level} is a fair measure."
