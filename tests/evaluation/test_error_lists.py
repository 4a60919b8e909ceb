"""Lists of errors by name, and the same as a table."""

import csv
import io

import pytest

from clfcore.errors import InputError
from clfcore.evaluation.error_lists import LISTS, Review, cases_csv, error_list, labels_csv, wrong_labels
from clfcore.evaluation.errors import cell, most_confident
from tests.evaluation.made import seeded, seeded_labels


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_list_by_its_name_and_a_pair_by_its_classes() -> None:
    answer = seeded()
    assert error_list(answer, "most_confident", 7) == most_confident(answer, 7)
    assert all(len(error_list(answer, name, 5)) == 5 for name in LISTS)
    pair = error_list(answer, "pair", 100, true="c1", predicted="c2")
    assert [case.index for case in pair] == cell(answer, "c1", "c2").tolist()
    assert {(case.truth, case.predicted) for case in pair} == {("c1", "c2")}
    with pytest.raises(InputError, match="list is pair: name its true and its predicted class"):
        error_list(answer, "pair", 5, true="c1")
    with pytest.raises(InputError, match=r"list is 'most': it must be one of most_confident.*pair"):
        error_list(answer, "most", 5)


def test_a_table_has_both_probabilities_the_likeliest_and_what_was_said() -> None:
    predictions = seeded(c=3)
    found = error_list(predictions, "highest_loss", 4)
    rows = read(cases_csv(found, {found[1].id: Review("ambiguous", "a; b, c")}))
    p = predictions.probabilities()[found[1].index]
    assert rows[1]["id"] == found[1].id
    assert float(rows[1]["of the truth"]) == pytest.approx(p[found[1].truth_index], rel=1e-4)
    assert float(rows[1]["of the prediction"]) == pytest.approx(p.max(), rel=1e-4)
    assert (rows[1]["verdict"], rows[1]["note"]) == ("ambiguous", "a; b, c")
    assert rows[0]["verdict"] == ""
    assert rows[1]["likeliest 1"] == found[1].predicted
    assert rows[1]["likeliest 4"] == ""  # of three classes


def test_wrong_decisions_of_one_label_or_of_all() -> None:
    predictions = seeded_labels()
    wrong = int(((predictions.logits >= 0) != (predictions.targets > 0)).sum())
    assert len(wrong_labels(predictions, 10_000)) == wrong
    misses = wrong_labels(predictions, 10_000, label="c2", said=False)
    assert len(misses) == int(((predictions.logits[:, 2] < 0) & (predictions.targets[:, 2] > 0)).sum())
    rows = read(labels_csv(misses))
    assert {(row["label"], row["error"]) for row in rows} == {("c2", "miss")}
    assert rows[0]["true labels"] == ";".join(misses[0].labels)
    with pytest.raises(InputError, match="label is 'x'"):
        wrong_labels(predictions, 1, label="x")
