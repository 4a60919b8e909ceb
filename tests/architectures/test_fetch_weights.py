"""Pretrained weights downloaded from a server on loopback, into the places where torch and timm look for them."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save

from clfcore import api
from clfcore.architectures import weights_index
from clfcore.architectures.build import pretrained
from clfcore.architectures.catalogue import architecture, architectures, weights_at_hand
from clfcore.architectures.weights_index import PublishedWeights
from clfcore.cli.main import main
from clfcore.errors import Failure, InputError
from tests.support.file_server import REVISION, FileServer, serving

NAME = "timm/test_resnet"
REPOSITORY = "timm/test_resnet.r160_in1k"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving() as started:
        monkeypatch.setenv("HF_ENDPOINT", started.base)
        yield started


@pytest.fixture(scope="module")
def content() -> bytes:
    """What the hub gives for a small network of timm's."""
    torch.manual_seed(1)
    return save(timm.create_model("test_resnet").state_dict())


def test_timm_weights_are_downloaded_once_and_loaded(server: FileServer, content: bytes) -> None:
    server.put_on_hub(REPOSITORY, content)
    assert not weights_at_hand(NAME)
    seen: list[tuple[int, int]] = []
    got = api.get_weights(NAME, progress=lambda *both: seen.append(both))
    assert (got.name, got.weights, got.bytes) == (NAME, "r160_in1k", len(content))
    assert got.file.read_bytes() == content
    assert seen[-1] == (len(content), len(content))
    assert weights_at_hand(NAME)
    assert not [request for request in server.requests if "Range" in request]
    before = list(server.requests)
    assert api.get_weights(NAME).file == got.file
    network = pretrained(NAME)
    assert server.requests == before
    torch.manual_seed(1)
    state = timm.create_model("test_resnet").state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.module.state_dict().items())


def test_the_cache_is_laid_out_as_the_hubs_own_library_reads_it(server: FileServer, content: bytes) -> None:
    from huggingface_hub import try_to_load_from_cache

    server.put_on_hub(REPOSITORY, content)
    file = api.get_weights(NAME).file
    cache = Path(os.environ["HF_HOME"]) / "hub"
    assert try_to_load_from_cache(REPOSITORY, "model.safetensors", cache_dir=cache) == str(file)
    assert file.parent.name == REVISION


def test_older_repositories_have_a_file_of_torch(server: FileServer, content: bytes) -> None:
    server.put_on_hub(REPOSITORY, content, "pytorch_model.bin")
    assert api.get_weights(NAME).file.name == "pytorch_model.bin"


def test_what_the_hub_says_decides(server: FileServer, content: bytes) -> None:
    path = f"/{REPOSITORY}/resolve/main/model.safetensors"
    server.put_on_hub(REPOSITORY, content)
    server.digests[path] = "0" * 64
    with pytest.raises(Failure, match="damaged or not what was published"):
        api.get_weights(NAME)
    server.digests[path] = "../../etc"
    with pytest.raises(Failure, match="names no checksum"):
        api.get_weights(NAME)
    server.put_on_hub(REPOSITORY, content + bytes(10 * len(content)))
    del server.digests[path]
    with pytest.raises(Failure, match=r"now has 2\d\.\d MB where 1\.9 MB were expected"):
        api.get_weights(NAME)
    assert not weights_at_hand(NAME)


def test_torchvisions_weights_are_checked_by_their_name(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(2 << 20)
    digest = hashlib.sha256(data).hexdigest()[:8]
    server.files[f"/resnet18-{digest}.pth"] = data
    known = PublishedWeights(
        "resnet18", "IMAGENET1K_V1", len(data), "bsd-3-clause", f"{server.base}/resnet18-{digest}.pth"
    )
    find = weights_index.find
    monkeypatch.setattr(weights_index, "find", lambda name, tag: known if name == "resnet18" else find(name, tag))
    server.break_after = 3 << 19
    with pytest.raises(Failure, match=r"the weights of resnet18: .* broke off after .* try again"):
        api.get_weights("resnet18")
    row = next(one for one in api.list_weights("resnet18").weights if one.name == "resnet18")
    assert not row.available
    assert row.partial_bytes is not None
    server.break_after = None
    got = api.get_weights("resnet18")
    assert got.file == Path(os.environ["TORCH_HOME"]) / "hub" / "checkpoints" / f"resnet18-{digest}.pth"
    assert got.file.read_bytes() == data
    assert weights_at_hand("resnet18")


def test_the_command_lists_and_gets(
    server: FileServer, content: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put_on_hub(REPOSITORY, content)
    assert main(["weights"]) == 0
    listed = capsys.readouterr().out
    assert "resnet18" in listed
    assert "46.8 MB" in listed
    assert "BSD-3-Clause" in listed
    assert NAME not in listed
    assert server.requests == []
    assert main(["weights", "get", NAME]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{NAME}: r160_in1k, 1.9 MB, license Apache-2.0, in ")
    assert main(["weights"]) == 0
    assert f"{NAME}.r160_in1k" in capsys.readouterr().out
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["weights", "get", "timm/test_vit"]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "127.0.0.1:9 cannot be reached" in error
    assert "efficientnet_lite0" in error


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["weights", "get"], "NAME is missing"),
        (["weights", "get", "resnet19"], "did you mean resnet18"),
        (["weights", "get", "lenet5"], "lenet5 has no published weights"),
        (["weights", "get", "resnet50", "--weights", "V3"], "it must be one of default, IMAGENET1K_V1, IMAGENET1K_V2"),
    ],
)
def test_what_there_is_not_is_refused(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert says in capsys.readouterr().err


def test_every_published_weight_of_the_catalogue_has_size_licence_and_digest() -> None:
    for row in architectures():
        for tag in row.weights if row.source == "torchvision" else ():
            known = weights_index.find(row.name, tag)
            assert known is not None, (row.name, tag)
            assert known.digest
            assert known.bytes > 3.9 * (row.parameters or 0)
    for known in weights_index.all_weights():
        assert known.digest or known.repository, known
        assert known.licence
    assert len(weights_index.all_weights()) > 1800


def test_the_list_is_that_of_torchvision_and_timm() -> None:
    from torchvision.models import get_model_weights

    from clfcore.architectures.timm_registry import published_weights

    for name in ("resnet50", "mnasnet1_0", "vit_b_16"):
        tag = architecture(name).default_weights
        known = weights_index.find(name, tag)
        assert known is not None
        assert known.where == get_model_weights(name)[tag].url
        assert known.file == architecture(name).weights_file
    for name, tag in (
        ("resnet10t", "c3_in1k"),
        ("vit_tiny_patch16_224", "augreg_in21k"),
        ("legacy_seresnet18", "in1k"),
    ):
        assert weights_index.find(f"timm/{name}", tag) == published_weights(name, tag)


def test_weights_without_a_digest_are_not_downloaded() -> None:
    with pytest.raises(InputError, match="published without a checksum"):
        api.get_weights("timm/vit_huge_patch14_gap_224", weights="in1k_ijepa")
