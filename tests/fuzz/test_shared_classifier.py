"""One classifier, eight threads, every public call: each answer is the one that a single thread gets."""

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.answers import answer
from clfcore.architectures.feature_maps import network_features
from clfcore.classifier import Classifier, predict_dataset
from clfcore.data.catalogue import open_dataset
from clfcore.data.pixels import Preprocess
from clfcore.explain.dispatch import explain, heads, stages
from clfcore.explain.examples import embedding
from clfcore.explain.methods import METHODS
from clfcore.explain.sanity_check import with_random_weights
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.task import single_label
from clfcore.tta import logits_of_views
from tests.explain.small_classifiers import picture, small_vit

CALLS = 300 * int(os.environ.get("CLFLAB_FUZZ", "1"))
THREADS = 8
QUICK = ["gradcam", "gradcam++", "layercam", "eigencam", "saliency", "smoothgrad", "integrated-gradients", "occlusion"]
Call = Callable[[], np.ndarray]


def same_in_threads(calls: dict[str, Call], count: int) -> list[str]:
    """The names of calls, of `count` drawn ones, that gave in a thread what they do not give alone."""
    alone = {name: call() for name, call in calls.items()}
    drawn = random.Random(0).choices(list(calls), k=count)
    start = threading.Barrier(THREADS)

    def some(number: int) -> list[str]:
        start.wait()
        wrong = []
        for name in drawn[number::THREADS]:
            try:
                if not np.array_equal(calls[name](), alone[name]):
                    wrong.append(name)
            except Exception as error:
                wrong.append(f"{name}: {error!r}")
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted({name for found in pool.map(some, range(THREADS)) for name in found})


def calls_of(classifier: Classifier, pictures: list[np.ndarray], photo: bytes, methods: list[str]) -> dict[str, Call]:
    """Every public call on a classifier, for each picture."""
    calls: dict[str, Call] = {
        "stages": lambda: np.array(stages(classifier)),
        "heads": lambda: np.array(list(heads(classifier).items())),
        "randomized": lambda: (
            next(iter(with_random_weights(classifier, pictures[0][None]).module.parameters())).detach().numpy()
        ),
        "inside": lambda: np.concatenate(
            [
                one.ravel()
                for s in network_features(classifier.name, photo, classifier=classifier).stages
                for _, one in s.strongest
            ]
        ),
    }
    for i, square in enumerate(pictures):
        calls[f"embedding {i}"] = lambda square=square: embedding(classifier, square)
        calls[f"logits {i}"] = lambda square=square: classifier.logits(square[None])
        calls[f"probabilities {i}"] = lambda square=square: classifier.probabilities(square[None])
        calls[f"answer {i}"] = lambda square=square: np.array(
            [p.probability for p in answer(classifier, square, 3).top]
        )
        calls[f"flipped {i}"] = lambda square=square: logits_of_views(classifier, square[None], kind="flip")
        for method in methods:
            calls[f"{method} {i}"] = lambda square=square, method=method: (
                explain(classifier, square, method=method).values
            )
    return calls


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    Image.fromarray(picture(40)).save(tmp_path / "photo.png")
    return (tmp_path / "photo.png").read_bytes()


def test_a_run_that_eight_threads_ask(trained: Run, photo: bytes) -> None:
    classifier, dataset = classifier_of(trained), open_dataset(trained.config.data)
    calls = calls_of(classifier, [picture(20, seed=i) for i in range(5)], photo, [*QUICK, "ablationcam"])
    calls["dataset"] = lambda: predict_dataset(classifier, dataset).logits
    assert same_in_threads(calls, CALLS) == []
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in classifier.module.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in classifier.module.parameters())


def test_a_transformer_that_eight_threads_ask(photo: bytes) -> None:
    half = (0.5, 0.5, 0.5)
    preprocess, task = Preprocess(size=32, mean=half, deviation=half), single_label(["a", "b", "c", "d"])
    classifier = Classifier("vit", small_vit().eval(), preprocess, task)
    methods = [row.name for row in METHODS if row.kind == "attention"] + ["gradcam", "saliency", "occlusion"]
    calls = calls_of(classifier, [picture(32, seed=i) for i in range(5)], photo, methods)
    assert same_in_threads(calls, CALLS) == []
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in classifier.module.modules())
