"""What is known to make a score flatter or vague is said wherever the score is shown."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.cli.main import main
from clfcore.config import make
from clfcore.runs.cautions import cautions, overlaps
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.split_record import KeptSplit
from clfcore.task import single_label

LEAK = "2 of 5 test images were also trained on: the score flatters."
SMALL = "5 test images are a small sample: see the intervals."
COPY = "1 of 5 test images are copies of others in it: they count twice."


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose test images were partly trained on, one of them twice."""
    folder, rng = tmp_path_factory.mktemp("leaking"), np.random.default_rng(0)
    pictures = {split: [rng.integers(0, 255, (16, 16, 3), np.uint8) for _ in range(n)]
                for split, n in (("train", 12), ("validation", 6), ("test", 2))}  # fmt: skip
    pictures["test"] += [pictures["test"][0], *pictures["train"][:2]]
    for split, images in pictures.items():
        for i, pixels in enumerate(images):
            place = folder / split / ("cat" if split == "test" or i % 2 else "dog")
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{i}.png")
    return folder


@pytest.fixture
def leaking_run(leaking: Path) -> Run:
    recipe = {"epochs": 1, "image_size": 16, "batch_size": 8}
    run = create_run(make({"data": str(leaking), "architecture": "lenet5", "recipe": recipe}))
    execute(run)
    return run


def test_a_leak_copies_and_a_small_sample_are_said_by_every_command_report_and_card(
    leaking_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = leaking_run
    assert cautions(run) == (LEAK, COPY, SMALL)
    assert api.evaluate(run.id).cautions["test"] == (LEAK, COPY, SMALL)
    assert api.list_runs().runs[0].cautions == (LEAK, COPY, SMALL)
    assert api.show_run(run.id).runs[0].cautions == (LEAK, COPY, SMALL)
    for words in (["evaluate", run.id], ["runs"]):
        assert main(words) == 0
        assert LEAK in capsys.readouterr().out
    for name in ("card.md", "report.html"):
        api.report(run.id, tmp_path / name)
        assert LEAK in (tmp_path / name).read_text(encoding="utf-8")
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["cautions"] == [LEAK, COPY, SMALL]


def test_an_older_run_is_judged_by_the_split_that_it_kept(leaking_run: Run) -> None:
    results = leaking_run.results.as_dict()
    del results["overlap"]
    leaking_run.write("metrics.json", results)
    assert cautions(leaking_run, "test") == (LEAK, COPY, SMALL)
    (leaking_run.path / "split.json").unlink()
    assert cautions(leaking_run, "test") == (SMALL,)


def test_compared_runs_say_which_of_them_a_caution_is_about(leaking_run: Run, tmp_path: Path) -> None:
    other = create_run(leaking_run.config)
    execute(other)
    found = api.compare([leaking_run.id, other.id], html=tmp_path / "both.html")
    assert [run.cautions for run in found.runs] == [(LEAK, COPY, SMALL)] * 2
    assert LEAK in (tmp_path / "both.html").read_text(encoding="utf-8")


def test_what_a_run_before_was_trained_on_counts_and_validation_says_that_it_chose(finished_run: Run) -> None:
    kept = KeptSplit(
        single_label(["a", "b"]), ("1", "2", "3"), ("x", "y", "z"), np.zeros(3, np.int64),
        {"train": np.array([0]), "validation": np.array([1]), "test": np.array([2])}, (), frozenset({"x", "z"}),
    )  # fmt: skip
    found = overlaps(kept)
    assert (found["test"].trained_on, found["test"].trained_before) == (0, 1)
    assert found["validation"].trained_before == 0
    assert any("also chose the best epoch" in text for text in cautions(finished_run, "validation"))
    assert not any("flatters" in text for text in cautions(finished_run, "test"))
