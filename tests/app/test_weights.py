"""Pretrained weights on the pages: shown before anything is fetched, and fetched by their own button alone."""

import hashlib
import io
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torchvision
from streamlit.testing.v1 import AppTest

from clfcore.architectures import weights_index
from clfcore.architectures.catalogue import weights_at_hand
from clfcore.architectures.weights_index import PublishedWeights
from clfcore.config import make
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import run_folders
from clfcore.runs.worker import Worker
from tests.support.file_server import FileServer, serving
from tests.support.pages import until, words
from ui.jobs import wait_for_jobs

OpenPage = Callable[..., AppTest]
NAME = "mobilenet_v3_small"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving() as started:
        file = io.BytesIO()
        torch.save(torchvision.models.mobilenet_v3_small(weights=None).state_dict(), file)
        data = file.getvalue()
        path = f"/{NAME}-{hashlib.sha256(data).hexdigest()[:8]}.pth"
        started.files[path] = data
        publish(monkeypatch, started.base + path, len(data))
        yield started


def publish(monkeypatch: pytest.MonkeyPatch, url: str, size: int) -> None:
    """Have the weights of NAME published at an address."""
    known = PublishedWeights(NAME, "IMAGENET1K_V1", size, "bsd-3-clause", url)
    find = weights_index.find
    monkeypatch.setattr(weights_index, "find", lambda name, tag: known if name == NAME else find(name, tag))


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that something tries to connect to; none is reached."""
    seen: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        seen.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: seen.append(address) or [])
    return seen


def fetched(app: AppTest) -> None:
    """Click the button that downloads, and wait for the weights; then the page is to be opened anew."""
    downloads(app)[0].click().run()
    wait_for_jobs(30)
    assert weights_at_hand(NAME), words(app)


def downloads(app: AppTest) -> list[Any]:
    return [button for button in app.button if button.label.startswith("Download weights")]


def test_the_architectures_page_shows_and_fetches_weights(open_page: OpenPage, server: FileServer) -> None:
    app = open_page("architectures", architecture=NAME)
    assert "10.3 MB, license BSD-3-Clause" in words(app)
    assert server.requests == []
    [button] = downloads(app)
    assert button.label == "Download weights (10.3 MB)"
    fetched(app)
    app = open_page("architectures", architecture=NAME)
    assert "on this machine, 10.3 MB" in words(app)
    assert not downloads(app)


def test_a_download_out_of_reach_is_one_line_with_its_button(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, f"http://127.0.0.1:9/{NAME}-01234567.pth", 10_000_000)
    app = open_page("architectures", architecture=NAME)
    downloads(app)[0].click().run()
    until(app, lambda app: app.error)
    assert "could not download the weights" in app.error[0].value
    assert len(downloads(app)) == 1


def test_train_refuses_before_queueing_with_the_download_beside_it(open_page: OpenPage, server: FileServer) -> None:
    app = open_page("train", data="shapes:count=60,side=32", architecture=NAME)
    app.segmented_control("strategy box").set_value("feature-extraction").run()
    until(app, lambda app: any(button.label == "Train" for button in app.button))
    train = next(button for button in app.button if button.label == "Train")
    assert train.disabled
    assert server.requests == []
    assert run_folders() == []
    fetched(app)
    app = open_page("train", data="shapes:count=60,side=32", architecture=NAME)
    until(app, lambda app: any(button.label == "Train" and not button.disabled for button in app.button))
    assert not downloads(app)


def test_predict_offers_further_networks(open_page: OpenPage, server: FileServer) -> None:
    app = open_page("predict")
    assert not downloads(app)
    assert server.requests == []


def config(**values: Any) -> Any:
    return make({"data": "shapes:count=60,side=32", "architecture": NAME, "strategy": "feature-extraction", **values})


def test_no_queued_run_opens_a_connection(connections: list[Any]) -> None:
    run = create_run(config())
    with pytest.raises(InputError, match="are not on this machine: `clflab weights get mobilenet_v3_small` downloads"):
        execute(run)
    assert run.state == "failed"
    assert "weights get" in str(run.message)
    assert "\n" not in str(run.message)
    with pytest.raises(InputError, match="weights get"):
        Worker().submit(config(weights="default"))
    assert connections == []


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("home", {}),
        ("predict", {"sample": "cat"}),
        ("explain", {"sample": "cat"}),
        ("data", {"data": "digits"}),
        ("augmentations", {"data": "digits"}),
        ("architectures", {"architecture": "resnet50"}),
        ("architectures", {"architecture": "efficientnet_lite1"}),
        ("train", {"data": "digits", "architecture": "resnet18"}),
        ("runs", {}),
        ("evaluate", {}),
        ("compare", {}),
    ],
)
def test_no_page_visit_opens_a_connection(
    open_page: OpenPage, connections: list[Any], page: str, address: dict[str, str]
) -> None:
    open_page(page, **address).run()
    assert connections == []
    assert "HF_ENDPOINT" not in os.environ
