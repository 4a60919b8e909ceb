"""timm's networks by name, from a stored list: found without importing timm, which takes seconds."""

import functools
from pathlib import Path

from clfcore.architectures.families import Family, Paper
from clfcore.architectures.timm_row import Row
from clfcore.heavy_imports import load

CSV = Path(__file__).with_name("timm_names.csv")  # written by tools/build_timm_index.py


def to_line(row: Row) -> str:
    fields = (row.name, row.family, row.year, row.parameters, row.smallest_image, row.native_image)
    text = ["" if field is None else str(field) for field in fields]
    return ",".join([*text, " ".join(row.weights)])


def _from_line(line: str) -> Row:
    name, family, year, parameters, smallest, native, weights = line.split(",")
    count = int(parameters) if parameters else None
    when = int(year) if year else None
    return Row(name, family, when, count, int(smallest), int(native), tuple(weights.split()))


@functools.cache
def rows() -> tuple[Row, ...]:
    """Every stored name, in timm's order."""
    return tuple(_from_line(line) for line in CSV.read_text(encoding="utf-8").splitlines())


@functools.cache
def _by_name() -> dict[str, Row]:
    return {row.name: row for row in rows()}


def find_listed(name: str) -> Row | None:
    """The row of `NAME` in the stored list alone: timm itself is not asked."""
    return _by_name().get(name)


def find(name: str) -> Row | None:
    """The row of `NAME` or `NAME.TAG`, asking timm itself where the list lacks it; None where timm lacks it too."""
    bare, _, tag = name.partition(".")
    row = _by_name().get(bare)
    if row is None:
        load("timm")
        import timm  # seconds; only for a name that the list lacks

        if not timm.is_model(bare):
            return None
        from clfcore.architectures import timm_registry  # imports timm

        row = timm_registry.row(bare)
    return row if not tag or tag in row.weights else None


def family(name: str) -> Family:
    """What can be said of one of timm's families: where its own pages are."""
    title = name.replace("_", " ")
    paper = Paper((), f"{title}: see timm's source, whose text names the papers", None, f"{_DOCS}/{name}.py")
    return Family(name, title, paper, "", "", "")


_DOCS = "https://github.com/huggingface/pytorch-image-models/blob/main/timm/models"
