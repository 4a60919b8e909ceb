"""Versions: a dataset with decisions, under a name, with where it comes from; opened as `DATA@VERSION`.

A version holds its decisions and never changes; it is made of the data itself or of another version, its parent. Beside
it stands a table of its items for other tools.
"""

import contextlib
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from clfcore.data.dataset import ImageDataset
from clfcore.data.export import label_columns
from clfcore.data.library.specs import display_name
from clfcore.data.library.versioned import checked_version_name, split_version
from clfcore.data.versions.added import AddedPhoto, LabeledPhoto, added_from, check_files, copy_photos, with_added
from clfcore.data.versions.apply import Applied, apply_decisions
from clfcore.data.versions.decisions import Decision, decision_from, effective, written
from clfcore.data.versions.log import locked
from clfcore.data.versions.places import version_file, versions_folder, versions_root
from clfcore.errors import InputError, nearest
from clfcore.files import write_json, write_text
from clfcore.results import Result
from clfcore.spreadsheet import csv_text

_FORMAT = 1
_ENDING = ".version.json"
GROUP_RULE = "items of one group go to the first of train, validation and test that has one of them"


@dataclass(frozen=True)
class Counts(Result):
    """What a version changes of its parent. items: how many it has; moved: to another split, for their group's sake;
    test_relabeled: of the relabeled ones those that are tested on; kept: looked at and left as they are; added: photos
    that the parent lacks."""

    items: int = 0
    relabeled: int = 0
    dropped: int = 0
    grouped: int = 0
    moved: int = 0
    test_relabeled: int = 0
    kept: int = 0
    added: int = 0


@dataclass(frozen=True)
class Version(Result):
    """A version of a dataset.

    spec: what opens it; parent: the name of the version it was made of, None of the data itself. digest, parent_digest:
    over content, label, split and group of all items, with split seed 0. rules: how decisions were made and applied.
    """

    name: str
    spec: str
    parent: str | None
    created: str
    counts: Counts
    digest: str
    parent_digest: str
    rules: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    added: tuple[AddedPhoto, ...] = ()

    @property
    def manifest(self) -> Path:
        """The table of its items, for other tools."""
        return versions_folder(self.spec) / f"{self.name}.csv"

    @property
    def photos(self) -> Path:
        """The folder of the photos that it adds."""
        return versions_folder(self.spec) / f"{self.name}-photos"


def list_versions(spec: str) -> tuple[Version, ...]:
    """The versions of the data of a SPEC, the oldest first; damaged files are left out."""
    base, versions = split_version(spec).base, []
    if not versions_root().is_dir():
        return ()
    for path in versions_folder(base).glob(f"*{_ENDING}"):
        try:
            versions.append(_read(base, path.name.removesuffix(_ENDING)))
        except InputError:
            continue
    return tuple(sorted(versions, key=lambda version: (version.created, version.name)))


def read_version(spec: str) -> Version:
    """The version that a SPEC names. Raises InputError where it names none, or one that is not here or damaged."""
    base, name = split_version(spec)
    if name is None:
        raise InputError(f"data is {spec!r}: name one of its versions, as {spec}@NAME")
    return _read(base, name)


def open_version(dataset: ImageDataset, spec: str) -> ImageDataset:
    """The dataset of a version. dataset: the data itself, opened with any split seed; spec: what names the version.

    Raises InputError where the version, or one that it was made of, is not here.
    """
    base, _ = split_version(spec)
    for version in lineage(spec):
        dataset = apply_decisions(dataset, version.decisions, name=f"{display_name(base)}@{version.name}").dataset
        dataset = with_added(dataset, version.added, version.photos)
    return dataset


def lineage(spec: str) -> tuple[Version, ...]:
    """The version that a SPEC names and all that it was made of, the first one first."""
    base, name = split_version(spec)
    chain: list[Version] = []
    while name is not None:
        if any(version.name == name for version in chain):
            raise InputError(f"version {name} of {display_name(base)} is damaged: it is based on itself")
        chain.insert(0, _read(base, name))
        name = chain[0].parent
    return tuple(chain)


def make_version(
    spec: str,
    dataset: ImageDataset,
    decisions: Iterable[Decision],
    *,
    name: str,
    photos: Sequence[LabeledPhoto] = (),
) -> Version:
    """Keep a version of the data of a SPEC, or of one of its versions. dataset: what that opens as, with split seed 0.
    photos: what it has besides; those that the dataset has already are left out.

    Raises InputError where the name cannot be one or is taken, where nothing would change, or where a class would be
    left without a training picture.
    """
    checked_version_name(name)
    decided = tuple(effective(decisions))
    base, parent = split_version(spec)
    shown = display_name(base)
    applied = apply_decisions(dataset, decided, name=f"{shown}@{name}")
    known = set(applied.dataset.contents) if photos else set()
    photos = [photo for photo in photos if photo.content not in known]
    if photos:
        check_files(dataset)
    if not (applied.relabeled or applied.dropped or applied.grouped or photos):
        why = "none of the pictures is here under its label" if applied.lapsed else "all pictures stay as they are"
        raise InputError(f"a version of {shown} would change nothing: {why}; decide on a picture first")
    path = version_file(base, name)
    with locked(path):
        taken = {version.name.casefold(): version.name for version in list_versions(base)}
        if path.exists() or name.casefold() in taken:
            raise InputError(f"version is {name!r}: {shown} has one of that name; choose another name")
        version = Version(
            name=name,
            spec=f"{base}@{name}",
            parent=parent,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            counts=_counts(dataset, applied, decided),
            digest="",
            parent_digest=dataset_digest(dataset),
            rules=_rules(decided, applied),
            decisions=decided,
        )
        after = applied.dataset
        if photos:
            with _removed_on_failure(version.photos):
                added = copy_photos(photos, version.photos, taken=after.ids)
            after = with_added(after, added, version.photos)
            counts = replace(version.counts, items=len(after), added=len(added))
            rules = (*version.rules, f"inbox: {len(added):,} added to training")
            version = replace(version, added=added, counts=counts, rules=rules)
        version = replace(version, digest=dataset_digest(after))
        write_text(version.manifest, manifest_text(after))
        stored = version.as_json() | {"format": _FORMAT, "decisions": [written(one) for one in decided]}
        write_json(path, stored)
    return version


def delete_version(spec: str) -> Version:
    """Delete a version, and no picture. Raises InputError where another one was made of it."""
    version, base = read_version(spec), split_version(spec).base
    children = [other.name for other in list_versions(base) if other.parent == version.name]
    if children:
        raise InputError(f"version {version.name} stays: {', '.join(children)} is based on it; delete that first")
    path = version_file(base, version.name)
    with locked(path):
        path.unlink(missing_ok=True)
        version.manifest.unlink(missing_ok=True)
        shutil.rmtree(version.photos, ignore_errors=True)
    return version


@contextlib.contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    """Remove a folder that was not filled whole."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def dataset_digest(dataset: ImageDataset) -> str:
    """Digest of a dataset, 16 hexadecimal digits: over content, label, split and group of its items, in any order.

    Of groups only that of several items counts, whatever it is called.
    """
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    groups = dataset.groups or ("",) * len(dataset)
    sizes = Counter(groups) if dataset.groups else Counter()
    first: dict[str, str] = {}  # of each group its least content: names of groups say nothing
    for i, group in enumerate(groups):
        if sizes[group] > 1:
            first[group] = min(first.get(group, dataset.contents[i]), dataset.contents[i])
    lines = sorted(
        f"{content}\t{dataset.label(i)}\t{split_of.get(i, '')}\t{first.get(groups[i], '')}"
        for i, content in enumerate(dataset.contents)
    )
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "replace"), digest_size=8).hexdigest()


def manifest_text(dataset: ImageDataset) -> str:
    """A table of a dataset's items: item, path, split, group, the label's columns and the content, a line an item.

    path: where the file is; empty of a picture of an array.
    """
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    columns, labels = label_columns(dataset)
    rows: list[Sequence[object]] = [["item", "path", "split", "group", *columns, "content"]]
    for i, item in enumerate(dataset.ids):
        path = "" if dataset.paths is None else str(dataset.paths[i].absolute())
        group = dataset.groups[i] if dataset.groups else ""
        rows.append([item, path, split_of.get(i, ""), group, *labels[i], dataset.contents[i]])
    return csv_text(rows)


def _counts(dataset: ImageDataset, applied: Applied, decisions: Sequence[Decision]) -> Counts:
    tested = {dataset.ids[i] for i in dataset.splits.get("test", ())}
    return Counts(
        items=len(applied.dataset),
        relabeled=len(applied.relabeled),
        dropped=len(applied.dropped),
        grouped=len(applied.grouped),
        moved=len(applied.moved),
        test_relabeled=sum(item in tested for item in applied.relabeled),
        kept=sum(decision.action == "keep" for decision in decisions),
    )


def _rules(decisions: Sequence[Decision], applied: Applied) -> tuple[str, ...]:
    sources = Counter(decision.source or "decided by name" for decision in decisions if decision.changes)
    rules = [f"{source}: {count:,}" for source, count in sources.most_common()]
    return (*rules, GROUP_RULE) if applied.grouped else tuple(rules)


def _read(base: str, name: str) -> Version:
    path = version_file(base, checked_version_name(name))
    try:
        status = path.stat()
    except OSError:
        raise _absent(base, name) from None
    version = _parsed(str(path), name, status.st_mtime_ns, size=status.st_size, number=status.st_ino)
    return replace(version, spec=f"{base}@{name}")  # the data may have moved to another name


def _absent(base: str, name: str) -> InputError:
    known = [path.name.removesuffix(_ENDING) for path in sorted(versions_folder(base).glob(f"*{_ENDING}"))]
    shown = display_name(base)
    have = f"it has {', '.join(known[:12])}" if known else "it has none yet: `clflab datasets correct` makes one"
    return InputError(f"data is {f'{shown}@{name}'!r}: {shown} has no version {name}{nearest(name, known)}; {have}")


@lru_cache(64)
def _parsed(path: str, name: str, changed: int, *, size: int, number: int) -> Version:
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        if value["format"] != _FORMAT:
            raise ValueError(f"its format is {value['format']!r}, not {_FORMAT}")
        counts: Mapping[str, int] = value["counts"]
        texts = {key: value[key] for key in ("spec", "created", "digest", "parent_digest")}
        parent = value["parent"]
        if not all(isinstance(text, str) for text in texts.values()) or not isinstance(parent, str | None):
            raise ValueError("a text is none")
        return Version(
            name=name,
            parent=parent,
            counts=Counts(**{key: int(count) for key, count in counts.items()}),
            rules=tuple(str(rule) for rule in value.get("rules", ())),
            decisions=tuple(decision_from(one) for one in value["decisions"]),
            added=added_from(value.get("added", ())),
            **texts,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        cause = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged ({cause}): restore it, or delete it and make the version again") from None
