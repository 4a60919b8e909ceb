"""Many photos: which of them the grid shows, and in which order."""

from clfcore.answers import LabelProbability
from clfcore.inference.image_prediction import ImagePrediction
from clfcore.unlike import Unlike
from pages.predict.many import label_of, selected


def prediction(name: str, label: str, probability: float, *, odd: bool = False) -> ImagePrediction:
    unlike = Unlike(odd, ("far",) if odd else (), "", "neighbors", 0.5, 0.4, probability, "")
    return ImagePrediction(name, top=(LabelProbability(label, probability),), unlike=unlike)


ROWS = [
    prediction("a", "cat", 0.9),
    prediction("b", "dog", 0.4, odd=True),
    ImagePrediction("c", error="c is damaged"),
    prediction("d", "cat", 0.6),
]


def names(**choice: str) -> str:
    chosen = selected(ROWS, **{"label": "", "show": "All", "order": "Name", **choice})
    assert all(ROWS[at] is row for row, at in chosen)
    return "".join(row.image for row, _ in chosen)


def test_the_grid_filters_and_sorts() -> None:
    assert names() == "abcd"
    assert names(label="cat") == "ad"
    assert names(show="Odd") == "b"
    assert names(show="Errors") == "c"
    assert names(order="Surest first") == "adbc"
    assert names(order="Least sure first") == "cbda"


def test_labels_of_every_task() -> None:
    assert label_of(ImagePrediction("x", top=(), labels=("a", "b"))) == "a, b"
    assert label_of(ImagePrediction("x", top=(), labels=())) == "no label"
    assert label_of(ImagePrediction("x", top=(), path=())) == "not sure"
