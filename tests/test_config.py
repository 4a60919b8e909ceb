"""Every field that is wrong is refused in one sentence; defaults suit data and device; JSON goes round."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clfcore import config as configs
from clfcore.config import Recipe, RunConfig
from clfcore.errors import InputError
from clfcore.parse_config import read_config_file
from clfcore.resolve import Facts, fill
from clfcore.resolved_config import as_resolved
from clfcore.runs.folder import Run

MINIMAL = {"data": "digits", "architecture": "lenet5"}
PHOTOS = Facts("single-label", 3000, 10, 400, False, 1, 224, pretrained=True, gpu=False)
DIGITS = Facts("single-label", 1257, 10, 8, True, 12, 28, pretrained=False, gpu=False)


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ({"epochs": 0}, "recipe.epochs is 0: it must be at least 1"),
        ({"epochs": "many"}, "recipe.epochs is 'many': it must be a whole number"),
        ({"batch_size": 0}, "recipe.batch_size is 0: it must be at least 1"),
        ({"learning_rate": float("nan")}, "recipe.learning_rate is nan: it must be greater than 0"),
        ({"learning_rate": float("inf")}, "recipe.learning_rate is inf: it must be at most 10"),
        ({"learning_rate": -1}, "recipe.learning_rate is -1: it must be greater than 0"),
        ({"epocs": 3}, "recipe.epocs is not a setting (did you mean epochs?)"),
        ({"device": "gpu"}, "recipe.device is 'gpu': it must match"),
        (
            {"schedule": "cosin"},
            "recipe.schedule is 'cosin': it must be one of constant, cosine, step, plateau, warmup-cosine, one-cycle "
            "(did you mean cosine?)",
        ),
    ],
)
def test_a_wrong_field_is_one_sentence(recipe: dict, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        configs.make({**MINIMAL, "recipe": recipe})
    assert str(refused.value).startswith(sentence.split(":")[0])
    assert "\n" not in str(refused.value)
    assert refused.type is InputError


def test_two_wrong_fields_are_one_line() -> None:
    with pytest.raises(InputError, match=r"^data is missing: .*; recipe.epochs is 0: it must be at least 1$"):
        configs.make({"architecture": "lenet5", "recipe": {"epochs": 0}})


def test_a_configuration_goes_round_through_json(tmp_path: Path) -> None:
    config = RunConfig(data="digits", architecture="lenet5", options={"activation": "relu"}, recipe=Recipe(epochs=3))
    (tmp_path / "config.json").write_text(config.as_json())
    assert configs.make(read_config_file(tmp_path / "config.json")) == config


@pytest.mark.parametrize(("text", "words"), [("{", "no valid JSON"), ("[]", "no JSON object")])
def test_a_file_that_holds_no_configuration_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=words):
        read_config_file(tmp_path / "config.json")


def test_photos_with_weights_at_hand_start_with_feature_extraction() -> None:
    filled = fill(RunConfig(data="photos", architecture="efficientnet_lite0"), PHOTOS)
    assert (filled.strategy, filled.weights, filled.recipe.image_size) == ("feature-extraction", "default", 224)
    assert filled.recipe.augmentation == "none"


def test_digits_without_weights_are_trained_from_scratch_and_never_flipped() -> None:
    filled = fill(RunConfig(**MINIMAL), DIGITS)
    assert (filled.strategy, filled.weights) == ("scratch", "none")
    assert filled.recipe.image_size == 28
    assert filled.recipe.augmentation in ("none", "digits")


@pytest.mark.parametrize(
    ("items", "batch", "epochs", "rate", "policy"),
    [(840, 16, 25, 1e-3, "small"), (1257, 32, 15, 2e-3, "small"), (50_000, 64, 15, 2.8e-3, "none")],
)
def test_few_small_pictures_get_more_steps_and_are_mirrored(
    items: int, batch: int, epochs: int, rate: float, policy: str
) -> None:
    filled = fill(RunConfig(**MINIMAL), replace(DIGITS, train_items=items, digits_like=False)).recipe
    assert (filled.batch_size, filled.epochs, filled.augmentation) == (batch, epochs, policy)
    assert filled.learning_rate == rate


@given(
    st.builds(
        Facts,
        st.sampled_from(["single-label", "multi-label", "hierarchical"]),
        st.integers(1, 10**6),
        st.integers(2, 1000),
        st.integers(1, 5000),
        st.booleans(),
        st.integers(1, 64),
        st.integers(64, 600),
        pretrained=st.booleans(),
        gpu=st.booleans(),
    ),
    st.sampled_from([None, "scratch", "feature-extraction", "fine-tuning", "progressive-unfreezing"]),
)
def test_filling_leaves_nothing_open_and_is_stable(facts: Facts, strategy: str | None) -> None:
    filled = fill(RunConfig(**MINIMAL, strategy=strategy), facts)
    assert None not in (filled.strategy, filled.weights, *filled.recipe.model_dump().values())
    assert filled.recipe.image_size >= facts.smallest_image
    assert fill(filled, facts) == filled


def test_what_was_given_stays() -> None:
    values = {"epochs": 3, "batch_size": 7, "image_size": 40, "learning_rate": 0.5, "augmentation": "digits"}
    values |= {"trainable_groups": 2, "backbone_learning_rate": 0.1, "freeze_batch_norm": True, "cached_views": 0}
    given_config = RunConfig(**MINIMAL, strategy="scratch", recipe=Recipe(**values))
    assert fill(given_config, PHOTOS).recipe == Recipe(**values)


@pytest.mark.parametrize("text", ["1", "1:x", "1:1;3:2", "all", "1:1,", "-1:2"])
def test_an_unfreezing_schedule_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(InputError, match=r"recipe.unfreeze is .*: write EPOCH:GROUPS pairs such as 1:1,3:2,6:all"):
        configs.make({**MINIMAL, "recipe": {"unfreeze": text}})


def test_a_run_from_before_an_option_existed_still_has_nothing_open(trained: Run) -> None:
    stored = trained.config.model_dump(mode="json")
    del stored["recipe"]["cached_views"]
    config = as_resolved(RunConfig.model_validate(stored))
    assert config is not None
    assert config.recipe.cached_views == 0
    del stored["recipe"]["epochs"]
    assert as_resolved(RunConfig.model_validate(stored)) is None
