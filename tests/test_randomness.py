"""Streams of random numbers: what a piece of work draws depends on its seed alone, and nobody else notices."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from clfcore.augment.policies import policy
from clfcore.config import RunConfig
from clfcore.experiments.compare_policies import compare_policies
from clfcore.experiments.compare_strategies import compare_strategies
from clfcore.experiments.learning_curve import learning_curve
from clfcore.experiments.overfit_one_batch import overfit_one_batch
from clfcore.experiments.plan import make_plan
from clfcore.randomness import Stream
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.resolve_run import resolve_run
from tests.conftest import small_config


def test_a_stream_draws_as_a_seeded_process_and_leaves_the_process_alone() -> None:
    torch.manual_seed(7)
    wanted, left = torch.rand(3), torch.rand(2)
    torch.manual_seed(7)
    torch.rand(3)
    stream = Stream(7)
    with stream.drawn():
        first = torch.rand(2)
    with Stream(1).drawn():
        torch.rand(9)
    with stream.drawn():
        second = torch.rand(1)
    torch.testing.assert_close(torch.cat([first, second]), wanted, rtol=0, atol=0)
    torch.testing.assert_close(torch.rand(2), left, rtol=0, atol=0)


def test_streams_within_streams_and_errors_within_them_give_back_what_was() -> None:
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), Stream(1).drawn(), Stream(2).drawn():
        torch.rand(4).reshape(5)
    assert torch.equal(torch.get_rng_state(), before)


def test_eight_threads_draw_what_they_would_alone() -> None:
    def drawn(seed: int) -> torch.Tensor:
        stream, parts = Stream(seed), []
        for _ in range(200):
            with stream.drawn():
                parts.append(torch.rand(3))
        return torch.cat(parts)

    alone = [drawn(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(drawn, range(8)))
    for a, b in zip(alone, together, strict=True):
        assert torch.equal(a, b)


def dropping(seed: int) -> RunConfig:
    """A network with dropout: it draws at every step."""
    return small_config(seed=seed, image_size=32).changed(head="attention")


def checked(seed: int) -> object:
    found = overfit_one_batch(dropping(seed), images=4)
    return found.losses, found.accuracy


def tried(seed: int) -> object:
    policies = {"none": policy("none"), "basic": policy("basic")}
    return compare_policies(dropping(seed), policies, seconds=1e-9, sample=24).histories


@pytest.mark.parametrize("work", [checked, tried], ids=["overfit check", "trial"])
def test_work_of_several_pages_at_once_gives_what_it_gives_alone(
    work: Callable[[int], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clfcore.experiments.overfit_one_batch.STEPS", 12)
    seeds = [0, 1] * 4
    alone = {seed: work(seed) for seed in set(seeds)}
    assert alone[0] != alone[1]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, seeds))
    assert together == [alone[seed] for seed in seeds]


def test_no_page_changes_the_process(finished_run: Run, photos, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the shared generator nor the number of threads, whatever a page computes in its thread."""
    monkeypatch.setattr(torch, "set_num_threads", lambda _: pytest.fail("a page set the number of threads"))
    monkeypatch.setattr(torch, "manual_seed", lambda _: pytest.fail("a page seeded the process"))
    lite = small_config().changed(data=str(photos), architecture="efficientnet_lite0", strategy=None, weights=None)
    lite = lite.changed(recipe={"image_size": 32, "batch_size": 8})
    before = torch.get_rng_state()
    pages = {
        "plan": lambda: make_plan(resolve_run(small_config()), measure=True),
        "check": lambda: overfit_one_batch(small_config(), images=4),
        "trial": lambda: compare_policies(small_config(), {"none": policy("none")}, seconds=0.01, sample=20),
        "classifier": lambda: classifier_of(finished_run),
        "curve": lambda: learning_curve(lite),
        "strategies": lambda: compare_strategies(lite, seconds=0.4, sample=8),
    }
    with ThreadPoolExecutor(1) as pool:
        for name, page in pages.items():
            pool.submit(page).result()
            assert torch.equal(torch.get_rng_state(), before), name
