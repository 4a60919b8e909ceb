"""Presets fill every field, give way to what is said, and refuse unknown names; the schedule's figure shows them."""

import pytest

from clfcore.cli.flags import configuration
from clfcore.cli.main import parser
from clfcore.config import Recipe, make
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.figures.learning_rate import learning_rate_figure
from clfcore.figures.theme import alternative
from clfcore.presets import PRESETS, preset
from clfcore.training.class_balance import check
from clfcore.training.schedules import curve, rate_at


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_whole_recipe_with_a_line_that_justifies_it(name: str) -> None:
    found = preset(name)
    assert set(found.recipe.model_dump()) == set(Recipe.model_fields)
    config = make({"data": "digits", "architecture": "lenet5", "recipe": found.recipe.model_dump()})
    assert config.recipe.epochs == found.recipe.epochs
    assert 40 < len(found.why) < 130
    assert found.why.endswith(".")


def test_a_preset_gives_way_to_flags() -> None:
    words = ["train", "--data", "digits", "--architecture", "lenet5", "--preset", "fine-tune photos", "--epochs", "3"]
    config = configuration(parser().parse_args(words))
    assert (config.strategy, config.recipe.epochs, config.recipe.augmentation) == ("fine-tuning", 3, "photos")
    config = configuration(parser().parse_args([*words, "--strategy", "scratch"]))
    assert config.strategy == "scratch"


def test_a_preset_weighs_rare_labels_as_it_weighs_rare_classes() -> None:
    """Several labels take positive weights; what is refused of them is not given."""
    for data, weights in (("shapes-multi-label", ("none", "balanced")), ("shapes", ("inverse-frequency", "none"))):
        words = ["train", "--data", f"{data}:count=60,side=16", "--architecture", "resnet18", "--preset", "medical"]
        config = configuration(parser().parse_args(words))
        assert (config.recipe.class_weights, config.recipe.positive_weights) == weights
        assert config.head == "attention"
        check(config, open_dataset(config.data))


def test_a_preset_brings_the_network_it_was_chosen_for_and_gives_way_to_another() -> None:
    words = ["train", "--data", "cifar10", "--preset", "cifar10, fast"]
    config = configuration(parser().parse_args(words))
    assert (config.architecture, config.strategy, config.recipe.schedule) == ("airbench", "scratch", "triangular")
    other = configuration(parser().parse_args([*words, "--architecture", "resnet18_small"]))
    assert (other.architecture, other.options, other.recipe) == ("resnet18_small", {}, config.recipe)


def test_a_triangle_rises_to_the_peak_and_ends_at_nothing() -> None:
    rate = rate_at(Recipe(epochs=10, learning_rate=1.0, schedule="triangular", one_cycle_rise=0.25), 100)
    assert [rate(step) for step in (0, 250, 1000)] == pytest.approx([0.2, 1.0, 0.0])
    assert rate(625) == pytest.approx(0.5)


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"preset is 'quik look': it must be one of .*did you mean quick look"):
        preset("quik look")
    for several in ("", "f"):  # a beginning that none or more than one has
        with pytest.raises(InputError, match="it must be one of"):
            preset(several)
    assert preset("medical").name == "medical, imbalanced"


@pytest.mark.parametrize(
    "schedule", ["constant", "cosine", "step", "plateau", "warmup-cosine", "one-cycle", "triangular"]
)
def test_the_drawn_schedule_is_the_rate_that_training_takes(schedule: str) -> None:
    recipe = Recipe(epochs=7, learning_rate=0.3, schedule=schedule)
    steps, rates = curve(recipe, 90)
    rate = rate_at(recipe, 90)
    assert (steps[0], steps[-1]) == (0, 7 * 90 - 1)
    assert rates.tolist() == pytest.approx([0.3 * rate(int(step)) for step in steps])
    figure = learning_rate_figure(steps.tolist(), rates.tolist(), steps_per_epoch=90, now=200)
    assert figure.data[1].x[0] == pytest.approx(200 / 90)
    assert figure.data[1].y[0] == pytest.approx(0.3 * rate(200), rel=0.05, abs=0.003)
    assert "Learning rate over 7 epochs" in alternative(figure)
