"""The columns of a manifest: which hold the files, the splits, the groups and the classes, under many names."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from clfcore.data.dataset import Split
from clfcore.data.importers.csv_table import Table
from clfcore.data.importers.label_cells import blanks, separator_in
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_names import SPLIT_NAMES, splits_of, splits_of_folds
from clfcore.data.importers.walk import IMAGE_SUFFIXES
from clfcore.errors import InputError, nearest


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OWN = ("path", "split", "group", "label", "labels")
_PATHS = _words(
    "path filepath filename file image imagepath imagename imagefile imagefilename imagefilepath images "
    "imageid img imgpath imgname imgid imgfile picture pictureid photo photoid fname id name uuid isicid"
)
_LABELS = _words(
    "label class target category classname labelname categoryname classlabel groundtruth classid labelid y"
)
_SEVERAL = _words(
    "labels tags genres genre categories classes attributes labellist findinglabels attributeids labelids"
)
_SPLITS = _words("split set subset partition usage phase stage datasplit dataset splitname traintest purpose")
_FLAGS: dict[str, Split] = {
    "isvalid": "validation",
    "isval": "validation",
    "isvalidation": "validation",
    "istest": "test",
}
_FOLDS = ("fold", "folds", "kfold", "foldid")
_GROUPS = ("group", "groupid", "patientid", "subjectid", "lesionid")
_ABOUT = _words(
    "width height w h x y xmin ymin xmax ymax x1 y1 x2 y2 bbox index row rownumber url imageurl source "
    "license licence md5 sha1 sha256 hash size filesize channels depth area author date time timestamp"
)
_TRUE, _FALSE = {"true", "1", "1.0", "yes", "y", "t"}, {"false", "0", "0.0", "no", "n", "f", ""}
_BINARY = {"0", "1", "0.0", "1.0", "true", "false", "", "-1", "-1.0"}
_NUMBER = re.compile(r"^[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?$")

Form = Literal["label", "labels", "one-hot", "levels"]


@dataclass(frozen=True)
class Columns:
    """What each column is taken for. form: how the classes stand in `classes`. splits: a split a row, or none.

    notes: what is said of columns under other names; unused: columns of which nothing is taken.
    """

    path: str
    classes: tuple[str, ...]
    form: Form
    splits: tuple[Split | None, ...]
    group: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A choice between readings: the question, and (what, reading) for each."""

    text: str
    ways: tuple[tuple[str, str], ...]


def key(name: str) -> str:
    """A column's name without case and signs: `Image_ID` is `imageid`."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def own_names(header: Sequence[str]) -> tuple[str, ...]:
    """The header with the documented names in lower case."""
    return tuple(name.lower() if name.lower() in OWN else name for name in header)


def path_columns(table: Table) -> list[str]:
    """The columns that may hold the files, the likeliest first."""
    header = [name for name in table.header if name]
    if "path" in header:
        return ["path"]
    named = sorted((name for name in header if key(name) in _PATHS), key=lambda name: _PATHS.index(key(name)))
    filed = [name for name in header if name not in named and _are_files(table.column(name)[:50])]
    return named + filed


def _are_files(values: Sequence[str]) -> bool:
    ends = ["." + value.rpartition(".")[2].lower() in IMAGE_SUFFIXES for value in values if value]
    return bool(ends) and sum(ends) * 2 > len(ends)


def columns_of(
    table: Table, where: str, asked: Reading, there: Callable[[Sequence[str]], tuple[str, ...]]
) -> Columns | Question:
    """What the columns are taken for, or the question that has to be answered first.

    there: of some cells, the files that they name. Raises InputError where columns are missing or named twice.
    """
    header = table.header
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise InputError(f"{where} has two columns {twice}: rename one")
    path = _path(table, where, asked, there)
    if isinstance(path, Question):
        return path
    others = [name for name in header if name and name not in (path, "split", "group")]
    splits, used, notes = _splits(table, others, where, asked)
    others = [name for name in others if name not in used]
    if path != "path":
        notes.insert(0, f"column {path} is read as the path")
    group = "group" if "group" in header else next((name for name in others if key(name) in _GROUPS), "")
    if group and group != "group":
        notes.append(f"column {group} is read as the group")
        others.remove(group)
    found = _classes(table, others, where, asked)
    if isinstance(found, Question):
        return found
    classes, form, more = found
    return Columns(path, classes, form, splits, group, (*notes, *more))


def _path(
    table: Table, where: str, asked: Reading, there: Callable[[Sequence[str]], tuple[str, ...]]
) -> str | Question:
    if asked.value("path"):
        return _named(table, asked.value("path"), where)
    candidates = path_columns(table)
    if not candidates:
        names = ", ".join(name for name in table.header if name) or "none"
        raise InputError(
            f"{where} has no column path (it has {names}): add one, a picture a row, "
            "or choose one by --reading path=COLUMN"
        )
    found = {name: there(table.column(name)[:200]) for name in candidates}
    most = max(map(len, found.values()))
    full = [name for name in candidates if len(found[name]) * 2 > most]
    if most and len({found[name] for name in full}) > 1:
        ways = tuple((f"column {name} has the files", f"path={name}") for name in full)
        return Question(f"{where} has several columns with files ({', '.join(full)})", ways)
    if not most and candidates[0] != "path" and table.rows:
        names = ", ".join(name for name in table.header if name)
        raise InputError(
            f"{where} has no column path (it has {names}): add one, a picture a row; the files that its column "
            f"{candidates[0]} names are not there"
        )
    return full[0] if most else candidates[0]


def _named(table: Table, name: str, where: str) -> str:
    known = {other.casefold(): other for other in table.header}
    if name.casefold() not in known:
        raise InputError(
            f"{where} has no column {name!r}{nearest(name, list(table.header))}: it has {', '.join(table.header)}"
        )
    return known[name.casefold()]


def _splits(
    table: Table, others: Sequence[str], where: str, asked: Reading
) -> tuple[tuple[Split | None, ...], set[str], list[str]]:
    """A split a row, the columns that say so, and what is noted of them. Raises InputError of unknown names."""
    none: tuple[Split | None, ...] = (None,) * len(table.rows)
    if "split" in table.header:
        return _by_name(table, "split", where), set(), _odd_names(table.column("split"))
    for name in others:
        values = table.column(name)
        if key(name) in _SPLITS and set(values) - {""}:
            if set(values) <= {"0", "1", "2"} and key(name) == "partition":
                order: tuple[Split, ...] = ("train", "validation", "test")
                note = f"column {name} is read as the split: 0 train, 1 validation, 2 test"
                return (
                    tuple(order[int(v)] for v in values),
                    {name},
                    [note],
                )
            if all(value in _meant(values) for value in values if value):
                return (
                    _by_name(table, name, where),
                    {name},
                    [f"column {name} is read as the split", *_odd_names(values)],
                )
    flags = [
        name for name in others if key(name) in _FLAGS and {v.lower() for v in table.column(name)} <= _TRUE | _FALSE
    ]
    if flags:
        splits: list[Split | None] = ["train"] * len(table.rows)
        for name in flags:
            for i, value in enumerate(table.column(name)):
                if value.lower() in _TRUE:
                    splits[i] = _FLAGS[key(name)]
        said = [f"column {name} is read as the split: true is {_FLAGS[key(name)]}" for name in flags]
        return (tuple(splits) if len(set(splits)) > 1 else none), set(flags), said
    folds = [name for name in others if key(name) in _FOLDS and all(v.isdecimal() for v in table.column(name))]
    if folds and table.rows:
        taken = splits_of_folds(int(v) for v in table.column(folds[0]))
        if "pooled" in asked or len(taken) < 2:
            return none, set(folds), []
        said = ", ".join(f"{fold} {split}" for fold, split in taken.items() if split != "train")
        note = f"column {folds[0]} is read as folds that stay whole: {said}, the others train"
        return tuple(taken[int(v)] for v in table.column(folds[0])), set(folds), [note]
    return none, set(), []


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
            said = f"{where} row {table.first + i}: split is {value!r}"
            raise InputError(f"{said}: it must be train, validation (or val, valid) or test{near}")
    return tuple(meant.get(value) for value in values)


def _odd_names(values: Sequence[str]) -> list[str]:
    odd = {value: split for value, split in _meant(values).items() if value.lower() not in SPLIT_NAMES}
    return (
        [f"read as splits: {', '.join(f'{value} as {split}' for value, split in sorted(odd.items()))}"] if odd else []
    )


_Found = tuple[tuple[str, ...], Form, list[str]]


def _classes(table: Table, others: list[str], where: str, asked: Reading) -> _Found | Question:
    """The columns with the classes, how the classes stand in them, and what is noted."""
    if asked.value("label"):
        names = tuple(_named(table, name, where) for name in asked.value("label").split("+"))
        several = "multi" in asked or key(names[0]) in _SEVERAL
        return names, "levels" if len(names) > 1 else "labels" if several else "label", []
    if "label" in others and "labels" in others:
        raise InputError(f"{where} has both label and labels: keep label for one class a picture, labels for several")
    for name, form in (("label", "label"), ("labels", "labels")):
        if name in others:
            return (name,), form, _unused([other for other in others if other != name])  # type: ignore[return-value]
    if not others:
        raise InputError(f"{where} has no column label, labels or one a level: add one with the classes")
    others, dropped = _without_remarks(table, others)
    binary = [name for name in others if {v.lower() for v in table.column(name)} <= _BINARY]
    rest = [name for name in others if name not in binary]
    if len(binary) > 1:
        named = [name for name in rest if key(name) in _LABELS]
        if named and "onehot" not in asked:
            ways = [(f"column {named[0]} has the classes", f"label={named[0]}")]
            return Question(
                f"{where} has a column {named[0]} and columns of 0 and 1 ({', '.join(binary[:3])})",
                (*ways, ("the columns of 0 and 1 are the labels", "onehot")),
            )
        return tuple(binary), "one-hot", _unused([*dropped, *rest])
    one = _levels(table, others, where)
    if isinstance(one, Question):
        return one
    classes, form, more = one
    return classes, form, [*more, *_unused([*dropped, *(name for name in others if name not in classes)])]


def _unused(names: Sequence[str]) -> list[str]:
    some = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return [f"nothing is taken from {'columns' if len(names) > 1 else 'column'} {some}"] if names else []


def _without_remarks(table: Table, others: list[str]) -> tuple[list[str], list[str]]:
    """The columns that may hold classes, and those that do not: sizes, addresses, other names of the file, measures."""
    keep = []
    for name in others:
        values = [value for value in table.column(name) if value]
        different = len(set(values))
        measured = different > 20 and all(_NUMBER.match(value) for value in values) and different * 2 > len(values)
        unique = different > 20 and different == len(values)
        about = key(name) in _ABOUT or key(name).startswith("unnamed") or _are_files(values[:50])
        other_id = key(name) in _PATHS and different == len(values) > 1
        if values and not (about or measured or unique or other_id):
            keep.append(name)
    return (keep, [name for name in others if name not in keep]) if keep else (others, [])


def _levels(table: Table, others: list[str], where: str) -> _Found | Question:
    """One column is the label; several are levels, unless they are none: then it is asked."""
    if len(others) == 1:
        form: Form = "labels" if key(others[0]) in _SEVERAL and _joined(table.column(others[0])) else "label"
        return (others[0],), form, []
    named = [name for name in others if key(name) in _LABELS]
    wrong, children = 0, 0
    for above, below in itertools.pairwise(others):
        parents: dict[str, set[str]] = {}
        for a, b in zip(table.column(above), table.column(below), strict=True):
            parents.setdefault(b, set()).add(a)
        children += len(parents)
        wrong += sum(len(found) > 1 for found in parents.values())
    if wrong == 0 or (not named and wrong * 2 <= children):
        return tuple(others), "levels", []
    ways = [(f"column {name} has the classes", f"label={name}") for name in (named or others)[:4]]
    levels = "+".join(others[:6])
    return Question(
        f"{where} has several columns that could be classes ({', '.join(others[:6])})",
        (*ways, ("levels of a hierarchy, the finest", f"label={levels}")),
    )


def _joined(values: Sequence[str]) -> bool:
    return bool(separator_in(values)) or blanks(values) == "joined"
