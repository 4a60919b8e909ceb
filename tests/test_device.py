"""Which device a process takes, of several on one machine."""

import threading

import pytest
import torch

from clfcore.device import device_of, most_processes, one_thread, part_of_the_threads
from clfcore.errors import InputError


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.usefixtures("two_gpus")
def test_each_process_takes_a_gpu_of_its_own() -> None:
    assert [str(device_of("auto", number=number, processes=2)) for number in range(2)] == ["cuda:0", "cuda:1"]
    assert str(device_of("cuda", processes=1)) == "cuda"
    assert most_processes("auto") == 2
    assert most_processes("cuda:1") == 1


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("name", "count", "message"),
    [
        ("auto", 4, "processes is 4: this machine has 2 GPUs; take at most 2, or recipe.device cpu"),
        ("cuda:1", 2, "recipe.device is 'cuda:1', one GPU: 2 processes need one each; name no number"),
        ("cuda:7", 2, "recipe.device is 'cuda:7': this machine has no such device"),
    ],
)
def test_more_processes_than_gpus_are_refused_in_one_line(name: str, count: int, message: str) -> None:
    with pytest.raises(InputError) as refused:
        device_of(name, processes=count)
    assert str(refused.value).startswith(message)


def test_processes_on_the_cpu_share_it() -> None:
    assert str(device_of("cpu", number=3, processes=8)) == "cpu"
    assert most_processes("cpu") >= 1
    before = torch.get_num_threads()
    with part_of_the_threads(2 * before):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_one_thread_alone_and_what_was_before_is_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    inside, leave, seen = threading.Barrier(3), threading.Barrier(3), list[int]()

    def compute() -> None:
        with one_thread():
            inside.wait(10)
            seen.append(torch.get_num_threads())
            leave.wait(10)
        seen.append(torch.get_num_threads())

    others = [threading.Thread(target=compute) for _ in range(2)]
    try:
        for other in others:
            other.start()
        with one_thread():
            inside.wait(10)
            assert torch.get_num_threads() == 1
            leave.wait(10)
        for other in others:
            other.join(10)
        assert (sorted(seen), torch.get_num_threads()) == ([1, 1, 3, 3], 3)
        later: list[int] = []
        new = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        new.start()
        new.join(10)
        assert later == [3]
    finally:
        torch.set_num_threads(before)
