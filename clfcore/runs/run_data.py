"""The data of a run, opened again: its own pictures in its own split, wherever their files have gone since.

A run that goes on takes exactly what it began with and says what is new or gone; a run that continues another keeps
that one's split for the pictures it knows. Older runs, which kept no split, are read from what they did keep.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clfcore.data.catalogue import check_copied, open_dataset
from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.fingerprints import is_readable
from clfcore.data.importers.readings import AmbiguousData, parse_reading, parted
from clfcore.data.library.specs import without_paths
from clfcore.data.positional_splits import splits_by_position
from clfcore.data.splits import keep_splits
from clfcore.errors import InputError
from clfcore.runs.folder import Run
from clfcore.runs.split_record import KeptSplit, read_split
from clfcore.runs.task_changes import MatchedItems, task_changes
from clfcore.task import Task


@dataclass(frozen=True)
class Reopened:
    """A run's data, and sentences on what has changed in it since the run began."""

    dataset: ImageDataset
    notes: tuple[str, ...] = ()
    trained_before: frozenset[str] = frozenset()  # contents that went into the weights it begins with


def open_run_data(run: Run) -> ImageDataset:
    """The pictures that a run knows and that are still there, with its ids, classes and splits, for those who look.

    What was added since is left out. Raises InputError where the data is gone.
    """
    dataset, kept = _opened(run), read_split(run)
    if kept is None:
        return _as_before(run, dataset)
    reopened = _as_kept(kept, _places(kept, dataset), dataset)
    if not len(reopened):
        raise InputError(
            f"none of the pictures of run {run.id} is in {without_paths(run.config.data)} any more: bring them back"
        )
    return reopened


def resume_run_data(run: Run) -> Reopened | None:
    """What a run goes on with: exactly the split it began with, without the pictures that are gone.

    None where the run has not opened its data before. Raises InputError where the classes are others now, or where a
    split or the training pictures of a class are gone as a whole.
    """
    kept = read_split(run)
    if kept is None and not run.data.recorded:
        return None
    dataset = _opened(run)
    if kept is None:
        if (task := run.data.task) is not None:
            _check_classes(run, task, dataset)
        return Reopened(_as_before(run, dataset))
    places = _places(kept, dataset)
    _check_classes(run, kept.task, dataset, matched=MatchedItems(kept.targets, places))
    reopened = _as_kept(kept, places, dataset)
    _check_gone(run, kept, reopened)
    return Reopened(reopened, _changes(kept, places, dataset))


def continue_split(dataset: ImageDataset, run: Run, *, seed: int) -> Reopened:
    """The data of a run that begins with another's weights: pictures that the other knows stay in its split.

    Raises InputError where nothing is left to validate on.
    """
    try:
        known = split_of(run)
    except InputError as error:
        return Reopened(dataset, (f"What run {run.id} was trained on is not known: {error}.",))
    continued = keep_splits(dataset, known.by_content(), seed=seed)
    trained, every = known.trained_on, known.by_content()
    if "validation" in continued.drawn and not len(continued.splits["validation"]):
        raise InputError(
            f"run {run.id} was trained on all pictures of {dataset.name} that could be validated on: "
            "add new ones, or give train and validation yourself"
        )
    notes = []
    new = sum(content not in every for content in dataset.contents)
    if continued.drawn and 0 < new < len(dataset):
        stay = len(dataset) - new
        notes.append(f"{_count(stay)} known to run {run.id} and in its split as before; {_count(new)} new.")
    for split in ("validation", "test"):
        chosen = continued.splits.get(split, np.empty(0, np.int64)).tolist()
        seen = sum(dataset.contents[i] in trained for i in chosen)
        if seen:
            notes.append(
                f"Run {run.id} was trained on {seen:,} of the {len(chosen):,} {split} pictures, as the data gives its "
                f"own splits: the {split} metrics flatter."
            )
    return Reopened(continued, tuple(notes), trained)


def keep_split(run: Run, dataset: ImageDataset, *, trained_before: frozenset[str]) -> None:
    """Keep the split of a run that opens its data for the first time; one that is kept stands."""
    if read_split(run) is None:
        KeptSplit.of(dataset, trained_before).write(run)


def trained_on(run: Run) -> frozenset[str]:
    """Contents that went into the weights of a run; empty where that cannot be told any more."""
    try:
        return split_of(run).trained_on
    except InputError:
        return frozenset()


def count_trained_on(run: Run, dataset: ImageDataset, items: Sequence[str]) -> int | None:
    """How many of some items the run, or one that it continues, was trained on; None where that is not known."""
    try:
        known = split_of(run).trained_on
    except InputError:
        return None
    judged = set(items)
    return sum(name in judged and content in known for name, content in zip(dataset.ids, dataset.contents, strict=True))


def split_of(run: Run) -> KeptSplit:
    """Which contents a run knows and which it was trained on. Raises InputError where that cannot be told any more."""
    kept = read_split(run)
    if kept is not None:
        return kept
    if not run.data.recorded and not run.splits:
        raise InputError("it has not opened its data yet")
    return KeptSplit.of(_as_before(run, _opened(run)))


# Ways in which data was read before there was a choice; the one whose classes are the run's is how it read its own.
_FORMER_READINGS = ("keep-case", "outer", "outer,keep-case", "inner", "labeled-only")


def _opened(run: Run) -> ImageDataset:
    """The data as the run read it: of an older run, whose SPEC names no reading, its classes tell which one it was."""
    spec, seed = run.config.data, run.config.split_seed
    task = run.data.task if read_split(run) is None else None
    asked: AmbiguousData | None = None
    check_copied(spec)  # a run is looked at without fetching gigabytes that nobody asked for
    try:
        dataset = open_dataset(spec, split_seed=seed)
    except AmbiguousData as error:
        if task is None:
            raise
        asked = error
    else:
        if task is None or dataset.task == task:
            return dataset
    own, path = parted(spec)
    for words in _FORMER_READINGS:
        with contextlib.suppress(InputError):
            former = open_dataset(own.adding(parse_reading(words)).before(path), split_seed=seed)
            if former.task == task:
                return former
    if asked is not None:
        raise asked
    return dataset


def _as_before(run: Run, dataset: ImageDataset) -> ImageDataset:
    """The split of a run that kept none: by the ids that it noted or predicted, else drawn as it was drawn then."""
    if not dataset.drawn:
        return dataset
    at = {name: i for i, name in enumerate(dataset.ids)}
    splits: dict[Split, np.ndarray] = {**dataset.splits, **splits_by_position(dataset, run.config.split_seed)}
    noted = run.data.drawn
    known = {
        split: noted.get(split) or (run.predictions(split).ids if split in run.splits else ())
        for split in ("validation", "test")
        if split in dataset.drawn
    }
    chosen = {split: [at[name] for name in ids if name in at] for split, ids in known.items()}
    if all(chosen.values()):
        pool = np.concatenate([dataset.splits[name] for name in {"train", *dataset.drawn}])
        for split, items in chosen.items():
            splits[split] = np.sort(np.array(items, np.int64))
        splits["train"] = np.setdiff1d(pool, np.concatenate([splits[split] for split in chosen]))
    return replace(dataset, splits=splits)


def _places(kept: KeptSplit, dataset: ImageDataset) -> np.ndarray:
    """Where each kept item stands in the data now, N indices, -1 where it is gone; of copies the one of its name."""
    if kept.ids == dataset.ids and kept.contents == dataset.contents:
        return np.arange(len(kept.ids))
    at = {name: i for i, name in enumerate(dataset.ids)}
    places = np.full(len(kept.ids), -1, np.int64)
    for k, (name, content) in enumerate(zip(kept.ids, kept.contents, strict=True)):
        i = at.get(name)
        if i is not None and dataset.contents[i] == content:
            places[k] = i
    taken = set(places.tolist())
    free: dict[str, list[int]] = {}
    for i in range(len(dataset) - 1, -1, -1):
        if i not in taken:
            free.setdefault(dataset.contents[i], []).append(i)
    for k in np.flatnonzero(places < 0).tolist():
        if left := free.get(kept.contents[k]):
            places[k] = left.pop()
    return places


def _as_kept(kept: KeptSplit, places: np.ndarray, dataset: ImageDataset) -> ImageDataset:
    """The kept items that are there, in their order, under their ids and targets, with the pictures of today."""
    there = np.flatnonzero(places >= 0)
    taken = places[there]
    renumbered = np.full(len(places), -1, np.int64)
    renumbered[there] = np.arange(len(there))
    splits = {split: renumbered[chosen] for split, chosen in kept.splits.items()}
    same = np.array_equal(taken, np.arange(len(dataset)))  # a large array is not copied for nothing
    return replace(
        dataset,
        task=kept.task,
        ids=tuple(kept.ids[k] for k in there.tolist()),
        targets=kept.targets[there],
        splits={split: chosen[chosen >= 0] for split, chosen in splits.items()},
        paths=None if dataset.paths is None else tuple(dataset.paths[i] for i in taken.tolist()),
        pixels=dataset.pixels if dataset.pixels is None or same else dataset.pixels[taken],
        masks=dataset.masks if dataset.masks is None or same else dataset.masks[taken],
        groups=None if dataset.groups is None else tuple(dataset.groups[i] for i in taken.tolist()),
        drawn=kept.drawn,
    )


def _check_classes(run: Run, task: Task, dataset: ImageDataset, *, matched: MatchedItems | None = None) -> None:
    changes = task_changes(task, dataset, matched)
    if changes:
        raise InputError(
            f"the classes of {without_paths(run.config.data)} are not those that run {run.id} began with: "
            f"{'; '.join(changes)}; put them back to resume it, or train a new run"
        )


def _check_gone(run: Run, kept: KeptSplit, dataset: ImageDataset) -> None:
    """Refuse to go on without a whole split, or without the training pictures of a class."""
    advice = "bring the pictures back to resume it, or train a new run"
    for split, chosen in kept.splits.items():
        if len(chosen) and not len(dataset.splits[split]):
            raise InputError(
                f"the whole {split} split of run {run.id} is gone from {without_paths(run.config.data)}: {advice}"
            )
    before = replace(dataset, targets=kept.targets, ids=kept.ids, splits=dict(kept.splits)).counts("train")
    gone = [
        name for name, was, now in zip(dataset.classes, before, dataset.counts("train"), strict=True) if was and not now
    ]
    if gone:
        raise InputError(
            f"all training pictures of {', '.join(gone[:5])} of run {run.id} are gone from "
            f"{without_paths(run.config.data)}: {advice}"
        )


def _changes(kept: KeptSplit, places: np.ndarray, dataset: ImageDataset) -> tuple[str, ...]:
    """What is new, gone or under another class since the run began, a sentence each."""
    taken = set(places.tolist())
    new = [name for i, name in enumerate(dataset.ids) if i not in taken and is_readable(dataset.contents[i])]
    gone = [kept.ids[k] for k in np.flatnonzero(places < 0)]
    there = np.flatnonzero(places >= 0)
    now = dataset.targets[places[there]]
    moved = (_in_order(kept.task, dataset.task, now) != kept.targets[there]).reshape(len(there), -1).any(axis=1)
    relabeled = [kept.ids[k] for k in there[moved]]
    notes = []
    if new:
        notes.append(f"{_count(len(new))} new since this run began ({_listed(new)}): it goes on without.")
    if gone:
        notes.append(f"{_count(len(gone))} gone since this run began ({_listed(gone)}): it goes on without.")
    if relabeled:
        notes.append(
            f"{_count(len(relabeled))} in another class now ({_listed(relabeled)}): this run goes on with the class "
            "that it began with."
        )
    return tuple(notes)


def _in_order(task: Task, other: Task, targets: np.ndarray) -> np.ndarray:
    """Targets of a task with the same classes in another order, in the order of the first."""
    orders = [
        np.array([mine.classes.index(name) for name in theirs.classes])
        for mine, theirs in zip(task.levels, other.levels, strict=True)
    ]
    if task.kind == "multi-label":
        return targets[:, np.argsort(orders[0])]
    if task.kind == "single-label":
        return orders[0][targets]
    return np.stack([order[targets[:, i]] for i, order in enumerate(orders)], axis=1)


def _count(n: int) -> str:
    return f"{n:,} picture is" if n == 1 else f"{n:,} pictures are"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
