import numpy as np
import pytest

from clfcore.errors import InputError
from clfcore.evaluation.hierarchy import answers, decode, distances, real_paths, report
from tests.evaluation.made import PATHS, hierarchical, seeded


def test_distance_is_the_height_of_the_nearest_common_ancestor() -> None:
    paths = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3]])
    truth, answer = np.array([0, 0, 0, 0, 3]), np.array([0, 1, 2, 3, 3])
    assert distances(truth, answer, paths).tolist() == [0, 1, 2, 3, 0]
    assert (distances(answer, truth, paths) == distances(truth, answer, paths)).all()


def test_a_class_on_several_paths_counts_by_its_nearest_and_one_on_none_is_far() -> None:
    paths = np.array([[0, 0], [1, 0], [1, 1]])
    assert distances(np.array([0, 1, 1]), np.array([1, 0, 2]), paths).tolist() == [1, 1, 2]


def test_the_report_by_hand() -> None:
    answer = hierarchical([(0, 0), (0, 1), (1, 0), (1, 4)], [(0, 0), (0, 0), (1, 2), (1, 2)])
    found = report(answer, paths=PATHS)
    assert found.level_accuracy == {"kingdom": 1.0, "kind": 0.25}
    assert found.path_accuracy == 0.25
    assert found.average_distance == (0 + 1 + 2 + 1) / 4
    assert found.severity == 4 / 3


def test_decoding_takes_the_most_probable_real_path() -> None:
    predictions = hierarchical([(0, 0), (0, 2)], [(0, 0), (1, 2)])
    predictions.logits[1, 1] = 3.0  # plant is nearly as probable as animal, and oak beats every animal
    assert answers(predictions).tolist() == [[0, 0], [0, 2]]
    assert decode(predictions, paths=PATHS).tolist() == [[0, 0], [1, 2]]
    found = report(predictions, paths=PATHS)
    assert found.path_accuracy == 0.5
    assert found.path_accuracy_decoded == 1.0
    log_p = np.log(predictions.probabilities())
    best = max(PATHS.tolist(), key=lambda path: log_p[1, path[0]] + log_p[1, 2 + path[1]])
    assert decode(predictions, paths=PATHS)[1].tolist() == best


def test_without_paths_the_targets_show_them_and_misfits_are_refused() -> None:
    answer = hierarchical([(0, 0)], [(1, 3)])
    assert real_paths(answer).tolist() == [[1, 3]]
    with pytest.raises(InputError, match="paths do not fit the task: each must name a class in each of its 2 levels"):
        real_paths(answer, [(0, 9)])
    with pytest.raises(InputError, match="the task is single-label: it has no levels"):
        real_paths(seeded())
    assert report(hierarchical([], []), paths=PATHS).average_distance is None
