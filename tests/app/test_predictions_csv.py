"""The predictions as CSV: errors stand in their own column, names of files are no formulas."""

import csv
import io

import numpy as np
import pytest

from clfcore.errors import InputError
from clfcore.photos import Photo
from pages.predict import answers
from pages.predict.answers import predictions_csv
from ui.cards import picture
from ui.loaders import PhotoPrediction


def test_every_probability_is_a_number_and_every_error_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    square = picture(np.zeros((8, 8, 3), np.uint8))

    def answer(model: str, photo: Photo) -> PhotoPrediction:
        if photo.name == "broken.jpg":
            raise InputError("broken.jpg is truncated: save it again")
        return PhotoPrediction(square, 8, (("", (("@home", 0.75), ("cat", 0.25))),))

    monkeypatch.setattr(answers, "answer_of", answer)
    photos = [Photo(name, b"") for name in ("=HYPERLINK(1).jpg", "broken.jpg", "b.jpg")]
    rows = [*csv.DictReader(io.StringIO(predictions_csv(photos, ["lenet5"])))]
    assert [row["error"] for row in rows] == ["", "", "broken.jpg is truncated: save it again", "", ""]
    assert [float(row["probability"]) for row in rows if not row["error"]] == [0.75, 0.25] * 2
    assert rows[2]["probability"] == rows[2]["label"] == ""
    assert rows[0]["image"] == "'=HYPERLINK(1).jpg"
    assert {row["label"] for row in rows} == {"'@home", "cat", ""}
