"""Starting weights: a run that began with another's goes on from its own checkpoint when the other is gone."""

import shutil
from pathlib import Path

import pytest

from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from tests.conftest import breaking_off
from tests.support.same_end import assert_same_end


def config_of(source: Run, *, data: str | None = None, epochs: int = 3, strategy: str = "fine-tuning") -> RunConfig:
    values = source.config.model_dump()
    recipe = {"epochs": epochs, "batch_size": 16, "image_size": 20}
    return make(
        {"data": data or values["data"], "architecture": "lenet5", "weights": source.id, "strategy": strategy,
         "recipe": recipe}
    )  # fmt: skip


def interrupted(config: RunConfig, *, after: int) -> Run:
    run = create_run(config)
    execute(run, orphaned=breaking_off(run, after=after, every=2))
    assert run.state == "interrupted"
    return run


@pytest.mark.parametrize("data", [None, "digits"], ids=["head kept", "new head"])
def test_a_run_goes_on_when_the_run_that_it_began_with_is_deleted(finished_run: Run, data: str | None) -> None:
    config = config_of(finished_run, data=data)
    straight = create_run(config)
    execute(straight)
    run = interrupted(config, after=2)
    shutil.rmtree(finished_run.path)
    execute(run)
    assert run.state == "completed"
    assert_same_end(straight, run)
    assert run.data.ancestry == straight.data.ancestry
    assert run.classifier == straight.classifier


def test_a_run_goes_on_when_the_file_that_it_began_with_is_deleted(finished_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    shutil.copy(finished_run.path / "best.safetensors", file)
    config = config_of(finished_run).changed(weights=str(file))
    straight = create_run(config)
    execute(straight)
    run = interrupted(config, after=2)
    file.unlink()
    execute(run)
    assert_same_end(straight, run)


def test_without_a_checkpoint_the_weights_are_missed(finished_run: Run) -> None:
    run = create_run(config_of(finished_run))
    shutil.rmtree(finished_run.path)
    with pytest.raises(InputError, match="no run and no file has that name"):
        execute(run)
