"""Policies on the command line: listed, kept, shown as code, and their views of a picture."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clfcore.augment import policies as augment_policies
from clfcore.augment import random_table
from clfcore.augment.apply import apply
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.file_previews import file_previews, usual_preprocess
from clfcore.augment.saved_policies import load_policy, saved_policies
from clfcore.augment.train_test_resolution import at_training_scale
from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_policy_is_kept_listed_shown_and_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    steps = '[{"step": "rotation", "degrees": 7}, "horizontal-flip"]'
    assert printed(capsys, "policies", "save", "mine", "--steps", steps) == {"saved": "mine"}
    listed = printed(capsys, "policies")["policies"]
    assert {"name": "mine", "own": True, "steps": ["rotation", "horizontal-flip"]} in listed
    assert [line["name"] for line in listed if not line["own"]] == list(POLICIES)
    shown = printed(capsys, "policies", "show", "mine")
    assert augment_policies.policy(shown["policy"]).steps == load_policy("mine").steps
    assert "v2.RandomRotation(7," in shown["torchvision"]
    assert printed(capsys, "policies", "delete", "mine") == {"deleted": "mine"}
    assert "mine" not in saved_policies()


def test_views_of_a_picture_are_those_that_training_feeds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    policy = augment_policies.policy("basic")
    square = at_training_scale(policy, usual_preprocess(8, 1))
    data = open_dataset("digits")
    chosen = data.splits["train"][:6]
    stored = np.stack([square.stored(data.pixels[i]) for i in chosen])
    found = file_previews(policy, data="digits", place=5, seed=3, epoch=2, count=2)
    for view, epoch in zip(found.pictures[1:], (2, 3), strict=True):
        table = random_table.table(policy, seed=3, epoch=epoch, items=6)
        fed = apply(policy, table, torch.from_numpy(stored).permute(0, 3, 1, 2), size=28, mean=square.mean)
        np.testing.assert_array_equal(view, fed[4].permute(1, 2, 0).numpy())
    out = tmp_path / "views.png"
    words = ["policies", "views", "basic", "--data", "digits", "--count", "3", "--out", str(out)]
    assert printed(capsys, *words)["shown"] == ["original", "epoch 1", "epoch 2", "epoch 3"]
    with Image.open(out) as sheet:
        assert sheet.size[0] == 4 * 112
    strip = file_previews(policy, data="digits", place=5, seed=3, epoch=2, steps=True)
    np.testing.assert_array_equal(strip.pictures[-1], found.pictures[1])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["views", "basic", "--data", "digits", "--place", "0"], "place is 0: digits has pictures 1 to"),
        (["views", "basic", "--data", "digits", "--count", "99"], "count is 99: it must be from 1 to 48"),
        (["views", "basic"], "either an image or data"),
        (["views", "bassic", "--data", "digits"], "did you mean basic?"),
        (["save", "basic", "--steps", "none"], "comes with the lab"),
        (["save", "x", "--steps", '{"version": 9, "steps": []}'], "version is 9: this clflab reads version 1"),
        (["show"], "NAME is missing"),
    ],
)
def test_what_cannot_be_is_named(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policies", *words, *(["--out", "x.png"] if words[0] == "views" else [])]) == 2
    assert text in capsys.readouterr().err
