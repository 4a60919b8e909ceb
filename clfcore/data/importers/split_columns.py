"""Split columns of a manifest, which give the split of each row: by name, by flags such as `is_valid`, by folds."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from clfcore.data.dataset import Split
from clfcore.data.importers.csv_table import Table, key
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_names import SPLIT_NAMES, splits_of, splits_of_folds
from clfcore.errors import InputError, nearest

_SPLITS = (
    "split",
    "set",
    "subset",
    "partition",
    "usage",
    "phase",
    "stage",
    "datasplit",
    "dataset",
    "splitname",
    "traintest",
    "purpose",
)
_FLAGS: dict[str, Split] = {
    "isvalid": "validation",
    "isval": "validation",
    "isvalidation": "validation",
    "istest": "test",
    "istrain": "train",
    "istraining": "train",
    "istrainingimage": "train",
}
_FOLDS = ("fold", "folds", "kfold", "foldid")
_TRUE, _FALSE = {"true", "1", "1.0", "yes", "y", "t"}, {"false", "0", "0.0", "no", "n", "f", ""}
_WHOLE = re.compile(r"^\d+(\.0*)?$")  # as pandas writes whole numbers with a gap among them


class SplitColumns(NamedTuple):
    """Splits of a manifest: one a row or none, the columns that say so, and what was assumed."""

    splits: tuple[Split | None, ...]
    columns: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def read_splits(table: Table, others: Sequence[str], *, where: str, reading: Reading) -> SplitColumns:
    """The splits that a manifest gives. Raises InputError for unknown names."""
    none: tuple[Split | None, ...] = (None,) * len(table.rows)
    if "split" in table.header:
        return SplitColumns(_by_name(table, "split", where), notes=_odd_names(table.column("split")))
    for name in others:
        values = table.column(name)
        if key(name) in _SPLITS and set(values) - {""}:
            if set(values) <= {"0", "1", "2"} and key(name) == "partition":
                order: tuple[Split, ...] = ("train", "validation", "test")
                note = f"column {name} is read as the split: 0 train, 1 validation, 2 test"
                return SplitColumns(tuple(order[int(v)] for v in values), frozenset({name}), (note,))
            if all(value in _meant(values) for value in values if value):
                notes = (f"column {name} is read as the split", *_odd_names(values))
                return SplitColumns(_by_name(table, name, where), frozenset({name}), notes)
    flags = [
        name for name in others if key(name) in _FLAGS and {v.lower() for v in table.column(name)} <= _TRUE | _FALSE
    ]
    if flags:
        return _by_flags(table, flags)
    folds = [name for name in others if key(name) in _FOLDS and all(map(_WHOLE.match, table.column(name)))]
    if folds and table.rows:
        numbers = [int(float(v)) for v in table.column(folds[0])]
        taken = splits_of_folds(numbers)
        if "pooled" in reading or len(taken) < 2:
            return SplitColumns(none, frozenset(folds))
        listed = ", ".join(f"{fold} {split}" for fold, split in taken.items() if split != "train")
        note = f"column {folds[0]} is read as folds that stay whole: {listed}, the others train"
        return SplitColumns(tuple(taken[number] for number in numbers), frozenset(folds), (note,))
    return SplitColumns(none)


def _by_flags(table: Table, flags: Sequence[str]) -> SplitColumns:
    """The splits of columns such as `is_valid`; what `is_train` excludes is for the test, unless another says more."""
    training = [name for name in flags if _FLAGS[key(name)] == "train"]
    splits: list[Split | None] = ["train"] * len(table.rows)
    for name in sorted(flags, key=lambda name: name not in training):
        for i, value in enumerate(table.column(name)):
            if name in training and value.lower() not in _TRUE:
                splits[i] = "test"
            elif value.lower() in _TRUE:
                splits[i] = _FLAGS[key(name)]
    rest = dict.fromkeys(training, ", false is test")
    notes = [f"column {name} is read as the split: true is {_FLAGS[key(name)]}{rest.get(name, '')}" for name in flags]
    single = len(set(splits)) == 1
    return SplitColumns((None,) * len(splits) if single else tuple(splits), frozenset(flags), tuple(notes))


def _meant(values: Sequence[str]) -> dict[str, Split]:
    """What split names mean; of FER2013's Usage the public test validates."""
    meant = splits_of(sorted(set(values)))
    if {"publictest", "privatetest"} <= {key(value) for value in values}:
        known: dict[str, Split] = {"training": "train", "publictest": "validation", "privatetest": "test"}
        meant = {value: known[key(value)] for value in set(values) if key(value) in known}
    return meant


def _by_name(table: Table, name: str, where: str) -> tuple[Split | None, ...]:
    values = table.column(name)
    if not any(values):
        return (None,) * len(values)
    meant = _meant(values)
    for i, value in enumerate(values):
        if value not in meant and sum(map(bool, table.rows[i])) > 1:  # not a row that is dropped anyway
            near = nearest(value.lower(), SPLIT_NAMES)
            row = f"{where} row {table.first + i}"
            raise InputError(f"{row}: split is {value!r}: it must be train, validation (or val, valid) or test{near}")
    return tuple(meant.get(value) for value in values)


def _odd_names(values: Sequence[str]) -> tuple[str, ...]:
    odd = {value: split for value, split in _meant(values).items() if value.lower() not in SPLIT_NAMES}
    listed = ", ".join(f"{value} as {split}" for value, split in sorted(odd.items()))
    return (f"read as splits: {listed}",) if odd else ()
