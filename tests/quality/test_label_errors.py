"""Label errors: planted wrong labels lead the ranking, for every task; copies and groups are no evidence."""

from dataclasses import replace

import numpy as np
import pytest

from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError
from clfcore.quality.check import copies_and_groups
from clfcore.quality.label_errors import find_label_errors
from clfcore.quality.out_of_fold import assign_folds
from clfcore.task import Level, Task, hierarchical, multi_label, single_label

N, CLASSES, WIDTH = 120, 4, 12
PATHS = [(0, 0), (0, 1), (1, 2), (1, 3)]


def embedded(task: Task, targets: np.ndarray) -> tuple[ImageDataset, np.ndarray]:
    """A dataset without pictures, and embeddings that say its targets up to noise."""
    rng = np.random.default_rng(0)
    columns = targets if targets.ndim == 2 else targets[:, None]
    means = rng.normal(size=(columns.shape[1], CLASSES, WIDTH)).astype(np.float32)
    x = sum(means[level][column] for level, column in enumerate(columns.T)) + 0.3 * rng.normal(size=(N, WIDTH))
    order = rng.permutation(N)
    splits = {"train": np.sort(order[:80]), "validation": np.sort(order[80:100]), "test": np.sort(order[100:])}
    ids = tuple(f"{i}.png" for i in range(N))
    dataset = ImageDataset("drawn", task, ids, targets, splits, pixels=np.zeros((N, 1, 1, 1), np.uint8))
    return dataset, np.asarray(x, np.float32)


def names(count: int, of: str) -> tuple[str, ...]:
    return tuple(f"{of}{i}" for i in range(count))


def test_wrong_labels_lead_the_ranking_whatever_their_split() -> None:
    truth = np.arange(N) % CLASSES
    dataset, x = embedded(single_label(names(CLASSES, "c")), truth)
    wrong = [int(dataset.splits[split][3]) for split in ("train", "validation", "test")]
    targets = truth.copy()
    targets[wrong] = (targets[wrong] + 1) % CLASSES
    found = find_label_errors(replace(dataset, targets=targets), x)
    worst = found.ranking[:3]
    assert {suspect.item for suspect in worst} == {f"{i}.png" for i in wrong}
    assert {suspect.split for suspect in worst} == {"train", "validation", "test"}
    for suspect in worst:
        i = int(suspect.item.removesuffix(".png"))
        assert (suspect.given, suspect.suggested) == (f"c{targets[i]}", f"c{truth[i]}")
    assert len(found.ranking) == N
    assert [s.score for s in found.ranking] == sorted(s.score for s in found.ranking)
    assert found.expected == pytest.approx(3, abs=2)


def test_a_wrong_label_of_several_is_found() -> None:
    truth = np.random.default_rng(1).integers(0, 2, (N, 3)).astype(np.uint8)
    dataset, x = embedded(multi_label(names(3, "l")), truth)
    targets = truth.copy()
    targets[7, 1] ^= 1
    found = find_label_errors(replace(dataset, targets=targets), x)
    assert found.ranking[0].item == "7.png"
    assert found.ranking[0].suggested == dataset.label(7)


def test_a_wrong_path_of_a_hierarchy_is_found() -> None:
    truth = np.array([PATHS[i % 4] for i in range(N)], np.int64)
    task = hierarchical((Level("kind", names(2, "k")), Level("class", names(4, "c"))), PATHS)
    dataset, x = embedded(task, truth)
    targets = truth.copy()
    targets[9] = PATHS[(9 + 2) % 4]
    found = find_label_errors(replace(dataset, targets=targets), x)
    assert found.ranking[0].item == "9.png"
    assert found.ranking[0].suggested == " / ".join((f"k{truth[9, 0]}", f"c{truth[9, 1]}"))


def test_an_item_alone_in_its_class_is_not_judged() -> None:
    truth = np.arange(N) % (CLASSES - 1)
    truth[5] = CLASSES - 1
    dataset, x = embedded(single_label(names(CLASSES, "c")), truth)
    found = find_label_errors(dataset, x)
    assert found.unjudged == ("5.png",)
    assert "5.png" not in {suspect.item for suspect in found.ranking}


def test_a_copy_with_the_same_wrong_label_does_not_vouch_for_it() -> None:
    truth = np.arange(N) % CLASSES
    dataset, x = embedded(single_label(names(CLASSES, "c")), truth)
    targets, copies = truth.copy(), [0, 4, 8, 12]
    x[copies] = x[0]
    targets[copies] = 1
    clusters = np.arange(N)
    clusters[copies] = 0
    alone = find_label_errors(replace(dataset, targets=targets), x, clusters=clusters)
    assert {s.item for s in alone.ranking[:4]} == {f"{i}.png" for i in copies}


def test_data_of_one_cluster_is_refused() -> None:
    dataset, x = embedded(single_label(names(CLASSES, "c")), np.arange(N) % CLASSES)
    with pytest.raises(InputError, match="drawn has no class with images in two groups"):
        find_label_errors(dataset, x, clusters=np.zeros(N, np.int64))


def test_folds_are_stratified_and_cut_no_cluster() -> None:
    targets = np.repeat([0, 1], [100, 20])
    clusters = np.arange(120) // 2
    folds = assign_folds(single_label(("a", "b")), targets, clusters)
    assert all(len(set(folds[clusters == cluster])) == 1 for cluster in range(60))
    assert np.bincount(folds[targets == 0]).tolist() == [20] * 5
    assert np.bincount(folds[targets == 1]).tolist() == [4] * 5


def test_copies_and_groups_join_what_either_connects() -> None:
    clusters = copies_and_groups(("a", "b", "b", "c", "d"), ("1", "1", "2", "2", "3"))
    assert clusters.tolist() == [0, 0, 0, 0, 1]
    assert copies_and_groups(("a", "b", "a"), None).tolist() == [0, 1, 0]
