"""Completing a run with its best epoch so far: what is evaluated, and that training can go on to the same end."""

from collections.abc import Callable

import pytest

from clfcore.api import resume, stop_run
from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from tests.conftest import breaking_off, small_config
from tests.support.same_end import assert_same_end

SMALL = {"data": "shapes-hierarchical:count=90,side=20", "architecture": "lenet5"}
RECIPE = {"epochs": 4, "batch_size": 16, "image_size": 20}
WAYS: dict[str, dict] = {
    "scratch": {},
    "feature extraction": {"strategy": "feature-extraction", "recipe": {**RECIPE, "epochs": 40}},
    "linear head": {"strategy": "feature-extraction", "head": "linear"},
    "fine-tuning": {"strategy": "fine-tuning"},
    "progressive unfreezing": {"strategy": "progressive-unfreezing"},
    "multi-label": {"data": "shapes-multi-label:count=90,side=20"},
    "multi-label, fitted head": {
        "data": "shapes-multi-label:count=90,side=20",
        "strategy": "feature-extraction",
        "recipe": {**RECIPE, "epochs": 300},
    },
}


def config_of(way: str, before: Run) -> RunConfig:
    """before: a run whose weights the strategies begin with that need some."""
    values = {**SMALL, "recipe": RECIPE, **WAYS[way]}
    return make({**values, "weights": str(before.path)} if "strategy" in values else values)


def asking(run: Run) -> Callable[[], bool]:
    """An `orphaned` for `execute`, which every batch asks: it asks to finish as soon as there is a best epoch."""

    def orphaned() -> bool:
        if any(epoch.best_epoch is not None for epoch in run.history):
            run.request_stop("best")
        return False

    return orphaned


@pytest.mark.parametrize("way", WAYS)
def test_a_run_finished_early_is_evaluated_at_its_best_epoch_and_resumes_to_the_unbroken_end(
    way: str, finished_run: Run
) -> None:
    config = config_of(way, finished_run)
    straight, early = create_run(config), create_run(config)
    execute(straight)
    execute(early, orphaned=asking(early))
    results, last = early.results, early.history[-1]
    assert early.state == "completed"
    assert results.finished_early is not None
    assert results.finished_early.epoch == last.epoch < results.finished_early.of == early.config.recipe.epochs
    assert results.best_epoch == last.best_epoch
    assert f"after epoch {last.epoch} of {results.finished_early.of}" in early.message
    assert early.splits == ("validation", "test")
    assert set(results.metrics) == {"validation", "test"}
    assert early.stop_requested() is None
    resume(early.id)
    assert early.results.finished_early is None
    assert not early.resumable
    assert_same_end(straight, early)
    assert early.results.metrics == straight.results.metrics


@pytest.mark.parametrize("way", ["scratch", "linear head"])
def test_a_run_that_was_broken_off_finishes_with_the_best_epoch_that_it_had(way: str, finished_run: Run) -> None:
    run = create_run(config_of(way, finished_run))
    execute(run, orphaned=breaking_off(run, after=2, every=1))
    assert run.state == "interrupted"
    before = [epoch.epoch for epoch in run.history]
    outcome = stop_run(run.id, keep_best=True).outcome
    assert outcome is not None
    assert outcome.state == run.state == "completed"
    assert [epoch.epoch for epoch in run.history] == before
    assert run.results.best_epoch == run.history[-1].best_epoch
    assert len(run.predictions("test")) == len(open_run_data(run).splits["test"])


def test_a_run_without_an_epoch_says_so_and_a_completed_one_too(finished_run: Run) -> None:
    run = create_run(small_config(epochs=3))
    with pytest.raises(InputError, match="no finished epoch yet"):
        stop_run(run.id, keep_best=True)
    assert run.stop_requested() is None
    with pytest.raises(InputError, match="evaluated already"):
        stop_run(finished_run.id, keep_best=True)
    with pytest.raises(InputError, match="nothing to stop"):
        stop_run(finished_run.id)


def test_asked_before_there_is_an_epoch_the_first_one_is_waited_for() -> None:
    run = create_run(small_config(epochs=3))
    run.request_stop("best")
    execute(run, handed_over=True)
    assert (run.state, [epoch.epoch for epoch in run.history]) == ("completed", [1])


def test_a_stop_after_the_request_to_finish_still_stops() -> None:
    run = create_run(small_config(epochs=3))

    def show(values: dict) -> None:
        if run.history:
            run.request_stop("now" if values["stage"] == "evaluating" else "best")

    execute(run, show=show)
    assert run.state == "cancelled"
    assert run.splits in ((), ("validation",))
    resume(run.id)
    assert (run.state, len(run.history)) == ("completed", 3)


@pytest.mark.parametrize("way", ["scratch", "fine-tuning", "linear head"])
def test_a_kill_while_the_best_epoch_is_evaluated_loses_nothing(way: str, finished_run: Run) -> None:
    config = config_of(way, finished_run)
    straight, killed = create_run(config), create_run(config)
    execute(straight)

    def show(values: dict) -> None:
        if values["stage"] == "evaluating":
            raise SystemExit  # nothing is written after it, as after a kill

    with pytest.raises(SystemExit):
        execute(killed, show=show, orphaned=asking(killed))
    assert killed.state == "interrupted"
    reached = [epoch.epoch for epoch in killed.history]
    assert stop_run(killed.id, keep_best=True).state == "interrupted"
    assert killed.state == "completed"
    assert [epoch.epoch for epoch in killed.history] == reached
    resume(killed.id)
    assert_same_end(straight, killed)
