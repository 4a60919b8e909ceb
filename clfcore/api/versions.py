"""Versions of a dataset: decisions on its pictures, the versions made of them, and what differs between two."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.importers.readings import with_reading
from clfcore.data.library.specs import display_name, path_spec
from clfcore.data.library.versioned import split_version
from clfcore.data.versions import log, tables
from clfcore.data.versions import versions as stored
from clfcore.data.versions.decisions import Decision, decide_item
from clfcore.data.versions.diff import DatasetDifference, difference
from clfcore.data.versions.versions import Counts, Version
from clfcore.errors import InputError
from clfcore.files import write_json, write_text
from clfcore.outputs import output_path
from clfcore.results import WHEN_KNOWN, JsonObject, Result


@dataclass(frozen=True)
class VersionRow(Result):
    """A version in a list: what opens it, its parent, when it was made, what it changes, and its digest."""

    name: str
    spec: str
    parent: str | None
    created: str
    counts: Counts
    rules: tuple[str, ...]
    digest: str
    manifest: Path


@dataclass(frozen=True)
class VersionList(Result):
    """The versions of a dataset, the oldest first. decided: how many decisions wait to become one."""

    data: str
    versions: tuple[VersionRow, ...]
    decided: int


@dataclass(frozen=True)
class DecisionList(Result):
    """The decisions on a dataset that hold now. out: the file that holds them too."""

    data: str
    decisions: tuple[Decision, ...]
    out: Path | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class CorrectedDataset(Result):
    """What was decided on a dataset, or taken back, and the version that was made of all that is decided.

    step: what `undo_decisions` takes back; None where nothing was decided. version: None where none was asked for.
    """

    data: str
    corrected: int
    step: str | None
    decisions: int
    version: VersionRow | None = None


@dataclass(frozen=True)
class VersionDifference(Result):
    """What differs from data a to b, which may be versions; digest: of each."""

    a: str
    b: str
    digest_a: str
    digest_b: str
    difference: DatasetDifference

    def as_json(self) -> JsonObject:
        """The difference's lists are keys of the same object."""
        values = super().as_json()
        return {**{name: value for name, value in values.items() if name != "difference"}, **values["difference"]}


def list_versions(data: str) -> VersionList:
    """The versions of a dataset. Raises InputError where it is not here."""
    spec = path_spec(data)
    base = split_version(spec).base
    versions = stored.list_versions(base)
    if not versions:
        open_dataset(base)  # a misspelled name is told
    return VersionList(display_name(base), tuple(map(version_row, versions)), len(log.read_decisions(base)))


def list_decisions(
    data: str, *, out: Path | None = None, overwrite: bool = False, reading: str | None = None
) -> DecisionList:
    """The decisions on a dataset, or on one of its versions. out: a .csv or .json for them."""
    spec = path_spec(with_reading(data, reading))
    decisions = log.read_decisions(spec)
    if out is not None:
        if out.suffix.lower() not in (".csv", ".json"):
            raise InputError(f"out is {str(out)!r}: end it in .csv or .json")
        marks = (",".join(tables.HEAD), '"decisions"')
        out = output_path(out, marks=marks, overwrite=overwrite)
        if out.suffix.lower() == ".json":
            write_json(out, tables.decisions_json(decisions))
        else:
            write_text(out, tables.decisions_csv(decisions, open_dataset(spec).task))
    return DecisionList(display_name(spec), decisions, out)


def correct_dataset(
    data: str,
    *,
    decisions: Path | Sequence[Decision] = (),
    version: str | None = None,
    reading: str | None = None,
) -> CorrectedDataset:
    """Keep decisions on a dataset, all or none, and make a version of all that is decided on it.

    decisions: a .csv or .json, or values of `decide`; none: those that are kept already. version: the name of the
    version that is made; None: none is. Raises InputError where a decision is about nothing that is here, where the
    version's name is taken or cannot be one, and where nothing would change.
    """
    if version is not None:
        stored.checked_version_name(version)
    spec = path_spec(with_reading(data, reading))
    dataset = open_dataset(spec)
    new = tables.read_table_of_decisions(decisions, dataset) if isinstance(decisions, Path) else tuple(decisions)
    if not new and version is None:
        raise InputError("there is nothing to do: give --decisions FILE, --version NAME, or both")
    return _kept(spec, dataset, new, version=version)


def decide(
    data: str,
    item: str,
    action: str,
    *,
    label: Sequence[str] = (),
    group: str = "",
    note: str = "",
    reading: str | None = None,
) -> CorrectedDataset:
    """Keep one decision: action is keep, label, drop, group, doubt, wrong or note.

    label: a class, several labels, or a path, the finest class last. Raises InputError as `correct_dataset` does.
    """
    spec = path_spec(with_reading(data, reading))
    dataset = open_dataset(spec)
    decision = decide_item(dataset, item, action, label=label, group=group, note=note)
    return _kept(spec, dataset, (decision,), version=None)


def undo_decisions(data: str, *, step: str | None = None, reading: str | None = None) -> CorrectedDataset:
    """Take back the last step of decisions, or the step of this id. Raises InputError where there is none."""
    spec = path_spec(with_reading(data, reading))
    undone = log.undo_step(spec, step)
    if undone is None:
        which = f"step {step!r} is not there" if step else "nothing is decided"
        raise InputError(f"{which}: there is nothing of {display_name(spec)} to undo")
    return CorrectedDataset(display_name(spec), -len(undone.decisions), undone.id, len(log.read_decisions(spec)))


def diff_datasets(a: str, b: str) -> VersionDifference:
    """What differs between two datasets, of which either may be a version."""
    specs = path_spec(a), path_spec(b)
    before, after = (open_dataset(spec) for spec in specs)
    return VersionDifference(
        a=display_name(specs[0]),
        b=display_name(specs[1]),
        digest_a=stored.dataset_digest(before),
        digest_b=stored.dataset_digest(after),
        difference=difference(before, after),
    )


def _kept(spec: str, dataset: ImageDataset, new: Sequence[Decision], *, version: str | None) -> CorrectedDataset:
    """Decisions kept, and a version made; where it is refused, the decisions are not kept either."""
    before = log.read_decisions(spec)
    made = None if version is None else stored.make_version(spec, dataset, (*before, *new), name=version)
    step = log.append_step(spec, new).id if new else None
    return CorrectedDataset(
        data=display_name(spec),
        corrected=len(new),
        step=step,
        decisions=len(log.read_decisions(spec)),
        version=None if made is None else version_row(made),
    )


def version_row(version: Version) -> VersionRow:
    """A version as a list shows it."""
    return VersionRow(
        name=version.name,
        spec=version.spec,
        parent=version.parent,
        created=version.created,
        counts=version.counts,
        rules=version.rules,
        digest=version.digest,
        manifest=version.manifest,
    )
