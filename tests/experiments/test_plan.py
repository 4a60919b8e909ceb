"""The plan of a run: what trains, at which rate and when, counted by hand."""

from pathlib import Path

import pytest

from clfcore.architectures.build import build
from clfcore.config import make
from clfcore.errors import InputError
from clfcore.experiments.plan import make_plan, rates
from clfcore.figures.training_phases import group_rates, groups
from clfcore.runs.resolve_run import resolve_run
from clfcore.training import phases
from tests.conftest import small_config


def test_a_plan_of_unfreezing_counts_and_times_its_phases(photos: Path) -> None:
    recipe = {"epochs": 4, "unfreeze": "1:1,3:2", "batch_size": 8, "image_size": 32, "schedule": "constant"}
    config = {"data": str(photos), "architecture": "efficientnet_lite0", "strategy": "progressive-unfreezing"}
    plan = make_plan(resolve_run(make({**config, "recipe": recipe})), measure=True)
    module = build("efficientnet_lite0", columns=2).module
    assert plan.parameters == phases.count_parameters(module) == sum(plan.groups.values())
    assert plan.trainable == plan.groups["head"] + plan.groups["stage_5"]
    assert 0 < plan.seconds < 120
    assert plan.memory > 4 * plan.parameters + 12 * plan.trainable
    steps, found = rates(plan)
    assert len(steps) == 8  # 16 pictures in batches of 8, over 4 epochs
    assert found["head"] == [1e-3] * 8
    assert [value is None for value in found["stage_5"]] == [True] * 4 + [False] * 4
    assert found["stage_5"][-1] == pytest.approx(5e-4)  # half of the head's, with batch normalization
    assert set(found["stem"]) == {None}


def test_the_charts_say_in_words_what_they_show() -> None:
    figure = groups(["stem", "stage_1", "head"], [(1, 2, ["head"]), (3, 5, ["stage_1", "head"])])
    assert figure.layout.meta["alt"] == "Trained: head from epoch 1, stage_1 from epoch 3, stem never."
    trains, frozen = figure.data
    assert dict(zip(trains.y, trains.x, strict=True)) == {"stage_1": 3, "head": 5}
    assert dict(zip(frozen.y, frozen.x, strict=True)) == {"stem": 5, "stage_1": 2}
    lines = group_rates([0, 1], {"stem": [None, None], "head": [1e-3, 5e-4]}, steps_per_epoch=1)
    assert [trace.name for trace in lines.data] == ["head"]


def test_a_plan_of_two_processes_halves_what_they_share_and_refuses_too_many() -> None:
    config = small_config()
    plan = make_plan(resolve_run(config), measure=True, processes=2)
    assert plan.processes == 2
    assert plan.seconds > 0
    assert make_plan(resolve_run(config), measure=False).most_processes >= 1
    with pytest.raises(InputError, match=r"processes is 9: recipe\.batch_size is 16"):
        make_plan(resolve_run(config), measure=False, processes=9)


def test_a_measurement_that_nobody_waits_for_ends_at_its_next_batch() -> None:
    class StoppedHere(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StoppedHere

    config = make({"data": "shapes:count=60,side=16", "architecture": "lenet5", "recipe": {"epochs": 1}})
    with pytest.raises(StoppedHere):
        make_plan(resolve_run(config), measure=True, progress=stop)
    assert make_plan(resolve_run(config), measure=False, progress=stop).seconds is None
