"""The actions of `architectures`: each view of the page from the command line, as text and as JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
import torchvision
from PIL import Image

from clfcore.cli.main import main

CAT = str(Path(__file__).parents[2] / "assets" / "samples" / "cat.jpg")


def json_of(capsys: pytest.CaptureFixture, *words: str) -> dict:
    status = main(["architectures", *words, "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


def text_of(capsys: pytest.CaptureFixture, *words: str) -> str:
    assert main(["architectures", *words]) == 0
    return capsys.readouterr().out


def test_compare_says_what_the_page_says(capsys: pytest.CaptureFixture) -> None:
    found = json_of(capsys, "compare", "resnet18", "resnet34")
    rows = {row["what"]: row for row in found["rows"]}
    counts = [sum(p.numel() for p in torchvision.models.get_model(n).parameters()) for n in ("resnet18", "resnet34")]
    assert (rows["parameters"]["a"], rows["parameters"]["b"]) == tuple(f"{n:,}" for n in counts)
    assert rows["parameters"]["ratio"] == pytest.approx(counts[1] / counts[0])
    assert rows["stem"]["same"]
    assert not rows["stage 1"]["same"]
    text = text_of(capsys, "compare", "vgg", "vgg", "--option", "hidden=0", "--other-option", "batch_norm=true")
    assert "Only vgg has BatchNorm2d" in text
    both = json_of(capsys, "compare", "lenet5", "resnet18", "--image-size", "32", "--channels", "1")
    assert {row["what"]: row["same"] for row in both["rows"]}["image"]


def test_inside_writes_the_maps_as_one_picture(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    out = tmp_path / "inside.png"
    found = json_of(capsys, "inside", "lenet5", CAT, "--out", str(out))
    assert [(s["stage"], s["maps"], len(s["shown"])) for s in found["stages"]] == [("stem", 6, 6), ("stage_1", 16, 8)]
    assert (found["weights"], found["filters"]) == ("random", 6)
    pixels = np.asarray(Image.open(out))
    assert pixels.shape == (520, 968, 3)  # four rows: the square, two stages, the filters
    assert len(np.unique(pixels)) > 50


def test_inside_takes_the_weights_that_are_at_hand(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    words = ("inside", "efficientnet_lite0", CAT, "--out", str(tmp_path / "a.png"))
    assert json_of(capsys, *words)["weights"] == "default"
    assert json_of(capsys, *words, "--weights", "none", "--image-size", "64")["weights"] == "random"


def test_inside_opens_a_run(capsys: pytest.CaptureFixture, tmp_path: Path, finished_run) -> None:
    found = json_of(capsys, "inside", finished_run.id, CAT, "--out", str(tmp_path / "a.png"))
    assert found["weights"] == "of the run"
    assert found["stages"][0]["maps"] == 6


def test_tokens_say_where_a_query_attends_to(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    words = ("tokens", "timm/test_vit", CAT, "--image-size", "64")
    out = tmp_path / "attention.png"
    found = json_of(capsys, *words, "--query", "2,3", "--block", "1", "--head", "2", "--out", str(out))
    assert (found["rows"], found["columns"], found["patch"], found["tokens"]) == (4, 4, 16, 17)
    assert (found["weights"], found["prefix"], found["query"]) == ("random", ["class token"], "patch 2, 3")
    assert (found["block"], found["blocks"], found["head"], found["heads"]) == (1, 6, 2, 2)
    assert sum(map(sum, found["attention"])) + sum(found["prefix_attention"]) == pytest.approx(1, abs=1e-4)
    assert found["position_similarity"][1][2] == pytest.approx(1)
    assert np.asarray(Image.open(out)).shape == (64, 64, 3)
    text = text_of(capsys, *words)
    assert "4 x 4 patches of 16 x 16, after class token: 17 tokens" in text
    assert "attention of the class token in block 6 of 6, mean of all heads" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("timm/test_vit", "--query", "5,1"), "query is '5,1': it must be class token, or ROW,COLUMN of a patch"),
        (("timm/test_vit", "--block", "7"), "block is 7: it must be from 1 to 6"),
        (("timm/test_vit", "--head", "0"), "head is 0: it must be from 1 to 2"),
        (("resnet18",), "resnet18 does not attend from every patch to every patch"),
        (("timm/test_vit", "--out", "a.jpg"), "out is 'a.jpg': it must end in .png"),
    ],
)
def test_tokens_refuse_what_is_not_there(words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["architectures", "tokens", words[0], CAT, "--image-size", "64", *words[1:]]) == 2
    assert says in capsys.readouterr().err


def test_gradients_of_one_network_and_its_way_without_normalization(capsys: pytest.CaptureFixture) -> None:
    found = json_of(capsys, "gradients", "resnet", "--option", "depths=1,1", "--option", "width=8")
    (one,) = found["networks"]
    assert one["layers"][0]["layer"] == "conv1"
    assert one["ratio"] == pytest.approx(one["layers"][0]["before"] / one["layers"][-1]["before"])
    assert found["steps"] == 3
    text = text_of(capsys, "gradients", "lenet5", "--no-normalisation")
    assert "features.0" in text
    assert "the first layer's is " in text
    assert " times the last's at initialization" in text


def test_timeline_scaling_source_and_speed_are_said(capsys: pytest.CaptureFixture) -> None:
    timeline = json_of(capsys, "timeline")
    points = {p["name"]: p for p in timeline["points"]}
    years = {row["name"]: row["year"] for row in timeline["years"]}
    assert (years["lenet5"], years["vit_b_16"]) == (1998, 2020)
    assert sorted([*points, *timeline["left_out"]]) == sorted(years)
    assert {"lenet5", "efficientnet_lite0"} <= set(timeline["left_out"])
    meta = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.meta
    assert points["resnet18"]["top1"] == pytest.approx(meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100)
    found = json_of(capsys, "scaling", "--option", "phi=1")
    assert (found["image_size"], found["product"]) == (258, pytest.approx(1.2 * 1.1**2 * 1.15**2))
    assert found["counted"] > found["cost"]  # whole layers, rounded up
    assert len(found["members"]) == 8
    assert "class BasicBlock" in text_of(capsys, "source", "resnet18")
    rows = json_of(capsys, "speed", "lenet5")["batches"]
    assert [row["batch_size"] for row in rows] == [1, 16]
    assert all(0 < row["low"] <= row["median"] <= row["high"] for row in rows)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["shw"], "action is 'shw': it must be one of show, source, compare"),
        (["show"], "NAME is missing: write `architectures show NAME`"),
        (["compare", "resnet18"], "NAME is missing: write `architectures compare A B`"),
        (["show", "resnet18", "resnet34"], "'resnet34' is one name too many: write `architectures show NAME`"),
        (["timeline", "resnet18"], "'resnet18' is one name too many: write `architectures timeline`"),
        (["show", "vgg11", "--image-size", "224x160"], "networks take square images; give one side, such as 224"),
        (["show", "vgg11", "--image-size", "0"], "image_size is 0: vgg11 needs at least 32"),
        (["show", "vgg11", "--image-size", "99999999"], "image_size is 99999999: it must be at most 8192"),
        (["show", "vgg11", "--channels", "0"], "channels is 0: it must be at least 1"),
        (["show", "vgg11", "--classes", "-3"], "classes is -3: it must be at least 1"),
        (["show", "vgg11", "--classes", "99999999999999"], "it must be at most 1,000,000"),
        (["inside", "lenet5", CAT], "--out is missing"),
        (["inside", "lenet5", CAT, "--out", "a.gif"], "it must end in .png"),
        (["inside", "lenet5", "none.jpg", "--out", "a.png"], "there is no such file"),
        (["inside", "lenet5", CAT, "--out", "a.png", "--weights", "best"], "it must be one of none, default"),
        (["gradients", "lenet5", "--channels", "5"], "channels is 5: the drawn images have 1 or 3"),
        (["gradients", "lenet5", "--classes", "2"], "so give at least 6"),
        (["gradients", "--image-size", "32"], "name is missing"),
        (["speed", "timm/vit_giantopt_patch16_siglip_384"], "1.17 billion weights are too many to build them here"),
    ],
)
def test_bad_input_is_one_line_that_says_what_works(words, says, capsys: pytest.CaptureFixture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["architectures", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err, captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
