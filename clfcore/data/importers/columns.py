"""Columns of a manifest: which hold the files, the splits, the groups and the classes, under many names."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from clfcore.data.dataset import Split
from clfcore.data.importers.csv_table import Table, key
from clfcore.data.importers.label_cells import blanks, separator_in
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_columns import read_splits
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
# The widest group stands first: a patient has several lesions.
_GROUPS = _words(
    "group groupid patient patientid subject subjectid participant participantid person personid caseid lesionid"
)
_ABOUT = _words(
    "width height w h x y xmin ymin xmax ymax x1 y1 x2 y2 bbox index row rownumber url imageurl source "
    "license licence md5 sha1 sha256 hash size filesize channels depth area author date time timestamp"
)
BINARY_ONES = frozenset({"1", "1.0", "true", "yes", "y"})
_BINARY = BINARY_ONES | {"0", "0.0", "false", "no", "n", "", "-1", "-1.0"}
_NUMBER = re.compile(r"^[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?$")

Form = Literal["label", "labels", "one-hot", "levels"]


@dataclass(frozen=True)
class Columns:
    """Roles of a manifest's columns. form: how the classes stand in `classes`. splits: a split a row, or none.

    notes: what was assumed of columns under other names, and which are not used.
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
    table: Table, *, where: str, reading: Reading, existing: Callable[[Sequence[str]], tuple[str, ...]]
) -> Columns | Question:
    """Roles of the columns, or the question that has to be answered first.

    existing: of some cells, the files that they name. Raises InputError where columns are missing or named twice.
    """
    header = table.header
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise InputError(f"{where} has two columns {twice}: rename one")
    path = _path(table, where=where, reading=reading, existing=existing)
    if isinstance(path, Question):
        return path
    others = [name for name in header if name and name not in (path, "split", "group")]
    in_splits = read_splits(table, others, where=where, reading=reading)
    notes = list(in_splits.notes)
    others = [name for name in others if name not in in_splits.columns]
    if path != "path":
        notes.insert(0, f"column {path} is read as the path")
    group = "group" if "group" in header else _group(others)
    if group and group != "group":
        notes.append(f"column {group} is read as the group")
        others.remove(group)
    classes = _classes(table, others, where=where, reading=reading)
    if isinstance(classes, Question):
        return classes
    return Columns(path, classes.names, classes.form, in_splits.splits, group, (*notes, *classes.notes))


def _group(names: Sequence[str]) -> str:
    """The column that holds the group; empty where there is none, or where it alone could hold the classes."""
    groups = sorted((name for name in names if key(name) in _GROUPS), key=lambda name: _GROUPS.index(key(name)))
    return groups[0] if groups and (len(names) > 1 or key(groups[0]).endswith("id")) else ""


def _path(
    table: Table, *, where: str, reading: Reading, existing: Callable[[Sequence[str]], tuple[str, ...]]
) -> str | Question:
    if reading.value("path"):
        return _named(table, reading.value("path"), where)
    candidates = path_columns(table)
    if not candidates:
        names = ", ".join(name for name in table.header if name) or "none"
        raise InputError(
            f"{where} has no column path (it has {names}): add one, a picture a row, "
            "or choose one by --reading path=COLUMN"
        )
    files = {name: existing(table.column(name)[:200]) for name in candidates}
    most = max(map(len, files.values()))
    full = [name for name in candidates if len(files[name]) * 2 > most]
    if most and len({files[name] for name in full}) > 1:
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


class _ClassColumns(NamedTuple):
    """The columns with the classes, how the classes stand in them, and what is noted."""

    names: tuple[str, ...]
    form: Form
    notes: list[str]


def _classes(table: Table, others: list[str], *, where: str, reading: Reading) -> _ClassColumns | Question:
    if reading.value("label"):
        names = tuple(_named(table, name, where) for name in reading.value("label").split("+"))
        several = "multi" in reading or key(names[0]) in _SEVERAL
        return _ClassColumns(names, "levels" if len(names) > 1 else "labels" if several else "label", [])
    if "label" in others and "labels" in others:
        raise InputError(f"{where} has both label and labels: keep label for one class a picture, labels for several")
    documented: tuple[Form, ...] = ("label", "labels")
    for form in documented:
        if form in others:
            return _ClassColumns((form,), form, _unused([name for name in others if name != form]))
    if not others:
        raise InputError(f"{where} has no column label, labels or one a level: add one with the classes")
    others, dropped = _without_remarks(table, others)
    binary = [name for name in others if {v.lower() for v in table.column(name)} <= _BINARY]
    rest = [name for name in others if name not in binary]
    if len(binary) > 1:
        named = [name for name in rest if key(name) in _LABELS]
        if named and "onehot" not in reading:
            ways = [(f"column {named[0]} has the classes", f"label={named[0]}")]
            return Question(
                f"{where} has a column {named[0]} and columns of 0 and 1 ({', '.join(binary[:3])})",
                (*ways, ("the columns of 0 and 1 are the labels", "onehot")),
            )
        return _ClassColumns(tuple(binary), "one-hot", _unused([*dropped, *rest]))
    levels = _levels(table, others, where)
    if isinstance(levels, Question):
        return levels
    unused = _unused([*dropped, *(name for name in others if name not in levels.names)])
    return levels._replace(notes=[*levels.notes, *unused])


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
        about = key(name) in (*_ABOUT, *_GROUPS) or key(name).startswith("unnamed") or _are_files(values[:50])
        other_id = key(name) in _PATHS and different == len(values) > 1
        if values and not (about or measured or unique or other_id):
            keep.append(name)
    return (keep, [name for name in others if name not in keep]) if keep else (others, [])


def _levels(table: Table, others: list[str], where: str) -> _ClassColumns | Question:
    """One column is the label; several are levels, unless they are none: then it is asked."""
    if len(others) == 1:
        form: Form = "labels" if key(others[0]) in _SEVERAL and _joined(others[0], table) else "label"
        return _ClassColumns((others[0],), form, [])
    named = [name for name in others if key(name) in _LABELS]
    varying = [name for name in others if len(set(table.column(name))) > 1]
    wrong, children = 0, 0
    for above, below in itertools.pairwise(others):
        parents: dict[str, set[str]] = {}
        for a, b in zip(table.column(above), table.column(below), strict=True):
            parents.setdefault(b, set()).add(a)
        children += len(parents)
        wrong += sum(len(above) > 1 for above in parents.values())
    if wrong and len(varying) == 1:  # the others say the same of every picture: no levels
        return _ClassColumns((varying[0],), "label", [])
    if wrong == 0 or (not named and len(varying) == len(others) and wrong * 2 <= children):
        return _ClassColumns(tuple(others), "levels", [])
    ways = [(f"column {name} has the classes", f"label={name}") for name in (named or others)[:4]]
    levels = "+".join(others[:6])
    return Question(
        f"{where} has several columns that could be classes ({', '.join(others[:6])})",
        (*ways, ("levels of a hierarchy, the finest", f"label={levels}")),
    )


def _joined(name: str, table: Table) -> bool:
    """Whether a column named for several labels has several a cell; of tags, whether it may have."""
    values = table.column(name)
    enough = {"joined", "perhaps"} if key(name) == "tags" else {"joined"}
    return bool(separator_in(values)) or blanks(values) in enough
