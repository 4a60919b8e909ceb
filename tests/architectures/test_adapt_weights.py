"""Weights of one's own: what matches is loaded and said, what belongs elsewhere is refused, nothing is executed."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from clfcore.architectures.adapt_weights import adapt_state, read_state
from clfcore.architectures.build import build, head_name
from clfcore.config import make
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute


@pytest.fixture
def donor() -> nn.Module:
    torch.manual_seed(7)
    return build("lenet5", columns=4, channels=3, image_size=20).module


def lenet(columns: int = 3, channels: int = 3) -> nn.Module:
    torch.manual_seed(1)
    return build("lenet5", columns=columns, channels=channels, image_size=20).module


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_state_dict_is_found_however_it_was_saved(donor: nn.Module, tmp_path: Path, wrap, prefix: str) -> None:
    state = {prefix + name: value for name, value in donor.state_dict().items()}
    torch.save(wrap(state), tmp_path / "w.pt")
    found = read_state(tmp_path / "w.pt")
    assert found.keys() == donor.state_dict().keys()
    assert all(torch.equal(found[name], value) for name, value in donor.state_dict().items())


def test_the_backbone_is_loaded_and_the_head_of_other_classes_is_left(donor: nn.Module, tmp_path: Path) -> None:
    save_file(donor.state_dict(), tmp_path / "w.safetensors")
    module = lenet()
    head = module.get_submodule(head_name(module)).weight.clone()
    fitted = adapt_state(module, read_state(tmp_path / "w.safetensors"), keep_head=False, source="w")
    own = module.state_dict()
    assert all(torch.equal(own[name], donor.state_dict()[name]) for name in fitted.matched)
    assert len(fitted.lacking) == len(fitted.unused) == 2
    assert set(fitted.matched) | set(fitted.lacking) == set(own)
    assert torch.equal(module.get_submodule(head_name(module)).weight, head)


def test_a_wrong_shape_in_the_backbone_is_refused(donor: nn.Module) -> None:
    state = donor.state_dict()
    name = list(state)[2]
    state[name] = torch.zeros(2, 2)
    with pytest.raises(InputError, match=rf"w: {name} is 2 x 2, the network's is .*another architecture"):
        adapt_state(lenet(), state, keep_head=False, source="w")


def test_weights_of_another_architecture_are_refused(donor: nn.Module) -> None:
    other = build("resnet18_small", columns=3, image_size=32).module
    with pytest.raises(InputError, match="these weights belong to another architecture"):
        adapt_state(other, donor.state_dict(), keep_head=False, source="w")


def test_color_weights_serve_gray_pictures_by_their_sum(donor: nn.Module) -> None:
    gray = lenet(channels=1)
    adapt_state(gray, donor.state_dict(), keep_head=False, source="w")
    name = next(key for key, value in donor.state_dict().items() if value.ndim == 4)
    torch.testing.assert_close(gray.state_dict()[name], donor.state_dict()[name].sum(dim=1, keepdim=True))


@pytest.mark.parametrize(
    ("name", "positions"), [("timm/vit_tiny_patch16_224", "pos_embed"), ("vit_b_16", "encoder.pos_embedding")]
)
def test_positions_are_resampled_to_another_image_size(name: str, positions: str) -> None:
    small, large = (build(name, columns=2, image_size=side).module for side in (32, 64))
    fitted = adapt_state(large, small.state_dict(), keep_head=False, source="w")
    assert len(fitted.lacking) == 2  # the head alone
    before, after = small.state_dict()[positions], large.state_dict()[positions]
    assert (before.shape[1], after.shape[1]) == (5, 17)  # a class token, and 2 x 2 or 4 x 4 patches
    torch.testing.assert_close(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[:, 1:].mean(1), before[:, 1:].mean(1), atol=0.02, rtol=0.2)


class Trap:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("trap-was-sprung"),))


def test_a_pickle_with_code_is_refused_and_nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(1), "more": Trap()}, tmp_path / "w.pt")
    with pytest.raises(InputError, match="could execute code"):
        read_state(tmp_path / "w.pt")
    assert not (tmp_path / "trap-was-sprung").exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut short"])
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_state(tmp_path / name)
    assert "\n" not in str(refused.value)
    assert name in str(refused.value)


def test_what_holds_no_tensors_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "w.pt")
    with pytest.raises(InputError, match="holds no state dict"):
        read_state(tmp_path / "w.pt")


def test_a_run_from_a_file_says_what_matched(donor: nn.Module, tmp_path: Path) -> None:
    save_file(donor.state_dict(), tmp_path / "w.safetensors")
    values = {"data": "shapes:count=60,side=20", "architecture": "lenet5", "weights": str(tmp_path / "w.safetensors")}
    run = create_run(make({**values, "recipe": {"epochs": 1, "image_size": 20, "trainable_groups": 2}}))
    execute(run)
    assert run.config.strategy == "fine-tuning"
    ancestry = run.data.ancestry
    assert (ancestry.matched, len(ancestry.lacking), len(ancestry.unused)) == (8, 2, 2)
    assert ancestry.ancestors[0].file == str(tmp_path / "w.safetensors")
    assert "8 tensors come from" in run.message
    assert run.results.moved["stem"] == 0
