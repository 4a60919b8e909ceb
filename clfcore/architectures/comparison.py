"""Two networks side by side: what they are, what they cost, and how their stems, stages and heads differ."""

from collections import Counter
from dataclasses import dataclass

from clfcore.architectures.summary import Summary, Table


@dataclass(frozen=True)
class Row:
    """One property of both networks as text; `ratio` is b over a where it is a number above zero."""

    what: str
    a: str
    b: str
    ratio: float | None = None

    @property
    def same(self) -> bool:
        return self.a == self.b


@dataclass(frozen=True)
class Differences:
    """The rows, and what only one of the two has among its kinds of layers."""

    a: str
    b: str
    rows: tuple[Row, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def describe(self) -> str:
        """The costs in one sentence, and the layers that one alone has in another."""
        cost = {row.what: row.ratio for row in self.rows if row.ratio is not None}
        parts = [f"{cost[what]:.3g} times the {what}" for what in ("parameters", "multiply-adds") if what in cost]
        sentences = [f"{self.b} has {' and '.join(parts)} of {self.a}."] if parts else []
        for name, kinds in ((self.a, self.only_a), (self.b, self.only_b)):
            if kinds:
                sentences.append(f"Only {name} has {', '.join(kinds)}.")
        return " ".join(sentences)


def differences(a: Table, b: Table) -> Differences:
    """What differs between two networks, each at its own image size, channels and classes."""
    kinds_a, kinds_b = _kinds(a), _kinds(b)
    rows = [
        Row("family", _family(a), _family(b)),
        Row("image", _image(a), _image(b)),
        _number("parameters", a.parameters, b.parameters),
        _number("multiply-adds", a.multiply_adds, b.multiply_adds),
        _number("bytes kept to train on one image", a.saved_bytes, b.saved_bytes),
        _number("layers", len(a.layers), len(b.layers)),
        _number("layers with weights", _weighted(a), _weighted(b)),
        _number("stages", _stages(a), _stages(b)),
        _number("receptive field of the last maps, in pixels", _field(a), _field(b)),
    ]
    groups_a, groups_b = ({group.name: group for group in table.groups} for table in (a, b))
    for name in sorted({**groups_a, **groups_b}, key=_order):
        rows.append(Row(name.replace("_", " "), _group(groups_a.get(name)), _group(groups_b.get(name))))
    rows.append(Row("kinds of layers", _counted(kinds_a), _counted(kinds_b)))
    only_a, only_b = (tuple(sorted(set(x) - set(y))) for x, y in ((kinds_a, kinds_b), (kinds_b, kinds_a)))
    return Differences(a.architecture.name, b.architecture.name, tuple(rows), only_a, only_b)


def _number(what: str, a: int | None, b: int | None) -> Row:
    ratio = b / a if a and b else None
    return Row(what, _count(a), _count(b), ratio)


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _family(table: Table) -> str:
    return f"{table.architecture.family} {table.architecture.year or ''}".strip()


def _image(table: Table) -> str:
    return _shape((table.channels, table.image_size, table.image_size))


def _weighted(table: Table) -> int:
    """Convolutions, linear layers and attention: what a network's name counts."""
    return sum(layer.multiply_adds > 0 and layer.parameters > 0 for layer in table.layers)


def _stages(table: Table) -> int:
    return sum(group.name.startswith("stage") for group in table.groups)


def _field(table: Table) -> int | None:
    return next((layer.receptive_field for layer in reversed(table.layers) if layer.receptive_field), None)


def _order(name: str) -> tuple[int, int]:
    kind, _, number = name.partition("_")
    return ("stem", "stage", "neck", "head").index(kind), int(number or 0)


def _group(group: Summary | None) -> str:
    if group is None:
        return "–"
    return f"{_shape(group.output_shape)}, {group.layers:,} layers, {group.parameters:,} parameters"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)


def _kinds(table: Table) -> Counter[str]:
    return Counter(layer.type for layer in table.layers)


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
